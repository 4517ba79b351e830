/**
 * Parts of a dump: the units of work of counting. A part's result is a few files in the work folder,
 * `PART.json` last, so a part is there whole or not at all.
 *
 * ```
 * PART-0.words, PART-0.pairs   runs (runs.ts)
 * PART.titles                  titles and redirects, one a line
 * PART.head, PART.tail         bytes at the part's edges, of pages that cross them
 * PART.json                    what was read and lost
 * ```
 */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { writeAtomically } from '../../core/store.js';
import {
  type Block,
  DamagedBzip2,
  decodeBlock,
  decompress,
  findBlocks,
  LONGEST_BLOCK,
  streamOf,
} from '../dump/bzip2.js';
import { DamagedStream, openStream, type Packing } from '../dump/open.js';
import type { Tally, UnitCounter } from './unit.js';

/** A part to count: bytes [from, to) of a file that can be read from the middle (bzip2, plain). */
export interface Part {
  name: string;
  path: string;
  packing: Packing;
  from: number;
  to: number;
  /** Bytes of the file. */
  size: number;
}

/** PART.json. */
export interface PartRecord {
  runs: number;
  /** Bytes are missing between PART.head and PART.tail. */
  gap: boolean;
  /** The last part of a file whose number of parts was not known before. */
  last?: true;
  read: Tally;
  lost: Tally;
}

/** Bytes of the file that were read since the last call. */
type Progress = (bytes: number) => void;

/** Counts a part of a file that can be read from the middle: bzip2, or plain XML. */
export async function countPart(
  part: Part,
  folder: string,
  counter: UnitCounter,
  progress: Progress,
): Promise<void> {
  const base = `${folder}/${part.name}`;
  if (part.packing === 'none') {
    counter.begin(base);
    const stream = createReadStream(part.path, { start: part.from, end: part.to - 1 });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      counter.push(chunk);
      progress(chunk.length);
    }
    await savePart(base, counter, {});
  } else {
    await savePart(base, counter, await countBlocks(part, base, counter, progress));
  }
}

async function countBlocks(
  part: Part,
  base: string,
  counter: UnitCounter,
  progress: Progress,
): Promise<Tally> {
  const bytes = await readRange(part.path, part.from, Math.min(part.to + LONGEST_BLOCK, part.size));
  const length = part.to - part.from;
  const blocks = findBlocks(bytes, length);
  if (blocks.every((block) => block.whole)) {
    counter.begin(base);
    try {
      for await (const chunk of decompress(withProgress(bytes, blocks, length, progress))) {
        counter.push(chunk);
      }
      return {};
    } catch (error) {
      if (!(error instanceof DamagedBzip2)) throw error;
      progress(-length);
    }
  }
  // Something is wrong with one of the blocks: each alone, to lose no more than that one.
  counter.begin(base);
  const lost: Tally = {};
  let before = 0;
  for (const block of blocks) {
    const decoded = block.whole ? await decodeBlock(bytes, block) : undefined;
    if (decoded instanceof Buffer) {
      counter.push(decoded);
    } else {
      const atEnd = !block.whole && part.to + LONGEST_BLOCK >= part.size;
      const reason = atEnd ? 'truncated_block' : 'corrupt_block';
      lost[reason] = (lost[reason] ?? 0) + 1;
      counter.gap();
    }
    const at = Math.min(length, Math.floor(block.end / 8));
    progress(at - before);
    before = at;
  }
  progress(length - before);
  return lost;
}

function* withProgress(
  bytes: Uint8Array,
  blocks: readonly Block[],
  length: number,
  progress: Progress,
): Generator<Uint8Array> {
  let done = 0;
  for (const piece of streamOf(bytes, blocks)) {
    yield piece;
    const step = Math.min(piece.length, length - done);
    done += step;
    progress(step);
  }
  progress(length - done);
}

/** A file that can only be read from its beginning (gzip, Zstandard). */
export interface StreamFile {
  path: string;
  packing: Packing;
  /** Parts are named PREFIX00000, PREFIX00001, … */
  prefix: string;
  /** How many parts are done. */
  done: number;
}

export function partName(prefix: string, index: number): string {
  return `${prefix}${String(index).padStart(5, '0')}`;
}

/** Counts the rest of a file in parts of `partBytes` of what it holds, passing over those done. */
export async function countStream(
  file: StreamFile,
  partBytes: number,
  folder: string,
  counter: UnitCounter,
  progress: Progress,
): Promise<void> {
  let index = file.done;
  let passOver = index * partBytes;
  let room = partBytes;
  const base = (): string => `${folder}/${partName(file.prefix, index)}`;
  counter.begin(base());
  const lost: Tally = {};
  try {
    for await (const chunk of openStream(file.path, file.packing, progress)) {
      let rest = chunk.subarray(Math.min(passOver, chunk.length));
      passOver -= chunk.length - rest.length;
      while (rest.length >= room) {
        counter.push(rest.subarray(0, room));
        rest = rest.subarray(room);
        await savePart(base(), counter, {});
        index++;
        room = partBytes;
        counter.begin(base());
      }
      counter.push(rest);
      room -= rest.length;
    }
  } catch (error) {
    if (!(error instanceof DamagedStream)) throw error;
    lost.damaged_stream = 1;
    counter.gap();
  }
  await savePart(base(), counter, lost, true);
}

/** Counts the pages that cross the edges of parts: `edges` are their heads and tails, in order. */
export async function countSeams(
  edges: AsyncIterable<Buffer | 'gap' | 'end'>,
  name: string,
  folder: string,
  counter: UnitCounter,
): Promise<void> {
  counter.begin(`${folder}/${name}`);
  for await (const edge of edges) {
    if (edge === 'gap') counter.gap();
    else if (edge === 'end') counter.endFile();
    else counter.push(edge);
  }
  await savePart(`${folder}/${name}`, counter, {}, true);
}

async function savePart(
  base: string,
  counter: UnitCounter,
  lost: Tally,
  last = false,
): Promise<void> {
  const count = counter.finish();
  await writeAtomically(`${base}.titles`, count.titles);
  await writeAtomically(`${base}.head`, count.seam.head);
  await writeAtomically(`${base}.tail`, count.seam.tail);
  const record: PartRecord = {
    runs: count.runs,
    gap: count.seam.gap,
    read: count.read,
    lost: { ...count.lost, ...lost },
    ...(last && { last: true as const }),
  };
  await writeAtomically(`${base}.json`, JSON.stringify(record));
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  const file = await open(path, 'r');
  try {
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, from + at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}
