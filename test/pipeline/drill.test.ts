/**
 * A fault drill: a whole `crawl-and-build` against a server that does wrong on a third of what is asked of it, in
 * every way that one can (drill/faults.ts). Nothing is lost, nothing is left behind, and the dataset is the same
 * whatever the concurrency, and after kill -9.
 *
 * No result depends on how fast the machine is: what is answered is answered at once, far within the time limit,
 * and twice if need be; what is not is never answered at all.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import type { Reason } from '../../src/core/reasons.js';
import { candidateFields, pairFields, rejectFields } from '../../src/core/types.js';
import { packageRoot } from '../../src/core/version.js';
import { start } from '../commands/command-line.js';
import { certificate } from '../crawl/net/certificates.js';
import { contentOf, settledIn } from './content.js';
import {
  allFaults,
  type Fault,
  hostilePages,
  MAX_BYTES,
  MAX_DECODE_MS,
  picture,
} from './drill/faults.js';
import { type Answer, type DrillServer, startServer } from './drill/server.js';

const HOSTS = 8;
/** For one request: hundreds of times what an answer takes. What stalls costs two of them. */
const TIMEOUT_MS = 20_000;
/** Nothing listens there. */
const CLOSED_PORT = 1;

let root: string;
let faults: Fault[];
let goodImages: Map<string, Buffer>;
let pages: Map<string, Answer>;
/** What must become of each image, by its URL; and of each page that is lost. */
let fates: Map<string, 'kept' | Reason>;
let lostPages: Map<string, Reason>;
let servers: DrillServer[];

function hostOf(fault: Fault): string {
  return fault.isAlone ? `${fault.name}.test` : `good-${faults.indexOf(fault) % HOSTS}.test`;
}

function urlOf(fault: Fault, path = fault.name): string {
  return `${fault.scheme ?? 'http'}://${hostOf(fault)}/${path}`;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-drill-'));
  servers = [];
  faults = await allFaults();
  const names = Array.from(
    { length: 2 * faults.length },
    (_, i) => `good-${i % HOSTS}.test/${i}.png`,
  );
  pages = new Map(
    [...hostilePages((name) => `/on-page/${name}.png`)].map(([name, answer]) => [
      `good-0.test/page/${name}`,
      answer,
    ]),
  );
  for (const page of pages.keys()) names.push(page.replace('/page/', '/on-page/').concat('.png'));
  goodImages = new Map(
    await Promise.all(names.map(async (name, i) => [name, await picture(i)] as const)),
  );
  fates = new Map(names.map((name) => [`http://${name}`, 'kept']));
  lostPages = new Map();
  for (const fault of faults) {
    fates.set(urlOf(fault), fault.fate);
    if (fault.page !== undefined) lostPages.set(urlOf(fault, `${fault.name}/page`), fault.page);
  }
  const rows = [...fates.keys()].filter((url) => !url.includes('/on-page/'));
  const list = rows.map((url, i) => `${url},a photo of dog number ${i}`);
  await writeFile(join(root, 'list.csv'), ['url,caption', ...list].join('\n'));
  const seeds = [...[...pages.keys()].map((page) => `http://${page}`), ...lostPages.keys()];
  await writeFile(join(root, 'seeds.txt'), seeds.join('\n'));
  await writeFile(join(root, 'queries.txt'), 'dog\n');
  await writeFile(join(root, 'probe.mjs'), PROBE);
});

afterAll(async () => {
  for (const server of servers) await server.close();
  await rm(root, { recursive: true, force: true });
});

