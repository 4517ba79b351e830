import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openParquet, readRecords } from '../../src/core/parquet/reader.js';
import { fileDigest } from '../../src/core/store.js';
import { type Pair, pairFields } from '../../src/core/types.js';
import { writeShard } from '../../src/shard/index.js';
import { LOSSES, makePairs, SNAPSHOT } from './fixture.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-shard-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

const options = { shard: { rowGroupRows: 16 }, losses: LOSSES, snapshot: SNAPSHOT };

describe('writeShard', () => {
  it('writes the pairs and describes its files for the journal', async () => {
    const pairs = await makePairs(40);
    const outputs = await writeShard(join(dir, 'a'), 'train-00007', pairs, options);
    expect(outputs).toEqual([
      {
        path: 'data/train-00007.parquet',
        rows: 40,
        ...(await fileDigest(join(dir, 'a/data/train-00007.parquet'))),
      },
      {
        path: 'data/train-00007_stats.json',
        rows: 0,
        ...(await fileDigest(join(dir, 'a/data/train-00007_stats.json'))),
      },
    ]);
    const found: Pair[] = [];
    for await (const pair of readRecords(join(dir, 'a/data/train-00007.parquet'), pairFields)) {
      found.push(pair);
    }
    expect(found).toEqual(pairs);
  });

  it('repeats its bytes', async () => {
    const pairs = await makePairs(20);
    const first = await writeShard(join(dir, 'b1'), 'train-00000', pairs, options);
    const second = await writeShard(join(dir, 'b2'), 'train-00000', pairs, options);
    expect(second).toEqual(first);
  });

  it('keeps row groups within their rows and 32 MB, the image column last', async () => {
    const [pair] = (await makePairs(1)) as [Pair];
    const big = Buffer.alloc(5_000_000, 7);
    const pairs = Array.from({ length: 20 }, (_, index) => ({
      ...pair,
      key: `${index}`,
      image: { bytes: index < 14 ? big : pair.image.bytes, path: `${index}.jpg` },
    }));
    const [shard] = await writeShard(join(dir, 'c'), 'train-00000', pairs, {
      ...options,
      shard: { rowGroupRows: 10 },
    });
    const file = await openParquet(join(dir, 'c', shard?.path as string));
    expect(file.rowGroups.map((group) => group.rows)).toEqual([6, 6, 8]);
    expect(file.columns.at(-1)).toBe('image');
    await file.close();
  });

  it("counts in img2dataset's stats format", async () => {
    const pairs = await makePairs(3);
    const [, stats] = await writeShard(join(dir, 'd'), 'train-00000', pairs, options);
    const text = await readFile(join(dir, 'd', stats?.path as string), 'utf8');
    expect(text).toBe(`{
    "count": 8,
    "successes": 3,
    "failed_to_download": 4,
    "failed_to_resize": 1,
    "duration": 0,
    "start_time": 1767323045,
    "end_time": 1767323045,
    "status_dict": {
        "success": 3,
        "blank": 1,
        "opt_out": 1,
        "robots_disallowed": 1,
        "timeout": 2
    }
}`);
  });

  it('leaves nothing behind when its pairs fail', async () => {
    async function* failing(): AsyncGenerator<Pair> {
      yield* await makePairs(2);
      throw new Error('the source broke');
    }
    await expect(writeShard(join(dir, 'e'), 'train-00000', failing(), options)).rejects.toThrow(
      'the source broke',
    );
    expect(await readdir(join(dir, 'e/data'))).toEqual([]);
  });

  it('writes a shard of no rows', async () => {
    const [shard] = await writeShard(join(dir, 'f'), 'train-00000', [], options);
    const file = await openParquet(join(dir, 'f', shard?.path as string));
    expect([file.rows, file.rowGroups, file.columns.length]).toEqual([0, [], 18]);
    await file.close();
  });
});
