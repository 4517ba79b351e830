/**
 * The source `commoncrawl` on a WAT file of full size: CPU and wall time until its candidates are
 * written, against what cc2dataset publishes, and peak memory, against that of a quarter of the file.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { type Bench, type BenchOptions, cost, fact } from './figures.js';
import { type Cost, measure, medianRun } from './measure.js';
import { type SyntheticWat, writeSyntheticWat } from './synthetic-archive.js';

/** Seconds of one core for one WAT file (README of cc2dataset, 2023). */
const PUBLISHED = 50;
/** Pages of a WAT file, of a recent crawl on average. */
const PAGES = 37_000;
const MEMORY_GOAL_MB = 512;

export const commoncrawl: Bench = {
  about: "WAT files to candidates, against cc2dataset's published figure",
  run,
};

async function run({ quick, say }: BenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-commoncrawl-'));
  try {
    const whole = join(folder, 'whole.warc.wat.gz');
    const part = join(folder, 'part.warc.wat.gz');
    const pages = quick ? PAGES / 20 : PAGES;
    say(`writing a WAT of ${pages} pages …`);
    const wat = await writeSyntheticWat({ path: whole, pages });
    await writeSyntheticWat({ path: part, pages: Math.ceil(pages / 4) });
    say('gzip -dc …');
    const gzip = await measure(['gzip', '-dc', whole], { discardOutput: true });
    say('discovery …');
    const quarter = await discoverArchive(part, folder);
    const ours = await medianRun(quick ? 1 : 3, () => discoverArchive(whole, folder));
    return describe(wat, { ours, quarter, gzip });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function discoverArchive(file: string, folder: string): Promise<Cost> {
  const out = join(folder, 'out');
  const script = join(packageRoot, 'dist', 'bench', 'discover.js');
  const settings = { sources: { commonCrawl: [file] }, net: { connectTo: ['::127.0.0.1:1'] } };
  const command = [process.execPath, script, JSON.stringify(settings), out];
  const result = await measure(command, { folder: out });
  await rm(out, { recursive: true });
  return result;
}

function describe(
  wat: SyntheticWat,
  { ours, quarter, gzip }: Record<'ours' | 'quarter' | 'gzip', Cost>,
) {
  const counts = JSON.parse(ours.output) as Record<string, number>;
  if (counts.candidates !== wat.pairs) {
    throw new Error(`${counts.candidates} candidates of ${wat.pairs}`);
  }
  const scale = PAGES / wat.pages;
  const megabytes = (bytes = Number.NaN) => bytes / 1e6;
  return {
    figures: [
      cost('CPU of a WAT, peer: cc2dataset, published', 's', ours.cpu * scale, PUBLISHED, 4),
      cost('wall of a WAT, peer: cc2dataset, published', 's', ours.wall * scale, PUBLISHED, 4),
      cost('peak memory, peer: the limit', 'MB', megabytes(ours.peakRss), MEMORY_GOAL_MB, 1),
      cost(
        'peak memory, peer: ours on a quarter',
        'MB',
        megabytes(ours.peakRss),
        megabytes(quarter.peakRss),
        0.9,
      ),
      fact('CPU of gzip -dc', 's', gzip.cpu * scale),
      fact('candidates', '1/CPU s', wat.pairs / ours.cpu),
    ],
    notes: [
      `A WAT of ${wat.pages} pages: ${megabytes(wat.bytes).toFixed(0)} MB packed, ` +
        `${megabytes(wat.unpackedBytes).toFixed(0)} MB unpacked, ${wat.pairs} images with text; grown from ` +
        'real records of 2014, 4,000 distinct pages over and over (bench/synthetic-archive.ts).',
      `cc2dataset's ${PUBLISHED} s are published (about one core of a cloud's machine, fetching included), not measured here: ` +
        'its last release has no working command line. It keeps images with an alt text, 405,232 in its own example.',
      'Ours reads a local file and writes the candidates as Parquet, in one process and one thread; ' +
        'CPU includes the garbage collector’s threads. Garbage is looked for as soon as `wit crawl-and-build` does.',
    ],
  };
}
