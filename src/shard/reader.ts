/**
 * What training reads: shards named by the manifest (or the journal, while the dataset grows), a row
 * group at a time, and of each row only what a trainer needs. One row group is in memory at once.
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WitError } from '../core/errors.js';
import type { OutputFile } from '../core/journal.js';
import {
  openParquet,
  type ParquetFile,
  type RowGroup,
  readRowGroup,
} from '../core/parquet/reader.js';
import { type Pair, pairFields } from '../core/types.js';

/** A shard that is there, whole as far as its size tells. */
export interface Shard {
  /** Relative to the dataset folder, as in the manifest. */
  readonly name: string;
  /** Where to open it. */
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

const SAMPLE_COLUMNS = ['key', 'text', 'otherTexts', 'image'] as const;

/**
 * One training example. `image.bytes` is a view into its row group's buffer: copy what outlives the
 * group.
 */
export type Sample = Pick<Pair, (typeof SAMPLE_COLUMNS)[number]>;

/**
 * The shards of `dir` that hold rows, in the order given, after checking that each is there with its
 * size. `verifyShards` checks the rest.
 * @throws WitError `dataset` naming the shard that is missing or cut.
 */
export async function listShards(dir: string, shards: readonly OutputFile[]): Promise<Shard[]> {
  const found = shards
    .filter((shard) => shard.rows > 0)
    .map(async ({ path: name, rows, bytes, sha256 }) => {
      const path = join(dir, name);
      const size = await sizeOf(path);
      if (size !== bytes) {
        const what = size === undefined ? 'is missing' : `has ${size} bytes instead of ${bytes}`;
        throw new WitError('dataset', `Shard ${path} ${what}`, {
          hint: 'Restore the file from where it was copied, or build the dataset anew.',
        });
      }
      return { name, path, rows, bytes, sha256 };
    });
  return await Promise.all(found);
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

/** An open shard. Row groups may be read in any order. */
export class ShardReader {
  readonly shard: Shard;
  readonly #file: ParquetFile;

  private constructor(shard: Shard, file: ParquetFile) {
    this.shard = shard;
    this.#file = file;
  }

  /** @throws WitError `missing_file`, `bad_file`, or `dataset` when the row count differs. */
  static async open(shard: Shard): Promise<ShardReader> {
    const file = await openParquet(shard.path);
    if (file.rows === shard.rows) return new ShardReader(shard, file);
    await file.close();
    throw new WitError(
      'dataset',
      `Shard ${shard.path} has ${file.rows} rows, the manifest says ${shard.rows}`,
    );
  }

  get rowGroups(): readonly RowGroup[] {
    return this.#file.rowGroups;
  }

  /** @throws WitError `bad_file` naming the row and column of a bad value. */
  async readRowGroup(index: number): Promise<Sample[]> {
    const group = this.rowGroups[index];
    if (group === undefined) {
      throw new RangeError(`row group ${index} of ${this.rowGroups.length} in ${this.shard.path}`);
    }
    return await readRowGroup(this.#file, pairFields, group, { columns: SAMPLE_COLUMNS });
  }

  /** Every sample, one row group in memory at a time. */
  async *samples(): AsyncGenerator<Sample> {
    for (const index of this.rowGroups.keys()) yield* await this.readRowGroup(index);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
