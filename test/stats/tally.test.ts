import { describe, expect, it } from 'vitest';
import { Tally } from '../../src/stats/tally.js';

describe('Tally', () => {
  it('is exact up to its limit', () => {
    const tally = new Tally(3);
    for (const name of ['b', 'a', 'b', 'c', 'a', 'b']) tally.add(name);
    expect(tally.ranking(2)).toEqual({
      top: [
        { name: 'b', count: 3 },
        { name: 'a', count: 2 },
      ],
      distinct: 3,
      total: 6,
      error: 0,
    });
    expect(tally.get('c')).toBe(1);
    expect(tally.get('d')).toBe(0);
  });

  it('sorts ties by name, whatever order they came in', () => {
    const tally = new Tally();
    for (const name of ['z', 'é', 'a', 'Z']) tally.add(name);
    expect(tally.top(4).map(({ name }) => name)).toEqual(['Z', 'a', 'z', 'é']);
  });

  it('keeps frequent names within its stated error beyond the limit, in bounded memory', () => {
    const limit = 100;
    const tally = new Tally(limit);
    const exact = new Map<string, number>();
    // Ten heavy names among 5,000 that occur once.
    for (let i = 0; i < 10_000; i++) {
      const name = i % 2 === 0 ? `heavy${(i / 2) % 10}` : `once${i}`;
      tally.add(name);
      exact.set(name, (exact.get(name) ?? 0) + 1);
      expect([...tally.entries()].length).toBeLessThanOrEqual(limit);
    }
    const { top, distinct, total, error } = tally.ranking(10);
    expect(distinct).toBeNull();
    expect(total).toBe(10_000);
    expect(error).toBeGreaterThan(0);
    // Misra and Gries: the error is at most total / (kept names).
    expect(error).toBeLessThanOrEqual(10_000 / (limit / 2));
    expect(top.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 10 }, (_, i) => `heavy${i}`),
    );
    for (const { name, count } of top) {
      const truth = exact.get(name) as number;
      expect(count).toBeLessThanOrEqual(truth);
      expect(count).toBeGreaterThanOrEqual(truth - error);
    }
  });
});
