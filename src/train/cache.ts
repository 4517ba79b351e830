/**
 * Decoded images kept between epochs, so that a small dataset is read and decoded once. It fills up
 * and then stays as it is: each epoch visits every row once in another order, so replacing entries
 * would only push out what is needed soon. A dataset larger than the cache is served in part.
 */

import type { Pixels } from './images.js';
import type { RowGroupRef } from './plan.js';

/** A row ready for use. */
export interface DecodedRow {
  readonly pixels: Pixels;
  readonly text: string;
  readonly otherTexts: readonly string[];
}

/** What an entry costs beside its pixels, roughly. */
const ENTRY_BYTES = 512;

export class DecodedCache {
  readonly #rows = new Map<string, DecodedRow>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(shard: number, row: number): DecodedRow | undefined {
    return this.#rows.get(`${shard}/${row}`);
  }

  /** True when no row of the group needs reading. */
  hasAll(group: RowGroupRef): boolean {
    for (let i = 0; i < group.rows; i++) {
      if (!this.#rows.has(`${group.shard}/${group.rowStart + i}`)) return false;
    }
    return true;
  }

  /** Keeps a row if there is room. */
  offer(shard: number, row: number, decoded: DecodedRow): void {
    const key = `${shard}/${row}`;
    const bytes = decoded.pixels.data.byteLength + 2 * decoded.text.length + ENTRY_BYTES;
    if (this.#bytes + bytes > this.#maxBytes || this.#rows.has(key)) return;
    this.#rows.set(key, decoded);
    this.#bytes += bytes;
  }
}
