/**
 * Writes one shard: a Parquet file of pairs that Hugging Face `datasets`, pyarrow, DuckDB and polars
 * read as it is, and beside it the counts in img2dataset's stats format.
 */

import { join } from 'node:path';
import type { ShardConfig } from '../config.js';
import type { OutputFile } from '../core/journal.js';
import { writeParquet } from '../core/parquet/writer.js';
import type { Reason } from '../core/reasons.js';
import { type Pair, pairFields } from '../core/types.js';
import { huggingFaceMetadata } from './features.js';
import { writeStatsFile } from './stats-file.js';

export interface ShardOptions {
  readonly shard: Pick<ShardConfig, 'rowGroupRows'>;
  /** The selections of this shard that did not become rows; read after the pairs. */
  readonly losses: Iterable<{ readonly reason: Reason }>;
  /** ISO 8601, the dataset's snapshot time: never the clock, so that a rerun repeats bytes. */
  readonly snapshot: string;
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
  const path = `data/${name}.parquet`;
  const written = await writeParquet(join(dir, path), pairFields, pairs, {
    rowGroupRows: options.shard.rowGroupRows,
    metadata: huggingFaceMetadata(pairFields),
  });
  const statsPath = `data/${name}_stats.json`;
  const stats = await writeStatsFile(join(dir, statsPath), {
    successes: written.rows,
    losses: options.losses,
    snapshot: options.snapshot,
  });
  return [
    { path, ...written },
    { path: statsPath, rows: 0, ...stats },
  ];
}
