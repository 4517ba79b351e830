/** Time as an injected policy: pace, back-off and caches wait on a clock that tests can drive. */

import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
