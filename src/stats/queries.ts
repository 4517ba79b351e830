/** Pairs per query: how even the dataset is, before and after the cap. */

import { readRecords } from '../core/parquet/reader.js';
import { queryUseFields } from '../core/types.js';
import type { Tally } from './tally.js';
import type { QueryRow, QueryStats, RankPoint } from './types.js';

/** Queries listed from each end. */
const LISTED = 15;
const CURVE_POINTS = 200;

/** What selection counted. All are held, as selection itself holds its query list. */
interface Use {
  readonly query: string;
  readonly matched: number;
  readonly admitted: number;
  readonly selected: number;
}

/**
 * @param file selection's counts, queries.parquet; undefined before it has run.
 * @param kept rows of the dataset by query.
 */
export async function queryStats(
  file: string | undefined,
  input: { count: number; cap: number },
  kept: Tally,
): Promise<QueryStats> {
  const uses: Use[] = [];
  if (file !== undefined) {
    for await (const use of readRecords(file, queryUseFields)) {
      if (use.matched > 0) uses.push(use);
    }
  }
  uses.sort((a, b) => b.matched - a.matched || (a.query < b.query ? -1 : 1));
  const row = (use: Use): QueryRow => ({ ...use, kept: kept.get(use.query) });
  const total = (name: 'matched' | 'admitted' | 'selected', of = uses): number =>
    of.reduce((sum, use) => sum + use[name], 0);
  const capped = uses.filter((use) => use.matched >= input.cap);
  return {
    count: input.count,
    matched: uses.length,
    kept: kept.distinct ?? 0,
    cap: input.cap,
    matches: total('matched'),
    admissions: total('admitted'),
    selections: total('selected'),
    selected: uses.filter((use) => use.selected > 0).length,
    atCap: capped.length,
    atCapMatches: total('matched', capped),
    atCapSelections: total('selected', capped),
    curves: {
      matched: rankCurve(uses.map((use) => use.matched)),
      admitted: rankCurve(uses.map((use) => use.admitted)),
      selected: rankCurve(uses.map((use) => use.selected)),
    },
    head: uses.slice(0, LISTED).map(row),
    // No query is listed twice.
    tail: uses.slice(Math.max(LISTED, uses.length - LISTED)).map(row),
  };
}

/** The counts from the largest down, thinned to even steps of log(rank); both ends are kept. */
export function rankCurve(counts: readonly number[]): RankPoint[] {
  const sorted = Float64Array.from(counts).sort().reverse();
  const ranks = new Set<number>();
  for (let i = 0; i < CURVE_POINTS; i++) {
    ranks.add(Math.round(sorted.length ** (i / (CURVE_POINTS - 1))));
  }
  return [...ranks]
    .filter((rank) => rank >= 1 && (sorted[rank - 1] ?? 0) > 0)
    .map((rank) => ({ rank, count: sorted[rank - 1] as number }));
}
