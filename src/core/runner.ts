/**
 * What runs units of work. A stage hands over its units and what to do with one; where and how many
 * at once is the runner's affair. The local pool is the one here; a queue across machines can take
 * its place without a change to any stage, since units commit their outputs themselves.
 */

import { mapOrdered } from './ordered.js';

export interface Runner {
  /** Does `work` for every unit; yields the results in the order of `units`. */
  run<Unit, Result>(
    units: Iterable<Unit> | AsyncIterable<Unit>,
    work: (unit: Unit) => Promise<Result>,
    signal: AbortSignal,
  ): AsyncIterable<Result>;
}

/** Units in this process, `concurrency` at a time. */
export function localRunner(concurrency: number): Runner {
  return {
    run: (units, work, signal) =>
      mapOrdered(units, (unit) => work(unit), { concurrency, window: concurrency, signal }),
  };
}
