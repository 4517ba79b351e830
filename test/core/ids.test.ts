import { describe, expect, it } from 'vitest';
import { candidateId, contentId, rankOf } from '../../src/core/ids.js';

describe('candidateId', () => {
  it('depends on both parts and on where one ends', () => {
    expect(candidateId('http://a.test/x', 'y')).not.toBe(candidateId('http://a.test/', 'xy'));
    expect(candidateId('u', 't')).toBe(contentId('u', 't'));
    expect(candidateId('u', 't')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('rankOf', () => {
  it('is uniform in [0, 1), fixed by seed and id', () => {
    const ranks = Array.from({ length: 20_000 }, (_, i) => rankOf(7, contentId(String(i))));
    const buckets = new Array<number>(10).fill(0);
    for (const rank of ranks) {
      expect(rank).toBeGreaterThanOrEqual(0);
      expect(rank).toBeLessThan(1);
      buckets[Math.floor(rank * 10)] = (buckets[Math.floor(rank * 10)] ?? 0) + 1;
    }
    // 2,000 expected, standard deviation 42: five of them.
    for (const n of buckets) expect(Math.abs(n - 2_000)).toBeLessThan(212);
    expect(rankOf(7, 'x')).toBe(rankOf(7, 'x'));
    expect(rankOf(8, 'x')).not.toBe(rankOf(7, 'x'));
  });
});
