import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { type Pair, pairFields } from '../../src/core/types.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { run } from '../commands/command-line.js';
import { Apis, type Work } from '../crawl/sources/search/engines.js';
import { contentOf } from './content.js';

const TOKEN = 't0p-s3cret-token';
const ANIMALS = ['cat', 'dog', 'horse', 'owl', 'frog', 'whale'];
const works: Work[] = ANIMALS.flatMap((animal) =>
  Array.from({ length: 6 }, (_, i) => ({
    name: `The ${animal} in picture ${i}`,
    description: `A picture of the ${animal} that somebody took in the park`,
  })),
);

let root: string;
let server: Server;
let origin: string;
let apis: Apis;
let queries: string;
let downloads: string[] = [];

/** An image of its own for each path: noise that its name seeds. */
async function picture(path: string): Promise<Buffer> {
  const bytes: Buffer[] = [];
  for (let i = 0; i < 12; i++) bytes.push(createHash('sha256').update(`${path} ${i}`).digest());
  const raw = Buffer.concat(bytes).subarray(0, 8 * 8 * 3);
  const image = sharp(raw, { raw: { width: 8, height: 8, channels: 3 } });
  return await image.resize(96, 96, { kernel: 'nearest' }).png().toBuffer();
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-search-'));
  queries = join(root, 'queries.txt');
  await writeFile(queries, ANIMALS.join('\n'));
  server = createServer((req, res) => {
    if (apis.handle(req, res)) return;
    downloads.push(req.url as string);
    if (req.url === '/robots.txt') {
      // As Wikimedia's: closed to crawlers is the API, not the images.
      res.writeHead(200, { 'content-type': 'text/plain' });
      res.end(
        'User-agent: *\nDisallow: /w/\nDisallow: /v1/\nDisallow: /search\nDisallow: /openverse/0.jpg',
      );
      return;
    }
    void picture(req.url as string).then((image) => {
      res.writeHead(200, { 'content-type': 'image/png' }).end(image);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  apis = new Apis({ works, images: origin });
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true, force: true });
});

function config(): PartialConfig {
  return {
    queries: { file: queries },
    sources: {
      search: {
        engines: ['commons', 'openverse', 'searxng'],
        commonsEndpoint: `${origin}/w/api.php`,
        openverseEndpoint: `${origin}/v1/`,
        searxngEndpoint: `${origin}/`,
        queriesPerUnit: 2,
      },
    },
    net: {
      // Nothing leaves this machine, so no contact is needed.
      connectTo: [`::127.0.0.1:${new URL(origin).port}`],
      allowPrivate: true,
      perHostDelayMs: 0,
      commonsPerSecond: 1e6,
      openversePerSecond: 1e6,
      searxngPerSecond: 1e6,
    },
    shard: { sidePx: 40, selectionsPerShard: 40 },
    snapshot: '2026-01-01T00:00:00Z',
  };
}

async function pairsOf(dir: string): Promise<Pair[]> {
  const { manifest, complete } = await readDataset(dir);
  expect(complete).toBe(true);
  const pairs: Pair[] = [];
  for (const shard of manifest.shards) {
    for await (const pair of readRecords(join(dir, shard.path), pairFields)) pairs.push(pair);
  }
  return pairs;
}

describe('crawl-and-build --search', () => {
  it('yields shards with licences from all engines, and obeys robots.txt for images alone', async () => {
    const out = join(root, 'command');
    const { net, sources } = config();
    const set = (section: string, values: object) =>
      Object.entries(values).flatMap(([key, value]) => [
        '--set',
        `${section}.${key}=${JSON.stringify(value)}`,
      ]);
    const { engines, searxngEndpoint, ...search } = sources?.search ?? {};
    const { code, stderr } = await run([
      ...['crawl-and-build', '--queries', queries, '--out', out],
      ...['--search', ...(engines ?? []), '--searxng', searxngEndpoint as string],
      ...['--search-queries', '4', '--per-query', '5', '--side', '40'],
      ...set('sources.search', search),
      ...set('net', net ?? {}),
    ]);
    expect(code, stderr).toBe(0);
    const pairs = await pairsOf(out);
    // Four queries, five images from each of three engines; robots.txt closes one.
    expect(pairs).toHaveLength(4 * 5 * 3 - 1);
    const of = (engine: string) => pairs.filter(({ url }) => url.startsWith(`${origin}/${engine}`));
    expect(of('thumb/250px')).toHaveLength(20);
    expect(new Set(of('thumb/250px').map(({ license }) => license))).toEqual(
      new Set(['CC BY-SA 4.0 https://creativecommons.org/licenses/by-sa/4.0', 'Public domain']),
    );
    expect(new Set(of('openverse').map(({ license }) => license))).toEqual(
      new Set(['CC BY 2.0 https://creativecommons.org/licenses/by/2.0/', 'CC0 1.0']),
    );
    expect(of('searxng').every(({ license }) => license === undefined)).toBe(true);
    for (const { text, queries: matched, pageUrl } of pairs) {
      expect(matched.length).toBeGreaterThan(0);
      for (const query of matched) expect(text).toContain(query);
      expect(pageUrl).toMatch(/^https:/);
    }
    const { manifest } = await readDataset(out);
    expect(manifest.funnel.lost.fetch).toEqual({ robots_disallowed: 1 });
    expect(manifest.funnel.lost.discover).toBeUndefined();
  }, 60_000);

  it('goes on where it was interrupted, with the same bytes, and asks nothing once it is complete', async () => {
    const whole = join(root, 'whole');
    const parts = join(root, 'parts');
    await buildDataset(config(), whole);
    const expected = await contentOf(whole);
    apis.requests.length = 0;
    const asked = () => apis.requests.filter(({ url }) => url.pathname !== '/robots.txt').length;
    const total = ANIMALS.length * (1 + 1 + 2);
    let interrupted = 0;
    for (const stopAfter of [5, 12, 18]) {
      const control = new AbortController();
      const before = asked();
      const timer = setInterval(() => {
        if (asked() >= stopAfter || asked() - before > total) control.abort(new Error('stopped'));
      }, 1);
      await buildDataset(config(), parts, { signal: control.signal }).catch((error) => {
        expect(String(error)).toContain('stopped');
        interrupted++;
      });
      clearInterval(timer);
    }
    expect(interrupted).toBeGreaterThan(0);
    await buildDataset(config(), parts);
    expect(await contentOf(parts)).toEqual(expected);
    const before = asked();
    await buildDataset(config(), parts);
    expect(asked()).toBe(before);
  }, 120_000);

  it('writes a token nowhere, and sends it to its engine alone', async () => {
    vi.stubEnv('WIT_COMMONS_TOKEN', TOKEN);
    apis.requests.length = 0;
    downloads = [];
    const out = join(root, 'token');
    try {
      await buildDataset(config(), out);
    } finally {
      vi.unstubAllEnvs();
    }
    const shown = new Set(
      apis.requests.map(({ url, headers }) => `${url.pathname} ${headers.authorization}`),
    );
    expect(shown).toEqual(
      new Set([`/w/api.php Bearer ${TOKEN}`, '/v1/images/ undefined', '/search undefined']),
    );
    expect(downloads.length).toBeGreaterThan(50);
    for (const file of await readdir(out, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const bytes = await readFile(join(file.parentPath, file.name));
      expect(bytes.includes(TOKEN), file.name).toBe(false);
    }
  }, 60_000);

  it('refuses an endpoint with a password before anything is written', async () => {
    const settings = config();
    const out = join(root, 'password');
    const search = { ...settings.sources?.search, searxngEndpoint: 'http://me:pa55word@a.test/' };
    const failure = await buildDataset({ ...settings, sources: { search } }, out).catch((e) => e);
    expect(failure).toMatchObject({ code: 'config' });
    expect(String(failure)).not.toContain('pa55word');
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });
});
