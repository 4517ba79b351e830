import { describe, expect, it } from 'vitest';
import { CapCounter } from '../../src/filter/cap.js';
import { below, prng, shuffled } from './prng.js';

interface Match {
  query: number;
  rank: number;
  id: string;
}

/** Matches of several queries by shared candidates; ranks often tie. */
function randomMatches(random: () => number, queries: number): Match[] {
  const candidates = Array.from({ length: below(random, 120) }, (_, n) => ({
    id: `id${n}`,
    rank: below(random, 40) / 40,
  }));
  return candidates.flatMap(({ id, rank }) =>
    Array.from({ length: queries }, (_, query) => ({ query, rank, id })).filter(
      () => random() < 0.4,
    ),
  );
}

/** The definition: sort a query's matches by (rank, id) and take the first k. */
function reference(matches: readonly Match[], query: number, k: number): Set<string> {
  const own = matches.filter((match) => match.query === query);
  own.sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
  return new Set(own.slice(0, k).map(({ id }) => id));
}

function counterOf(matches: readonly Match[], k: number, queries: number): CapCounter {
  const counter = new CapCounter(k, queries);
  for (const { query, rank, id } of matches) counter.add(query, rank, id);
  return counter;
}

function expectReference(
  counter: CapCounter,
  matches: readonly Match[],
  k: number,
  queries: number,
) {
  for (let query = 0; query < queries; query++) {
    const own = matches.filter((match) => match.query === query);
    const admitted = own.filter(({ rank, id }) => counter.admits(query, rank, id));
    const expected = reference(matches, query, k);
    expect(new Set(admitted.map(({ id }) => id))).toEqual(expected);
    expect(counter.use(query)).toEqual({ matched: own.length, admitted: expected.size });
  }
}

describe('CapCounter', () => {
  const QUERIES = 5;

  it('admits the k lowest (rank, id) of each query, in whatever order they come', () => {
    const random = prng(11);
    for (let round = 0; round < 150; round++) {
      const matches = randomMatches(random, QUERIES);
      const k = 1 + below(random, 30);
      expectReference(counterOf(shuffled(random, matches), k, QUERIES), matches, k, QUERIES);
    }
  });

  it('merged parts, in any order and split, equal the whole', () => {
    const random = prng(12);
    for (let round = 0; round < 150; round++) {
      const matches = randomMatches(random, QUERIES);
      const k = 1 + below(random, 30);
      const parts: Match[][] = Array.from({ length: 1 + below(random, 5) }, () => []);
      for (const match of matches) parts[below(random, parts.length)]?.push(match);
      const merged = new CapCounter(k, QUERIES);
      for (const part of shuffled(random, parts)) merged.merge(counterOf(part, k, QUERIES));
      expectReference(merged, matches, k, QUERIES);
    }
  });

  it('admits nothing for a query without matches', () => {
    expect(new CapCounter(3, 2).admits(1, 0.5, 'a')).toBe(false);
    expect(new CapCounter(3, 2).use(1)).toEqual({ matched: 0, admitted: 0 });
  });
});
