/** Writes a shard again with other captions. Everything else of it stays, byte for byte. */

import { join } from 'node:path';
import type { OutputFile } from '../core/journal.js';
import { openParquet, readRowGroup } from '../core/parquet/reader.js';
import { ParquetFileWriter } from '../core/parquet/writer.js';
import { type Pair, pairFields } from '../core/types.js';
import { huggingFaceMetadata } from './features.js';

/**
 * Replaces the file at `path`, below `dir`, atomically; who has the old one open goes on reading that. Rows,
 * their order and the row groups stay, since the order in which a training run sees rows depends on them. Images
 * are copied as they are.
 * @param captionsOf what a row, by its key, says instead; nothing where it stays as it is
 * @throws WitError `disk`, or `bad_file` when the shard cannot be read.
 */
export async function rewriteCaptions(
  dir: string,
  path: string,
  captionsOf: (key: string) => Partial<Pair> | undefined,
): Promise<OutputFile> {
  const file = await openParquet(join(dir, path));
  try {
    const writer = await ParquetFileWriter.open(join(dir, path), pairFields, {
      rowGroupRows: Math.max(1, ...file.rowGroups.map(({ rows }) => rows)),
      // Where the groups ended before, whatever the captions weigh now.
      rowGroupBytes: Number.POSITIVE_INFINITY,
      metadata: huggingFaceMetadata(pairFields),
    });
    try {
      for (const group of file.rowGroups) {
        for (const pair of await readRowGroup(file, pairFields, group)) {
          await writer.append({ ...pair, ...captionsOf(pair.key) });
        }
        await writer.endGroup();
      }
      return { path, ...(await writer.close()) };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    await file.close();
  }
}
