/** Merges the words of all runs: their occurrences in all, and a number for each that is kept. */

import { Tournament } from '../../core/tournament.js';
import { hashOf } from '../dump/words.js';
import { UNWANTED, WordCursor } from './runs.js';
import { WordTable } from './word-table.js';

export interface MergedWords {
  /** Occurrences of all words. */
  occurrences: number;
  /** Distinct words. */
  distinct: number;
  /** The words that occur at least `leastCount` times, numbered in the order of their bytes. */
  kept: WordTable;
  /** Their occurrences, by number. */
  counts: Float64Array;
  /** By run: for each of its words the number in `kept`, or UNWANTED. */
  numbers: Uint32Array[];
  /** How many words occur how often. */
  frequencies: Map<number, number>;
  /** The occurrences of each word of `wanted`, kept or not. */
  wantedCounts: Float64Array;
}

/**
 * @param runs path prefixes, as `writeRun` got them.
 * @param wanted words whose counts are asked for, however rare.
 * @param progress share of the work done, in [0, 1]; called now and then.
 */
export function mergeWords(
  runs: readonly string[],
  leastCount: number,
  wanted: WordTable,
  progress: (share: number) => void,
): MergedWords {
  const cursors = runs.map((run) => new WordCursor(run, bufferBytes(runs.length)));
  try {
    return merge(cursors, leastCount, wanted, progress);
  } finally {
    for (const cursor of cursors) cursor.close();
  }
}

/** A cursor's buffer: together at most about 64 MB. */
export function bufferBytes(runs: number): number {
  return Math.max(1 << 12, Math.min(1 << 18, (1 << 26) / Math.max(1, runs)));
}

function merge(
  cursors: readonly WordCursor[],
  leastCount: number,
  wanted: WordTable,
  progress: (share: number) => void,
): MergedWords {
  const kept = new WordTable();
  let counts = new Float64Array(1024);
  const numbers = cursors.map(({ size }) => new Uint32Array(size).fill(UNWANTED));
  const frequencies = new Map<number, number>();
  const wantedCounts = new Float64Array(wanted.size);
  const total = cursors.reduce((sum, { size }) => sum + size, 0);
  const live = cursors.map((cursor) => cursor.next());
  const tree = new Tournament(cursors.length, (a, b) => {
    if (live[a] !== true || live[b] !== true) return live[a] === true;
    return comesBefore(cursors[a] as WordCursor, cursors[b] as WordCursor);
  });
  let occurrences = 0;
  let distinct = 0;
  let read = 0;
  const word = new Uint8Array(128);
  const members: number[] = [];
  while (cursors.length > 0 && live[tree.winner] === true) {
    const first = cursors[tree.winner] as WordCursor;
    const length = first.length;
    for (let i = 0; i < length; i++) word[i] = first.word[i] as number;
    let count = 0;
    members.length = 0;
    for (;;) {
      const winner = tree.winner;
      if (live[winner] !== true) break;
      const cursor = cursors[winner] as WordCursor;
      if (!isWord(cursor, word, length)) break;
      count += cursor.count;
      members.push(winner, cursor.number);
      live[winner] = cursor.next();
      tree.replay();
      if ((++read & 0xfffff) === 0) progress(read / total);
    }
    occurrences += count;
    distinct++;
    frequencies.set(count, (frequencies.get(count) ?? 0) + 1);
    const hash = hashOf(word, length);
    const asked = wanted.size === 0 ? -1 : wanted.find(word, length, hash);
    if (asked !== -1) wantedCounts[asked] = count;
    if (count < leastCount) continue;
    const number = kept.add(word, length, hash);
    if (number === counts.length) {
      const larger = new Float64Array(2 * counts.length);
      larger.set(counts);
      counts = larger;
    }
    counts[number] = count;
    for (let i = 0; i < members.length; i += 2) {
      (numbers[members[i] as number] as Uint32Array)[members[i + 1] as number] = number;
    }
  }
  return { occurrences, distinct, kept, counts, numbers, frequencies, wantedCounts };
}

function comesBefore(a: WordCursor, b: WordCursor): boolean {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i++) {
    const difference = (a.word[i] as number) - (b.word[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return a.length < b.length;
}

function isWord(cursor: WordCursor, word: Uint8Array, length: number): boolean {
  if (cursor.length !== length) return false;
  // From the end: neighbours in sorted order differ there.
  for (let i = length - 1; i >= 0; i--) if (cursor.word[i] !== word[i]) return false;
  return true;
}
