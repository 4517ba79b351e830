/**
 * What the benchmark of the cap runs, on synthetic candidates:
 *
 *     node dist/bench/admit.js write FOLDER CANDIDATES          writes what judging them would leave
 *     node dist/bench/admit.js admit FOLDER CANDIDATES CAP MODE  repeats, counts, the cap, one caption an image
 *     node dist/bench/admit.js thresholds CANDIDATES CAP         makes what finds the thresholds, without matches
 *     node dist/bench/admit.js repeats CANDIDATES                counts captions that repeat within a host
 *     node dist/bench/admit.js duplicates IMAGES BYTES           fills an index of duplicates, with so many bytes of records in memory
 */

import { randomFillSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filterSchema } from '../src/config.js';
import { silent } from '../src/core/events.js';
import { contentId } from '../src/core/ids.js';
import { SpillWriter } from '../src/core/spill.js';
import type { Candidate } from '../src/core/types.js';
import { DuplicateIndex, HardCap, Selector, type SelectUnit } from '../src/filter/index.js';
import { countRepeats } from '../src/filter/rules/repeated.js';
import { JudgedEncoder } from '../src/filter/selection/judged.js';
import { IdSpill } from '../src/filter/selection/repeated.js';
import { type Random, seeded, seedOf, zipfRank } from './random.js';

/**
 * MetaCLIP's published shape: of 500,000 entries 114,000 match nothing, 16,000 have more than 20,000 of
 * 5.6 billion matches and hold 94.5 % of them. A Zipf–Mandelbrot law through these points.
 */
const QUERIES = 500_000;
const MATCHING = 386_000;
const EXPONENT = 2.078;
const OFFSET = 1_204.7;
/** Matches of a text, on average: one, and these. */
const FURTHER = 2.5;
const UNIT_ROWS = 100_000;
const SEED = 0;
/** One candidate in so many repeats the one before it, or has its image with another text. */
const REPEATED = 50;
const SHARED = 10;

/** One candidate in so many has one of these captions, which a thousand hosts write under their images. */
const STOCK = 20;
const STOCK_CAPTIONS = ['our products', 'photo by a user of this site', 'no description'];
const HOSTS = 1_000;
const MAX_REPEATS = 100;

const [mode, ...args] = process.argv.slice(2) as [string, ...string[]];
if (mode === 'write') await write(args[0] as string, Number(args[1]));
else if (mode === 'admit') {
  await admit(args[0] as string, Number(args[1]), Number(args[2]), args[3] as string);
} else if (mode === 'thresholds') thresholds(Number(args[0]), Number(args[1]));
else if (mode === 'repeats') await repeats(Number(args[0]));
else duplicates(Number(args[0]), Number(args[1]));

function unitsOf(total: number): SelectUnit[] {
  return Array.from({ length: Math.ceil(total / UNIT_ROWS) }, (_, index) => {
    const first = index * UNIT_ROWS;
    const rows = Math.min(UNIT_ROWS, total - first);
    const read = async function* () {
      for (let number = first; number < first + rows; number++) yield candidate(number);
    };
    return { index, first, rows, read };
  });
}

function candidate(number: number): Candidate {
  const repeats = number % REPEATED === 1 ? number - 1 : number;
  const image = repeats - (repeats % SHARED === 1 ? 1 : 0);
  const text = String(repeats);
  const imageUrl = `https://example.org/${image}.jpg`;
  return { id: contentId(imageUrl, text), imageUrl, text, textSource: 'alt', source: 'list' };
}

function matchesOf(random: Random): number[] {
  const found = new Set<number>();
  // Knuth's way of drawing from Poisson's distribution.
  for (let left = 1; left > Math.exp(-FURTHER); left *= random()) {
    found.add(zipfRank(random(), EXPONENT, OFFSET, MATCHING));
  }
  return [...found].sort((a, b) => a - b);
}

/** The files that `Selector.judge` leaves, as if texts had been judged. */
async function write(folder: string, total: number): Promise<void> {
  const encoder = new JudgedEncoder(SEED);
  for (const { index, read, first } of unitsOf(total)) {
    const name = String(index).padStart(5, '0');
    const partitions = Math.max(1, Math.min(256, Math.ceil(total / 200_000)));
    const ids = await SpillWriter.open(join(folder, `ids-${name}`), partitions);
    const judged = await SpillWriter.open(join(folder, `judged-${name}`), 1);
    const spill = new IdSpill(ids);
    let number = first;
    for await (const each of read()) {
      spill.add(each.id, number++);
      const { text } = each;
      encoder.add(each, { text, matches: matchesOf(seeded(seedOf(1, Number(text), 0))) });
      judged.append(0, encoder.take());
    }
    await ids.close();
    await judged.close();
  }
}

async function admit(folder: string, total: number, cap: number, capMode: string): Promise<void> {
  const selector = new Selector({
    folder,
    units: unitsOf(total),
    queries: Array.from({ length: QUERIES }, (_, n) => ({ text: `query ${n}`, sources: [] })),
    config: filterSchema.parse({ cap, capMode }),
    seed: SEED,
    threads: 0,
    emit: silent,
    signal: new AbortController().signal,
  });
  process.stdout.write(JSON.stringify(await selector.admit()));
}

/** Expected matches of each query, of `total` candidates. */
function thresholds(total: number, k: number): void {
  const weights = Float64Array.from({ length: MATCHING }, (_, r) => (r + 1 + OFFSET) ** -EXPONENT);
  const sum = weights.reduce((a, b) => a + b, 0);
  const counts = new Uint32Array(QUERIES);
  for (const [query, weight] of weights.entries()) {
    counts[query] = Math.round((weight / sum) * total * (1 + FURTHER));
  }
  const before = process.memoryUsage();
  const cap = new HardCap(k, counts);
  const after = process.memoryUsage();
  const bytes = after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed;
  const atCap = counts.filter((n) => n > k).length;
  process.stdout.write(JSON.stringify({ bytes, atCap, settled: cap.isSettled }));
}

async function repeats(total: number): Promise<void> {
  const placed = (n: number) => ({
    text:
      n % STOCK === 0
        ? (STOCK_CAPTIONS[(n / STOCK) % STOCK_CAPTIONS.length] as string)
        : `the harbour of a small town in the evening, photograph number ${n}`,
    imageUrl: `https://host-${n % HOSTS}.example/images/${n}.jpg`,
  });
  const read = async function* () {
    for (let n = 0; n < total; n++) yield placed(n);
  };
  const count = await countRepeats(read, MAX_REPEATS);
  let over = 0;
  for (let n = 0; n < total; n += STOCK) if (count(placed(n)) > MAX_REPEATS) over += 1;
  process.stdout.write(JSON.stringify({ over }));
}

function duplicates(images: number, memoryBytes: number): void {
  const bytes = Buffer.alloc(16 + 32 + 24);
  // What loading the program left must not be counted as freed.
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  const path = join(tmpdir(), `wit-bench-duplicates-${process.pid}`);
  const index = new DuplicateIndex(4, { capacity: images, path, memoryBytes });
  const begun = process.cpuUsage();
  for (let n = 0; n < images; n++) {
    randomFillSync(bytes);
    const hex = bytes.toString('hex');
    const image = { key: hex.slice(0, 32), sha256: hex.slice(32, 96), dhash: hex.slice(96) };
    if (index.check(image) === undefined) index.add(image);
  }
  const { user, system } = process.cpuUsage(begun);
  const held = process.memoryUsage().arrayBuffers - before;
  process.stdout.write(JSON.stringify({ bytes: held, seconds: (user + system) / 1e6 }));
}
