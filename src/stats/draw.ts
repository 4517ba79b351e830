/**
 * Drawing a few at random, repeatably: an item's rank is a seeded hash of its id, and the lowest
 * ranks are drawn. So a draw depends on what there is, not on the order it came in.
 *
 * The hash is salted: the cap admits by the unsalted rank of the same ids, so the lowest of those
 * are mostly pairs of the most frequent queries, not a fair sample of the rows.
 */

import { rankOf } from '../core/ids.js';

/** The rank of `id` for drawing samples, uniform in [0, 1) and unrelated to the cap's. */
export function drawRank(seed: number, id: string): number {
  return rankOf(seed, `draw ${id}`);
}

export class Draw<Item> {
  readonly #seed: number;
  readonly #size: number;
  /** Lowest rank first, at most `size`. */
  readonly #drawn: { rank: number; id: string; item: Item }[] = [];

  constructor(seed: number, size: number) {
    this.#seed = seed;
    this.#size = size;
  }

  /** `make` is called only when the item is drawn, at least for now. */
  offer(id: string, make: () => Item): void {
    const rank = drawRank(this.#seed, id);
    const last = this.#drawn.at(-1);
    if (last !== undefined && this.#drawn.length === this.#size && rank >= last.rank) return;
    if (this.#drawn.some((other) => other.id === id)) return;
    const at = this.#drawn.findIndex((other) => rank < other.rank);
    this.#drawn.splice(at === -1 ? this.#drawn.length : at, 0, { rank, id, item: make() });
    if (this.#drawn.length > this.#size) this.#drawn.pop();
  }

  items(): Item[] {
    return this.#drawn.map(({ item }) => item);
  }
}
