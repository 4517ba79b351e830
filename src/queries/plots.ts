/** The numbers behind the account's plots. */

import type { AccountBin, QueryAccount } from '../core/query-account.js';

export type Plots = Pick<QueryAccount, 'unigramCounts' | 'unigramRanks' | 'pmi' | 'views'>;

/** Ranks drawn in each factor of ten. */
const RANKS_PER_DECADE = 20;

/** Positive integers in bins [1, 2), [2, 4), [4, 8), …, up to the last that holds any. */
export function doublingBins(values: Iterable<number>): AccountBin[] {
  const counts: number[] = [];
  for (const value of values) {
    if (value < 1) continue;
    const bin = Math.floor(Math.log2(value));
    // log2 may round up to the next whole number just below a power of two.
    const exact = 2 ** bin > value ? bin - 1 : bin;
    counts[exact] = (counts[exact] ?? 0) + 1;
  }
  return Array.from(counts, (count = 0, i) => ({ from: 2 ** i, to: 2 ** (i + 1), count }));
}

/** Values in bins of `width` whose edges are its multiples, from the first that holds any to the last. */
export function evenBins(values: Iterable<number>, width: number): AccountBin[] {
  const counts = new Map<number, number>();
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    const bin = Math.floor(value / width);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
    first = Math.min(first, bin);
    last = Math.max(last, bin);
  }
  const bins: AccountBin[] = [];
  for (let bin = first; bin <= last; bin++) {
    bins.push({ from: bin * width, to: (bin + 1) * width, count: counts.get(bin) ?? 0 });
  }
  return bins;
}

/** Points of a rank–frequency curve at even steps of log(rank), both ends included. */
export function rankPoints(counts: ArrayLike<number>): { rank: number; count: number }[] {
  const ranks = new Set<number>();
  for (let step = 0; ; step++) {
    const rank = Math.round(10 ** (step / RANKS_PER_DECADE));
    if (rank >= counts.length) break;
    ranks.add(rank);
  }
  if (counts.length > 0) ranks.add(counts.length);
  return [...ranks].map((rank) => ({ rank, count: counts[rank - 1] as number }));
}
