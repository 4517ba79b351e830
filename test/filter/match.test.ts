import { describe, expect, it } from 'vitest';
import { QueryMatcher, tokenise } from '../../src/filter/match.js';
import { below, pick, prng } from './prng.js';

/** Which of `queries` match, as texts. */
function matches(queries: readonly string[], text: string): string[] {
  return new QueryMatcher(queries).match(text).map((index) => queries[index] as string);
}

describe('QueryMatcher', () => {
  it.each([
    ['(cat)', 'cat'],
    ["'dog'", 'dog'],
    ["the dog's bowl", 'dog'],
    ['the dog’s bowl', "dog's"],
    ['made in the U.S.', 'U.S.'],
    ['St. Louis, Missouri', 'St. Louis'],
    ['St  Louis', 'St. Louis'],
    ['New  York', 'New York'],
    ['New\r\nYork', 'New York'],
    ['New\u00a0York', 'New York'],
    ['a well-known café', 'café'],
    ['a well-known cafe\u0301', 'CAFÉ'],
    ['STRASSE', 'straße'],
    ['Οδυσσεύς', 'ΟΔΥΣΣΕΎΣ'],
    ['ﬁsh & chips', 'fish'],
    ['Ｔｏｋｙｏ', 'tokyo'],
    ['AC/DC live', 'AC/DC'],
    ['AC/DC live', 'dc live'],
    ['ap\u00adple', 'apple'],
    ['red ❤️ heart', 'red heart'],
    ['東京タワー', '東京'],
    ['a picture of 日本', '日本'],
  ])('in "%s" finds "%s"', (text, query) => {
    expect(matches([query], text)).toEqual([query]);
  });

  it.each([
    ['a category', 'cat'],
    ['cats', 'cat'],
    ['the york new', 'new york'],
    ['new and york', 'new york'],
    ['new', 'new york'],
    ['', 'cat'],
    ['!?', '!?'],
    ['anything', ''],
  ])('in "%s" does not find "%s"', (text, query) => {
    expect(matches([query], text)).toEqual([]);
  });

  it('finds all: overlapping, nested, repeated, and queries of the same words', () => {
    const queries = ['york', 'new york', 'york city', 'New York City', 'new', 'NEW-YORK', 'paris'];
    expect(new QueryMatcher(queries).match('New York City, new york')).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('knows the words of its queries, as they are compared', () => {
    const matcher = new QueryMatcher(['New York', 'café']);
    expect(tokenise('YORK, Café!').map((word) => matcher.knows(word))).toEqual([true, true]);
    expect(matcher.knows('paris')).toBe(false);
  });

  it('agrees with a search of each query in each text', () => {
    const random = prng(7);
    const words = ['a', 'b', 'c', 'É', 'ß', 'x1', '日', 'don’t'];
    const gaps = [' ', '  ', ', ', '-', '\n', '. ', '/'];
    const phrase = (length: number) =>
      Array.from({ length }, () => pick(random, words) + pick(random, gaps)).join('');
    for (let round = 0; round < 60; round++) {
      const queries = Array.from({ length: 1 + below(random, 60) }, () =>
        phrase(1 + below(random, 4)),
      );
      const matcher = new QueryMatcher(queries);
      for (let trial = 0; trial < 40; trial++) {
        const text = phrase(below(random, 12));
        const bounded = ` ${tokenise(text).join(' ')} `;
        const expected = [...queries.keys()].filter((index) =>
          bounded.includes(` ${tokenise(queries[index] as string).join(' ')} `),
        );
        expect(matcher.match(text), JSON.stringify({ text, queries })).toEqual(expected);
      }
    }
  });

  it('is exact among a hundred thousand queries', () => {
    const random = prng(3);
    const words = Array.from({ length: 20_000 }, (_, i) => `w${i}`);
    const phrase = (length: number) => Array.from({ length }, () => pick(random, words)).join(' ');
    const queries = [
      ...new Set(Array.from({ length: 100_000 }, () => phrase(1 + below(random, 3)))),
    ];
    const matcher = new QueryMatcher(queries);
    const indices = new Map(queries.map((query, index) => [query, index]));
    let found = 0;
    for (let trial = 0; trial < 3_000; trial++) {
      const text =
        random() < 0.5 ? phrase(12) : `${phrase(2)} ${pick(random, queries)} ${phrase(2)}`;
      const tokens = text.split(' ');
      const expected = new Set<number>();
      for (let from = 0; from < tokens.length; from++) {
        for (let to = from + 1; to <= Math.min(from + 3, tokens.length); to++) {
          const index = indices.get(tokens.slice(from, to).join(' '));
          if (index !== undefined) expected.add(index);
        }
      }
      found += expected.size;
      expect(matcher.match(text)).toEqual([...expected].sort((a, b) => a - b));
    }
    expect(found).toBeGreaterThan(10_000);
  });
});

describe('tokenise', () => {
  it('takes the long-vowel sign for a word by itself, as other kana', () => {
    expect(tokenise('コーヒー')).toEqual(['コ', 'ー', 'ヒ', 'ー']);
    expect(new QueryMatcher(['ヒー']).match('コーヒーを飲む')).toEqual([0]);
  });

  it('leaves marks to what they stand on', () => {
    expect(tokenise('1\u20e3 \u0301x')).toEqual(['1', 'x']);
  });

  it('takes a label for no letter of its word', () => {
    expect(tokenise('Lego™ Duplo℠s')).toEqual(['lego', 'duplo', 's']);
  });

  it('folds a sigma alike wherever it stands', () => {
    expect(matches(['ΣΟΣ'], 'σος’α')).toEqual(['ΣΟΣ']);
  });
});