async function serve(): Promise<DrillServer> {
  const byHost = new Map(faults.filter(({ isAlone }) => isAlone).map((f) => [hostOf(f), f]));
  const byPath = new Map(faults.map((f) => [`${hostOf(f)}/${f.name}`, f]));
  const answer: Answer = (x) => {
    const url = x.host + x.path;
    const fault = byHost.get(x.host) ?? byPath.get(url.split(/[/?]/, 2).join('/'));
    const image = goodImages.get(url);
    if (x.path === '/robots.txt' && fault?.robots) fault.robots(x);
    else if (x.path === '/.well-known/tdmrep.json' && fault?.tdm) fault.tdm(x);
    else if (x.path === '/robots.txt' || x.path.startsWith('/.well-known/')) x.send('404 No');
    else if (image) x.send('200 OK', ['Content-Type: image/png'], image);
    else if (pages.has(url)) pages.get(url)?.(x);
    else if (fault) fault.answer(x);
    else x.send('404 Not Found');
  };
  const server = await startServer(answer, certificate('self', { hosts: ['self-signed.test'] }));
  servers.push(server);
  return server;
}

/**
 * Loaded into the run: notes what still keeps it alive a second after its last word, and what it took, once it ends
 * by itself.
 */
const PROBE = `
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const tell = (fact) => appendFileSync(process.env.WIT_PROBE, JSON.stringify(fact) + '\\n');
if (isMainThread) {
  const { write } = process.stdout;
  process.stdout.write = function (text, ...rest) {
    if (String(text).startsWith('next: ')) {
      const look = () => tell({ late: process.getActiveResourcesInfo() });
      setTimeout(() => setImmediate(() => setImmediate(look)), 1000).unref();
    }
    return write.call(this, text, ...rest);
  };
  process.once('beforeExit', () =>
    tell({ left: process.getActiveResourcesInfo(), peakBytes: process.resourceUsage().maxRSS * 1024 }));
}
`;

interface Run {
  out: string;
  server: DrillServer;
  /** Starts it, or goes on with it. */
  start: () => ReturnType<typeof start>;
  probe: () => { late?: string[]; left?: string[]; peakBytes?: number }[];
}

/** Where hosts are that are not at the server's first port. */
function rulesFor(server: DrillServer): string[] {
  const ports = {
    closed: CLOSED_PORT,
    tls: server.tlsPort,
    silent: server.silentPort,
    curt: server.curtPort,
  };
  return faults.flatMap((f) => (f.at ? [`${hostOf(f)}::127.0.0.1:${ports[f.at]}`] : []));
}

async function prepare(name: string, flags: readonly string[]): Promise<Run> {
  const server = await serve();
  const dir = join(root, name);
  await mkdir(join(dir, 'tmp'), { recursive: true });
  const settings = [
    `net.timeoutMs=${TIMEOUT_MS}`,
    'net.retries=1',
    'net.backoffMs=20',
    'net.maxBackoffMs=200',
    `net.maxImageBytes=${MAX_BYTES}`,
    `net.maxPageBytes=${MAX_BYTES}`,
    'sources.sitemaps=false',
    'filter.languages=[]',
    'filter.formats=[jpeg, png, gif, webp, avif, svg]',
    `filter.maxDecodeMs=${MAX_DECODE_MS}`,
  ];
  const args = [
    'crawl-and-build',
    ...['--queries', join(root, 'queries.txt'), '--list', join(root, 'list.csv')],
    ...['--seed-file', join(root, 'seeds.txt'), '--out', join(dir, 'data')],
    ...[
      '--connect-to',
      ...rulesFor(server),
      `::127.0.0.1:${server.port}`,
      '--allow-private',
      '--delay',
      '0',
    ],
    ...['--snapshot', '2026-01-01T00:00:00Z', '--side', '64', '--selections-per-shard', '60'],
    ...settings.flatMap((setting) => ['--set', setting]),
    ...flags,
  ];
  const notes = join(dir, 'probe.jsonl');
  await writeFile(notes, '');
  const env = {
    NODE_OPTIONS: `--import=${join(root, 'probe.mjs')}`,
    WIT_PROBE: notes,
    TMPDIR: join(dir, 'tmp'),
  };
  return {
    out: join(dir, 'data'),
    server,
    start: () => start(args, env),
    probe: () => {
      const lines = readFileSync(notes, 'utf8').trim().split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line));
    },
  };
}

