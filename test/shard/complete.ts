/** A complete dataset folder (journal and manifest) of real images, for what works on such folders. */

import { buildSchema } from '../../src/config.js';
import { DatasetWriter, type Manifest } from '../../src/core/dataset.js';
import { sha256 } from '../../src/core/ids.js';
import type { Pair } from '../../src/core/types.js';
import { writeCard, writeShard } from '../../src/shard/index.js';
import { SNAPSHOT } from './fixture.js';

export interface Complete {
  dir: string;
  pairs: Pair[];
  manifest: Manifest;
}

/** Shards of `rows` rows each in `dir`, in row groups of 16. */
export async function makeComplete(dir: string, pairs: Pair[], rows = 30): Promise<Complete> {
  const config = buildSchema.parse({ shard: { rowGroupRows: 16 }, snapshot: SNAPSHOT });
  const dataset = await DatasetWriter.open(dir, {
    schema: 1,
    snapshot: SNAPSHOT,
    config,
    queries: { digest: sha256('queries'), count: 3 },
    rules: {},
  });
  for (let index = 0; index * rows < pairs.length; index++) {
    const some = pairs.slice(index * rows, (index + 1) * rows);
    const name = String(index).padStart(5, '0');
    const outputs = await writeShard(dir, `train-${name}`, some, {
      shard: config.shard,
      losses: [],
      snapshot: SNAPSHOT,
    });
    const counts = { candidates: some.length, selected: some.length, kept: some.length };
    await dataset.journal.commit({ unit: `fetch-${name}`, stage: 'fetch', outputs, counts });
  }
  const manifest = dataset.manifest();
  await writeCard(dir, manifest);
  await dataset.complete();
  await dataset.close();
  return { dir, pairs, manifest };
}
