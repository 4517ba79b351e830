/**
 * Decoded images kept between epochs, so that a small dataset is read and decoded once. It fills up
 * and then stays as it is: each epoch visits every row once in another order, so replacing entries
 * would only push out what is needed soon. A dataset larger than the cache is served in part.
 */

import type { Pixels } from './images.js';
import type { RowGroupRef } from './plan.js';

/** A row ready for use. */
export interface DecodedRow {
  /** Of its shard (`ShardReader.edition`). */
  readonly edition: number;
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

  get(shard: number, row: number, edition: number): DecodedRow | undefined {
    const found = this.#rows.get(`${shard}/${row}`);
    return found?.edition === edition ? found : undefined;
  }

  /** True when no row of the group needs reading. */
  hasAll(group: RowGroupRef, edition: number): boolean {
    for (let i = 0; i < group.rows; i++) {
      if (this.get(group.shard, group.rowStart + i, edition) === undefined) return false;
    }
    return true;
  }

  /** Keeps a row if there is room, in the place of one of an earlier edition. */
  offer(shard: number, row: number, decoded: DecodedRow): void {
    const key = `${shard}/${row}`;
    const before = this.#rows.get(key);
    if (before !== undefined && before.edition >= decoded.edition) return;
    const bytes = this.#bytes + costOf(decoded) - (before === undefined ? 0 : costOf(before));
    if (bytes > this.#maxBytes) return;
    this.#rows.set(key, decoded);
    this.#bytes = bytes;
  }
}

function costOf({ pixels, text }: DecodedRow): number {
  return pixels.data.byteLength + 2 * text.length + ENTRY_BYTES;
}
