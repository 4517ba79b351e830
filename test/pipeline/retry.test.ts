/** What fetch lost is tried again, in rounds. */

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import { type Manifest, readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import type { Reason } from '../../src/core/reasons.js';
import { pairFields, rejectFields, selectionFields } from '../../src/core/types.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { reportOn } from '../../src/pipeline/report.js';
import { verifyShards } from '../../src/shard/index.js';
import { run, runKilled } from '../commands/command-line.js';
import { contentOf } from './content.js';

const IMAGES = 90;
const PART = 20;

let root: string;
let server: Server;
let port: number;
let pictures: Buffer[];
/** Built while the server was ill. */
let ill: string;
let asked: string[];
/** How well the server is: 0 as ill as it gets, 1 better, 2 well. */
let health: number;

/** What the server does for image `n`. A sixth each stalls, fails or is missing; the rest is fine. */
function fate(n: number): 'fine' | 'stalls' | 503 | 404 | 'copy' {
  const kind = n % 6;
  if (kind === 0) return health > 0 ? 'fine' : 'stalls';
  if (kind === 1) {
    if (health === 0) return 503;
    // Better: of those that failed some come, some are gone, some fail on, one is another's copy.
    if (n === 1) return 'copy';
    if (n % 4 === 1) return 'fine';
    return n % 8 === 3 ? 404 : health === 1 ? 503 : 'fine';
  }
  return kind === 2 ? 404 : 'fine';
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-retry-'));
  const noise = (n: number) => ({ type: 'gaussian', mean: 40 + n, sigma: 30 }) as const;
  pictures = await Promise.all(
    Array.from({ length: IMAGES }, (_, n) =>
      sharp({
        create: { width: 48, height: 48, channels: 3, background: 'red', noise: noise(n) },
      })
        .png()
        .toBuffer(),
    ),
  );
  asked = [];
  server = createServer((request, response) => {
    const n = Number(/^\/(\d+)\.png$/.exec(request.url as string)?.[1] ?? Number.NaN);
    if (Number.isNaN(n)) {
      response.writeHead(404).end();
      return;
    }
    asked.push(request.url as string);
    const answer = fate(n);
    if (answer === 'stalls') return;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else {
      const bytes = pictures[answer === 'copy' ? 3 : n];
      response.writeHead(200, { 'content-type': 'image/png' }).end(bytes);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  const rows = Array.from(
    { length: IMAGES },
    (_, n) => `http://h${n % 5}.test/${n}.png,a photo of dog number ${n}`,
  );
  await writeFile(join(root, 'list.csv'), ['url,caption', ...rows].join('\n'));
  await writeFile(join(root, 'queries.txt'), 'dog\n');
  health = 0;
  ill = join(root, 'ill');
  await buildDataset(config(), ill);
}, 60_000);

beforeEach(() => {
  health = 0;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true, force: true });
});

function config(): PartialConfig {
  return {
    queries: { file: join(root, 'queries.txt') },
    sources: { lists: [join(root, 'list.csv')] },
    net: {
      connectTo: [`::127.0.0.1:${port}`],
      ...{ allowPrivate: true, perHostDelayMs: 0, perHostConcurrency: 8 },
      ...{ retries: 0, timeoutMs: 2_000 },
    },
    filter: { nearDuplicateBits: -1, languages: [] },
    shard: { sidePx: 40, selectionsPerShard: PART },
    snapshot: '2026-01-01T00:00:00Z',
  };
}

async function copyOf(dir: string, name: string): Promise<string> {
  const copy = join(root, name);
  await cp(dir, copy, { recursive: true });
  return copy;
}

/**
 * The fate of every selection, by its number: `kept` or the reason.
 * @throws when one has two, or none
 */
async function fates(dir: string, manifest: Manifest): Promise<Map<number, string>> {
  const numberOf = (url: string) => Number(/(\d+)\.png$/.exec(url)?.[1]);
  const found = new Map<number, string>();
  const add = (url: string, what: string) => {
    const n = numberOf(url);
    if (found.has(n)) throw new Error(`${url}: ${found.get(n)} and ${what}`);
    found.set(n, what);
  };
  for (const { path } of manifest.shards) {
    for await (const { url } of readRecords(join(dir, path), pairFields)) add(url, 'kept');
  }
  for (const { path } of manifest.files.rejects) {
    for await (const { imageUrl, stage, reason } of readRecords(join(dir, path), rejectFields)) {
      if (stage === 'fetch') add(imageUrl, reason);
    }
  }
  for (const { path } of manifest.files.selected) {
    for await (const { imageUrl } of readRecords(join(dir, path), selectionFields)) {
      if (!found.has(numberOf(imageUrl))) throw new Error(`${imageUrl} has no fate`);
    }
  }
  return found;
}

function countsOf(fate: ReadonlyMap<number, string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const what of fate.values()) counts[what] = (counts[what] ?? 0) + 1;
  return counts;
}

