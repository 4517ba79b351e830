/**
 * Reads any part of a bzip2 file. Blocks of up to 900 kB stand in the file at bit offsets, each behind
 * a 48-bit magic number, so a reader can start in the middle: it finds the blocks of its part, sets
 * them one behind another as a stream of their own, and hands that to a program. Thus single-stream and
 * multistream dumps are read in parallel, without an index, and a damaged block costs that block.
 *
 * Format: J. Tsai, "BZIP2: Format Specification" (2016); the parts used here are the stream header
 * `BZh1…9`, the block magic 0x314159265359 followed by the block's CRC, and the end magic
 * 0x177245385090 followed by the stream's CRC, which combines the blocks' by rotation and XOR.
 */

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { systemCode, WitError } from '../../core/errors.js';

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const MAGIC_BITS = 48;
const CRC_BITS = 32;

/** More than any block takes: 900 kB that nothing could be made of, and its tables. */
export const LONGEST_BLOCK = 1_200_000;

/** A block of compressed data: bits [start, end) of the bytes searched. */
export interface Block {
  start: number;
  end: number;
  /** False where neither a next block nor the end of the stream was found behind it. */
  whole: boolean;
}

/**
 * The blocks whose magic starts in bytes [0, limit) of `bytes`, which should reach LONGEST_BLOCK
 * further where the file does, so that the last block's end is seen.
 */
export function findBlocks(bytes: Uint8Array, limit: number): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  forEachMagic(bytes, (bit, isBlock) => {
    if (open !== undefined) {
      open.end = bit;
      open.whole = true;
      open = undefined;
    }
    if (bit >= limit * 8) return false;
    if (isBlock) {
      open = { start: bit, end: bytes.length * 8, whole: false };
      blocks.push(open);
    }
    return true;
  });
  return blocks;
}

/**
 * For every pair of bytes: at which bits of a magic it may stand (their list's index; 0 for none). At
 * least five bytes of a magic at any shift are whole bytes of the file, so a look at every fourth byte meets one
 * of these pairs.
 */
const PLACES: number[][] = [[]];
const PLACES_OF_PAIR = placesOfPairs();

function placesOfPairs(): Uint8Array {
  const table = new Uint8Array(1 << 16);
  for (const magic of [BLOCK_MAGIC, END_MAGIC]) {
    for (let bit = 0; bit + 16 <= MAGIC_BITS; bit++) {
      const pair = Math.floor(magic / 2 ** (MAGIC_BITS - 16 - bit)) % 65_536;
      if (table[pair] === 0) table[pair] = PLACES.push([]) - 1;
      // The furthest first: the magic that begins first is found first.
      PLACES[table[pair] as number]?.unshift(bit);
    }
  }
  return table;
}

/** Calls `found` with the bit position of every magic, in order, until it returns false. */
function forEachMagic(bytes: Uint8Array, found: (bit: number, isBlock: boolean) => boolean): void {
  const last = bytes.length - 1;
  let past = -1;
  for (let at = 0; at < last; at += 4) {
    const places = PLACES_OF_PAIR[
      ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
    ] as number;
    if (places === 0) continue;
    for (const place of PLACES[places] as number[]) {
      const bit = at * 8 - place;
      if (bit <= past) continue;
      const value = bitsAt(bytes, bit, MAGIC_BITS);
      if (value !== BLOCK_MAGIC && value !== END_MAGIC) continue;
      past = bit;
      if (!found(bit, value === BLOCK_MAGIC)) return;
    }
  }
}

/** `count` ≤ 48 bits from bit `bit`, most significant first; NaN where the bytes end before. */
function bitsAt(bytes: Uint8Array, bit: number, count: number): number {
  if (bit < 0 || bit + count > bytes.length * 8) return Number.NaN;
  let value = 0;
  let at = bit >> 3;
  const skip = bit & 7;
  let have = 8 - skip;
  value = (bytes[at] as number) & (0xff >> skip);
  while (have < count) {
    at++;
    const take = Math.min(8, count - have);
    value = value * 2 ** take + ((bytes[at] as number) >> (8 - take));
    have += take;
  }
  return have > count ? Math.floor(value / 2 ** (have - count)) : value;
}

/**
 * Blocks set behind one another as one stream of their own, in pieces of about a megabyte. The CRCs
 * are those that stand in the blocks, so `bzip2` finds any damage.
 */
export function* streamOf(bytes: Uint8Array, blocks: readonly Block[]): Generator<Uint8Array> {
  const PIECE = 1 << 20;
  // Where damage has hidden a magic, two blocks look like one.
  const longest = blocks.reduce((most, { start, end }) => Math.max(most, end - start), 0) / 8;
  const capacity = PIECE + Math.ceil(longest) + 64;
  let piece = new BitPacker(capacity);
  let crc = 0;
  piece.number(0x425a6839, 32);
  for (const { start, end } of blocks) {
    piece.copy(bytes, start, end);
    crc = ((crc << 1) | (crc >>> 31)) ^ bitsAt(bytes, start + MAGIC_BITS, CRC_BITS);
    if (piece.length >= PIECE) {
      const next = new BitPacker(capacity);
      yield piece.cut(next);
      piece = next;
    }
  }
  piece.number(END_MAGIC, MAGIC_BITS);
  piece.number(crc >>> 0, CRC_BITS);
  yield piece.finish();
}

