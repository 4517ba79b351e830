/**
 * The order in which a run sees its samples, as plain data: a pure function of (seed, epoch,
 * position) and of the shards' row groups. It does not depend on the number of processes, on speed,
 * or on when shards appeared, so a run can stop anywhere and go on exactly.
 *
 * - Epoch 0 takes row groups in shard order, so that training can start while later shards are still
 *   being written. Shards are already in a random order.
 * - Later epochs take the row groups in an order of their own.
 * - `shuffleRowGroups` consecutive row groups make a block, and all rows of a block are shuffled.
 */

import { permutation, seededRandom } from './random.js';

export interface RowGroupRef {
  /** Index of the shard in the dataset. */
  readonly shard: number;
  /** Row in the shard at which the group starts. */
  readonly rowStart: number;
  readonly rows: number;
}

/** The row groups of a dataset, in shard order. */
export interface GroupList {
  /** Group `index`; waits for it while the dataset grows; undefined when there are no more. */
  at(index: number): Promise<RowGroupRef | undefined>;
}

export interface OrderOptions {
  readonly seed: number;
  /** Row groups in a block. */
  readonly shuffleRowGroups: number;
}

/** A stretch of the sample order: positions `start … start + rows − 1`. */
export interface Block {
  readonly epoch: number;
  /** Index of the block in its epoch. */
  readonly index: number;
  readonly start: number;
  readonly rows: number;
  readonly groups: readonly RowGroupRef[];
}

/** Row group order of an epoch that begins when all groups are known. */
export function epochOrder(seed: number, epoch: number, groups: number): Uint32Array {
  return epoch === 0
    ? Uint32Array.from({ length: groups }, (_, i) => i)
    : permutation(groups, seededRandom('row groups', seed, epoch));
}

/**
 * Order of the rows of a block: entry i is the place, in the block's groups laid end to end, of the
 * row at position `start + i`.
 */
export function blockOrder(seed: number, block: Block): Uint32Array {
  return permutation(block.rows, seededRandom('rows', seed, block.epoch, block.index));
}

/**
 * The blocks from the one that holds position `from` on, epoch after epoch without end (or none, for
 * an empty dataset). Needs no more of a growing dataset than the block at hand.
 */
export async function* blocks(
  groups: GroupList,
  options: OrderOptions,
  from: number,
): AsyncGenerator<Block> {
  let start = 0;
  let total = 0;
  let wholeEpoch = 0;
  for (let epoch = 0; ; epoch++) {
    const order = epoch === 0 ? undefined : epochOrder(options.seed, epoch, total);
    // Whole epochs before `from` are passed over at once.
    if (epoch > 0 && start + wholeEpoch <= from) {
      start += wholeEpoch;
      continue;
    }
    for (let index = 0, taken = 0; order === undefined || taken < total; index++) {
      const members: RowGroupRef[] = [];
      while (members.length < options.shuffleRowGroups) {
        if (order !== undefined && taken === total) break;
        const group = await groups.at(order === undefined ? taken : (order[taken] as number));
        if (group === undefined) break;
        members.push(group);
        taken++;
      }
      if (members.length === 0) break;
      const rows = members.reduce((sum, group) => sum + group.rows, 0);
      if (start + rows > from) yield { epoch, index, start, rows, groups: members };
      start += rows;
      if (epoch === 0) total = taken;
    }
    if (epoch === 0) wholeEpoch = start;
    if (wholeEpoch === 0) return;
  }
}
