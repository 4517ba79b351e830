/**
 * The shards of a dataset in order, also while it is still being written: asking for a shard that is
 * not there yet waits for it. This is how training starts on the first committed shard.
 */

import { join } from 'node:path';
import { type Clock, systemClock } from '../core/clock.js';
import { type Manifest, readDataset } from '../core/dataset.js';
import { WitError } from '../core/errors.js';
import { writerOf } from '../core/lock.js';

export interface FollowedShard {
  name: string;
  /** Absolute or relative to the working folder, ready to open. */
  path: string;
  rows: number;
  bytes: number;
  sha256: string;
}

const POLL_MS = 250;

/**
 * Follows the dataset in `dir`.
 * @param growing tells whether somebody will still add shards; default: a living process holds the
 * folder's lock.
 */
export function followShards(
  dir: string,
  options: { growing?: () => Promise<boolean>; clock?: Clock; signal?: AbortSignal } = {},
): { next(index: number): Promise<FollowedShard | undefined> } {
  const { clock = systemClock, signal } = options;
  const growing = options.growing ?? (async () => (await writerOf(dir)) !== undefined);
  let shards: Manifest['shards'] = [];
  let complete = false;
  return {
    async next(index) {
      while (index >= shards.length && !complete) {
        // Ask first whether it grows: what the writer committed before leaving must still be read.
        const alive = await growing();
        try {
          const state = await readDataset(dir);
          shards = state.manifest.shards;
          complete = state.complete;
        } catch (error) {
          // A writer that has just begun has no journal yet.
          if (!(alive && error instanceof WitError && error.code === 'dataset')) throw error;
        }
        if (index < shards.length || complete) break;
        if (!alive) {
          throw new WitError('dataset', `${dir} is incomplete and nobody is writing it`, {
            hint: 'Run `wit crawl-and-build` again with the same settings: it goes on where it stopped.',
          });
        }
        await clock.sleep(POLL_MS, signal);
      }
      const shard = shards[index];
      if (shard === undefined) return undefined;
      const { name, path, rows, bytes, sha256 } = shard;
      return { name, path: join(dir, path), rows, bytes, sha256 };
    },
  };
}
