import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listShards, type Sample, ShardReader } from '../../src/shard/index.js';
import { type Fixture, makeDataset } from './fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeDataset(await mkdtemp(join(tmpdir(), 'wit-reader-')));
});
afterAll(async () => {
  await rm(fixture.dir, { recursive: true });
});

describe('ShardReader', () => {
  it('streams key, text, other texts and image of every row, in order', async () => {
    const samples: Sample[] = [];
    for (const shard of await listShards(fixture.dir, fixture.shards)) {
      const reader = await ShardReader.open(shard);
      for await (const sample of reader.samples()) samples.push(sample);
      await reader.close();
    }
    expect(samples).toEqual(
      fixture.pairs.map(({ key, text, otherTexts, image }) => ({ key, text, otherTexts, image })),
    );
  });

  it('reads row groups in any order', async () => {
    const [shard] = await listShards(fixture.dir, fixture.shards);
    const reader = await ShardReader.open(shard as NonNullable<typeof shard>);
    expect(reader.rowGroups.map((group) => group.rows)).toEqual([16, 16, 16, 12]);
    const keys = async (index: number) =>
      (await reader.readRowGroup(index)).map((sample) => sample.key);
    const expected = fixture.pairs.map((pair) => pair.key);
    expect(await keys(3)).toEqual(expected.slice(48, 60));
    expect(await keys(1)).toEqual(expected.slice(16, 32));
    await expect(reader.readRowGroup(4)).rejects.toThrow('row group 4 of 4');
    await reader.close();
  });

  it('refuses a shard whose rows are not what the manifest says', async () => {
    const [shard] = await listShards(fixture.dir, fixture.shards);
    await expect(
      ShardReader.open({ ...(shard as NonNullable<typeof shard>), rows: 59 }),
    ).rejects.toMatchObject({ code: 'dataset', message: expect.stringContaining('has 60 rows') });
  });
});

describe('listShards', () => {
  it('leaves out shards of no rows', async () => {
    const empty = { path: 'data/never-made.parquet', rows: 0, bytes: 0, sha256: '' };
    expect(await listShards(fixture.dir, [empty, ...fixture.shards])).toHaveLength(2);
  });

  it('names a shard that is missing or cut', async () => {
    const other = await makeDataset(await mkdtemp(join(tmpdir(), 'wit-cut-')));
    const [first, second] = other.shards.map((shard) => join(other.dir, shard.path));
    await truncate(second as string, 1000);
    await expect(listShards(other.dir, other.shards)).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringMatching(/train-00001\.parquet has 1000 bytes instead of \d+$/),
    });
    await rm(first as string);
    await expect(listShards(other.dir, other.shards.slice(0, 1))).rejects.toMatchObject({
      code: 'dataset',
      message: expect.stringMatching(/train-00000\.parquet is missing$/),
    });
    await rm(other.dir, { recursive: true });
  });
});
