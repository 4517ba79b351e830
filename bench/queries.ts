/**
 * `wit queries build` on synthetic dumps of Wikipedia: its CPU time against decompression alone, its
 * throughput against gensim's WikiCorpus, and how memory, time and disk grow with the dump.
 */

import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { bzip2Program } from '../src/queries/dump/bzip2.js';
import { type Bench, type BenchOptions, cost, type Figure, fact, rate } from './figures.js';
import { type Cost, measure, medianRun } from './measure.js';
import { benchPython } from './python.js';
import { realPages } from './real-pages.js';
import { type SyntheticDump, writeSyntheticDump } from './synthetic-dump.js';

const GB = 1e9;
/** English Wikipedia, GB of XML. */
const WHOLE = 95;
const MEMORY_GOAL = 6;
/** A list that the smallest dump fills already: what then grows with the dump is not the result. */
const FULL_LIST = 20_000;

export const queries: Bench = {
  about: 'query lists from Wikipedia dumps, against bzip2 and gensim, at growing sizes',
  run,
};

async function run(options: BenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-queries-'));
  try {
    const side = await sideBySide(folder, options);
    const growth = await growing(folder, options);
    return {
      figures: [...side.figures, ...growth.figures],
      notes: [
        `Dumps: real ${realPages().from}, resampled (bench/README.md).`,
        ...side.notes,
        ...growth.notes,
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Holds a command and its children on one core (Linux; elsewhere as it is): programs that run at the
 * same time on cores that share caches would be charged for each other's misses.
 */
function onOneCore(command: string[]): string[] {
  return process.platform === 'linux' ? ['taskset', '-c', '0', ...command] : command;
}

/** One core: reading and counting on one thread, into a list in `folder`. */
async function build(dump: string, folder: string, size?: number): Promise<Cost> {
  const out = join(folder, 'list');
  const work = join(folder, 'work');
  const cli = join(packageRoot, 'dist', 'src', 'cli.js');
  const args = ['queries', 'build', '--dump', dump, '--out', join(out, 'list.parquet')];
  const command = [process.execPath, cli, ...args, '--work', work, '--workers', '1'];
  if (size !== undefined) command.push('--size', String(size));
  const result = await measure(onOneCore(command), { folder: work });
  await Promise.all([out, work].map((path) => rm(path, { recursive: true, force: true })));
  return result;
}

async function sideBySide(folder: string, { quick, say }: BenchOptions) {
  const times = quick ? 1 : 3;
  say('writing a dump in one bzip2 stream …');
  const path = join(folder, 'dump.xml.bz2');
  const { xmlBytes, pages } = await writeSyntheticDump({ path, size: quick ? 40e6 : 250e6 });
  const { size } = await stat(path);

  say('bzip2 -dc …');
  const bzip2 = await medianRun(times, () =>
    measure(onOneCore(['bzip2', '-dc', path]), { discardOutput: true }),
  );
  say('wit queries build …');
  const ours = await medianRun(times, () => build(path, folder));
  const python = benchPython(say);
  say('gensim …');
  const script = join(packageRoot, 'bench', 'gensim_wikicorpus.py');
  const gensim = await measure(onOneCore([python, script, path]));
  const counted = JSON.parse(gensim.output) as { articles: number; tokens: number };
  await rm(path);

  const twice = 2;
  const megabytes = xmlBytes / 1e6;
  const figures = [
    cost('CPU, peer: 2 × bzip2 -dc', 's', ours.cpu, twice * bzip2.cpu, 1),
    cost('wall, peer: 2 × bzip2 -dc', 's', ours.wall, twice * bzip2.wall, 1),
    rate(
      'XML, peer: gensim WikiCorpus',
      'MB/CPU s',
      megabytes / ours.cpu,
      megabytes / gensim.cpu,
      5,
    ),
  ];
  const notes = [
    `Side by side: ${megabytes.toFixed(0)} MB of XML, ${pages} pages, ` +
      `${(size / 1e6).toFixed(0)} MB of bzip2; median of ${times}, gensim once; ` +
      `bzip2 -dc alone took ${bzip2.cpu.toFixed(1)} s of CPU.`,
    `Ours unpacked with ${bzip2Program()}.`,
    `gensim 4.4.0 counted ${counted.tokens} tokens in ${counted.articles} articles, one process for ` +
      'text and one for XML; it has no bigrams. CPU of all processes on both sides.',
  ];
  return { figures, notes };
}

/** Prefixes of one multistream dump, so that every size holds the same pages and more. */
async function growing(folder: string, { quick, say }: BenchOptions) {
  const sizes = quick ? [0.025, 0.05, 0.1] : [0.25, 0.5, 1, 2];
  const largest = sizes.at(-1) as number;
  say(`writing a multistream dump of ${largest} GB …`);
  const whole = join(folder, 'whole-multistream.xml.bz2');
  const dump = await writeSyntheticDump({ path: whole, size: largest * GB, multistream: true });

  const rows: Row[] = [];
  for (const size of sizes) {
    const path = size === largest ? whole : join(folder, 'part-multistream.xml.bz2');
    const bytes = size === largest ? dump.xmlBytes : await writePrefix(dump, size * GB, path);
    say(`bzip2 -dc and wit queries build on ${size} GB …`);
    const bzip2 = await measure(onOneCore(['bzip2', '-dc', path]), { discardOutput: true });
    rows.push({ gb: bytes / GB, bzip2, ours: await build(path, folder, FULL_LIST) });
  }
  say(`wit queries build of the default size on ${largest} GB …`);
  return describe(rows, await build(whole, folder));
}

/** The first streams of a dump and its footer; gives the bytes of XML. */
async function writePrefix(dump: SyntheticDump, size: number, path: string): Promise<number> {
  const streams = dump.streams ?? [];
  const cut = streams.find(({ xmlBefore }) => xmlBefore >= size) ?? streams.at(-1);
  const footer = streams.at(-1);
  if (cut === undefined || footer === undefined) throw new Error('Not a multistream dump');
  const from = await open(dump.path);
  const to = await open(path, 'w');
  const copy = async (start: number, end: number): Promise<void> => {
    const step = 16 * 2 ** 20;
    const buffer = Buffer.alloc(step);
    for (let at = start; at < end; at += step) {
      const { bytesRead } = await from.read(buffer, 0, Math.min(step, end - at), at);
      await to.write(buffer, 0, bytesRead);
    }
  };
  await copy(0, cut.offset);
  await copy(footer.offset, (await from.stat()).size);
  await Promise.all([from.close(), to.close()]);
  return cut.xmlBefore + dump.xmlBytes - footer.xmlBefore;
}

interface Row {
  /** Of XML. */
  gb: number;
  ours: Cost;
  bzip2: Cost;
}

/** @param usual what the default size costs on the largest dump. */
function describe(rows: readonly Row[], usual: Cost) {
  const first = rows[0] as Row;
  const last = rows.at(-1) as Row;
  const memory = ({ ours }: { ours: Cost }) => (ours.peakRss ?? Number.NaN) / GB;
  const at = ({ gb }: Row) => `at ${gb.toPrecision(2)} GB of XML`;
  const figures: Figure[] = rows.flatMap((row) => [
    cost(`CPU ${at(row)}, peer: 2 × bzip2 -dc`, 's', row.ours.cpu, 2 * row.bzip2.cpu, 1),
    fact(`CPU per GB ${at(row)}`, 's/GB', row.ours.cpu / row.gb),
    fact(`peak memory ${at(row)}`, 'GB', memory(row)),
    fact(`peak disk ${at(row)}`, 'GB', row.ours.peakDisk / GB),
  ]);
  figures.push(
    cost(
      `CPU per GB ${at(last)}, peer: ours ${at(first)}`,
      's/GB',
      last.ours.cpu / last.gb,
      first.ours.cpu / first.gb,
      0.8,
    ),
    cost(
      `peak memory ${at(last)}, peer: ours ${at(first)}`,
      'GB',
      memory(last),
      memory(first),
      0.8,
    ),
    cost(
      `default size: CPU ${at(last)}, peer: 2 × bzip2 -dc`,
      's',
      usual.cpu,
      2 * last.bzip2.cpu,
      1,
    ),
    cost(
      `default size: peak memory ${at(last)}, peer: the limit`,
      'GB',
      memory({ ours: usual }),
      MEMORY_GOAL,
      1,
    ),
  );

  const cpu = line(rows.map(({ gb, ours }) => [gb, ours.cpu]));
  const unpacking = line(rows.map(({ gb, bzip2 }) => [gb, bzip2.cpu]));
  const disk = line(rows.map(({ gb, ours }) => [gb, ours.peakDisk / GB]));
  const ours = cpu.at0 + cpu.slope * WHOLE;
  const peer = 2 * (unpacking.at0 + unpacking.slope * WHOLE);
  figures.push(
    cost(
      `projected CPU of ${WHOLE} GB of XML, peer: 2 × bzip2 -dc`,
      'h',
      ours / 3600,
      peer / 3600,
      1,
    ),
    fact(`projected disk of ${WHOLE} GB of XML`, 'GB', disk.at0 + disk.slope * WHOLE),
  );
  const notes = [
    `Growth: a list of ${FULL_LIST} queries, which every size fills; the default size once, on the largest dump.`,
    `Projection, by least squares over the sizes, x in GB of XML: CPU(x) = ${cpu.at0.toFixed(1)} s + ` +
      `${cpu.slope.toFixed(1)} s · x; bzip2 -dc(x) = ${unpacking.slope.toFixed(1)} s · x; ` +
      `disk(x) = ${disk.at0.toFixed(2)} GB + ${disk.slope.toFixed(3)} · x; all at x = ${WHOLE}. ` +
      'On n cores, reading takes about 1/n of the CPU time; merging is one thread.',
  ];
  return { figures, notes };
}

/** The straight line of least squares. */
function line(points: readonly (readonly [x: number, y: number])[]) {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const x0 = mean(points.map(([x]) => x));
  const y0 = mean(points.map(([, y]) => y));
  const slope =
    mean(points.map(([x, y]) => (x - x0) * (y - y0))) / mean(points.map(([x]) => (x - x0) ** 2));
  return { slope, at0: y0 - slope * x0 };
}
