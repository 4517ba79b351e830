/**
 * How long a crawl takes, what it needs and what bounds it, from what was measured here (bench/results) and
 * what is assumed of the web: docs/crawl.md explains each line.
 *
 *     npm run -s bench:plan -- --urls 100e6 --selected 1
 *     npm run -s bench:plan -- --pairs 400e6 --selected 0.01 --archives --cores 64 --gbit 10
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/core/version.js';
import { MEMORY_BYTES } from '../src/filter/duplicates.js';
import type { Result } from './figures.js';

const { values } = parseArgs({
  options: {
    // What is wanted: candidates to go through, or pairs to get.
    urls: { type: 'string' },
    pairs: { type: 'string' },
    // Assumed of the web and of the list of queries: shares.
    selected: { type: 'string', default: '1' },
    arrives: { type: 'string', default: '0.88' },
    kept: { type: 'string', default: '0.9' },
    matched: { type: 'string', default: '0.2' },
    archives: { type: 'boolean', default: false },
    // Of an image, in kB: as it is served, and as it is stored.
    served: { type: 'string', default: '184' },
    stored: { type: 'string', default: '32' },
    // The machine.
    cores: { type: 'string', default: '16' },
    gbit: { type: 'string', default: '1' },
  },
});
type Option = Exclude<keyof typeof values, 'archives'>;

function option(name: Option): number {
  const number = Number(values[name]);
  if (number > 0) return number;
  throw new Error(`--${name}: not a number above 0: ${values[name]}`);
}

/** What a figure whose name begins so was, in the last run of a benchmark. */
function measured(bench: string, what: string): number {
  const path = join(packageRoot, 'bench', 'results', `${bench}.json`);
  const { figures } = JSON.parse(readFileSync(path, 'utf8')) as Result;
  const found = figures.find((figure) => figure.what.startsWith(what))?.ours;
  if (typeof found === 'number') return found;
  throw new Error(`${path} has no figure ${what}`);
}

const imageSeconds = measured('images', 'CPU of an image') / 1e3;
const processMB = measured('images', 'peak memory');
const candidateSeconds =
  (measured('crawl-memory', 'CPU, 1000000') - measured('crawl-memory', 'CPU, 100000')) / 0.9e6;
/** Of an image, beside its record; of records only so many are in memory. */
const indexBytes = measured('cap', 'duplicate index');
const recordBytes = 68;
const archiveSeconds = measured('commoncrawl', 'CPU of a WAT');
/** Of the archive of the benchmark; real ones have as many (cc2dataset's example: 405,232). */
const archiveCandidates = 407_000;
const archiveBytes = 342e6;
/** Cores that one process keeps busy: CPU of an image over that of the main thread. */
const coresOfProcess = 4;
/** In candidates/, and again in rejects/ or selected/. */
const candidateBytes = 90;
const fateBytes = 94;
/** In selecting/, until selection is over: of each candidate, and of each that matched. */
const idBytes = 24;
const matchBytes = 75;

const pairsPerSelection = option('arrives') * option('kept');
const selected =
  values.pairs === undefined
    ? option('urls') * option('selected')
    : option('pairs') / pairsPerSelection;
const candidates = selected / option('selected');
const arrived = selected * option('arrives');
const pairs = selected * pairsPerSelection;
const archives = values.archives ? candidates / archiveCandidates : 0;

const work = {
  archives: archives * archiveSeconds,
  selection: candidates * candidateSeconds,
  images: arrived * imageSeconds,
};
const seconds = Object.values(work).reduce((a, b) => a + b, 0);
const received = archives * archiveBytes + arrived * option('served') * 1e3;
const computing = seconds / option('cores');
const network = (received * 8) / (option('gbit') * 1e9);
const kept = candidates * (candidateBytes + fateBytes) + pairs * option('stored') * 1e3;
const passing = candidates * (idBytes + option('matched') * matchBytes);
const processes = Math.ceil(option('cores') / coresOfProcess);
const index = pairs * indexBytes + Math.min(MEMORY_BYTES, pairs * recordBytes);
const memory = processes * processMB * 1e6 + index + candidates / 8;

const count = (n: number) => (n < 1e9 ? `${short(n / 1e6)} million` : `${short(n / 1e9)} billion`);
const bytes = (n: number) => (n < 1e12 ? `${short(n / 1e9)} GB` : `${short(n / 1e12)} TB`);
const hours = (s: number) => `${short(s / 3600)} h`;
const short = (n: number) => Number(n.toPrecision(3)).toLocaleString('en');

const rows: [string, string][] = [
  ['candidates', count(candidates)],
  ['selected, and asked for', count(selected)],
  ['pairs', count(pairs)],
  [
    'archives read',
    archives === 0 ? '–' : `${short(archives)} (${bytes(archives * archiveBytes)})`,
  ],
  ['core hours: archives', hours(work.archives)],
  ['core hours: selection', hours(work.selection)],
  ['core hours: images', hours(work.images)],
  [`computing, ${values.cores} cores`, hours(computing)],
  [`network, ${values.gbit} Gbit/s`, `${hours(network)} (${bytes(received)})`],
  ['disk that stays', bytes(kept)],
  ['disk while selecting, besides', bytes(passing)],
  [`memory, ${processes} processes`, bytes(memory)],
  ['what takes longest', computing > network ? 'computing' : 'the network'],
];
process.stdout.write(`| | |\n|---|---|\n${rows.map(([a, b]) => `| ${a} | ${b} |\n`).join('')}`);
