/** How much a caption says: characters and words. */

import { MAX_RAW_CHARS } from '../text.js';
import { type Caption, counted, defineRule, wordsOf } from './rule.js';

export const noText = defineRule<Caption, string>({
  name: 'no-text',
  version: 1,
  reason: 'no_text',
  drops: 'captions of which cleaning leaves nothing',
  settings: [],
  limit: () => 'some text',
  measure: ({ text }) => text,
  passes: (text) => text !== '',
  words: (text) => (text === '' ? 'no text' : 'text'),
});

export const maxChars = defineRule<Caption, number>({
  name: 'max-chars',
  version: 1,
  reason: 'text_too_long',
  drops: `captions with more characters than filter.maxChars, and always those of more than ${MAX_RAW_CHARS}`,
  settings: ['maxChars'],
  limit: ({ maxChars }) => (maxChars === null ? undefined : `at most ${maxChars}`),
  measure: ({ text }) => text.length,
  passes: (chars, { maxChars }) => chars <= (maxChars as number),
  words: (chars) => counted(chars, 'character'),
});

export const minChars = defineRule<Caption, number>({
  name: 'min-chars',
  version: 1,
  reason: 'text_too_short',
  drops: 'captions with fewer characters than filter.minChars',
  settings: ['minChars'],
  limit: ({ minChars }) => (minChars === 0 ? undefined : `at least ${minChars}`),
  measure: ({ text }) => text.length,
  passes: (chars, { minChars }) => chars >= minChars,
  words: (chars) => counted(chars, 'character'),
});

export const minWords = defineRule<Caption, number>({
  name: 'min-words',
  version: 1,
  reason: 'text_too_short',
  drops: 'captions with fewer words than filter.minWords; a word is a run of letters and digits',
  settings: ['minWords'],
  limit: ({ minWords }) => (minWords === 0 ? undefined : `at least ${minWords}`),
  measure: ({ text }) => wordsOf(text).length,
  passes: (words, { minWords }) => words >= minWords,
  words: (words) => counted(words, 'word'),
});

export const maxWords = defineRule<Caption, number>({
  name: 'max-words',
  version: 1,
  reason: 'text_too_long',
  drops: 'captions with more words than filter.maxWords',
  settings: ['maxWords'],
  limit: ({ maxWords }) => (maxWords === null ? undefined : `at most ${maxWords}`),
  measure: ({ text }) => wordsOf(text).length,
  passes: (words, { maxWords }) => words <= (maxWords as number),
  words: (words) => counted(words, 'word'),
});
