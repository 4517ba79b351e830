/** Small datasets of real shards for tests. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { image, type RecordOf, string, strings } from '../../src/core/record.js';
import { seededRandom } from '../../src/train/random.js';
import type { ShardInfo, ShardSource } from '../../src/train/shards.js';

export const rowFields = { text: string(), otherTexts: strings(), image: image() };
export type Row = RecordOf<typeof rowFields>;

/** Row `i` of a dataset: a picture and texts that tell which it is. */
export async function makeRow(i: number, width = 40, height = 32): Promise<Row> {
  const random = seededRandom('test image', i);
  const colour = { r: random.below(256), g: random.below(256), b: random.below(256) };
  const dot = { r: random.below(256), g: random.below(256), b: random.below(256) };
  const bytes = await sharp({ create: { width, height, channels: 3, background: colour } })
    .composite([
      {
        input: { create: { width: 9, height: 9, channels: 3, background: dot } },
        left: random.below(width - 9),
        top: random.below(height - 9),
      },
    ])
    .png()
    .toBuffer();
  const text = `picture number ${i}`;
  return { text, otherTexts: [`${text} again`], image: { bytes, path: `${i}.png` } };
}

/** Writes `sizes.length` shards in a new folder; rows are numbered through all of them. */
export async function makeShards(
  sizes: readonly number[],
  options: { rowGroupRows?: number; row?: (i: number) => Promise<Row> } = {},
): Promise<ShardInfo[]> {
  const { rowGroupRows = 5, row = makeRow } = options;
  const dir = await mkdtemp(join(tmpdir(), 'wit-shards-'));
  const shards: ShardInfo[] = [];
  let first = 0;
  for (const [index, rows] of sizes.entries()) {
    const name = `train-${String(index).padStart(5, '0')}`;
    const path = join(dir, `${name}.parquet`);
    const numbers = Array.from({ length: rows }, (_, i) => first + i);
    await writeParquet(path, rowFields, await Promise.all(numbers.map((i) => row(i))), {
      rowGroupRows,
    });
    shards.push({ name, path, rows });
    first += rows;
  }
  return shards;
}

/** A complete dataset. */
export function sourceOf(shards: readonly ShardInfo[]): ShardSource {
  return { next: async (index) => shards[index] };
}

/** A dataset whose shards appear when `release` is called. */
export class GrowingSource implements ShardSource {
  readonly #shards: readonly ShardInfo[];
  #released = 0;
  #waiting: (() => void)[] = [];

  constructor(shards: readonly ShardInfo[]) {
    this.#shards = shards;
  }

  release(shards = 1): void {
    this.#released += shards;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async next(index: number): Promise<ShardInfo | undefined> {
    while (index >= this.#released && index < this.#shards.length) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#shards[index];
  }
}
