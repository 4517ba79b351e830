import { describe, expect, it } from 'vitest';
import { doublingBins, evenBins, rankPoints } from '../../src/queries/plots.js';

describe('doublingBins', () => {
  it('counts every value in the bin that holds it, at the edges too', () => {
    const values = [0, 1, 2, 3, 4, 7, 8];
    for (let power = 5; power <= 53; power++) values.push(2 ** power - 1, 2 ** power);
    values.pop();
    const bins = doublingBins(values);
    expect(bins.length).toBe(53);
    expect(bins[0]).toEqual({ from: 1, to: 2, count: 1 });
    for (const { from, to, count } of bins) {
      expect(count).toBe(values.filter((value) => value >= from && value < to).length);
    }
    expect(doublingBins([])).toEqual([]);
    expect(doublingBins([5])).toEqual([
      { from: 1, to: 2, count: 0 },
      { from: 2, to: 4, count: 0 },
      { from: 4, to: 8, count: 1 },
    ]);
  });
});

describe('evenBins', () => {
  it('covers the values with multiples of the width', () => {
    expect(evenBins([-1.5, 0.2, 0.9, 3], 1)).toEqual([
      { from: -2, to: -1, count: 1 },
      { from: -1, to: 0, count: 0 },
      { from: 0, to: 1, count: 2 },
      { from: 1, to: 2, count: 0 },
      { from: 2, to: 3, count: 0 },
      { from: 3, to: 4, count: 1 },
    ]);
    expect(evenBins([], 1)).toEqual([]);
  });
});

describe('rankPoints', () => {
  it('has both ends, rising ranks and the counts at them', () => {
    for (const length of [1, 2, 9, 10, 11, 1000, 12_345]) {
      const counts = Array.from({ length }, (_, i) => 3 * (length - i));
      const points = rankPoints(counts);
      expect(points[0]).toEqual({ rank: 1, count: counts[0] });
      expect(points.at(-1)).toEqual({ rank: length, count: 3 });
      for (const [i, { rank, count }] of points.entries()) {
        expect(count).toBe(counts[rank - 1]);
        if (i > 0) expect(rank).toBeGreaterThan(points[i - 1]?.rank as number);
      }
      expect(points.length).toBeLessThan(100);
    }
    expect(rankPoints([])).toEqual([]);
  });
});
