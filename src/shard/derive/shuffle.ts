/**
 * Rows in a seeded random order that depends on their keys alone, in bounded memory: scattered on disk by
 * ranges of their ranks, then one range at a time is read and sorted. Takes as much disk as the rows.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { rankOf } from '../../core/ids.js';
import { SpillSet, SpillWriter } from '../../core/spill.js';
import type { Pair } from '../../core/types.js';

/** Of one range: what is in memory at a time, twice. */
const RANGE_BYTES = 64_000_000;
/** Of one spill file, whose list of chunks is in memory while it is written. */
const FILE_BYTES = 1_000_000_000;

export class Shuffled {
  readonly #dir: string;
  readonly #seed: number;
  readonly #set: SpillSet;

  private constructor(dir: string, seed: number, set: SpillSet) {
    this.#dir = dir;
    this.#seed = seed;
    this.#set = set;
  }

  /**
   * Scatters `pairs`, of about `bytes` together, into files in `dir`.
   * @throws WitError `disk`.
   */
  static async scatter(
    pairs: AsyncIterable<Pair>,
    options: { dir: string; seed: number; bytes: number; onRow: () => void },
  ): Promise<Shuffled> {
    const { dir, seed, bytes, onRow } = options;
    await rm(dir, { recursive: true, force: true });
    const partitions = Math.max(1, Math.ceil(bytes / RANGE_BYTES));
    const paths: string[] = [];
    let writer: SpillWriter | undefined;
    let written = 0;
    try {
      for await (const pair of pairs) {
        if (writer === undefined || written >= FILE_BYTES) {
          await writer?.close();
          const path = join(dir, `${paths.length}.spill`);
          writer = await SpillWriter.open(path, partitions);
          paths.push(path);
          written = 0;
        }
        const content = serialize(pair);
        const frame = Buffer.allocUnsafe(4 + content.length);
        frame.writeUInt32LE(content.length);
        frame.set(content, 4);
        writer.append(Math.floor(orderRank(seed, pair.key) * partitions), frame);
        written += frame.length;
        onRow();
      }
      await writer?.close();
    } catch (error) {
      writer?.abort();
      throw error;
    }
    return new Shuffled(dir, seed, new SpillSet(paths));
  }

  /** The rows that `wants` takes, in their order, from number `skip` of them on. */
  async *pairs(wants: (key: string) => boolean, skip = 0): AsyncGenerator<Pair> {
    let passed = 0;
    for (let partition = 0; partition < this.#set.partitions; partition++) {
      const bytes = this.#set.read(partition);
      const places: { at: number; rank: number; key: string }[] = [];
      for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32LE(at)) {
        const { key } = pairAt(bytes, at);
        if (wants(key)) places.push({ at, key, rank: orderRank(this.#seed, key) });
      }
      places.sort((a, b) => a.rank - b.rank || (a.key < b.key ? -1 : 1));
      for (const { at } of places) if (passed++ >= skip) yield pairAt(bytes, at);
    }
  }

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}

function orderRank(seed: number, key: string): number {
  return rankOf(seed, `shuffle\0${key}`);
}

/** A copy of its own. */
function pairAt(bytes: Buffer, at: number): Pair {
  const pair = deserialize(bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at))) as Pair;
  const { bytes: image, path } = pair.image;
  return { ...pair, image: { bytes: Buffer.from(image), path } };
}
