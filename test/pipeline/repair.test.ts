/** Damage to a dataset is found, named, and mended without touching anything else. */

import { copyFile, mkdtemp, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { lockFolder } from '../../src/core/lock.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { fileDigest } from '../../src/core/store.js';
import { type Pair, pairFields, rejectFields } from '../../src/core/types.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { repairDataset } from '../../src/pipeline/repair.js';
import { verifyDataset } from '../../src/shard/index.js';
import { run } from '../commands/command-line.js';
import { type Complete, makeComplete } from '../shard/complete.js';
import { makePairs, SNAPSHOT } from '../shard/fixture.js';

async function flipBit(path: string, share: number): Promise<void> {
  const handle = await open(path, 'r+');
  const { size } = await handle.stat();
  const byte = Buffer.alloc(1);
  const position = Math.floor(size * share);
  await handle.read(byte, 0, 1, position);
  await handle.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, position);
  await handle.close();
}

async function keysOf(dir: string): Promise<string[]> {
  const keys: string[] = [];
  for (const { path } of (await readDataset(dir)).manifest.shards) {
    for await (const { key } of readRecords(join(dir, path), pairFields)) keys.push(key);
  }
  return keys;
}

describe('a dataset whose rows cannot be fetched again', () => {
  let data: Complete;
  let pairs: Pair[];
  const pathOf = (index: number) => join(data.dir, `data/train-0000${index}.parquet`);
  beforeEach(async () => {
    pairs = (await makePairs(91)).filter(({ text }) => text.length < 1_000);
    // Damaged before it was written: its checksum is right.
    Object.assign(pairs[40] as Pair, { image: { bytes: Buffer.from('no image'), path: 'x.jpg' } });
    data = await makeComplete(await mkdtemp(join(tmpdir(), 'wit-repair-')), pairs);
  });
  afterEach(() => rm(data.dir, { recursive: true }));

  const digests = async () =>
    Object.fromEntries(
      await Promise.all(
        (await readdir(join(data.dir, 'data')))
          .sort()
          .map(async (name) => [name, (await fileDigest(join(data.dir, 'data', name))).sha256]),
      ),
    ) as Record<string, string>;

  it('drops a row whose image is broken, and only that', async () => {
    const before = await digests();
    const { problems, dropped, shards, manifest } = await repairDataset(data.dir);
    expect(problems.map(({ path, row, kind }) => [path, row, kind])).toEqual([
      ['data/train-00001.parquet', 10, 'image'],
    ]);
    expect([shards, dropped]).toEqual([1, 1]);
    expect(await keysOf(data.dir)).toEqual(
      pairs.filter((_, index) => index !== 40).map(({ key }) => key),
    );
    expect(manifest.funnel).toMatchObject({ kept: 89, lost: { shard: { damaged: 1 } } });
    const after = await digests();
    for (const name of ['train-00000.parquet', 'train-00002.parquet']) {
      expect(after[name]).toBe(before[name]);
    }
    expect(Object.keys(after)).not.toContain('train-00001.parquet');
    const [file] = manifest.files.rejects;
    for await (const reject of readRecords(join(data.dir, file?.path as string), rejectFields)) {
      expect(reject).toMatchObject({ id: pairs[40]?.key, reason: 'damaged', stage: 'shard' });
    }
    expect(await verifyDataset(data.dir)).toMatchObject({ problems: [], rows: 89 });
    expect(await repairDataset(data.dir)).toMatchObject({ shards: 0, dropped: 0 });
  });

  it.each([
    ['a flipped bit', () => flipBit(pathOf(0), 0.6), 'checksum'],
    ['a truncated file', () => truncate(pathOf(0), 2_000), 'size'],
    ['a missing shard', () => rm(pathOf(0)), 'missing'],
    ['another shard in its place', () => copyFile(pathOf(2), pathOf(0)), 'size'],
  ])('%s: named, and dropped whole', async (_, damage, kind) => {
    await damage();
    const { problems } = await verifyDataset(data.dir);
    expect(problems[0]).toMatchObject({ path: 'data/train-00000.parquet', kind });
    const { dropped } = await repairDataset(data.dir);
    expect(dropped).toBe(31);
    expect(await keysOf(data.dir)).toEqual(
      pairs.filter((_, index) => index >= 30 && index !== 40).map(({ key }) => key),
    );
    expect((await verifyDataset(data.dir)).problems).toEqual([]);
  });

  it('names files that nobody wrote down, keys that are there twice, counts that differ', async () => {
    await copyFile(pathOf(0), join(data.dir, 'data/train-00007.parquet'));
    const twice = await makeComplete(join(data.dir, 'twice'), [
      ...pairs.slice(0, 9),
      pairs[3] as Pair,
    ]);
    expect((await verifyDataset(data.dir)).problems).toContainEqual({
      path: 'data/train-00007.parquet',
      kind: 'stray',
      detail: 'the manifest does not name it',
    });
    expect((await verifyDataset(twice.dir)).problems).toMatchObject([{ kind: 'key', row: 9 }]);
    const path = join(twice.dir, 'dataset.json');
    const { manifest } = await readDataset(twice.dir);
    manifest.funnel.kept = 11;
    await writeFile(path, JSON.stringify(manifest));
    expect((await verifyDataset(twice.dir)).problems).toMatchObject([
      { kind: 'key' },
      { kind: 'count' },
    ]);
  });

  it('refuses a folder that another process writes', async () => {
    const unlock = await lockFolder(data.dir);
    await expect(repairDataset(data.dir)).rejects.toThrow('is being written');
    await unlock();
  });

  it('wit shard verify fails, wit shard repair mends', async () => {
    await flipBit(pathOf(2), 0.3);
    const found = await run(['shard', 'verify', data.dir]);
    expect(found.code).toBe(1);
    expect(found.stdout).toContain('data/train-00002.parquet: checksum');
    expect(found.stdout).toContain('data/train-00001.parquet, row 10: image');
    const { code, stdout } = await run(['shard', 'repair', data.dir]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('31 rows dropped')]);
    expect((await run(['shard', 'verify', data.dir])).code).toBe(0);
  });
});

