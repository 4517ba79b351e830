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
  return {
    count: input.count,
    matched: uses.length,
    kept: kept.distinct ?? 0,
    cap: input.cap,
    atCap: uses.filter((use) => use.admitted === input.cap).length,
    matches: sum(uses.map((use) => use.matched)),
    admissions: sum(uses.map((use) => use.admitted)),
    curves: {
      matched: rankCurve(uses.map((use) => use.matched)),
      admitted: rankCurve(uses.map((use) => use.admitted)),
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

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
