import { describe, expect, it } from 'vitest';
import { Spread } from '../../src/stats/spread.js';

function spreadOf(values: readonly number[], limit?: number): Spread {
  const spread = limit === undefined ? new Spread() : new Spread(limit);
  for (const value of values) spread.add(value);
  return spread;
}

describe('Spread', () => {
  it('gives quantiles by nearest rank, extremes and the mean', () => {
    const spread = spreadOf([5, 1, 4, 2, 3, 10, 9, 8, 7, 6]);
    expect(spread.distribution([0, 4, 8])).toEqual({
      count: 10,
      min: 1,
      p10: 1,
      median: 5,
      p90: 9,
      max: 10,
      mean: 5.5,
      bins: [
        { from: 0, to: 4, count: 3 },
        // The last bin holds everything from 4 up.
        { from: 4, to: 8, count: 7 },
      ],
    });
  });

  it('counts values below the first edge in the first bin', () => {
    expect(
      spreadOf([1, 2, 30])
        .distribution([10, 20, 40])
        .bins.map((bin) => bin.count),
    ).toEqual([2, 1]);
  });

  it('is all zeros without values', () => {
    const empty = new Spread();
    expect(empty.edges(24)).toEqual([]);
    expect(empty.distribution([])).toEqual({
      count: 0,
      min: 0,
      p10: 0,
      median: 0,
      p90: 0,
      max: 0,
      mean: 0,
      bins: [],
    });
  });

  it('makes bins of round widths that a few huge values do not stretch', () => {
    const values = Array.from({ length: 999 }, (_, i) => 3 + (i % 90));
    const edges = spreadOf([...values, 60_000]).edges(24);
    expect(edges[0]).toBe(0);
    expect(edges[1]).toBe(5);
    expect(edges.at(-1)).toBe(95);
    const { bins, max } = spreadOf([...values, 60_000]).distribution(edges);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(1000);
    expect(max).toBe(60_000);
  });

  it('covers the values of another spread below its own', () => {
    const edges = spreadOf([100, 200]).edges(10, spreadOf([64, 64]));
    expect(edges[0]).toBe(60);
    expect(edges.at(-1)).toBeGreaterThan(200);
  });

  it('remembers values above its limit as the limit, but the true largest', () => {
    const { p90, max, mean } = spreadOf([1, 500, 1_000_000], 100).distribution([0, 10]);
    expect(p90).toBe(100);
    expect(max).toBe(1_000_000);
    expect(mean).toBeCloseTo((1 + 500 + 1_000_000) / 3);
  });

  it('undoes the scaling of values', () => {
    const { min, median, max, bins } = spreadOf([500, 1000, 2000]).distribution([0, 1, 3], 1000);
    expect([min, median, max]).toEqual([0.5, 1, 2]);
    expect(bins.map((bin) => bin.count)).toEqual([1, 2]);
  });
});
