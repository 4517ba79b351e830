/**
 * Writes one shard: a Parquet file of pairs that Hugging Face `datasets`, pyarrow, DuckDB and polars
 * read as it is, and beside it the counts in img2dataset's stats format.
 */

import { join } from 'node:path';
import type { ShardConfig } from '../config.js';
import type { OutputFile } from '../core/journal.js';
import { ParquetFileWriter } from '../core/parquet/writer.js';
import type { Reason } from '../core/reasons.js';
import { type Pair, pairFields } from '../core/types.js';
import { huggingFaceMetadata } from './features.js';
import { writeStatsFile } from './stats-file.js';

export interface ShardOptions {
  readonly shard: Pick<ShardConfig, 'rowGroupRows'>;
  /** The selections of this shard that did not become rows; read at the end. */
  readonly losses: Iterable<{ readonly reason: Reason }>;
  /** ISO 8601, the dataset's snapshot time: never the clock, so that a rerun repeats bytes. */
  readonly snapshot: string;
}

/** As it stands in names: `7` → `00007`. */
export function shardNumber(index: number): string {
  return String(index).padStart(5, '0');
}

/**
 * Writes `DIR/data/NAME.parquet` and `DIR/data/NAME_stats.json`, each atomically, and describes both
 * for the journal. Row groups hold at most `rowGroupRows` rows and 32 MB.
 * @throws WitError `disk`, or `input` naming a value that does not fit its column.
 */
export async function writeShard(
  dir: string,
  name: string,
  pairs: Iterable<Pair> | AsyncIterable<Pair>,
  options: ShardOptions,
): Promise<OutputFile[]> {
  const writer = await ShardWriter.open(dir, name, options);
  try {
    for await (const pair of pairs) await writer.append(pair);
    return await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Writes a shard as its pairs come, a row group in memory. End with `close` or `abort`. */
export class ShardWriter {
  readonly #dir: string;
  readonly #path: string;
  readonly #options: ShardOptions;
  readonly #file: ParquetFileWriter<typeof pairFields>;

  private constructor(
    dir: string,
    path: string,
    options: ShardOptions,
    file: ParquetFileWriter<typeof pairFields>,
  ) {
    this.#dir = dir;
    this.#path = path;
    this.#options = options;
    this.#file = file;
  }

  /** @throws WitError `disk`. */
  static async open(dir: string, name: string, options: ShardOptions): Promise<ShardWriter> {
    const path = `data/${name}`;
    const file = await ParquetFileWriter.open(join(dir, `${path}.parquet`), pairFields, {
      rowGroupRows: options.shard.rowGroupRows,
      metadata: huggingFaceMetadata(pairFields),
    });
    return new ShardWriter(dir, path, options, file);
  }

  /** @throws WitError `disk`, or `input` naming a value that does not fit its column. */
  async append(pair: Pair): Promise<void> {
    await this.#file.append(pair);
  }

  /** Gives both files their names. @throws WitError `disk`. */
  async close(): Promise<OutputFile[]> {
    const written = await this.#file.close();
    const statsPath = `${this.#path}_stats.json`;
    const stats = await writeStatsFile(join(this.#dir, statsPath), {
      successes: written.rows,
      losses: this.#options.losses,
      snapshot: this.#options.snapshot,
    });
    return [
      { path: `${this.#path}.parquet`, ...written },
      { path: statsPath, rows: 0, ...stats },
    ];
  }

  /** Gives up: nothing is left of the Parquet file. */
  async abort(): Promise<void> {
    await this.#file.abort();
  }
}
