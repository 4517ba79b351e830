/** What NLTK counts in runs of words. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { testPython } from '../train/python.js';

export interface NltkCounts {
  /** Occurrences of all words. */
  words: number;
  unigrams: Map<string, number>;
  /** By the two words, joined by a space; PMI in bits. */
  bigrams: Map<string, { count: number; pmi: number }>;
}

export function nltkCounts(runs: readonly (readonly string[])[]): NltkCounts {
  const script = join(import.meta.dirname, 'nltk_counts.py');
  const output = execFileSync(testPython(), [script], {
    input: runs.map((run) => `${run.join('\t')}\n`).join(''),
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  const counts = JSON.parse(output) as {
    words: number;
    unigrams: [string, number][];
    bigrams: [string, string, number, number][];
  };
  return {
    words: counts.words,
    unigrams: new Map(counts.unigrams),
    bigrams: new Map(
      counts.bigrams.map(([first, second, count, pmi]) => [`${first} ${second}`, { count, pmi }]),
    ),
  };
}
