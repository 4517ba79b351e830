/**
 * The whole crawl (list, selection, downloads, shards) at 10,000, 100,000 and 1,000,000 candidates: does
 * its memory stay where it is?
 */

import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDataset } from '../src/core/dataset.js';
import { packageRoot } from '../src/core/version.js';
import { type Bench, type BenchOptions, cost, type Figure, fact } from './figures.js';
import { type Cost, measure } from './measure.js';
import { seeded, seedOf } from './random.js';
import { startTinyImages } from './tiny-images.js';

/** Words of the demo's list that captions are made with; each admits at most CAP pairs. */
const WORDS = 300;
const CAP = 100;
const GOAL = 0.9;

export const crawlMemory: Bench = {
  about: 'memory of the whole crawl at 10,000, 100,000 and 1,000,000 candidates',
  run,
};

interface Row {
  size: number;
  ours: Cost;
  funnel: { selected: number; kept: number };
}

async function run({ quick, say }: BenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-crawl-memory-'));
  const server = await startTinyImages();
  try {
    const words = await oneWordQueries();
    const rows: Row[] = [];
    for (const size of quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000]) {
      const list = join(folder, 'list.csv');
      await writeList(list, size, server.origin, words);
      say(`crawling ${size} candidates …`);
      const out = join(folder, 'out');
      const ours = await measure(command(list, out));
      const { manifest } = await readDataset(out);
      if (manifest.funnel.candidates !== size) {
        throw new Error(`${manifest.funnel.candidates} candidates of ${size}`);
      }
      rows.push({ size, ours, funnel: manifest.funnel });
      await rm(out, { recursive: true });
    }
    return describe(rows);
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

function command(list: string, out: string): string[] {
  const cli = join(packageRoot, 'dist', 'src', 'cli.js');
  const queries = join(packageRoot, 'queries', 'demo.txt');
  const flags = [
    '--contact',
    'bench@example.org',
    '--allow-private',
    '--delay',
    '0',
    '--per-host',
    '64',
    '--cap',
    String(CAP),
  ];
  const args = ['crawl-and-build', '--queries', queries, '--list', list, ...flags, '--out', out];
  return [process.execPath, cli, ...args];
}

async function oneWordQueries(): Promise<string[]> {
  const text = await readFile(join(packageRoot, 'queries', 'demo.txt'), 'utf8');
  const words = text.split('\n').filter((line) => /^[a-z]{5,}$/.test(line));
  const step = Math.floor(words.length / WORDS);
  return Array.from({ length: WORDS }, (_, n) => words[n * step] as string);
}

async function writeList(
  path: string,
  size: number,
  origin: string,
  words: readonly string[],
): Promise<void> {
  const file = await open(path, 'w');
  await file.write('url,caption\n');
  let lines = '';
  for (let n = 0; n < size; n++) {
    const word = words[Math.floor(seeded(seedOf(2, n, 0))() * words.length)];
    lines += `${origin}/${n}.png,a picture of the ${word} that was taken on day ${n} of the year\n`;
    if (lines.length > 1 << 20 || n === size - 1) {
      await file.write(lines);
      lines = '';
    }
  }
  await file.close();
}

function describe(rows: readonly Row[]) {
  const last = rows.at(-1) as Row;
  const megabytes = ({ ours }: Row) => (ours.peakRss ?? Number.NaN) / 1e6;
  const figures: Figure[] = [
    ...rows
      .slice(0, -1)
      .map((row) =>
        cost(
          `peak memory, ${last.size} candidates; peer: ${row.size}`,
          'MB',
          megabytes(last),
          megabytes(row),
          GOAL,
        ),
      ),
    ...rows.flatMap((row) => [
      fact(`peak memory, ${row.size} candidates`, 'MB', megabytes(row)),
      fact(`wall, ${row.size} candidates`, 's', row.ours.wall),
      fact(`CPU, ${row.size} candidates`, 's', row.ours.cpu),
    ]),
  ];
  const kept = rows.map(({ size, funnel }) => `${funnel.kept} pairs of ${size} candidates`);
  const notes = [
    'wit crawl-and-build from a CSV list: selection, downloads of 32 px images from this machine, shards; default settings ' +
      `but for pace (no delay, 64 requests to the one host) and a cap of ${CAP} pairs a query.`,
    `Most candidates lose to the cap, so that the run ends in minutes: ${kept.join(', ')}. Pairs add 80 bytes each ` +
      'in the index of duplicates, of which 12 stay in memory.',
    'From 50,000 candidates on, captions are judged in threads, one for each 50,000 and at most one a core but one; each takes about ' +
      '10 MB. Fewer candidates are judged in the main thread.',
    'Memory is that of the process at its peak, looked at every 50 ms; the server is another process.',
  ];
  return { figures, notes };
}
