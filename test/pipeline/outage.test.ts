/** The network goes away in the middle of a run, and comes back. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { rejectFields } from '../../src/core/types.js';
import { type BuildOptions, buildDataset } from '../../src/pipeline/build.js';
import { contentOf } from './content.js';

const IMAGES = 200;
/** Every so many URLs lead to a host that is gone for good. */
const DEAD = 10;

let root: string;
let pictures: Buffer[];
let port: number;
let server: Server | undefined;
/** Images served so far, and after how many the server goes away. */
let served: number;
let leaveAfter: number;

async function listen(): Promise<void> {
  served = 0;
  leaveAfter = Number.POSITIVE_INFINITY;
  const started = createServer((request, response) => {
    const n = /^\/(\d+)\.png$/.exec(request.url as string)?.[1];
    if (n === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (++served > leaveAfter) {
      void leave();
      return;
    }
    response.writeHead(200, { 'content-type': 'image/png' }).end(pictures[Number(n)]);
  });
  await new Promise<void>((resolve) => started.listen(port, '127.0.0.1', resolve));
  port = (started.address() as AddressInfo).port;
  server = started;
}

async function leave(): Promise<void> {
  const leaving = server;
  server = undefined;
  leaving?.closeAllConnections();
  await new Promise((resolve) => (leaving === undefined ? resolve(0) : leaving.close(resolve)));
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-outage-'));
  const noise = (n: number) => ({ type: 'gaussian', mean: 40 + n / 2, sigma: 30 }) as const;
  pictures = await Promise.all(
    Array.from({ length: IMAGES }, (_, n) =>
      sharp({
        create: { width: 48, height: 48, channels: 3, background: 'red', noise: noise(n) },
      })
        .png()
        .toBuffer(),
    ),
  );
  port = 0;
  await listen();
  const host = (n: number) => (n % DEAD === 0 ? 'dead.test' : `h${n % 7}.test`);
  const rows = Array.from(
    { length: IMAGES },
    (_, n) => `http://${host(n)}/${n}.png,a photo of dog number ${n}`,
  );
  await writeFile(join(root, 'list.csv'), ['url,caption', ...rows].join('\n'));
  await writeFile(join(root, 'queries.txt'), 'dog\n');
}, 60_000);

afterEach(async () => {
  await leave();
  await rm(root, { recursive: true, force: true });
});

function config(net: PartialConfig['net'] = {}): PartialConfig {
  return {
    queries: { file: join(root, 'queries.txt') },
    sources: { lists: [join(root, 'list.csv')] },
    net: {
      connectTo: ['dead.test::127.0.0.1:9', `::127.0.0.1:${port}`],
      ...{ allowPrivate: true, perHostDelayMs: 0, concurrency: 8, perHostConcurrency: 8 },
      ...{ retries: 1, backoffMs: 1, maxBackoffMs: 5, timeoutMs: 1_000, outageAfter: 30 },
      ...net,
    },
    filter: { nearDuplicateBits: -1, languages: [] },
    shard: { sidePx: 40, selectionsPerShard: 25 },
    snapshot: '2026-01-01T00:00:00Z',
  };
}

/** How often each reason occurs among the rejects of stage fetch. */
async function losses(dir: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { path } of (await readDataset(dir)).manifest.files.rejects) {
    for await (const { stage, reason } of readRecords(join(dir, path), rejectFields)) {
      if (stage === 'fetch') counts[reason] = (counts[reason] ?? 0) + 1;
    }
  }
  return counts;
}

it.each([30, 100, IMAGES - IMAGES / DEAD - 2])(
  'stops after %i images without losing a row, and goes on when the server is back',
  async (images) => {
    const reference = join(root, 'reference');
    await buildDataset(config(), reference);
    expect(await losses(reference)).toEqual({ connect: IMAGES / DEAD });

    const out = join(root, 'cut');
    leaveAfter = served + images;
    await expect(buildDataset(config(), out)).rejects.toMatchObject({
      name: 'WitError',
      code: 'network',
      message: expect.stringContaining('Nobody answers any more'),
    });
    expect(server).toBeUndefined();
    const { manifest, complete } = await readDataset(out);
    expect(complete).toBe(false);
    // What failed in the outage is no loss, not even in parts that are committed.
    expect(Object.keys(await losses(out)).filter((reason) => reason !== 'connect')).toEqual([]);
    for (const { path } of manifest.files.rejects) {
      for await (const { imageUrl } of readRecords(join(out, path), rejectFields)) {
        expect(imageUrl).toContain('http://dead.test/');
      }
    }

    await listen();
    await buildDataset(config(), out);
    expect(await contentOf(out)).toEqual(await contentOf(reference));
    // Images that came before the outage were not asked for again.
    expect(served).toBeLessThanOrEqual(IMAGES - images + 40);
  },
  60_000,
);

it('stops when no name can be found any more, wherever the run is', async () => {
  let isUp = true;
  const options: BuildOptions = {
    web: {
      resolve: async (name) => {
        if (isUp) return [{ address: '127.0.0.1', family: 4 }];
        throw Object.assign(new Error(`queryA ESERVFAIL ${name}`), { code: 'ESERVFAIL' });
      },
    },
  };
  const net = { connectTo: [`:80::${port}`], contact: 'a@b.test', perHostConcurrency: 1 };
  const list = Array.from({ length: IMAGES }, (_, n) => `http://h${n}.test/${n}.png,a dog ${n}`);
  await writeFile(join(root, 'list.csv'), ['url,caption', ...list].join('\n'));
  const out = join(root, 'names');
  isUp = false;
  await expect(buildDataset(config(net), out, options)).rejects.toThrow(/dns: ESERVFAIL/);
  expect(await losses(out)).toEqual({});
  isUp = true;
  const manifest = await buildDataset(config(net), out, options);
  expect(manifest.funnel).toMatchObject({ selected: IMAGES, kept: IMAGES });
}, 60_000);

it('takes hosts that are all gone for gone, if they are few or if it is told to', async () => {
  await leave();
  const few = { ...config({ outageAfter: IMAGES + 1 }), snapshot: '2026-01-01T00:00:00Z' };
  const out = join(root, 'gone');
  const manifest = await buildDataset(few, out);
  expect(manifest.funnel).toMatchObject({ kept: 0, lost: { fetch: { connect: IMAGES } } });
  const off = join(root, 'off');
  await buildDataset(config({ outageAfter: 0 }), off);
  expect(await losses(off)).toEqual({ connect: IMAGES });
}, 60_000);
