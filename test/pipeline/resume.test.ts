/** A run that is killed in the middle of a part, seen from the server. */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { verifyShards } from '../../src/shard/index.js';
import { run, start } from '../commands/command-line.js';
import { contentOf, settledIn } from './content.js';

const IMAGES = 120;
const MISSING = 7;

let root: string;
let server: Server;
let flags: string[];
let reference: string;
/** Requests for images, by path. */
let asked: Map<string, number>;

async function picture(n: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 40 + n, sigma: 30 } as const;
  return await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red', noise } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-resume-'));
  const pictures = await Promise.all(Array.from({ length: IMAGES }, (_, n) => picture(n)));
  asked = new Map();
  server = createServer(async (request, response) => {
    const path = request.url as string;
    const n = /^\/(\d+)\.png$/.exec(path)?.[1];
    if (n === undefined) {
      response.writeHead(404).end();
      return;
    }
    asked.set(path, (asked.get(path) ?? 0) + 1);
    await sleep(20);
    if (Number(n) % MISSING === 0) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'image/png' }).end(pictures[Number(n)]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const rows = Array.from(
    { length: IMAGES },
    (_, n) => `http://a.test/${n}.png,a photo of dog number ${n}`,
  );
  await writeFile(join(root, 'list.csv'), ['url,caption', ...rows].join('\n'));
  await writeFile(join(root, 'queries.txt'), 'dog\n');
  flags = [
    ...['--queries', join(root, 'queries.txt'), '--list', join(root, 'list.csv')],
    ...['--connect-to', `::127.0.0.1:${port}`, '--allow-private', '--delay', '0'],
    ...['--concurrency', '4', '--per-host', '4'],
    ...['--side', '48', '--snapshot', '2026-01-01T00:00:00Z'],
    ...['--set', 'filter.nearDuplicateBits=-1', '--set', 'filter.languages=[]'],
  ];
  reference = join(root, 'reference');
  const { code, stderr } = await run(['crawl-and-build', ...flags, '--out', reference]);
  expect(code, stderr).toBe(0);
}, 120_000);

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true, force: true });
});

/** Starts a run and kills it once `requests` images have been asked for. */
async function killAfter(requests: number, out: string): Promise<void> {
  const { child, ended } = start(['crawl-and-build', ...flags, '--out', out]);
  const isThere = () => [...asked.values()].reduce((sum, n) => sum + n, 0) >= requests;
  while (!isThere()) await sleep(2);
  child.kill('SIGKILL');
  expect((await ended).code).toBe(null);
}

/** Paths whose outcome stands in the log. */
async function logged(out: string): Promise<Set<string>> {
  const urls = await settledIn(out);
  return new Set([...urls].map((url) => new URL(url).pathname));
}

describe('a part that is killed while it is fetched', () => {
  it('asks again for nothing that is logged, and ends with the same bytes', async () => {
    const out = join(root, 'killed');
    asked.clear();
    let before = new Map<string, number>();
    let known = new Set<string>();
    for (const requests of [40, 70, 100]) {
      await killAfter(requests, out);
      for (const path of known) expect(asked.get(path)).toBe(before.get(path));
      const more = await logged(out);
      expect(more.size).toBeGreaterThan(known.size);
      expect([...known].every((path) => more.has(path))).toBe(true);
      known = more;
      before = new Map(asked);
    }
    const { code, stderr } = await run(['crawl-and-build', ...flags, '--out', out]);
    expect(code, stderr).toBe(0);
    for (const path of known) expect(asked.get(path)).toBe(before.get(path));
    expect(asked.size).toBe(IMAGES);
    expect(await contentOf(out)).toEqual(await contentOf(reference));
  }, 120_000);

  it('uses of a damaged log what is whole, and says so', async () => {
    const out = join(root, 'damaged');
    asked.clear();
    await killAfter(100, out);
    const path = join(out, 'fetching', '00000.log');
    const bytes = await readFile(path);
    // In the middle stands an image.
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] as number) ^ 0x10;
    await writeFile(path, bytes);
    const known = await logged(out);
    const before = new Map(asked);
    const { code, stderr } = await run(['crawl-and-build', ...flags, '--out', out]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('00000.log is damaged in 1 place;');
    expect(known.size).toBeGreaterThan(5);
    for (const url of known) expect(asked.get(url)).toBe(before.get(url));
    expect(await contentOf(out)).toEqual(await contentOf(reference));
  }, 120_000);

  it('makes nothing of the log of another dataset', async () => {
    const out = join(root, 'other');
    asked.clear();
    await killAfter(80, out);
    const log = await readFile(join(out, 'fetching', '00000.log'));
    await rm(out, { recursive: true });
    await mkdir(join(out, 'fetching'), { recursive: true });
    await writeFile(join(out, 'fetching', '00000.log'), log);
    const args = ['crawl-and-build', ...flags, '--set', 'shard.quality=80', '--out', out];
    const { code, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('00000.log belongs to another dataset');
    const { manifest } = await readDataset(out);
    expect((await verifyShards(out, manifest.shards)).problems).toEqual([]);
    const shard = 'data/train-00000.parquet';
    expect((await contentOf(out))[shard]).not.toBe((await contentOf(reference))[shard]);
  }, 120_000);
});
