/** Builds a query list: from a Wikipedia dump and page views, or from packages alone. */

import { mkdir, rm } from 'node:fs/promises';
import type { Emit } from '../core/events.js';
import { lockFolder } from '../core/lock.js';
import type { PartSizes } from './count/count-dump.js';
import { type BuiltList, finishList, type QueryBuildOptions } from './finish.js';
import { gatherFromDump } from './from-dump.js';
import { gatherFromPackages } from './from-packages.js';

/**
 * Writes the list, its account and nothing else; what was counted on the way stays only when the build
 * is interrupted, or on request. The same inputs and settings give the same bytes.
 *
 * @param sizes of the parts that a dump is counted in, where the usual ones are not wanted.
 * @throws WitError saying what is wrong with the inputs or the disk; the signal's reason when stopped.
 */
export async function buildQueryList(
  options: QueryBuildOptions,
  watch: { emit: Emit; signal: AbortSignal },
  sizes?: PartSizes,
): Promise<BuiltList> {
  const { config, out, keepWork = false, work = `${out}.work` } = options;
  if (config.dump.length === 0) {
    return finishList(await gatherFromPackages(config, watch), options);
  }
  await mkdir(work, { recursive: true });
  const unlock = await lockFolder(work);
  try {
    const built = await finishList(await gatherFromDump(config, work, watch, sizes), options);
    await unlock();
    if (!keepWork) await rm(work, { recursive: true, force: true });
    return built;
  } finally {
    await unlock();
  }
}
