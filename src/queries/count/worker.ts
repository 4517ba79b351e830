/** The thread that counts and merges: one job at a time, asked for by messages (see pool.ts). */

import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorAsData, errorAsData } from '../../core/errors.js';
import { Best } from './best.js';
import { mergePairs } from './merge-pairs.js';
import { mergeWords } from './merge-words.js';
import { countPart, countSeams, countStream, type Part, type StreamFile } from './part.js';
import { type CounterOptions, UnitCounter } from './unit.js';
import { WordTable } from './word-table.js';

/** What every job of a worker has in common. */
export interface WorkerSetting {
  folder: string;
  partBytes: number;
  counter: CounterOptions;
}

export type Job =
  | { kind: 'part'; part: Part }
  | { kind: 'stream'; file: StreamFile }
  | { kind: 'seams'; name: string; edges: Edge[] }
  | { kind: 'merge'; merge: MergeJob };

/** The edges of one part. */
export interface Edge {
  part: string;
  gap: boolean;
  lastOfFile: boolean;
}

export interface MergeJob {
  /** Names of the runs in the folder. */
  runs: string[];
  leastWordCount: number;
  leastBigramCount: number;
  leastPmi: number;
  /** How many of the best words, and of the best bigrams, are given; Infinity for all. */
  most: number;
  /** Texts whose counts are asked for: single words, and pairs of words. */
  words: string[];
  pairs: [string, string][];
}

export interface Merged {
  occurrences: number;
  distinctWords: number;
  distinctBigrams: number;
  /** Words of at least `leastWordCount`, and bigrams that pass both thresholds. */
  passedWords: number;
  passedBigrams: number;
  frequencies: Map<number, number>;
  pmi: Map<number, number>;
  /** The most frequent of the words that pass. */
  unigrams: { text: string; count: number }[];
  bigrams: CountedBigram[];
  wantedWords: { text: string; count: number }[];
  wantedPairs: CountedBigram[];
}

export interface CountedBigram {
  text: string;
  count: number;
  pmi: number;
}

export type Answer =
  | { kind: 'progress'; amount: number }
  | { kind: 'done'; merged?: Merged }
  | { kind: 'failed'; error: ErrorAsData };

const port = parentPort;
if (port !== null) {
  const setting = workerData as WorkerSetting;
  const counter = new UnitCounter(setting.counter);
  const answer = (message: Answer): void => port.postMessage(message);
  port.on('message', (job: Job) => {
    perform(job, setting, counter, (amount) => answer({ kind: 'progress', amount })).then(
      (merged) => answer({ kind: 'done', ...(merged && { merged }) }),
      (error: unknown) => answer({ kind: 'failed', error: errorAsData(error) }),
    );
  });
}

async function perform(
  job: Job,
  { folder, partBytes }: WorkerSetting,
  counter: UnitCounter,
  progress: (amount: number) => void,
): Promise<Merged | undefined> {
  switch (job.kind) {
    case 'part':
      await countPart(job.part, folder, counter, progress);
      return undefined;
    case 'stream':
      await countStream(job.file, partBytes, folder, counter, progress);
      return undefined;
    case 'seams':
      await countSeams(edgesOf(folder, job.edges), job.name, folder, counter);
      return undefined;
    case 'merge':
      return merge(folder, job.merge, progress);
  }
}

async function* edgesOf(
  folder: string,
  edges: readonly Edge[],
): AsyncGenerator<Buffer | 'gap' | 'end'> {
  for (const { part, gap, lastOfFile } of edges) {
    yield await readFile(`${folder}/${part}.head`);
    if (gap) yield 'gap';
    yield await readFile(`${folder}/${part}.tail`);
    if (lastOfFile) yield 'end';
  }
}

/** Progress is in shares: 1 for the words, 1 for the bigrams. */
function merge(folder: string, job: MergeJob, progress: (amount: number) => void): Merged {
  const runs = job.runs.map((run) => `${folder}/${run}`);
  let reported = 0;
  const upTo = (share: number): void => {
    progress(share - reported);
    reported = share;
  };
  const wanted = new WordTable();
  for (const word of job.words) wanted.addText(word);
  const least = Math.min(job.leastWordCount, job.leastBigramCount);
  const words = mergeWords(runs, least, wanted, upTo);
  upTo(1);
  const { kept } = words;
  const numberOf = (text: string): number => kept.find(Buffer.from(text));
  const pairs = job.pairs
    .map(([first, second]) => [numberOf(first), numberOf(second)] as const)
    .filter(([first, second]) => first !== -1 && second !== -1);
  const thresholds = {
    leastCount: job.leastBigramCount,
    leastPmi: job.leastPmi,
    most: job.most,
  };
  const merged = mergePairs(runs, words, thresholds, pairs, (share) => upTo(1 + share));
  upTo(2);
  const best = new Best(job.most);
  let passedWords = 0;
  for (let number = 0; number < kept.size; number++) {
    const count = words.counts[number] as number;
    if (count < job.leastWordCount) continue;
    passedWords++;
    best.offer(count, number, count);
  }
  const unigrams = best.sorted().map(({ key, count }) => ({ text: kept.textOf(key), count }));
  const bigramOf = (bigram: { first: number; second: number; count: number; pmi: number }) => ({
    text: `${kept.textOf(bigram.first)} ${kept.textOf(bigram.second)}`,
    count: bigram.count,
    pmi: bigram.pmi,
  });
  return {
    occurrences: words.occurrences,
    distinctWords: words.distinct,
    distinctBigrams: merged.distinct,
    passedWords,
    passedBigrams: merged.passed,
    frequencies: words.frequencies,
    pmi: merged.pmi,
    unigrams,
    bigrams: merged.best.map(bigramOf),
    wantedWords: Array.from(words.wantedCounts, (count, number) => ({
      text: wanted.textOf(number),
      count,
    })).filter(({ count }) => count > 0),
    wantedPairs: merged.wanted.map(bigramOf),
  };
}
