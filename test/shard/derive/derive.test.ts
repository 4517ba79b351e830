import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Manifest, readDataset } from '../../../src/core/dataset.js';
import { lockFolder } from '../../../src/core/lock.js';
import { openParquet, readRecords } from '../../../src/core/parquet/reader.js';
import { type Pair, pairFields, rejectFields } from '../../../src/core/types.js';
import { KeySet } from '../../../src/shard/derive/key-set.js';
import {
  type DeriveOptions,
  deriveDataset,
  parseSplits,
  splitOf,
  verifyDataset,
} from '../../../src/shard/index.js';
import { contentOf } from '../../pipeline/content.js';
import { type Complete, makeComplete } from '../complete.js';
import { makePairs } from '../fixture.js';

let root: string;
let data: Complete;
let pairs: Pair[];
let made = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-derive-'));
  // One text of a megabyte is enough for the tests of the format.
  pairs = (await makePairs(131)).filter(({ text }) => text.length < 1_000);
  data = await makeComplete(join(root, 'data'), pairs);
});
afterAll(() => rm(root, { recursive: true }));

async function rowsOf(dir: string, files: Manifest['shards']): Promise<Pair[]> {
  const rows: Pair[] = [];
  for (const { path } of files) {
    for await (const row of readRecords(join(dir, path), pairFields)) rows.push(row);
  }
  return rows;
}

async function derive(
  by: 'merge' | 'reshard' | 'sample',
  options: DeriveOptions,
  dirs: readonly string[] = [data.dir],
) {
  const dir = join(root, `out-${made++}`);
  const manifest = await deriveDataset(by, dirs, dir, options);
  expect(await verifyDataset(dir)).toMatchObject({ problems: [], complete: true });
  return { dir, manifest, rows: await rowsOf(dir, manifest.shards) };
}

const keysOf = (rows: readonly Pair[]) => rows.map(({ key }) => key);

describe('reshard', () => {
  it('cuts rows anew, in their order, and changes nothing of them', async () => {
    const { dir, manifest, rows } = await derive('reshard', { rows: 50, rowGroupRows: 7 });
    expect(manifest.shards.map(({ rows }) => rows)).toEqual([50, 50, 30]);
    expect(rows).toEqual(pairs);
    const file = await openParquet(join(dir, manifest.shards[0]?.path as string));
    expect(file.rowGroups[0]?.rows).toBe(7);
    await file.close();
    expect(manifest.funnel).toMatchObject({ candidates: 130, kept: 130, lost: {} });
  });

  it('cuts by bytes', async () => {
    const { manifest } = await derive('reshard', { bytes: 10_000 });
    expect(manifest.shards.length).toBeGreaterThan(2);
  });

  it('shuffles by seed and key alone: however the rows were cut before', async () => {
    const options = { order: 'shuffle', seed: 7 } as const;
    const { rows } = await derive('reshard', options);
    expect(keysOf(rows)).not.toEqual(keysOf(pairs));
    expect(keysOf(rows).sort()).toEqual(keysOf(pairs).sort());
    const byKey = new Map(pairs.map((pair) => [pair.key, pair]));
    expect(rows).toEqual(rows.map(({ key }) => byKey.get(key)));
    const other = await makeComplete(join(root, 'reversed'), [...pairs].reverse(), 77);
    expect(keysOf((await derive('reshard', options, [other.dir])).rows)).toEqual(keysOf(rows));
    const { rows: again } = await derive('reshard', { ...options, seed: 8 });
    expect(keysOf(again)).not.toEqual(keysOf(rows));
  });

  it.each(['keep', 'shuffle'] as const)(
    'splits by key (%s); nothing trains on the others',
    async (order) => {
      const splits = parseSplits(['val=0.2', 'test=0.1']);
      const { dir, manifest, rows } = await derive('reshard', { splits, order, rows: 60 });
      const wanted = (split: string) =>
        keysOf(pairs.filter(({ key }) => splitOf(key, splits) === split)).sort();
      expect(keysOf(rows).sort()).toEqual(wanted('train'));
      for (const split of ['val', 'test']) {
        const files = manifest.splits?.[split] ?? [];
        expect(files[0]?.path).toBe(`data/${split}-00000.parquet`);
        expect(keysOf(await rowsOf(dir, files)).sort()).toEqual(wanted(split));
      }
      const { manifest: read } = await readDataset(dir);
      expect(read.shards.every(({ path }) => path.startsWith('data/train-'))).toBe(true);
    },
  );

  it.each(['keep', 'shuffle'] as const)(
    'goes on after a stop (%s), to the same bytes',
    async (order) => {
      const options: DeriveOptions = { order, rows: 20, splits: parseSplits(['val=0.3']) };
      const whole = await derive('reshard', options);
      const dir = join(root, `stopped-${order}`);
      for (let units = 1; units < 4; units++) {
        const stop = new AbortController();
        // Stopped once so many shards are there.
        const watch = setInterval(async () => {
          const names = await readdir(join(dir, 'data')).catch(() => []);
          if (names.filter((name) => /^[tv].*\.parquet$/.test(name)).length >= units) stop.abort();
        }, 1);
        await deriveDataset('reshard', [data.dir], dir, { ...options, signal: stop.signal }).catch(
          () => {},
        );
        clearInterval(watch);
      }
      await deriveDataset('reshard', [data.dir], dir, options);
      expect(await contentOf(dir)).toEqual(await contentOf(whole.dir));
    },
  );
});

