import { describe, expect, it } from 'vitest';
import { contentId } from '../../src/core/ids.js';
import { Draws, HardCap, SoftCap } from '../../src/filter/cap.js';
import { CapHistogram, leastCap } from '../../src/filter/target.js';
import { below, prng, shuffled } from './prng.js';

interface Match {
  query: number;
  rank: number;
  id: string;
}

const QUERIES = 5;
const ID = Array.from({ length: 2_000 }, (_, n) => contentId(`${n}`));

/** Matches of several queries by shared candidates. */
function randomMatches(random: () => number, most: number, rank: () => number): Match[] {
  const candidates = Array.from({ length: below(random, most) }, (_, n) => ({
    id: ID[n] as string,
    rank: rank(),
  }));
  return candidates.flatMap(({ id, rank }) =>
    Array.from({ length: QUERIES }, (_, query) => ({ query, rank, id })).filter(
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

function countsOf(matches: readonly Match[]): Uint32Array {
  const counts = new Uint32Array(QUERIES);
  for (const { query } of matches) counts[query] = (counts[query] as number) + 1;
  return counts;
}

/** In each pass every part is seen by a fork of its own. */
function settle(parts: readonly (readonly Match[])[], k: number): { cap: HardCap; passes: number } {
  const cap = new HardCap(k, countsOf(parts.flat()));
  let passes = 0;
  while (!cap.isSettled) {
    const forks = parts.map((part) => {
      const fork = cap.fork();
      for (const { query, rank, id } of part) fork.see(query, rank, Buffer.from(id, 'hex'), 0);
      return fork;
    });
    for (const fork of forks) cap.merge(fork);
    cap.endPass();
    passes += 1;
    expect(passes).toBeLessThanOrEqual(3);
  }
  return { cap, passes };
}

function expectReference(cap: HardCap, matches: readonly Match[]): void {
  for (let query = 0; query < QUERIES; query++) {
    const own = matches.filter((match) => match.query === query);
    const admitted = own.filter(({ rank, id }) =>
      cap.admits(query, rank, Buffer.from(id, 'hex'), 0),
    );
    expect(new Set(admitted.map(({ id }) => id))).toEqual(reference(matches, query, cap.k));
  }
}

function randomParts(random: () => number, matches: readonly Match[]): Match[][] {
  const parts: Match[][] = Array.from({ length: 1 + below(random, 5) }, () => []);
  for (const match of shuffled(random, matches)) parts[below(random, parts.length)]?.push(match);
  return shuffled(random, parts);
}

describe('HardCap', () => {
  const random = prng(11);
  it.each<[string, () => number]>([
    ['uniform', random],
    ['tied', () => below(random, 40) / 40],
    ['all equal', () => 0.5],
    ['crowded', () => 0.9 + random() / 1e6],
    ['low', () => random() ** 9],
  ])(
    'admits the k lowest (rank, id) of each query, in any order and division: %s ranks',
    (_, rank) => {
      for (let round = 0; round < 120; round++) {
        const matches = randomMatches(random, 120, rank);
        const parts = randomParts(random, matches);
        expectReference(settle(parts, 1 + below(random, 30)).cap, matches);
      }
    },
  );

  it('needs one pass where ranks are uniform, and keeps few of them', () => {
    const before = process.memoryUsage().arrayBuffers;
    const counts = new Uint32Array(100).fill(1_000_000);
    const caps = [new HardCap(20_000, counts)];
    // 100 queries at the cap: a fortieth of the 400 MB that ten million ranks would take.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4e6);
    expect(caps).toHaveLength(1);

    const matches = Array.from({ length: 2_000 }, (_, n) => ({
      query: n % QUERIES,
      rank: random(),
      id: ID[n] as string,
    }));
    const { cap, passes } = settle([matches], 50);
    expect(passes).toBe(1);
    expectReference(cap, matches);
  });

  it('admits nothing more than there is', () => {
    const { cap, passes } = settle([[]], 3);
    expect(passes).toBe(0);
    expect(cap.isSettled).toBe(true);
  });
});

describe('SoftCap', () => {
  it('keeps min(1, t/n) of a query, independently of the others, and the same each time', () => {
    const queries = ['apple', 'dog', 'cat'];
    const counts = Uint32Array.of(100, 2_000, 8_000);
    const soft = new SoftCap(500, counts, new Draws(0, queries));
    const ids = Array.from({ length: 20_000 }, (_, n) => Buffer.from(contentId(`${n}`), 'hex'));
    const kept = (query: number) => ids.filter((id) => soft.admits(query, 0, id, 0));
    expect(kept(0)).toHaveLength(ids.length);
    const [dog, cat] = [kept(1), kept(2)];
    const near = (found: number, p: number) =>
      expect(Math.abs(found - p * ids.length)).toBeLessThan(4 * Math.sqrt(p * ids.length));
    near(dog.length, 1 / 4);
    near(cat.length, 1 / 16);
    const dogs = new Set(dog);
    near(cat.filter((id) => dogs.has(id)).length, 1 / 64);

    // Neither the order of the list nor other queries matter, but the seed does.
    const longer = new SoftCap(
      500,
      Uint32Array.of(8_000, 9_999, 100, 2_000),
      new Draws(0, ['cat', 'emu', 'apple', 'dog']),
    );
    expect(ids.filter((id) => longer.admits(3, 0, id, 0))).toEqual(dog);
    const other = new SoftCap(500, counts, new Draws(1, queries));
    expect(ids.filter((id) => other.admits(1, 0, id, 0))).not.toEqual(dog);
  });
});

describe('Draws', () => {
  it('are uniform, also where ids or queries differ little', () => {
    const draws = new Draws(7, ['a', 'b']);
    for (const query of [0, 1]) {
      const bins = new Uint32Array(64);
      const id = Buffer.alloc(16);
      for (let n = 0; n < 64_000; n++) {
        id.writeUInt32LE(n, 0);
        const bin = Math.floor(draws.at(query, id, 0) * 64);
        bins[bin] = (bins[bin] as number) + 1;
      }
      // Chi-squared with 63 degrees of freedom: above 117 once in ten thousand.
      const chi = bins.reduce((sum, n) => sum + (n - 1_000) ** 2 / 1_000, 0);
      expect(chi).toBeLessThan(117);
    }
  });
});

describe('CapHistogram', () => {
  it('finds the largest cap with at most so many pairs, exactly or within 0.03 %', () => {
    const random = prng(13);
    for (let round = 0; round < 20; round++) {
      const histogram = new CapHistogram();
      const scale = 10 ** (1 + below(random, 8));
      const caps = Array.from({ length: 500 }, () => leastCap(random(), scale));
      for (const cap of caps) histogram.add(cap);
      const sorted = [...caps].sort((a, b) => a - b);
      for (const pairs of [1, 20, 250, 499]) {
        // Just below the cap with which the next pair comes in.
        const exact = (sorted[pairs] as number) - 1;
        const cap = histogram.capFor(pairs);
        if (exact < 4096) expect(cap).toBe(Math.max(1, exact));
        else expect(Math.abs(cap / exact - 1)).toBeLessThan(3e-4);
      }
    }
  });
});