describe('a dataset of a crawl', () => {
  const IMAGES = 40;
  let root: string;
  let server: Server;
  let settings: unknown;
  const asked = new Set<string>();
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'wit-refetch-'));
    server = createServer(async (request, response) => {
      const n = /^\/(\d+)\.png$/.exec(request.url as string)?.[1];
      if (n === undefined || Number(n) % 7 === 0) {
        response.writeHead(404).end();
        return;
      }
      asked.add(request.url as string);
      const noise = { type: 'gaussian', mean: 40 + 4 * Number(n), sigma: 30 } as const;
      const picture = sharp({
        create: { width: 64, height: 64, channels: 3, background: 'red', noise },
      });
      response.writeHead(200, { 'content-type': 'image/png' }).end(await picture.png().toBuffer());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const lines = Array.from(
      { length: IMAGES },
      (_, n) => `http://a.test/${n}.png,a photo of a dog`,
    );
    await writeFile(join(root, 'list.csv'), ['url,caption', ...lines].join('\n'));
    await writeFile(join(root, 'queries.txt'), 'dog\n');
    settings = {
      queries: { file: join(root, 'queries.txt') },
      sources: { lists: [join(root, 'list.csv')] },
      net: {
        contact: 'test@example.org',
        connectTo: [`::127.0.0.1:${port}`],
        allowPrivate: true,
        perHostDelayMs: 0,
        retries: 0,
      },
      filter: { preset: 'none' },
      shard: { selectionsPerShard: 10, rowGroupRows: 4 },
      snapshot: SNAPSHOT,
    };
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(root, { recursive: true, force: true });
  });

  it('gets its rows back from the web, and asks for no others', async () => {
    const dir = join(root, 'data');
    const { shards } = await buildDataset(settings, dir);
    const before = await keysOf(dir);
    const [, second, third] = shards as [unknown, { path: string; rows: number }, { path: string }];
    const lost = new Set<string>();
    for await (const { url } of readRecords(join(dir, second.path), pairFields))
      lost.add(new URL(url).pathname);
    await flipBit(join(dir, second.path), 0.5);
    asked.clear();
    const repaired = await repairDataset(dir, { refetch: true });
    expect(repaired).toMatchObject({ shards: 1, dropped: 0, refetched: second.rows });
    expect(asked).toEqual(lost);
    expect((await keysOf(dir)).sort()).toEqual(before.sort());
    expect((await verifyDataset(dir)).problems).toEqual([]);
    expect((await readDataset(dir)).manifest.funnel.kept).toBe(before.length);
    // Dropped for good this time; every selection has its fate all the same.
    await rm(join(dir, third.path));
    const { manifest, dropped } = await repairDataset(dir);
    expect(dropped).toBeGreaterThan(3);
    const { kept, lost: losses, selected } = manifest.funnel;
    expect(losses.shard).toEqual({ damaged: dropped });
    expect(kept + dropped + (losses.fetch?.http_client_error ?? 0)).toBe(selected);
    const rejected: string[] = [];
    for (const { path } of manifest.files.rejects) {
      for await (const { id } of readRecords(join(dir, path), rejectFields)) rejected.push(id);
    }
    expect([...rejected, ...(await keysOf(dir))].sort().length).toBe(selected);
    expect(new Set([...rejected, ...(await keysOf(dir))]).size).toBe(selected);
    // And the crawl goes on with it as with any other.
    asked.clear();
    await buildDataset(settings, dir);
    expect(asked.size).toBe(0);
    expect((await verifyDataset(dir)).problems).toEqual([]);
  }, 60_000);
});