/** Everything that says how many there are says the same, and nothing lies about that nothing names. */
async function expectSound(dir: string): Promise<Map<number, string>> {
  const { manifest, complete } = await readDataset(dir);
  expect(complete).toBe(true);
  const fate = await fates(dir, manifest);
  expect(fate.size).toBe(IMAGES);
  const { kept = 0, ...lost } = countsOf(fate);
  expect(manifest.funnel).toEqual({
    ...{ pages: 0, candidates: IMAGES, selected: IMAGES, kept },
    lost: { fetch: lost },
  });
  const verified = await verifyShards(dir, manifest.shards);
  expect(verified).toMatchObject({ rows: kept, images: kept, problems: [] });
  const { stats } = await reportOn(
    dir,
    {},
    { emit: () => {}, signal: new AbortController().signal },
  );
  await rm(join(dir, 'report'), { recursive: true });
  expect(stats.funnel).toMatchObject({ kept, unaccounted: { select: 0, fetch: 0 } });
  const card = await readFile(join(dir, 'README.md'), 'utf8');
  expect(card).toContain(`| kept as rows | ${kept} |`);
  for (const [reason, count] of Object.entries(lost)) {
    expect(card).toContain(`| fetch | \`${reason}\` | ${count} |`);
  }
  const { candidates, selected, rejects, retried = [], queries } = manifest.files;
  const named = [...manifest.shards, ...candidates, ...selected, ...rejects, ...retried, queries];
  const there = (await readdir(dir, { recursive: true })).filter((path) => /parquet$/.test(path));
  expect(there.sort()).toEqual(named.map((file) => file?.path).sort());
  return fate;
}

const again = (dir: string, ...retryFailed: Reason[]) =>
  buildDataset(config(), dir, { retryFailed });

