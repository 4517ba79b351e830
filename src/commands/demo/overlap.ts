/** How many evaluation images nearly duplicate a training image, by the rule of the fetch stage. */

import { join } from 'node:path';
import type { Config } from '../../config.js';
import { readDataset } from '../../core/dataset.js';
import { sha256 } from '../../core/ids.js';
import { mapOrdered } from '../../core/ordered.js';
import { readRecords } from '../../core/parquet/reader.js';
import { pairFields } from '../../core/types.js';
import type { ImageSet } from '../../eval/index.js';
import { DuplicateIndex, normaliseImage } from '../../filter/index.js';

export async function countOverlap(
  dataset: string,
  set: ImageSet,
  { filter, shard }: Config,
): Promise<number> {
  const index = new DuplicateIndex(filter.nearDuplicateBits);
  const columns = ['key', 'sha256', 'dhash'] as const;
  for (const { path } of (await readDataset(dataset)).manifest.shards) {
    const rows = readRecords(join(dataset, path), pairFields, { columns });
    for await (const row of rows) index.add(row);
  }
  let overlapping = 0;
  const images = mapOrdered(
    set.images(),
    async ({ bytes }) => ({
      bytes,
      image: await normaliseImage(Buffer.from(bytes), filter, shard),
    }),
    { concurrency: 4 },
  );
  for await (const { bytes, image } of images) {
    if (!image.ok) continue;
    if (index.check({ sha256: sha256(Buffer.from(bytes)), dhash: image.dhash })) overlapping += 1;
  }
  return overlapping;
}
