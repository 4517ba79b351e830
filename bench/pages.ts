/**
 * Crawling web pages against crawlee's CheerioCrawler: real pages from a local server, links followed, the
 * texts of images taken; pages per second of CPU and wall time on one core, and memory.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openParquet } from '../src/core/parquet/reader.js';
import { packageRoot } from '../src/core/version.js';
import { ALL_MANUALS, type Manual, unpackManuals } from './documentation.js';
import { type Bench, type BenchOptions, cost, type Figure, fact, rate } from './figures.js';
import { type Cost, measure, medianRun } from './measure.js';
import type { PageServerOptions, Visits } from './page-server.js';

/** The crawler's core and the server's. */
const CORES = ['0', '1'] as const;
const GOAL = 3;
/** What crawlee is tried with. */
const CONCURRENCIES = [4, 16, 64];
const TRIAL: readonly Manual[] = ['gimp-help-en'];

export const pages: Bench = {
  about: "web pages against crawlee's CheerioCrawler",
  run,
};

/** A command that crawls the site that `start` is the first page of, and the pairs that it found. */
interface Crawler {
  readonly name: string;
  command(start: string): string[];
  pairs(): Promise<string[]>;
}

interface Crawl {
  readonly cost: Cost;
  readonly visits: Visits;
  /** `URL text`, each once. */
  readonly pairs: ReadonlySet<string>;
}

