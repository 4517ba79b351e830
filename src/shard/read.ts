/** Reading shards for what is made of them: intact ones only, one row group in memory at a time. */

import { join } from 'node:path';
import { requireIntact } from '../core/intact.js';
import type { OutputFile } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import { type Pair, pairFields } from '../core/types.js';

/**
 * The pairs of a shard, after its SHA-256 was found to be the manifest's.
 * @throws WitError `bad_file` naming the shard and what is wrong; the signal's reason when aborted.
 */
export async function* readPairs(
  dir: string,
  shard: OutputFile,
  signal?: AbortSignal,
): AsyncGenerator<Pair> {
  const path = join(dir, shard.path);
  await requireIntact(path, shard);
  for await (const pair of readRecords(path, pairFields)) {
    signal?.throwIfAborted();
    yield pair;
  }
}

/** The pair with a copy of its image, which keeps nothing else in memory. */
export function ownImage(pair: Pair): Pair {
  const { bytes, path } = pair.image;
  return { ...pair, image: { bytes: Buffer.from(bytes), path } };
}