describe('retryFailed', () => {
  it('gives rows that come now further shards, and the others their new reason', async () => {
    const before = await expectSound(ill);
    expect(countsOf(before)).toEqual({
      ...{ kept: 45, timeout: 15, http_server_error: 15, http_client_error: 15 },
    });
    const dir = await copyOf(ill, 'first');
    const old = await contentOf(dir);
    health = 1;
    await again(dir, 'timeout', 'http_server_error');
    const after = await expectSound(dir);
    for (const [n, was] of before) {
      const expected = { fine: 'kept', copy: 'duplicate_exact', stalls: '', 503: was, 404: was };
      const now = fate(n) === 404 ? 'http_client_error' : expected[fate(n)];
      expect(`${n} ${after.get(n)}`).toBe(`${n} ${was === 'kept' ? was : now}`);
    }
    // What was there stays as it was, shards to the byte: but for the one whose row got a copy's caption.
    const now = await contentOf(dir);
    const { manifest } = await readDataset(dir);
    const changed = Object.keys(old).filter(
      (path) => path.startsWith('data/') && now[path] !== old[path],
    );
    expect(changed).toHaveLength(1);
    const texts: string[][] = [];
    for await (const row of readRecords(join(dir, changed[0] as string), pairFields)) {
      if (row.otherTexts.length > 0) texts.push([row.text, ...row.otherTexts].sort());
    }
    expect(texts).toEqual([['a photo of dog number 1', 'a photo of dog number 3']]);
    expect(manifest.shards.map(({ name }) => name)).toEqual([
      ...['train-00000', 'train-00001', 'train-00002', 'train-00003', 'train-00004'],
      ...['train-00005', 'train-00006'],
    ]);
    expect(manifest.files.retried?.map(({ rows }) => rows)).toEqual([PART, 10]);
  });

  it('can be repeated, and asks only for what it is told to', async () => {
    const dir = await copyOf(ill, 'rounds');
    health = 1;
    await again(dir, 'http_server_error');
    const first = countsOf(await expectSound(dir));
    expect(first.timeout).toBe(15);
    expect(first.http_server_error).toBeGreaterThan(0);
    expect(first.http_client_error).toBeGreaterThan(15);
    health = 2;
    asked = [];
    await again(dir, 'http_server_error');
    expect(asked).toHaveLength(first.http_server_error as number);
    const second = countsOf(await expectSound(dir));
    expect(second.http_server_error).toBeUndefined();
    expect(second.kept).toBe((first.kept as number) + (first.http_server_error as number));
    const settled = await contentOf(dir);
    asked = [];
    await again(dir, 'http_server_error');
    expect(asked).toEqual([]);
    expect(await contentOf(dir)).toEqual(settled);
    await again(dir, 'timeout');
    expect(countsOf(await expectSound(dir)).timeout).toBeUndefined();
    expect((await readDataset(dir)).manifest.units.filter((unit) => /^retry/.test(unit))).toEqual([
      ...['retry-00001', 'retry-00002', 'retry-00003'],
    ]);
  });

  it('completes a dataset first that is not complete', async () => {
    const dir = join(root, 'begun');
    const control = new AbortController();
    asked = [];
    const stopped = buildDataset(config(), dir, { signal: control.signal });
    stopped.catch(() => {});
    // Some of these stall, so it is not done when the last of them has been asked for.
    while (asked.length < IMAGES / 2) await sleep(1);
    control.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect((await readDataset(dir)).complete).toBe(false);
    health = 2;
    await again(dir, 'timeout', 'http_server_error');
    const { timeout, http_server_error } = countsOf(await expectSound(dir));
    expect([timeout, http_server_error]).toEqual([undefined, undefined]);
  });

  it('ends with the same bytes after kill -9 anywhere, and is whole to readers all the while', async () => {
    health = 1;
    const reference = await copyOf(ill, 'straight');
    const settings = join(root, 'wit.yaml');
    await writeFile(settings, JSON.stringify(config()));
    const args = ['crawl-and-build', '--config', settings, '--retry-failed', 'timeout'];
    args.push('http_server_error', '--out');
    const straight = await run([...args, reference]);
    expect(straight.code, straight.stderr).toBe(0);
    await expectSound(reference);

    const dir = await copyOf(ill, 'killed');
    const old = (await readDataset(dir)).manifest;
    const kills = await runKilled([...args, dir], async () => {
      const { manifest } = await readDataset(dir);
      const isNew = manifest.units.length > old.units.length;
      expect(manifest.funnel.kept).toBe(
        (isNew ? (await readDataset(reference)).manifest : old).funnel.kept,
      );
      expect((await fates(dir, manifest)).size).toBe(IMAGES);
    });
    expect(kills).toBeGreaterThan(0);
    expect(await contentOf(dir)).toEqual(await contentOf(reference));
  }, 120_000);

  it('says what is no reason', async () => {
    const { code, stderr } = await run(['crawl-and-build', '--retry-failed', 'dns,tired']);
    expect(code).toBe(1);
    expect(stderr).toContain('no such reason: "tired"');
    expect(stderr).toContain('http_server_error');
  });
});
