/**
 * The frontier of a crawl of the web at 1, 5 and 20 million pages, three links to each: memory, disk, CPU; and
 * against JavaScript's sets, which is what a crawl that fits in memory uses.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { type Bench, type BenchOptions, cost, type Figure, fact, rate } from './figures.js';
import { type Cost, measure } from './measure.js';

const LIMIT_MB = 1_000;
/** Heap for the sets of the largest crawl. */
const PEER_HEAP_MB = 12_000;
const FLAT_GOAL = 0.9;

export const frontier: Bench = {
  about: 'pages seen and to come, on disk: 1, 5 and 20 million, against sets in memory',
  run,
};

interface Row {
  pages: number;
  ours: Cost;
  peer: Cost;
  /** Making the links. */
  links: Cost;
  said: { pages: number; links: number; bytes: number; rest: number };
}

async function run({ quick, say }: BenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-frontier-'));
  try {
    const rows: Row[] = [];
    for (const pages of quick ? [0.1e6, 0.5e6] : [1e6, 5e6, 20e6]) {
      say(`${pages / 1e6} million pages: links …`);
      const links = await crawl('links', pages, folder);
      say('on disk …');
      const ours = await crawl('disk', pages, join(folder, 'frontier'));
      say('in memory …');
      const peer = await crawl('memory', pages, folder);
      const said = JSON.parse(ours.output);
      if (said.pages !== pages || JSON.parse(peer.output).bytes !== said.bytes) {
        throw new Error(`${ours.output} and ${peer.output} for ${pages} pages`);
      }
      rows.push({ pages, ours, peer, links, said });
      await rm(join(folder, 'frontier'), { recursive: true });
    }
    return describe(rows);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function crawl(how: string, pages: number, folder: string): Promise<Cost> {
  const script = join(packageRoot, 'dist', 'bench', 'frontier-crawl.js');
  const heap = how === 'memory' ? [`--max-old-space-size=${PEER_HEAP_MB}`] : [];
  return await measure([process.execPath, ...heap, script, how, String(pages), folder], { folder });
}

function describe(rows: readonly Row[]) {
  const first = rows[0] as Row;
  const last = rows.at(-1) as Row;
  const millions = ({ pages }: Row) => `${pages / 1e6} million`;
  const megabytes = ({ peakRss = Number.NaN }: Cost) => peakRss / 1e6;
  /** Without what making the links costs. */
  const perSecond = (row: Row, { cpu }: Cost) => row.pages / (cpu - row.links.cpu);
  const figures: Figure[] = [
    cost(
      `peak memory, ${millions(last)} pages; peer: the limit`,
      'MB',
      megabytes(last.ours),
      LIMIT_MB,
      1,
    ),
    cost(
      `peak memory, ${millions(last)} pages; peer: ${millions(first)}`,
      'MB',
      megabytes(last.ours),
      megabytes(first.ours),
      FLAT_GOAL,
    ),
    ...rows.flatMap((row) => [
      cost(
        `peak memory, ${millions(row)} pages; peer: sets in memory`,
        'MB',
        megabytes(row.ours),
        megabytes(row.peer),
        1,
      ),
      rate(
        `pages, ${millions(row)}; peer: sets in memory`,
        '1/CPU s',
        perSecond(row, row.ours),
        perSecond(row, row.peer),
        0.1,
      ),
      fact(`wall, ${millions(row)} pages`, 's', row.ours.wall),
    ]),
    fact('disk at the end', 'bytes a page', last.said.rest / last.pages),
    fact('disk at most', 'bytes a page', last.ours.peakDisk / last.pages),
    fact('disk at most', 'bytes a link', last.ours.peakDisk / last.said.links),
    fact('length of a URL', 'bytes', last.said.bytes / last.pages),
  ];
  const notes = [
    'Eight rounds, each of twice the pages of the one before; hosts by p(rank) ∝ (rank + 20)^-1.2, 50 pages each on average, no ' +
      'budget; of three links one leads to a new page, two to pages seen before, the first pages most.',
    'Ours is what the source web does with links and pages, without fetching, and without links/ (a Parquet file a unit, ' +
      'which discovery writes and the frontier reads): sorted in runs, merged with what was visited, flushed.',
    'The peer keeps pages seen in 64 of V8’s sets (one holds 16.7 million) and the next round in an array; what it holds ' +
      'ends with the process. CPU is without that of making the links, which was measured by itself.',
  ];
  return { figures, notes };
}
