import { describe, expect, it } from 'vitest';
import { QueryMatcher } from '../../../src/filter/match.js';
import { whyNeverInMetaclip } from '../../../src/queries/metaclip.js';
import { below, pick, prng } from '../prng.js';

/** The published rule, step by step: metaclip1/substr_matching.py. */
function published(text: string, entries: readonly string[]): string[] {
  let spaced = ` ${text} `;
  for (const mark of [',', '.', ';', ':', '?', '!', '`']) {
    spaced = spaced.replaceAll(mark, ` ${mark} `);
  }
  for (const gap of ['\t', '\n', '\r']) spaced = spaced.replaceAll(gap, ' ');
  return entries.filter((entry) => spaced.includes(` ${entry} `));
}

function matches(entries: readonly string[], text: string): string[] {
  return new QueryMatcher(entries, 'metaclip').match(text).map((index) => entries[index] as string);
}

describe('QueryMatcher, metaclip', () => {
  it.each([
    ['A cat,dog', ['A', 'cat', 'dog', 'A cat'], ['A', 'cat', 'dog', 'A cat']],
    ['a (cat)', ['cat', '(cat)', 'a'], ['(cat)', 'a']],
    ["a 'dog', the dog's", ['dog', "dog's", "'dog'"], ["dog's", "'dog'"]],
    ['a well-known cat', ['known', 'well', 'well-known'], ['well-known']],
    ['St. Louis in the U.S.', ['St. Louis', 'U.S.', 'Louis', 'St', 'S .'], ['Louis', 'St', 'S .']],
    ['New  York', ['New York', 'New', 'New  York', ''], ['New', 'New  York', '']],
    ['New\r\nYork', ['New York', 'York'], ['York']],
    ['New\nYork', ['New York', 'New\nYork'], ['New York']],
    ['New\u00a0York', ['New York', 'New\u00a0York'], ['New\u00a0York']],
    ['AC/DC', ['AC', 'DC', 'AC/DC'], ['AC/DC']],
    ['Paris', ['paris', 'Paris'], ['Paris']],
    ['cafe\u0301', ['caf\u00e9', 'cafe\u0301'], ['cafe\u0301']],
    ['a, b', ['a , b', 'a ,  b', ',', '', ' b'], ['a ,  b', ',', '', ' b']],
    ['', ['', ' ', 'a'], ['']],
    [' ', ['', ' ', '  '], ['', ' ']],
  ])('in %j finds what the published rule does', (text, entries, expected) => {
    expect(published(text, entries)).toEqual(expected);
    expect(matches(entries, text)).toEqual(expected);
  });

  it('agrees with the published rule in millions of cases', () => {
    const random = prng(5);
    const parts = [
      ..."ab,.:?`'-\t\n\r\u00a0\ud83dé",
      'ab',
      'A',
      ' ',
      ' ',
      ' ',
      '  ',
      '. ',
      '😀',
      'abcdefghij',
    ];
    const some = (most: number): string => {
      let text = '';
      for (let left = below(random, most + 1); left > 0; left--) text += pick(random, parts);
      return text;
    };
    let cases = 0;
    let hits = 0;
    while (cases < 3_000_000) {
      const entries = Array.from({ length: 100 }, () => some(5));
      const matcher = new QueryMatcher(entries, 'metaclip');
      for (let trial = 0; trial < 300; trial++) {
        const text = some(14);
        const found = matcher.match(text).map((index) => entries[index]);
        const expected = published(text, entries);
        if (found.join('|') !== expected.join('|'))
          expect(found, JSON.stringify(text)).toEqual(expected);
        cases += entries.length;
        hits += expected.length;
      }
    }
    expect(hits).toBeGreaterThan(100_000);
  });

  it('can match exactly the entries of which `queries inspect` says so', () => {
    const alphabet = ['a', ' ', '.', ',', '\n'];
    const entries = [...stringsUpTo(alphabet, 4)];
    const matcher = new QueryMatcher(entries, 'metaclip');
    const matched = new Set<number>();
    for (const text of stringsUpTo(alphabet, 6)) {
      for (const index of matcher.match(text)) matched.add(index);
    }
    const can = [...entries.keys()].filter(
      (i) => whyNeverInMetaclip(entries[i] as string) === undefined,
    );
    expect([...matched].sort((a, b) => a - b)).toEqual(can);
  });

  it('knows the words of its queries as the text rules ask for them', () => {
    const matcher = new QueryMatcher(['New York', 'CAFÉ'], 'metaclip');
    expect(['york', 'café', 'York', 'paris'].map((word) => matcher.knows(word))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

function* stringsUpTo(alphabet: readonly string[], longest: number): Generator<string> {
  yield '';
  if (longest === 0) return;
  for (const rest of stringsUpTo(alphabet, longest - 1)) {
    for (const letter of alphabet) yield letter + rest;
  }
}