interface Fates {
  /** `kept` or the reason, by URL. */
  readonly images: Map<string, string>;
  readonly pages: Map<string, string>;
  /** Reason and detail of what was lost, by URL. */
  readonly details: Record<string, string>;
}

/** What became of each candidate, and of pages that were lost; throws where one has no fate, or two. */
async function fatesIn(out: string): Promise<Fates> {
  const { manifest } = await readDataset(out);
  const images = new Map<string, string>();
  const pages = new Map<string, string>();
  const details: Record<string, string> = {};
  const keys = new Set<string>();
  const note = (id: string, url: string, fate: string): void => {
    if (keys.has(id)) throw new Error(`two fates: ${url}`);
    keys.add(id);
    images.set(url, fate);
  };
  for (const { path } of manifest.shards) {
    for await (const { key, url } of readRecords(join(out, path), pairFields))
      note(key, url, 'kept');
  }
  for (const { path } of manifest.files.rejects) {
    for await (const reject of readRecords(join(out, path), rejectFields)) {
      const { id, imageUrl, pageUrl, stage, reason, detail } = reject;
      const url = imageUrl || (pageUrl as string);
      details[url] = `${reason}: ${detail}`;
      if (stage === 'discover') pages.set(url, reason);
      else note(id, url, reason);
    }
  }
  let candidates = 0;
  for (const { path } of manifest.files.candidates) {
    for await (const { id, imageUrl } of readRecords(join(out, path), candidateFields)) {
      candidates++;
      if (!keys.has(id)) throw new Error(`no fate: ${imageUrl}`);
    }
  }
  expect(candidates).toBe(keys.size);
  return { images, pages, details };
}

/** Everything in a dataset but how it was asked for: ports, requests at once, threads. */
async function resultOf(out: string): Promise<object> {
  const { 'dataset.json': _, ...files } = await contentOf(out);
  const { config, ...manifest } = JSON.parse(await readFile(join(out, 'dataset.json'), 'utf8'));
  const { net: _net, workers: _workers, ...settings } = config;
  return { files, manifest, settings };
}

async function namesIn(dir: string): Promise<string[]> {
  return await readdir(dir, { recursive: true });
}

/** The server hears of it a little after the client is gone. */
async function expectClosed(server: DrillServer): Promise<void> {
  await expect.poll(() => server.open(), { timeout: 60_000 }).toBe(0);
}

