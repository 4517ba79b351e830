/**
 * The passes of selection over what was judged (repeats, counts, the cap, one caption an image) at growing
 * numbers of synthetic candidates, and from the slopes a projection to 400 million.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { MEMORY_BYTES } from '../src/filter/duplicates.js';
import { type Bench, type BenchOptions, cost, type Figure, fact } from './figures.js';
import { type Cost, measure } from './measure.js';

const WHOLE = 400e6;
const CAP = 20_000;
const MEMORY_GOAL_GB = 8;
/** One partition of images, with the table that finds those of one image, at 400 million candidates. */
const PARTITION_BYTES = (WHOLE / 256) * (60 * 1.1 + 16 + 4);

export const cap: Bench = {
  about: 'the cap at 1 and 10 million candidates (with --large also 50), projected to 400 million',
  run,
};

async function run({ quick, large, say }: BenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-cap-'));
  try {
    const sizes = quick ? [0.1e6, 0.5e6] : large ? [1e6, 10e6, 50e6] : [1e6, 10e6];
    const rows: { size: number; ours: Cost; selected: number }[] = [];
    for (const size of sizes) {
      const work = join(folder, String(size));
      say(`judging ${size / 1e6} million synthetic candidates …`);
      await script('write', work, String(size));
      say('admitting …');
      // As many queries at the cap as there would be among 400 million.
      const scaled = String(Math.max(1, Math.round((CAP * size) / WHOLE)));
      const ours = await measure(command('admit', work, String(size), scaled, 'hard'));
      rows.push({ size, ours, selected: JSON.parse(ours.output).selected });
      await rm(work, { recursive: true });
    }
    say('captions that repeat …');
    const counted = quick ? 0.2e6 : large ? 10e6 : 2e6;
    const repeats = await measure(command('repeats', String(counted)));
    say('thresholds and duplicates …');
    const windows = await script('thresholds', String(WHOLE), String(CAP));
    const images = quick ? 0.1e6 : 1e6;
    const share = (MEMORY_BYTES / WHOLE) * images;
    const index = await script('duplicates', String(images), String(share));
    return describe(rows, windows, { images, share, ...index }, { counted, ...repeats });
  } finally {
    await rm(folder, { recursive: true });
  }
}

function command(...args: string[]): string[] {
  return [process.execPath, '--expose-gc', join(packageRoot, 'dist', 'bench', 'admit.js'), ...args];
}

async function script(...args: string[]): Promise<Record<string, number>> {
  return JSON.parse((await measure(command(...args))).output || '{}');
}

function describe(
  rows: readonly { size: number; ours: Cost; selected: number }[],
  windows: Record<string, number>,
  index: Record<string, number>,
  repeats: Cost & { counted: number },
) {
  const first = rows[0] as (typeof rows)[number];
  const last = rows.at(-1) as (typeof rows)[number];
  const perMillion = (row: typeof last) => row.ours.cpu / (row.size / 1e6);
  const slope = (last.ours.cpu - first.ours.cpu) / (last.size - first.size);
  const hours = (last.ours.cpu + slope * (WHOLE - last.size)) / 3600;
  const rss = (row: typeof last) => row.ours.peakRss ?? Number.NaN;
  const windowBytes = windows.bytes as number;
  const memory = rss(last) + WHOLE / 8 + PARTITION_BYTES + windowBytes;
  // Beside the records.
  const indexBytes = ((index.bytes as number) - (index.share as number)) / (index.images as number);
  const millions = (row: typeof last) => `${row.size / 1e6} million`;
  const figures: Figure[] = [
    cost(
      'memory for 400 million, projected; peer: the limit',
      'GB',
      memory / 1e9,
      MEMORY_GOAL_GB,
      1,
    ),
    cost(
      `CPU a million candidates, ${millions(last)}; peer: ${millions(first)}`,
      's',
      perMillion(last),
      perMillion(first),
      0.9,
    ),
    ...rows.flatMap((row) => [
      fact(`CPU, ${millions(row)} candidates`, 's', row.ours.cpu),
      fact(`wall, ${millions(row)} candidates`, 's', row.ours.wall),
      fact(`peak memory, ${millions(row)} candidates`, 'MB', rss(row) / 1e6),
    ]),
    fact('CPU for 400 million, projected', 'h', hours),
    fact('memory to find the thresholds at 400 million', 'MB', windowBytes / 1e6),
    fact(
      'counting repeated captions (filter.maxRepeats)',
      'µs a candidate',
      (repeats.cpu / repeats.counted) * 1e6,
    ),
    fact(
      `counting repeated captions, peak memory, ${repeats.counted / 1e6} million candidates`,
      'MB',
      (repeats.peakRss ?? Number.NaN) / 1e6,
    ),
    fact('duplicate index', 'bytes an image', indexBytes),
    fact(
      'duplicate index for 400 million, projected, records included',
      'GB',
      (indexBytes * WHOLE + MEMORY_BYTES) / 1e9,
    ),
    fact(
      'duplicate index',
      'µs an image',
      ((index.seconds as number) / (index.images as number)) * 1e6,
    ),
  ];
  const notes = [
    '500,000 queries of which 114,000 match nothing; matches by p(rank) ∝ (rank + 1204.7)^-2.078 over the ' +
      'others, 3.5 a text: 16,000 of them hold 94.5 % of 5.6 billion matches and have 20,000 or more, as MetaCLIP publishes.',
    `The cap is 20,000 × candidates / 400 million, so that as many queries are at the cap as among 400 million ` +
      `(${windows.atCap}); ${last.selected} of ${last.size} were selected, one an image.`,
    'Timed are the passes over what was judged: repeated ids, counts, thresholds, one caption an image. Judging texts, ' +
      'reading and writing Parquet are not in it (crawl-memory has them).',
    `Memory for 400 million: peak at ${millions(last)}, and one bit a candidate (50 MB), a partition of images ` +
      `(${(PARTITION_BYTES / 1e6).toFixed(0)} MB), and the windows for the thresholds, made at full size. ` +
      `CPU: ${slope.toExponential(2)} s for each further candidate.`,
    'A heap a query would take 8 to 16 bytes × 20,000 for each of these queries.',
    'Repeated captions: 1,000 hosts, each of which writes one of three captions under a twentieth of its images; the others ' +
      `differ. ${JSON.parse(repeats.output).over} of ${repeats.counted} stood on more than 100 images of a host.`,
    `Duplicates: ${index.images} random fingerprints, none near another, at 4 bits. Of their records as large a share is in ` +
      'memory as 1 GiB is of 400 million; the rest is read from a file, which the system may hold in memory here.',
  ];
  return { figures, notes };
}
