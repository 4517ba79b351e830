/**
 * From a list of URLs to stored images: ours against img2dataset, on real photographs from a local
 * server. Both keep the ratio, shrink the short side to 256 pixels, store JPEG of quality 95 in
 * Parquet, and have the same two cores.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Manifest } from '../src/core/dataset.js';
import { packageRoot } from '../src/core/version.js';
import { type Bench, type BenchOptions, cost, type Figure, fact, rate } from './figures.js';
import { type Cost, measure } from './measure.js';
import type { ServerOptions } from './photo-server.js';
import { photographs } from './photographs.js';
import { benchPython } from './python.js';

const CORES = 2;
/** All of 127/8 is this machine (Linux), so that each address is a host and no name is looked up. */
const HOSTS = Array.from({ length: 100 }, (_, index) => `127.0.0.${1 + index}`);
const SIDE = 256;
const QUALITY = 95;
const FAULTS = 0.2;
/** Of both, when a request fails. */
const RETRIES = 10;
const TIMEOUT_S = 5;
/** What of img2dataset is tried on the short list; the fastest runs the long one. */
const THREADS = [16, 64];
const FORMATS = ['parquet', 'webdataset'] as const;

export const images: Bench = {
  about: 'downloading and storing photographs, against img2dataset',
  run,
};

interface Input {
  readonly folder: string;
  readonly names: readonly string[];
  /** Scratch. */
  readonly work: string;
}

interface Download {
  readonly cost: Cost;
  /** CPU seconds of the server. */
  readonly server: number;
  readonly stored: number;
}

type Program = (list: string, out: string) => { command: string[]; stored(): Promise<number> };

async function run({ quick, say }: BenchOptions) {
  const made = await photographs(quick ? 600 : 2_000, say);
  const python = benchPython(say);
  const work = await mkdtemp(join(tmpdir(), 'wit-bench-images-'));
  try {
    await writeFile(join(work, 'queries.txt'), 'photograph\n');
    const input = { ...made, work };
    const [short, long] = quick ? [100, 600] : [400, 2_000];
    const download = async (what: string, program: Program, count: number, faults = 0) => {
      const taken = await downloadAll(input, program, { count, faults });
      const { wall, cpu } = taken.cost;
      say(
        `${what}: ${taken.stored} of ${count} photographs${faults > 0 ? ' with faults' : ''}, ` +
          `${wall.toFixed(1)} s, CPU ${cpu.toFixed(1)} s`,
      );
      return taken;
    };
    const peers = quick
      ? [peerOf(python, 16, 'parquet')]
      : FORMATS.flatMap((format) => THREADS.map((threads) => peerOf(python, threads, format)));
    const tried: { peer: Peer; download: Download }[] = [];
    for (const peer of peers) {
      tried.push({ peer, download: await download(peer.name, peer.program, short) });
    }
    tried.sort((a, b) => a.download.cost.wall - b.download.cost.wall);
    const best = tried[0] as (typeof tried)[number];
    const wit = witOf(work);
    // In turn, so that a neighbour on the machine troubles both.
    const oursShort = await download('wit', wit, short);
    const oursLong = await download('wit', wit, long);
    const peerLong = await download(best.peer.name, best.peer.program, long);
    const faulty = quick ? 100 : 400;
    const oursFaulty = await download('wit', wit, faulty, FAULTS);
    const peerFaulty = await download(best.peer.name, best.peer.program, faulty, FAULTS);
    return {
      figures: figuresOf({
        counts: { short, long, faulty },
        ours: { short: oursShort, long: oursLong, faulty: oursFaulty },
        peer: { short: best.download, long: peerLong, faulty: peerFaulty },
      }),
      notes: [
        `${made.names.length} JPEGs of 1,024 to 1,600 pixels (4:2:0, quality 85–90), cut and scaled from ${made.originals} ` +
          'photographs of Debian’s packages (bench/photographs.ts). A server of its own process; its CPU is not counted.',
        `Speed and CPU are slopes from ${short} to ${long} photographs, so that neither pays for starting up ` +
          `(wall of the short list: ours ${oursShort.cost.wall.toFixed(1)} s, img2dataset ${best.download.cost.wall.toFixed(1)} s).`,
        `img2dataset 1.47.0 as ${best.peer.name}, the fastest of ${tried.map(({ peer }) => peer.name).join('; ')}. ` +
          'It has no robots.txt, no pace per host, no near duplicates and no language rule; ours has its defaults.',
        `Faults: ${FAULTS * 100} % of the photographs cannot be had until 2 s after they were first asked for ` +
          `(503 with Retry-After, reset, stall, cut short). Both have ${RETRIES} retries and ${TIMEOUT_S} s.`,
      ],
    };
  } finally {
    await rm(work, { recursive: true });
  }
}

type Runs = Record<'short' | 'long' | 'faulty', Download>;

