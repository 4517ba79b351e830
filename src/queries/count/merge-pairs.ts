/**
 * Merges the bigrams of all runs in one pass over sorted files: each bigram's exact count, its
 * pointwise mutual information, and the best of those that pass.
 *
 * PMI(x, y) = log2(c(x y) · N / (c(x) · c(y))), with N the occurrences of all words (Church & Hanks 1990;
 * as NLTK's BigramAssocMeasures.pmi, which divides by the same N).
 */

import { WitError } from '../../core/errors.js';
import { Tournament } from '../../core/tournament.js';
import { Best } from './best.js';
import { bufferBytes, type MergedWords } from './merge-words.js';
import { PairCursor } from './runs.js';

export interface Bigram {
  /** Numbers of the words in `MergedWords.kept`. */
  first: number;
  second: number;
  count: number;
  /** Bits. */
  pmi: number;
}

export interface MergedPairs {
  /** Distinct bigrams of kept words. */
  distinct: number;
  /** How many passed both thresholds. */
  passed: number;
  /** The best of them by PMI, best first. */
  best: Bigram[];
  /** Those asked for that passed, whether among the best or not. */
  wanted: Bigram[];
  /** Bigrams of at least the least count, by PMI rounded down. */
  pmi: Map<number, number>;
}

export interface PairThresholds {
  leastCount: number;
  /** Bits; -Infinity for none. */
  leastPmi: number;
  /** How many of the best are kept; Infinity for all. */
  most: number;
}

/** @param wanted pairs of numbers in `words.kept`. */
export function mergePairs(
  runs: readonly string[],
  words: MergedWords,
  thresholds: PairThresholds,
  wanted: readonly (readonly [number, number])[],
  progress: (share: number) => void,
): MergedPairs {
  const buffer = bufferBytes(runs.length);
  const cursors = runs.map(
    (run, index) => new PairCursor(run, words.numbers[index] as Uint32Array, buffer),
  );
  try {
    return merge(cursors, words, thresholds, wanted, progress);
  } finally {
    for (const cursor of cursors) cursor.close();
  }
}

function merge(
  cursors: readonly PairCursor[],
  words: MergedWords,
  thresholds: PairThresholds,
  wanted: readonly (readonly [number, number])[],
  progress: (share: number) => void,
): MergedPairs {
  const size = words.kept.size;
  // A bigram's key must be a whole number that a double holds exactly.
  if (size * size > Number.MAX_SAFE_INTEGER) {
    throw new WitError(
      'input',
      `${size} distinct words are too many to pair (at most 94 million)`,
      {
        hint: 'Raise the least count of bigrams: rarer words are then left out.',
      },
    );
  }
  const counts = words.counts;
  const ENDED = Number.POSITIVE_INFINITY;
  const keys = new Float64Array(cursors.length);
  const advance = (index: number): void => {
    const cursor = cursors[index] as PairCursor;
    keys[index] = cursor.next() ? cursor.first * size + cursor.second : ENDED;
  };
  for (let index = 0; index < cursors.length; index++) advance(index);
  const tree = new Tournament(cursors.length, (a, b) => (keys[a] as number) < (keys[b] as number));
  const asked = new Set(wanted.map(([first, second]) => first * size + second));
  const best = new Best(thresholds.most);
  const result: MergedPairs = { distinct: 0, passed: 0, best: [], wanted: [], pmi: new Map() };
  const total = cursors.reduce((sum, cursor) => sum + cursor.size, 0);
  const bigramOf = (key: number, count: number, pmi: number): Bigram => {
    const first = Math.floor(key / size);
    return { first, second: key - first * size, count, pmi };
  };
  const logTotal = Math.log2(words.occurrences);
  let read = 0;
  while (cursors.length > 0) {
    const key = keys[tree.winner] as number;
    if (key === ENDED) break;
    let count = 0;
    while (keys[tree.winner] === key) {
      const winner = tree.winner;
      count += (cursors[winner] as PairCursor).count;
      advance(winner);
      tree.replay();
      if ((++read & 0x3fffff) === 0) progress(read / total);
    }
    result.distinct++;
    if (count < thresholds.leastCount) continue;
    const first = Math.floor(key / size);
    const product = (counts[first] as number) * (counts[key - first * size] as number);
    const pmi = Math.log2(count) + logTotal - Math.log2(product);
    const bin = Math.floor(pmi);
    result.pmi.set(bin, (result.pmi.get(bin) ?? 0) + 1);
    if (pmi < thresholds.leastPmi) continue;
    result.passed++;
    best.offer(pmi, key, count);
    if (asked.has(key)) result.wanted.push(bigramOf(key, count, pmi));
  }
  result.best = best.sorted().map(({ key, count, score }) => bigramOf(key, count, score));
  return result;
}