describe('a server that does wrong on a third of what is asked of it', () => {
  it('costs what it spoils and nothing else, and leaves nothing behind', async () => {
    const [first, other, killed] = await Promise.all([
      prepare('first', ['--concurrency', '64', '--per-host', '6']),
      prepare('other', ['--concurrency', '400', '--per-host', '2', '--workers', '1']),
      prepare('killed', ['--concurrency', '200', '--per-host', '3']),
    ]);
    const whole = async ({ start }: Run) => {
      const { code, stderr } = await start().ended;
      expect(code, stderr).toBe(0);
    };
    await Promise.all([whole(first), whole(other), runKilled(killed)]);

    // Every candidate has the fate that its server earns it.
    const { images, pages: lost, details } = await fatesIn(first.out);
    expect(Object.fromEntries(images)).toEqual(Object.fromEntries(fates));
    expect(Object.fromEntries(lost)).toEqual(Object.fromEntries(lostPages));

    // The same bytes, however many requests at once, and however it was interrupted.
    const reference = await resultOf(first.out);
    for (const { out } of [other, killed]) {
      expect((await fatesIn(out)).details).toEqual(details);
      expect(await resultOf(out)).toEqual(reference);
    }

    for (const { server, out, probe } of [first, other, killed]) {
      await expectClosed(server);
      const temporary = /(^|\/)(\.tmp-|\.lock$|fetching|selecting|frontier)/;
      expect((await namesIn(out)).filter((name) => temporary.test(name))).toEqual([]);
      expect(await namesIn(join(out, '..', 'tmp'))).toEqual([]);
      const [end, ...more] = probe();
      expect(more).toEqual([]);
      // Standard output and error.
      expect(end?.left).toEqual(['PipeWrap', 'PipeWrap']);
      expect(end?.peakBytes).toBeLessThan(500_000_000);
    }
  }, 900_000);

  it('keeps no run alive beyond its end, fault by fault', async () => {
    const server = await serve();
    const dir = join(root, 'one-by-one');
    await mkdir(dir);
    const config = {
      queries: { file: join(root, 'queries.txt') },
      sources: { lists: ['list.csv'] },
      net: {
        connectTo: [...rulesFor(server), `::127.0.0.1:${server.port}`],
        allowPrivate: true,
        perHostDelayMs: 0,
        // Here it does not matter what is answered in time.
        timeoutMs: 1_000,
        retries: 0,
        maxBackoffMs: 200,
        outageAfter: 0,
        maxImageBytes: MAX_BYTES,
      },
      filter: {
        languages: [],
        formats: ['jpeg', 'png', 'gif', 'webp', 'avif', 'svg'],
        maxDecodeMs: MAX_DECODE_MS,
      },
    };
    const urls = faults.map((fault) => urlOf(fault));
    await writeFile(join(dir, 'plan.json'), JSON.stringify({ config, urls }));
    const args = ['--input-type=module', '--eval', ONE_BY_ONE];
    const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = text(child.stdout);
    // By itself.
    expect(await once(child, 'exit')).toEqual([0, null]);
    const found = (await lines).trim().split('\n');
    expect(found.map((line) => JSON.parse(line))).toEqual(
      urls.map((url) => ({ url, selected: 1, left: [] })),
    );
    await expectClosed(server);
  });
});

/**
 * Builds a dataset of one image at a time, and tells after each what still keeps the process alive that did not
 * before. Things are closed over a few turns of the event loop.
 */
const ONE_BY_ONE = `
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
const { buildDataset } = await import('${packageRoot}/dist/src/pipeline/build.js');
const { config, urls } = JSON.parse(readFileSync('plan.json', 'utf8'));
process.stdout.write('');
const before = process.getActiveResourcesInfo();
for (const [i, url] of urls.entries()) {
  writeFileSync('list.csv', 'url,caption\\n' + url + ',a dog\\n');
  const { funnel } = await buildDataset(config, 'data-' + i);
  const more = () => {
    const left = process.getActiveResourcesInfo();
    for (const one of before) left.splice(left.indexOf(one), left.includes(one) ? 1 : 0);
    return left;
  };
  for (let turn = 0; turn < 50 && more().length > 0; turn++) await setImmediate();
  console.log(JSON.stringify({ url, selected: funnel.selected, left: more() }));
}
`;

/** Kills a run again and again, and lets it end; what it has noted it does not ask for again. */
async function runKilled({ out, server, start }: Run): Promise<void> {
  const asked = () => [...goodImages.keys()].filter((url) => server.asked.has(url)).length;
  const moments = [
    async () => asked() >= goodImages.size / 4,
    async () => asked() >= goodImages.size / 2,
    // A part is committed.
    async () => (await readFile(join(out, 'journal.jsonl'), 'utf8')).includes('"fetch-00000"'),
  ];
  const settled = new Map<string, number>();
  const expectNoMore = () => {
    for (const [url, times] of settled) expect(server.asked.get(url) ?? 0, url).toBe(times);
  };
  for (const isTime of moments) {
    const { child, ended } = start();
    while (!(await isTime())) await sleep(5);
    child.kill('SIGKILL');
    await ended;
    expectNoMore();
    for (const url of await settledIn(out)) {
      const name = url.replace(/^https?:\/\//, '');
      settled.set(name, server.asked.get(name) ?? 0);
    }
  }
  expect(settled.size).toBeGreaterThan(goodImages.size / 4);
  const { code, stderr } = await start().ended;
  expect(code, stderr).toBe(0);
  expectNoMore();
}
