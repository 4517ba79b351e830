import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { queryUseFields } from '../../src/core/types.js';
import { queryStats, rankCurve } from '../../src/stats/queries.js';
import { Tally } from '../../src/stats/tally.js';
import { temporaryFolder } from './fixture.js';

describe('rankCurve', () => {
  it('gives every rank of a short list, largest first, without zeros', () => {
    expect(rankCurve([1, 0, 9, 4])).toEqual([
      { rank: 1, count: 9 },
      { rank: 2, count: 4 },
      { rank: 3, count: 1 },
    ]);
    expect(rankCurve([])).toEqual([]);
  });

  it('thins a long list evenly in log(rank) and keeps both ends', () => {
    const curve = rankCurve(Array.from({ length: 100_000 }, (_, i) => i + 1));
    expect(curve.length).toBeLessThanOrEqual(200);
    expect(curve.length).toBeGreaterThan(120);
    expect(curve[0]).toEqual({ rank: 1, count: 100_000 });
    expect(curve.at(-1)).toEqual({ rank: 100_000, count: 1 });
  });
});

describe('queryStats', () => {
  it('counts before and after the cap, and lists both ends without overlap', async () => {
    const file = join(await temporaryFolder(), 'queries.parquet');
    const uses = Array.from({ length: 40 }, (_, i) => ({
      query: `q${String(i).padStart(2, '0')}`,
      matched: i,
      admitted: Math.min(i, 10),
      selected: Math.min(i, 12),
    }));
    await writeParquet(file, queryUseFields, uses, { rowGroupRows: 7 });
    const kept = new Tally();
    kept.add('q39', 8);
    kept.add('q01');
    const stats = await queryStats(file, { count: 50, cap: 10 }, kept);
    expect(stats).toMatchObject({ count: 50, matched: 39, kept: 2, cap: 10, atCap: 30 });
    expect(stats.matches).toBe((39 * 40) / 2);
    expect(stats.admissions).toBe(45 + 10 * 30);
    expect(stats.selections).toBe(66 + 12 * 28);
    expect(stats.selected).toBe(39);
    // The head: queries with 10 matches or more.
    expect(stats.atCapMatches).toBe(stats.matches - 45);
    expect(stats.atCapSelections).toBe(stats.selections - 45);
    expect(stats.head[0]).toEqual({
      query: 'q39',
      matched: 39,
      admitted: 10,
      selected: 12,
      kept: 8,
    });
    expect(stats.tail.at(-1)).toEqual({
      query: 'q01',
      matched: 1,
      admitted: 1,
      selected: 1,
      kept: 1,
    });
    const listed = [...stats.head, ...stats.tail].map((row) => row.query);
    expect(new Set(listed).size).toBe(30);
    expect(Math.max(...stats.curves.admitted.map((point) => point.count))).toBe(10);
  });

  it('is empty before selection has run', async () => {
    const stats = await queryStats(undefined, { count: 5, cap: 10 }, new Tally());
    expect(stats).toMatchObject({ count: 5, matched: 0, atCap: 0, matches: 0, head: [], tail: [] });
  });
});