describe('merge', () => {
  it('keeps each key once, the first; the others are rejects', async () => {
    const a = await makeComplete(join(root, 'a'), pairs.slice(0, 70));
    const b = await makeComplete(join(root, 'b'), pairs.slice(50));
    const { dir, manifest, rows } = await derive('merge', {}, [a.dir, b.dir]);
    expect(rows).toEqual(pairs);
    expect(manifest.funnel).toMatchObject({
      candidates: 150,
      kept: 130,
      lost: { shard: { duplicate_key: 20 } },
    });
    const [file] = manifest.files.rejects;
    const lost: string[] = [];
    for await (const { id } of readRecords(join(dir, file?.path as string), rejectFields)) {
      lost.push(id);
    }
    expect(lost).toEqual(keysOf(pairs.slice(50, 70)));
  });

  it('refuses what is not complete or being written, and other sources in the same folder', async () => {
    await expect(derive('merge', {}, [root])).rejects.toThrow('holds no dataset');
    const { dir } = await derive('merge', {});
    await expect(deriveDataset('merge', [data.dir, data.dir], dir)).rejects.toThrow(
      'begun under other settings',
    );
    const unlock = await lockFolder(dir);
    await expect(deriveDataset('merge', [data.dir], dir)).rejects.toThrow('is being written');
    await unlock();
  });
});

describe('sample', () => {
  it('draws a number of rows, the same for the same seed, in their order', async () => {
    const { rows } = await derive('sample', { sample: { rows: 25 } });
    expect(rows).toHaveLength(25);
    expect(rows).toEqual(pairs.filter(({ key }) => keysOf(rows).includes(key)));
    expect(keysOf((await derive('sample', { sample: { rows: 25 } })).rows)).toEqual(keysOf(rows));
    const { rows: more } = await derive('sample', { sample: { rows: 60 } });
    expect(keysOf(more)).toEqual(expect.arrayContaining(keysOf(rows)));
    expect((await derive('sample', { sample: { rows: 1_000 } })).rows).toHaveLength(130);
  });

  it('draws a share', async () => {
    const { rows } = await derive('sample', { sample: { share: 0.5 }, seed: 3 });
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.length).toBeLessThan(90);
  });
});

describe('KeySet', () => {
  it('knows exactly what was added', () => {
    const keys = new KeySet();
    const all = Array.from({ length: 5_000 }, (_, i) => (i * 7919).toString(16).padStart(32, '0'));
    for (const key of all) expect(keys.add(key)).toBe(true);
    for (const key of all) expect(keys.add(key)).toBe(false);
    expect([keys.add('not hex'), keys.add('not hex')]).toEqual([true, false]);
  });
});
