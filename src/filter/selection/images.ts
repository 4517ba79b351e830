/**
 * One selection an image URL: the best caption, with the others' texts in `otherTexts`. Best means most
 * matched queries, then alt, caption, list, search, title, then longer, then lower rank, then lower id.
 *
 * Admitted candidates are spilled by a hash of their image URL, so that those of one image meet.
 */

import { orderOf } from '../../core/ids.js';
import type { SpillSet, SpillWriter } from '../../core/spill.js';
import type { TextSource } from '../../core/types.js';
import type { JudgedCursor } from './judged.js';
import { ID_BYTES, KeyTable, partitionOf } from './keys.js';

/** Texts written for the image come before texts written about the page. */
export const SOURCE_ORDER: readonly TextSource[] = ['alt', 'caption', 'list', 'search', 'title'];

/** Image URL's hash, id, rank, number, matches, place of the source, length of the text. */
const IMAGE = ID_BYTES;
const RANK = IMAGE + ID_BYTES;
const NUMBER = RANK + 8;
const MATCHES = NUMBER + 8;
const SOURCE = MATCHES + 4;
const LENGTH = SOURCE + 4;
const RECORD = LENGTH + 4;

/** Puts admitted candidates aside. */
export class ImageSpill {
  readonly #writer: SpillWriter;
  readonly #record = Buffer.alloc(RECORD);

  constructor(writer: SpillWriter) {
    this.#writer = writer;
  }

  /** The row that the cursor stands at, candidate `number` of all. */
  add(row: JudgedCursor, number: number): void {
    const record = this.#record;
    row.bytes.copy(record, 0, row.imageAt, row.imageAt + ID_BYTES);
    row.bytes.copy(record, IMAGE, row.idAt, row.idAt + ID_BYTES);
    record.writeDoubleLE(row.rank, RANK);
    record.writeDoubleLE(number, NUMBER);
    record.writeUInt32LE(row.matchCount, MATCHES);
    record.writeUInt32LE(SOURCE_ORDER.indexOf(row.textSource), SOURCE);
    record.writeUInt32LE(row.textLength, LENGTH);
    this.#writer.append(partitionOf(record, 0, this.#writer.partitions), record);
  }
}

/** An admitted candidate whose image has a better caption. */
export interface Loser {
  /** Its number among all candidates. */
  readonly number: number;
  /** Where it stands among the losers of its image, the best first; from 0. */
  readonly place: number;
  readonly winnerId: string;
  /** `orderOf` the winner. */
  readonly winnerOrder: number;
}

/**
 * Finds the losers of every image that has several admitted candidates.
 * @param pause called between partitions
 * @returns the number of images
 */
export async function chooseCaptions(
  images: SpillSet,
  seed: number,
  onLoser: (loser: Loser) => void,
  pause: () => Promise<void>,
): Promise<number> {
  let winners = 0;
  for (let partition = 0; partition < images.partitions; partition++) {
    await pause();
    const bytes = images.read(partition);
    winners += forEachGroup(bytes, (records) => {
      records.sort((a, b) => byCaption(bytes, a * RECORD, b * RECORD));
      const best = (records[0] as number) * RECORD;
      const winnerId = idAt(bytes, best);
      const winnerOrder = orderOf(seed, winnerId);
      for (let place = 0; place + 1 < records.length; place++) {
        const number = bytes.readDoubleLE((records[place + 1] as number) * RECORD + NUMBER);
        onLoser({ number, place, winnerId, winnerOrder });
      }
    });
  }
  return winners;
}

/**
 * Calls `onGroup` with the records of each image that has several.
 * @returns the number of images
 */
function forEachGroup(bytes: Buffer, onGroup: (records: Uint32Array) => void): number {
  const count = bytes.length / RECORD;
  const table = new KeyTable(bytes, RECORD);
  /** The record before a record of the same image, or -1. */
  const before = new Int32Array(count);
  let images = 0;
  for (let record = 0; record < count; record++) {
    before[record] = table.put(record);
    if (before[record] === -1) images += 1;
  }
  for (const last of table.last()) {
    if (before[last] === -1) continue;
    const group: number[] = [];
    for (let record = last; record >= 0; record = before[record] as number) group.push(record);
    onGroup(Uint32Array.from(group));
  }
  return images;
}

function byCaption(bytes: Buffer, a: number, b: number): number {
  return (
    bytes.readUInt32LE(b + MATCHES) - bytes.readUInt32LE(a + MATCHES) ||
    bytes.readUInt32LE(a + SOURCE) - bytes.readUInt32LE(b + SOURCE) ||
    bytes.readUInt32LE(b + LENGTH) - bytes.readUInt32LE(a + LENGTH) ||
    bytes.readDoubleLE(a + RANK) - bytes.readDoubleLE(b + RANK) ||
    bytes.compare(bytes, b + IMAGE, b + IMAGE + ID_BYTES, a + IMAGE, a + IMAGE + ID_BYTES)
  );
}

/** Number, order of the winner, place, id of the winner. */
const LOSER = 8 + 8 + 4 + ID_BYTES;

/** Puts losers aside, to be met again by the units that their numbers lie in. */
export class LoserSpill {
  readonly #writer: SpillWriter;
  readonly #record = Buffer.alloc(LOSER);

  constructor(writer: SpillWriter) {
    this.#writer = writer;
  }

  add(partition: number, { number, place, winnerId, winnerOrder }: Loser): void {
    this.#record.writeDoubleLE(number, 0);
    this.#record.writeDoubleLE(winnerOrder, 8);
    this.#record.writeUInt32LE(place, 16);
    this.#record.write(winnerId, 20, 'hex');
    this.#writer.append(partition, this.#record);
  }
}

/** The losers of a partition, by number. */
export function losersOf(spill: SpillSet, partition: number): Map<number, Loser> {
  const bytes = spill.read(partition);
  const losers = new Map<number, Loser>();
  for (let at = 0; at < bytes.length; at += LOSER) {
    const number = bytes.readDoubleLE(at);
    losers.set(number, {
      number,
      winnerOrder: bytes.readDoubleLE(at + 8),
      place: bytes.readUInt32LE(at + 16),
      winnerId: bytes.toString('hex', at + 20, at + LOSER),
    });
  }
  return losers;
}

function idAt(bytes: Buffer, record: number): string {
  return bytes.toString('hex', record + IMAGE, record + IMAGE + ID_BYTES);
}