async function run({ quick, say }: BenchOptions) {
  const root = await unpackManuals(say);
  const peers = installPeers(say);
  const work = await mkdtemp(join(tmpdir(), 'wit-bench-pages-'));
  try {
    const manuals = quick ? TRIAL : ALL_MANUALS;
    const repeats = quick ? 1 : 3;
    const wit = witIn(work);
    const peer = await fastestPeer(work, root, say);
    const of = async (crawler: Crawler) => {
      say(`${crawler.name} …`);
      const empty = await crawl(crawler, { root, manuals: [] }, work, repeats);
      return { empty, whole: await crawl(crawler, { root, manuals }, work, repeats) };
    };
    const ours = await of(wit);
    const theirs = await of(peer);
    expectSame(ours.whole, theirs.whole);
    const notes = notesOf(manuals, ours.whole, peer, peers, repeats);
    return { figures: figuresOf(ours, theirs), notes };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Installs bench/peers with npm when it is missing or its lock has changed; gives crawlee's version. */
function installPeers(say: (text: string) => void): string {
  const folder = join(packageRoot, 'bench', 'peers');
  const installed = join(folder, 'node_modules', '@crawlee', 'cheerio', 'package.json');
  const wanted = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies;
  const version = () => JSON.parse(readFileSync(installed, 'utf8')).version as string;
  if (!existsSync(installed) || version() !== wanted['@crawlee/cheerio']) {
    say('installing crawlee …');
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
  }
  return version();
}

function witIn(work: string): Crawler {
  const out = join(work, 'out');
  const command = (start: string) => {
    const settings = {
      sources: { seeds: [start], maxDepth: 1_000, maxPagesPerHost: 1_000_000 },
      net: {
        contact: 'bench@example.org',
        allowPrivate: true,
        perHostDelayMs: 0,
        perHostConcurrency: 64,
      },
    };
    const script = join(packageRoot, 'dist', 'bench', 'discover.js');
    return [process.execPath, script, JSON.stringify(settings), out];
  };
  const pairs = async () => {
    const found = new Set<string>();
    for (const name of await readdir(join(out, 'candidates'))) {
      const file = await openParquet(join(out, 'candidates', name));
      const rows = (await file.read({ columns: ['image_url', 'text'] })) as Record<
        string,
        string
      >[];
      for (const { image_url, text } of rows) if (text !== '') found.add(`${image_url} ${text}`);
      await file.close();
    }
    return [...found];
  };
  return { name: 'wit', command, pairs };
}

function crawleeIn(work: string, options: { concurrency: number; headers: boolean }): Crawler {
  const out = join(work, 'pairs.json');
  const script = join(packageRoot, 'bench', 'peers', 'cheerio-crawler.js');
  const { concurrency, headers } = options;
  return {
    name: `crawlee, ${concurrency} at once, ${headers ? 'with' : 'without'} a browser's headers`,
    command: (start) => [process.execPath, script, JSON.stringify({ start, out, ...options })],
    pairs: async () => JSON.parse(await readFile(out, 'utf8')),
  };
}

/** The settings by which crawlee takes the least CPU time on a part of the pages. */
async function fastestPeer(
  work: string,
  root: string,
  say: (text: string) => void,
): Promise<Crawler> {
  const best: { cpu: number; crawler: Crawler }[] = [];
  for (const concurrency of CONCURRENCIES) {
    for (const headers of [false, true]) {
      const crawler = crawleeIn(work, { concurrency, headers });
      const trial = await crawl(crawler, { root, manuals: TRIAL }, work, 1);
      say(`trying ${crawler.name}: ${trial.cost.cpu.toFixed(1)} s`);
      best.push({ cpu: trial.cost.cpu, crawler });
    }
  }
  best.sort((a, b) => a.cpu - b.cpu);
  return (best[0] as (typeof best)[0]).crawler;
}

async function crawl(
  crawler: Crawler,
  options: PageServerOptions,
  work: string,
  repeats: number,
): Promise<Crawl> {
  let visits: Visits | undefined;
  const taken = await medianRun(repeats, async () => {
    await rm(join(work, 'out'), { recursive: true, force: true });
    const server = await startServer(options);
    const command = ['taskset', '-c', CORES[0], ...crawler.command(server.start)];
    const once = await measure(command);
    visits = await server.stop();
    return once;
  });
  return {
    cost: taken,
    visits: visits as Visits,
    pairs: new Set((await crawler.pairs()).map(withoutOrigin)),
  };
}

async function startServer(options: PageServerOptions) {
  const script = join(packageRoot, 'dist', 'bench', 'page-server.js');
  const command = ['-c', CORES[1], process.execPath, script, JSON.stringify(options)];
  const child: ChildProcess = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const next = async () => JSON.parse(((await once(lines, 'line')) as [string])[0]);
  const { port } = (await next()) as { port: number };
  return {
    start: `http://127.0.0.1:${port}/`,
    async stop(): Promise<Visits> {
      const last = next() as Promise<Visits>;
      child.stdin?.end();
      return await last;
    },
  };
}

/** Ports differ from run to run. */
function withoutOrigin(pair: string): string {
  return pair.replace(/^http:\/\/127\.0\.0\.1:\d+/, '');
}

function expectSame(ours: Crawl, theirs: Crawl): void {
  if (ours.visits.digest !== theirs.visits.digest) {
    throw new Error(`${ours.visits.visited} pages, and crawlee ${theirs.visits.visited} others`);
  }
  const missing = [...theirs.pairs].filter((pair) => !ours.pairs.has(pair));
  const more = [...ours.pairs].filter((pair) => !theirs.pairs.has(pair));
  if (missing.length + more.length === 0) return;
  const examples = JSON.stringify([missing.slice(0, 3), more.slice(0, 3)]);
  throw new Error(
    `Of the pairs ${missing.length} are crawlee's and ${more.length} ours: ${examples}`,
  );
}

type Measured = Readonly<Record<'empty' | 'whole', Crawl>>;

function figuresOf(ours: Measured, theirs: Measured): Figure[] {
  const per = ({ empty, whole }: Measured, kind: 'cpu' | 'wall') =>
    (whole.visits.visited - empty.visits.visited) / (whole.cost[kind] - empty.cost[kind]);
  const memory = ({ whole }: Measured) => (whole.cost.peakRss ?? Number.NaN) / 1e6;
  return [
    rate('pages', '1/CPU s', per(ours, 'cpu'), per(theirs, 'cpu'), GOAL),
    rate('pages', '1/s', per(ours, 'wall'), per(theirs, 'wall'), GOAL),
    cost('peak memory', 'MB', memory(ours), memory(theirs), 1),
    fact('CPU of starting', 's', ours.empty.cost.cpu),
    fact('CPU of starting crawlee', 's', theirs.empty.cost.cpu),
    fact('CPU of the server', 's', ours.whole.visits.cpu),
  ];
}

function notesOf(
  manuals: readonly Manual[],
  ours: Crawl,
  peer: Crawler,
  version: string,
  repeats: number,
): string[] {
  const { visited, requests } = ours.visits;
  return [
    `${visited} pages of the manuals in Debian's ${manuals.join(', ')}, gzipped, from one host on this machine; ` +
      `${ours.pairs.size} different pairs of image and text. Both visit the same pages and find the same pairs.`,
    `wit: discovery by the source web, with robots.txt, the frontier on disk and candidates in Parquet; no delay, 64 requests ` +
      `at once. ${requests} requests.`,
    `@crawlee/cheerio ${version}: ${peer.name}; the fastest of ${CONCURRENCIES.join(', ')} requests at once, with and without headers ` +
      'made up, on a part of the pages. In memory, no sessions, no robots.txt, no scaling by load.',
    `Each on one core, the server on another. Pages a second are what ${visited} pages cost above one page (starting the ` +
      `program); the run of the median CPU time of ${repeats}.`,
  ];
}
