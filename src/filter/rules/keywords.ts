/** Captions written for search engines: long lists of keywords, and one word over and over. */

import { type Caption, counted, defineRule, wordsOf } from './rule.js';

const SEPARATOR = /[,;|•·/#\n]+/;
/** A longer piece between separators is a clause, not a keyword. */
const KEYWORD_WORDS = 3;

/** The pieces between separators, when they are keywords on average; else 0. */
function keywordsIn(text: string): number {
  const pieces = text.split(SEPARATOR).filter((piece) => /[\p{L}\p{N}]/u.test(piece));
  return wordsOf(text).length <= KEYWORD_WORDS * pieces.length ? pieces.length : 0;
}

export const keywordList = defineRule<Caption, number>({
  name: 'keyword-list',
  version: 1,
  reason: 'keyword_text',
  drops: 'lists of more keywords than filter.maxKeywords, three words each at most on average',
  settings: ['maxKeywords'],
  limit: ({ maxKeywords }) => (maxKeywords === null ? undefined : `at most ${maxKeywords}`),
  measure: ({ text }) => keywordsIn(text),
  passes: (keywords, { maxKeywords }) => keywords <= (maxKeywords as number),
  words: (keywords) => counted(keywords, 'keyword'),
});

/** In fewer words a repetition is chance. */
const FEWEST_WORDS = 8;
/** Shorter words (`the`, `of`) repeat in good sentences. */
const TELLING_LETTERS = 4;

interface Repetition {
  readonly word: string;
  /** Of all words, in 0..1. */
  readonly share: number;
}

function mostRepeated(text: string): Repetition {
  const words = wordsOf(text);
  let best: Repetition = { word: '', share: 0 };
  if (words.length < FEWEST_WORDS) return best;
  const counts = new Map<string, number>();
  for (const each of words) {
    if (each.length < TELLING_LETTERS) continue;
    const word = each.toLowerCase();
    const count = (counts.get(word) ?? 0) + 1;
    counts.set(word, count);
    if (count / words.length > best.share) best = { word, share: count / words.length };
  }
  return best;
}

export const repetition = defineRule<Caption, Repetition>({
  name: 'repetition',
  version: 1,
  reason: 'keyword_text',
  drops: `captions of ${FEWEST_WORDS} words or more of which one makes up more than filter.maxRepetition`,
  settings: ['maxRepetition'],
  limit: ({ maxRepetition }) => (maxRepetition === null ? undefined : `at most ${maxRepetition}`),
  measure: ({ text }) => mostRepeated(text),
  passes: ({ share }, { maxRepetition }) => share <= (maxRepetition as number),
  words: ({ word, share }) => (share === 0 ? '0' : `${share.toFixed(2)} (${word})`),
});