function figuresOf({
  counts,
  ours,
  peer,
}: {
  counts: Record<keyof Runs, number>;
  ours: Runs;
  peer: Runs;
}): Figure[] {
  const more = counts.long - counts.short;
  const slope = ({ short, long }: Runs, of: (download: Download) => number) =>
    (of(long) - of(short)) / more;
  const wall = (runs: Runs) => slope(runs, ({ cost }) => cost.wall);
  const cpu = (runs: Runs) => slope(runs, ({ cost }) => cost.cpu);
  const server = (runs: Runs) => slope(runs, ({ server }) => server);
  const megabytes = ({ cost }: Download) => (cost.peakRss ?? Number.NaN) / 1e6;
  const speed = (runs: Runs) => 1 / wall(runs) / CORES;
  const busy = (runs: Runs) => cpu(runs) / (wall(runs) * CORES - server(runs));
  return [
    rate('images, per core', '1/s', speed(ours), speed(peer), 2),
    cost('CPU of an image', 'ms', cpu(ours) * 1e3, cpu(peer) * 1e3, 2),
    rate('share of the cores that is used, peer: all', '', busy(ours), 1, 0.9),
    cost('peak memory', 'MB', megabytes(ours.long), megabytes(peer.long), 1),
    rate(
      'stored of the list',
      '',
      ours.long.stored / counts.long,
      peer.long.stored / counts.long,
      1,
    ),
    rate(
      'stored of the list, under faults',
      '',
      ours.faulty.stored / counts.faulty,
      peer.faulty.stored / counts.faulty,
      1,
    ),
    fact('CPU of the server for an image', 'ms', server(ours) * 1e3),
  ];
}

async function downloadAll(
  input: Input,
  program: Program,
  { count, faults }: { count: number; faults: number },
): Promise<Download> {
  const server = await startServer({ folder: input.folder, addresses: HOSTS, faults });
  const list = join(input.work, 'list.csv');
  const out = join(input.work, 'out');
  const rows = input.names
    .slice(0, count)
    .map(
      (name, index) =>
        `http://${HOSTS[index % HOSTS.length]}:${server.port}/${name},${caption(index)}`,
    );
  await writeFile(list, `url,caption\n${rows.join('\n')}\n`);
  const { command, stored } = program(list, out);
  // It would ask the network for a newer albumentations at every start.
  const env = { NO_ALBUMENTATIONS_UPDATE: '1' };
  const taken = await measure(command, { env });
  const result = { cost: taken, server: await server.stop(), stored: await stored() };
  await rm(out, { recursive: true });
  return result;
}

/** English, as the language rule asks. */
function caption(index: number): string {
  const seasons = ['spring', 'summer', 'autumn', 'winter'];
  const times = ['early in the morning', 'at noon', 'in the evening light'];
  const season = seasons[index % seasons.length];
  return `A photograph taken ${times[index % times.length]} on day ${index} of the long ${season}`;
}

async function startServer(options: ServerOptions) {
  const script = join(packageRoot, 'dist', 'bench', 'photo-server.js');
  const child: ChildProcess = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const next = async () => JSON.parse(((await once(lines, 'line')) as [string])[0]);
  const { port } = (await next()) as { port: number };
  return {
    port,
    async stop(): Promise<number> {
      const last = next() as Promise<{ cpu: number }>;
      child.stdin?.end();
      return (await last).cpu;
    },
  };
}

function witOf(work: string): Program {
  return (list, out) => {
    const settings = [`net.retries=${RETRIES}`, `shard.quality=${QUALITY}`];
    const command = [
      ...[process.execPath, join(packageRoot, 'dist', 'src', 'cli.js'), 'crawl-and-build'],
      ...['--queries', join(work, 'queries.txt'), '--list', list, '--out', out, '--allow-private'],
      ...['--contact', 'bench@example.org', '--side', `${SIDE}`, '--timeout', `${TIMEOUT_S * 1e3}`],
      ...settings.flatMap((setting) => ['--set', setting]),
      '--json',
    ];
    const stored = async () => {
      const { shards } = JSON.parse(await readFile(join(out, 'dataset.json'), 'utf8')) as Manifest;
      return shards.reduce((sum, { rows }) => sum + rows, 0);
    };
    return { command, stored };
  };
}

interface Peer {
  readonly name: string;
  readonly program: Program;
}

/** Shards small enough that both processes have their share of the work until the end. */
const PEER_SHARD = 100;

function peerOf(python: string, threads: number, format: (typeof FORMATS)[number]): Peer {
  const program: Program = (list, out) => {
    const options = {
      url_list: list,
      input_format: 'csv',
      url_col: 'url',
      caption_col: 'caption',
      output_folder: out,
      output_format: format,
      processes_count: CORES,
      thread_count: threads,
      image_size: SIDE,
      resize_mode: 'keep_ratio',
      resize_only_if_bigger: true,
      encode_quality: QUALITY,
      // Ours keeps none either.
      extract_exif: false,
      number_sample_per_shard: PEER_SHARD,
      retries: RETRIES,
      timeout: TIMEOUT_S,
      enable_wandb: false,
    };
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${pythonic(value)}`);
    const stored = async () => {
      const names = (await readdir(out)).filter((name) => name.endsWith('_stats.json'));
      const stats = names.map(async (name) => JSON.parse(await readFile(join(out, name), 'utf8')));
      const successes = (await Promise.all(stats)).map((stat) => stat.successes as number);
      return successes.reduce((sum, n) => sum + n, 0);
    };
    return { command: [join(python, '..', 'img2dataset'), ...flags], stored };
  };
  return { name: `${format}, ${CORES} processes of ${threads} threads`, program };
}

function pythonic(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : `${value}`;
}
