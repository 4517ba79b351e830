/**
 * Counting names in bounded memory. Counts are exact until more than `limit` different names were
 * seen. Then the tally becomes a heavy-hitters sketch (Misra and Gries, 1982, in batches): the
 * median count is taken off every name and those that reach zero are forgotten. A count is then at
 * most `error` too low and never too high, so frequent names stay and the report can say how far
 * off they may be. The result depends on the order of the input, which the manifest fixes.
 */

import type { Named, Ranking } from './types.js';

/** Twice the 500,000 queries of the paper. */
export const TALLY_LIMIT = 1_000_000;

export class Tally<Name extends string = string> {
  readonly #counts = new Map<Name, number>();
  readonly #limit: number;
  #total = 0;
  #error = 0;

  /** @param limit different names remembered exactly. */
  constructor(limit = TALLY_LIMIT) {
    this.#limit = limit;
  }

  add(name: Name, n = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
    this.#total += n;
    if (this.#counts.size > this.#limit) this.#forget();
  }

  get(name: Name): number {
    return this.#counts.get(name) ?? 0;
  }

  get total(): number {
    return this.#total;
  }

  /** How much too low a count may be. */
  get error(): number {
    return this.#error;
  }

  /** Different names seen; null once some were forgotten. */
  get distinct(): number | null {
    return this.#error === 0 ? this.#counts.size : null;
  }

  entries(): IterableIterator<[Name, number]> {
    return this.#counts.entries();
  }

  /** The `n` most frequent names, ties in code-unit order. */
  top(n: number): Named<Name>[] {
    return [...this.#counts]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
      .slice(0, n);
  }

  ranking(n: number): Ranking<Name> {
    return { top: this.top(n), distinct: this.distinct, total: this.#total, error: this.#error };
  }

  #forget(): void {
    const sorted = Float64Array.from(this.#counts.values()).sort();
    const median = sorted[sorted.length >> 1] as number;
    for (const [name, count] of this.#counts) {
      if (count > median) this.#counts.set(name, count - median);
      else this.#counts.delete(name);
    }
    this.#error += median;
  }
}
