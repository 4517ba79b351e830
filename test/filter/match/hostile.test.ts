/**
 * Texts made to be slow. What is asserted is growth, not seconds: a text eight times as long may cost
 * eight times as much, not sixty-four.
 */

import { describe, expect, it } from 'vitest';
import { type Matching, QueryMatcher } from '../../../src/filter/match.js';

const QUERIES = [
  ...Array.from({ length: 60 }, (_, n) => 'a '.repeat(n + 1).trim()),
  'café',
  'é',
  'x',
];
const MATCHERS: Record<Matching, QueryMatcher> = {
  normalized: new QueryMatcher(QUERIES),
  metaclip: new QueryMatcher(QUERIES, 'metaclip'),
};

/** CPU time of matching, the least of several runs, in microseconds. */
function costOf(matcher: QueryMatcher, text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const before = process.cpuUsage();
    matcher.match(text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}

const TEXTS: Record<string, (length: number) => string> = {
  'the first word of many queries': (length) => 'a '.repeat(length / 2),
  'one word': (length) => 'a'.repeat(length),
  'one word that is hard': (length) => 'ﬁ'.repeat(length),
  'marks of one class': (length) => `e${'\u0301'.repeat(length)}`,
  'marks that sort': (length) => `e${'\u0301\u0316'.repeat(length / 2)}`,
  'marks, sorted once what is invisible is gone': (length) =>
    `e${'\u0301\u200b\u0316'.repeat(length / 3)}`,
  'marks that come apart': (length) => `e${'\u0344\u0316'.repeat(length / 2)}`,
  'hard and easy words in turn': (length) => 'x ß '.repeat(length / 4),
  'a part that is hard at its end': (length) => `${'é'.repeat(length)}ß`,
  'separators of no ASCII': (length) => 'x\u00a0'.repeat(length / 2),
  'half characters': (length) => '\ud83d'.repeat(length),
  emoji: (length) => '😀\u200d'.repeat(length / 3),
  'what folds to eighteen characters': (length) => '\ufdfa'.repeat(length),
  'controls and bidi': (length) => '\0\u202e\x07\u2066'.repeat(length / 4),
  jamo: (length) => '\u1100\u1161\u11a8'.repeat(length / 3),
  'nothing but marks of MetaCLIP': (length) => ',.'.repeat(length / 2),
};

describe.each(Object.entries(MATCHERS))(
  '%s: cost grows with the length alone',
  (_name, matcher) => {
    it.each(Object.entries(TEXTS))('%s', (_what, make) => {
      const short = costOf(matcher, make(20_000));
      const long = costOf(matcher, make(160_000));
      // Half a millisecond is what the clock cannot tell.
      expect(long).toBeLessThan(24 * (short + 500));
    });
  },
);

it('finds each query once however often it stands there', () => {
  expect(MATCHERS.normalized.match('a '.repeat(100_000))).toHaveLength(60);
  expect(MATCHERS.metaclip.match('a '.repeat(100_000))).toHaveLength(60);
});
