/**
 * When a request may start. Each host has a lane: at most `perHostConcurrency` requests in flight,
 * starts at least a delay apart, and a pause for all of them after a failure that may pass. A failed
 * request is the next one to start on its host, before any that has not been tried. Over all hosts at
 * most `concurrency` are in flight.
 *
 * A lane exists while its host has requests or a wait still to serve; millions of hosts visited over
 * a run cost nothing afterwards. A lane has at most one timer, however many requests wait in it.
 */

import PQueue from 'p-queue';
import type { Clock } from '../../core/clock.js';

export interface PaceOptions {
  readonly concurrency: number;
  readonly perHostConcurrency: number;
  readonly perHostDelayMs: number;
  /** Tries after the first. */
  readonly retries: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly clock: Clock;
}

/**
 * What one try gave. `retry` asks for another, no sooner than `afterMs` from now if that is given, and
 * no later than `maxBackoffMs`, by default the pace's own.
 */
export interface Try<T> {
  readonly value: T;
  readonly retry?: { readonly afterMs?: number | undefined; readonly maxBackoffMs?: number };
}

export interface PaceCensus {
  /** Requests. */
  readonly inFlight: number;
  /** Hosts with requests in flight. */
  readonly active: number;
  /** Hosts whose requests wait for their turn. */
  readonly waiting: number;
  /** Hosts whose requests wait because an earlier one failed. */
  readonly backingOff: number;
}

interface Job {
  /** Runs one try; never rejects. True when it wants another try. */
  attempt(): Promise<{ retryAfterMs: number } | undefined>;
  cancelled: boolean;
}

interface Lane {
  readonly host: string;
  delayMs: number;
  inFlight: number;
  readonly retries: Job[];
  readonly fresh: Job[];
  /** Start of the next request, at the earliest. */
  notBefore: number;
  /** End of the pause after the last failure. */
  pausedUntil: number;
  /** Set while a start is being waited for; aborting it ends the wait. */
  waiting: AbortController | undefined;
}

export class Pace {
  readonly #options: PaceOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #slots: PQueue;
  /** Lanes at which idle ones are next looked for: doubles with the busy ones, so the cost is O(1). */
  #sweepAt = 256;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#slots = new PQueue({ concurrency: options.concurrency });
  }

  /** Hosts that have state. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Looks at every lane. */
  census(): PaceCensus {
    const now = this.#options.clock.now();
    let active = 0;
    let waiting = 0;
    let backingOff = 0;
    for (const lane of this.#lanes.values()) {
      if (lane.inFlight > 0) active++;
      else if (isEmpty(lane)) continue;
      else if (lane.pausedUntil > now) backingOff++;
      else waiting++;
    }
    return { inFlight: this.#slots.pending, active, waiting, backingOff };
  }

  /**
   * Runs `attempt` on the host's lane until it asks for no retry or the retries are used up; resolves
   * with its last value.
   * @param delayMs raises the time between starts on this host, e.g. to robots.txt's crawl-delay.
   * @throws what `attempt` throws; the signal's reason once it aborts.
   */
  run<T>(
    host: string,
    attempt: () => Promise<Try<T>>,
    options: { signal: AbortSignal; delayMs?: number | undefined },
  ): Promise<T> {
    const { signal } = options;
    const lane = this.#lane(host);
    lane.delayMs = Math.max(this.#options.perHostDelayMs, options.delayMs ?? 0);
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      let tries = 0;
      const job: Job = {
        cancelled: false,
        attempt: async () => {
          tries++;
          try {
            const { value, retry } = await attempt();
            if (retry !== undefined && tries <= this.#options.retries && !signal.aborted) {
              return { retryAfterMs: this.#backoff(tries, retry) };
            }
            signal.removeEventListener('abort', onAbort);
            resolve(value);
          } catch (error) {
            signal.removeEventListener('abort', onAbort);
            reject(error);
          }
          return undefined;
        },
      };
      const onAbort = () => {
        job.cancelled = true;
        reject(signal.reason);
        this.#dropCancelled(lane);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      lane.fresh.push(job);
      this.#startNext(lane);
    });
  }

  /** Doubles with each try; a server's Retry-After is the floor; the configured limit is the roof. */
  #backoff(tries: number, retry: NonNullable<Try<unknown>['retry']>): number {
    const { backoffMs } = this.#options;
    const { afterMs = 0, maxBackoffMs = this.#options.maxBackoffMs } = retry;
    return Math.min(maxBackoffMs, Math.max(afterMs, backoffMs * 2 ** (tries - 1)));
  }

  #lane(host: string): Lane {
    let lane = this.#lanes.get(host);
    if (lane === undefined) {
      if (this.#lanes.size >= this.#sweepAt) this.#sweep();
      lane = {
        host,
        delayMs: 0,
        inFlight: 0,
        retries: [],
        fresh: [],
        notBefore: 0,
        pausedUntil: 0,
        waiting: undefined,
      };
      this.#lanes.set(host, lane);
    }
    return lane;
  }

  /** Forgets lanes that are idle and owe no wait. */
  #sweep(): void {
    const now = this.#options.clock.now();
    for (const lane of this.#lanes.values()) {
      if (lane.inFlight === 0 && isEmpty(lane) && lane.notBefore <= now) {
        this.#lanes.delete(lane.host);
      }
    }
    this.#sweepAt = Math.max(256, this.#lanes.size * 2);
  }

  #dropCancelled(lane: Lane): void {
    for (const jobs of [lane.retries, lane.fresh]) {
      const left = jobs.filter((job) => !job.cancelled);
      jobs.splice(0, jobs.length, ...left);
    }
    if (isEmpty(lane)) lane.waiting?.abort();
  }

  /** Sees to it that the lane's next request starts when it may. One start at a time is waited for. */
  #startNext(lane: Lane): void {
    const full = lane.inFlight >= this.#options.perHostConcurrency;
    if (lane.waiting !== undefined || isEmpty(lane) || full) return;
    const waiting = new AbortController();
    lane.waiting = waiting;
    void this.#waitAndStart(lane, waiting.signal).finally(() => {
      lane.waiting = undefined;
      this.#startNext(lane);
    });
  }

  async #waitAndStart(lane: Lane, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const wait = lane.notBefore - clock.now();
    if (wait > 0) {
      // Only an abort ends the sleep early, and then the lane is empty.
      await clock.sleep(wait, signal).catch(() => {});
    }
    if (isEmpty(lane)) return;
    await new Promise<void>((started) => {
      void this.#slots.add(async () => {
        // While this waited for a slot, a failure may have paused the host or all may have gone.
        if (lane.notBefore > clock.now() || isEmpty(lane)) {
          started();
          return;
        }
        const job = (lane.retries.shift() ?? lane.fresh.shift()) as Job;
        lane.inFlight++;
        lane.notBefore = clock.now() + lane.delayMs;
        started();
        const again = await job.attempt();
        lane.inFlight--;
        if (again !== undefined) {
          lane.pausedUntil = clock.now() + again.retryAfterMs;
          lane.notBefore = Math.max(lane.notBefore, lane.pausedUntil);
          if (!job.cancelled) lane.retries.push(job);
        }
        this.#startNext(lane);
      });
    });
  }
}

function isEmpty(lane: Lane): boolean {
  return lane.retries.length === 0 && lane.fresh.length === 0;
}