/** Appends bits, most significant first. */
class BitPacker {
  readonly #bytes: Uint8Array;
  /** Whole bytes written, and the bits of the byte after them. */
  #length = 0;
  #bits = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  number(value: number, count: number): void {
    for (let left = count; left > 0; ) {
      const take = Math.min(left, 8 - this.#bits);
      const part = Math.floor(value / 2 ** (left - take)) % 2 ** take;
      this.#bytes[this.#length] =
        (this.#bytes[this.#length] as number) | (part << (8 - this.#bits - take));
      this.#advance(take);
      left -= take;
    }
  }

  copy(source: Uint8Array, start: number, end: number): void {
    const target = this.#bytes;
    // Bits until the source stands at a byte, then byte by byte over the target's shift.
    const lead = Math.min((8 - (start & 7)) & 7, end - start);
    if (lead > 0) this.number(bitsAt(source, start, lead), lead);
    let at = (start + lead) >> 3;
    const whole = (end - start - lead) >> 3;
    const shift = this.#bits;
    let out = this.#length;
    if (shift === 0) {
      target.set(source.subarray(at, at + whole), out);
      out += whole;
      at += whole;
    } else {
      let held = target[out] as number;
      for (const stop = at + whole; at < stop; at++) {
        const byte = source[at] as number;
        target[out++] = held | (byte >> shift);
        held = (byte << (8 - shift)) & 0xff;
      }
      target[out] = held;
    }
    this.#length = out;
    const rest = end - start - lead - whole * 8;
    if (rest > 0) this.number(bitsAt(source, end - rest, rest), rest);
  }

  /** The whole bytes; the bits after them go to `next`. */
  cut(next: BitPacker): Uint8Array {
    next.number((this.#bytes[this.#length] as number) >> (8 - this.#bits), this.#bits);
    return this.#bytes.subarray(0, this.#length);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length + (this.#bits > 0 ? 1 : 0));
  }

  #advance(bits: number): void {
    this.#bits += bits;
    if (this.#bits === 8) {
      this.#bits = 0;
      this.#length++;
    }
  }
}

/** What `bzip2` could not decode; `detail` is what it said. */
export class DamagedBzip2 extends Error {}

/** Programs that decompress, and what they are told; lbzip2 does with about 3/4 of bzip2's time. */
const PROGRAMS = {
  lbzip2: ['-n', '1', '-dc'],
  bzip2: ['-dc'],
} as const;
export type Bzip2Program = keyof typeof PROGRAMS;

let installed: Bzip2Program | undefined;

/** lbzip2 where it is installed, else bzip2. */
export function bzip2Program(): Bzip2Program {
  installed ??=
    spawnSync('lbzip2', ['--version'], { stdio: 'ignore' }).error === undefined
      ? 'lbzip2'
      : 'bzip2';
  return installed;
}

/**
 * Decompresses through a program.
 * @throws DamagedBzip2 where the data are damaged, after what came well before the damage was given.
 * @throws WitError `environment` where the program is not installed.
 */
export async function* decompress(
  compressed: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  program: Bzip2Program = bzip2Program(),
): AsyncGenerator<Buffer> {
  const child = spawn(program, PROGRAMS[program], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    if (said.length < 1_000) said += text.toString();
  });
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  closed.catch(() => {});
  const fed = feed(child, compressed);
  fed.catch(() => {});
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    await fed;
    const [code] = await closed;
    if (code !== 0) throw new DamagedBzip2(said.trim() || `${program} ended with code ${code}`);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new WitError('environment', 'Reading .bz2 needs the program bzip2, which is not here', {
      cause,
      hint: 'Install bzip2 (Debian: apt-get install bzip2), or give the dump unpacked.',
    });
  } finally {
    child.kill();
  }
}

async function feed(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  compressed: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  // bzip2 closes its input when it finds damage; its exit code says so.
  child.stdin.on('error', () => {});
  for await (const piece of compressed) {
    if (child.stdin.destroyed) return;
    if (!child.stdin.write(piece)) {
      await drained(child.stdin);
    }
  }
  child.stdin.end();
}

/** Waits until more can be written, or nothing ever again. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });
}

/** One block alone: its bytes, or what is wrong with it. */
export async function decodeBlock(
  bytes: Uint8Array,
  block: Block,
  program: Bzip2Program = bzip2Program(),
): Promise<Buffer | DamagedBzip2> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of decompress(streamOf(bytes, [block]), program)) chunks.push(chunk);
  } catch (error) {
    if (error instanceof DamagedBzip2) return error;
    throw error;
  }
  return Buffer.concat(chunks);
}
