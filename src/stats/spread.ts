/**
 * Distributions of integers in bounded memory: one counter for each value that occurs, with values
 * above `limit` counted as `limit`. So quantiles, extremes and bins are exact below it.
 */

import type { Bin, Distribution } from './types.js';

export class Spread {
  readonly #counts = new Map<number, number>();
  readonly #limit: number;
  #count = 0;
  #sum = 0;
  #max = 0;

  constructor(limit = 65_535) {
    this.#limit = limit;
  }

  add(value: number): void {
    const clamped = Math.min(value, this.#limit);
    this.#counts.set(clamped, (this.#counts.get(clamped) ?? 0) + 1);
    this.#count += 1;
    this.#sum += value;
    this.#max = Math.max(this.#max, value);
  }

  /**
   * Edges of about `bins` equal bins of a round width that cover all but the largest 1 % of values,
   * and those of `other`, which are not larger. Empty when there are no values.
   */
  edges(bins: number, other?: Spread): number[] {
    const sorted = this.#sorted();
    const least = sorted[0]?.[0];
    if (least === undefined) return [];
    const otherLeast = other === undefined ? least : (other.#sorted()[0]?.[0] ?? least);
    const first = Math.min(least, otherLeast);
    const range = quantile(sorted, this.#count, 0.99) - first + 1;
    const width = roundUp(range / bins);
    const start = Math.floor(first / width) * width;
    const n = Math.max(1, Math.ceil((first + range - start) / width));
    return Array.from({ length: n + 1 }, (_, i) => start + i * width);
  }

  /**
   * @param edges rising bin edges; values below the first are counted in the first bin, values from
   * the last edge on in the last.
   * @param unit what values are divided by in the result, for values that were scaled to integers.
   */
  distribution(edges: readonly number[], unit = 1): Distribution {
    const sorted = this.#sorted();
    const bins = edges.slice(1).map((to, i) => ({ from: edges[i] as number, to, count: 0 }));
    for (const [value, count] of sorted) {
      const bin = bins.findLast((b) => value / unit >= b.from) ?? bins[0];
      if (bin !== undefined) bin.count += count;
    }
    return {
      count: this.#count,
      min: (sorted[0]?.[0] ?? 0) / unit,
      p10: quantile(sorted, this.#count, 0.1) / unit,
      median: quantile(sorted, this.#count, 0.5) / unit,
      p90: quantile(sorted, this.#count, 0.9) / unit,
      max: this.#max / unit,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count / unit,
      bins: bins satisfies Bin[],
    };
  }

  #sorted(): [number, number][] {
    return [...this.#counts].sort((a, b) => a[0] - b[0]);
  }
}

/** The smallest of 1, 2, 5, 10, 20, 50, … that is not less than `x`. */
function roundUp(x: number): number {
  for (let power = 1; ; power *= 10) {
    const step = [1, 2, 5].find((factor) => factor * power >= x);
    if (step !== undefined) return step * power;
  }
}

/** The smallest value that at least `share` of all values do not exceed. */
function quantile(
  sorted: readonly (readonly [number, number])[],
  n: number,
  share: number,
): number {
  let seen = 0;
  for (const [value, count] of sorted) {
    seen += count;
    if (seen >= share * n) return value;
  }
  return 0;
}
