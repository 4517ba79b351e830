/**
 * Rows in sample order. The next block's row groups are read while the present block is used up, at
 * the same pace, so about one block and one row group of stored images are in memory at any time.
 */

import type { DecodedCache } from './cache.js';
import { type Block, blockOrder, blocks, type OrderOptions } from './plan.js';
import type { ShardReader, StoredRow } from './shards.js';

/** One sample of the run. Its row is absent when the cache holds it. */
export interface Sample {
  readonly position: number;
  readonly epoch: number;
  readonly shard: number;
  /** Index in the shard. */
  readonly row: number;
  /** Of the shard, when it was read. */
  readonly edition: number;
  readonly stored: StoredRow | undefined;
}

interface RowSlot {
  readonly shard: number;
  readonly row: number;
  readonly edition: number;
  stored: StoredRow | undefined;
}

/**
 * Samples from position `from` on, without end; none for an empty dataset.
 * @throws WitError `bad_file` naming what cannot be read; whatever the source throws.
 */
export async function* samples(
  reader: ShardReader,
  cache: DecodedCache,
  options: OrderOptions,
  from: number,
): AsyncGenerator<Sample> {
  const plan = blocks(reader, options, from);
  const gate = new Gate();
  const load = async (): Promise<{ block: Block; slots: RowSlot[] } | undefined> => {
    const { value: block, done } = await plan.next();
    if (done === true) return undefined;
    const slots: RowSlot[] = [];
    for (const group of block.groups) {
      await gate.enter(group.rows, block.rows);
      if (gate.closed) return undefined;
      const { shard, rowStart } = group;
      const edition = reader.edition(shard);
      const rows = cache.hasAll(group, edition) ? undefined : await reader.read(group);
      for (let i = 0; i < group.rows; i++) {
        slots.push({ shard, row: rowStart + i, edition, stored: rows?.[i] });
      }
    }
    return { block, slots };
  };
  let upcoming = load();
  try {
    for (;;) {
      const loaded = await upcoming;
      if (loaded === undefined) return;
      const { block, slots } = loaded;
      upcoming = load();
      // Awaited in its turn; until then a failure is not "unhandled".
      upcoming.catch(() => {});
      const order = blockOrder(options.seed, block);
      const skipped = Math.max(0, from - block.start);
      gate.leave(skipped);
      for (let i = skipped; i < block.rows; i++) {
        const slot = slots[order[i] as number] as RowSlot;
        const { stored } = slot;
        slot.stored = undefined;
        gate.leave(1);
        const { shard, row, edition } = slot;
        yield { position: block.start + i, epoch: block.epoch, shard, row, edition, stored };
      }
    }
  } finally {
    gate.close();
    await upcoming.catch(() => {});
  }
}

/** Bounds rows in memory: a group is let in when no more than its whole block are there already. */
class Gate {
  closed = false;
  #inside = 0;
  #waiting: { limit: number; open: () => void } | undefined;

  async enter(rows: number, blockRows: number): Promise<void> {
    if (this.#inside > blockRows && !this.closed) {
      await new Promise<void>((open) => {
        this.#waiting = { limit: blockRows, open };
      });
    }
    this.#inside += rows;
  }

  leave(rows: number): void {
    this.#inside -= rows;
    if (this.#waiting !== undefined && this.#inside <= this.#waiting.limit) this.#open();
  }

  close(): void {
    this.closed = true;
    this.#open();
  }

  #open(): void {
    this.#waiting?.open();
    this.#waiting = undefined;
  }
}
