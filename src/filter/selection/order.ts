/**
 * Selections in their seeded order, from spill files partitioned by it. A partition that is too large
 * to sort in memory is split once more.
 */

import { rmSync } from 'node:fs';
import { SpillSet, SpillWriter } from '../../core/spill.js';
import type { Selection } from '../../core/types.js';

/** Length of what follows, and the place in the order, a double. */
const HEAD = 12;
const FAN = 64;

/** A selection whose queries are numbers, or a text for the selection of another candidate. */
export type Chosen =
  | (Omit<Selection, 'queries' | 'admittedBy' | 'otherTexts'> & {
      queries: readonly number[];
      admittedBy: readonly number[];
    })
  | OtherText;

export interface OtherText {
  readonly winnerId: string;
  /** Among the texts for this selection, the best first. */
  readonly place: number;
  readonly text: string;
}

/** A logo may have a thousand alts; the texts left out are in rejects/. */
export const MAX_OTHER_TEXTS = 16;
/** Texts that clean to the same count once, so a few more are looked at. */
export const OTHER_TEXTS_READ = 256;

/** Puts what was chosen aside, by its place in the order. */
export class OrderSpill {
  readonly #writer: SpillWriter;

  constructor(writer: SpillWriter) {
    this.#writer = writer;
  }

  /** @param order of the selection, in [0, 1) */
  add(order: number, chosen: Chosen): void {
    const json = JSON.stringify(chosen);
    const record = Buffer.allocUnsafe(HEAD + Buffer.byteLength(json));
    record.writeUInt32LE(record.length - HEAD, 0);
    record.writeDoubleLE(order, 4);
    record.write(json, HEAD);
    this.#writer.append(Math.floor(order * this.#writer.partitions), record);
  }
}

/**
 * @param scratch the name of a file that may be made meanwhile
 * @param memoryBytes how much is sorted at once
 */
export async function* inOrder(
  spill: SpillSet,
  queries: readonly { text: string }[],
  scratch: string,
  memoryBytes = 8 << 20,
): AsyncGenerator<Selection> {
  yield* readRange(spill, 0, 1);

  async function* readRange(set: SpillSet, from: number, width: number): AsyncGenerator<Selection> {
    const share = width / set.partitions;
    for (let partition = 0; partition < set.partitions; partition++) {
      const start = from + partition * share;
      // Of one order alone nothing can be split: the candidates of one image.
      if (set.bytes(partition) <= memoryBytes || share < 2 ** -45) {
        yield* sorted(set.read(partition), queries);
      } else {
        const path = `${scratch}-${start}-${share}`;
        await split(set.readChunks(partition), path, start, share);
        yield* readRange(new SpillSet([path]), start, share);
        rmSync(path);
      }
    }
  }
}

async function split(
  chunks: Iterable<Buffer>,
  path: string,
  from: number,
  width: number,
): Promise<void> {
  const writer = await SpillWriter.open(path, FAN);
  try {
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const end = at + HEAD + chunk.readUInt32LE(at);
        const share = Math.floor(((chunk.readDoubleLE(at + 4) - from) / width) * FAN);
        writer.append(Math.min(FAN - 1, Math.max(0, share)), chunk.subarray(at, end));
        at = end;
      }
    }
    await writer.close();
  } finally {
    writer.abort();
  }
}

function sorted(bytes: Buffer, queries: readonly { text: string }[]): Selection[] {
  const selections: { order: number; selection: Selection }[] = [];
  const others = new Map<string, OtherText[]>();
  const names = (indices: readonly number[]): string[] =>
    indices.map((index) => (queries[index] as { text: string }).text);
  for (let at = 0; at < bytes.length; ) {
    const order = bytes.readDoubleLE(at + 4);
    const end = at + HEAD + bytes.readUInt32LE(at);
    const chosen = JSON.parse(bytes.toString('utf8', at + HEAD, end)) as Chosen;
    at = end;
    if ('winnerId' in chosen) {
      const texts = others.get(chosen.winnerId);
      if (texts === undefined) others.set(chosen.winnerId, [chosen]);
      else texts.push(chosen);
    } else {
      const { queries: matched, admittedBy, ...rest } = chosen;
      const selection = {
        ...rest,
        queries: names(matched),
        admittedBy: names(admittedBy),
        otherTexts: [],
      };
      selections.push({ order, selection });
    }
  }
  selections.sort((a, b) => a.order - b.order || (a.selection.id < b.selection.id ? -1 : 1));
  return selections.map(({ selection }) => ({
    ...selection,
    otherTexts: distinct(others.get(selection.id) ?? [], selection.text),
  }));
}

function distinct(others: OtherText[], own: string): string[] {
  const texts = new Set(others.sort((a, b) => a.place - b.place).map(({ text }) => text));
  texts.delete(own);
  return [...texts].slice(0, MAX_OTHER_TEXTS);
}
