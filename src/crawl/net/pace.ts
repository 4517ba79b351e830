/**
 * When a request may start. Each host has a lane: at most `perHostConcurrency` requests in flight,
 * starts at least a delay apart, and a pause for all of them after a failure that may pass. A failed
 * request is the next one to start on its host, before any that has not been tried. Over all hosts at
 * most `concurrency` are in flight.
 *
 * A server that asks to be left alone (Retry-After) is, for that long. Where that is longer than anybody
 * wants to wait, its requests end at once, unasked.
 *
 * A lane exists while its host has requests or a wait still to serve; millions of hosts visited over
 * a run cost nothing afterwards. All lanes together have one timer.
 */

import PQueue from 'p-queue';
import type { Clock } from '../../core/clock.js';
import type { Loss } from '../../core/reasons.js';
import { Alarm } from './alarm.js';

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

/** What one try gave, and whether there should be another. */
export interface Try<T> {
  readonly value: T;
  readonly retry?: Retry;
}

export interface Retry {
  /** No sooner than this many milliseconds from now, as the server asked. */
  readonly afterMs?: number | undefined;
  /** Longest wait; by default the pace's own. When `afterMs` is longer there is no other try. */
  readonly maxBackoffMs?: number;
  /** What becomes of the host's other requests while it must not be asked for longer than that. */
  readonly closed?: Loss;
}

export interface RunOptions<T> {
  readonly signal: AbortSignal;
  /** Raises the time between starts on this host, e.g. to robots.txt's crawl-delay, until told otherwise. */
  readonly delayMs?: number | undefined;
  /** The value for a request that is not made, as its host asked to be left alone. */
  readonly whenClosed: (loss: Loss) => T;
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

/** What a try means for its host: a pause, or to be left alone altogether; and whether it is made again. */
interface Consequence {
  readonly pauseMs: number;
  readonly again: boolean;
  readonly closed?: Loss | undefined;
}

interface Job {
  readonly lane: Lane;
  /** Runs one try; never rejects. */
  attempt(): Promise<Consequence | undefined>;
  /** Ends it without a try. */
  close(loss: Loss): void;
  /** Rejects it with its signal's reason. */
  cancel(): void;
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
  /** Set until `notBefore` when the host asked to be left alone for longer than is waited. */
  closed: Loss | undefined;
  /** What the next start waits for; one at a time. */
  waitsFor: 'time' | 'slot' | undefined;
}

export class Pace {
  readonly #options: PaceOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #slots: PQueue;
  readonly #alarm: Alarm<Lane>;
  readonly #cancellable = new Map<AbortSignal, { jobs: Set<Job>; onAbort: () => void }>();
  /** Lanes at which idle ones are next looked for: doubles with the busy ones, so the cost is O(1). */
  #sweepAt = 256;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#slots = new PQueue({ concurrency: options.concurrency });
    this.#alarm = new Alarm(options.clock, (lane) => {
      lane.waitsFor = undefined;
      this.#startNext(lane);
    });
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
   * @throws what `attempt` throws; the signal's reason once it aborts.
   */
  run<T>(host: string, attempt: () => Promise<Try<T>>, options: RunOptions<T>): Promise<T> {
    const { signal, delayMs, whenClosed } = options;
    const lane = this.#lane(host);
    if (delayMs !== undefined) lane.delayMs = Math.max(this.#options.perHostDelayMs, delayMs);
    return new Promise<T>((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      let tries = 0;
      const job: Job = {
        lane,
        cancelled: false,
        cancel: () => reject(signal.reason),
        close: (loss) => {
          this.#forget(job, signal);
          resolve(whenClosed(loss));
        },
        attempt: async () => {
          tries++;
          try {
            const { value, retry } = await attempt();
            const next = retry && this.#consequence(retry, tries);
            if (next?.again && !job.cancelled) return next;
            this.#forget(job, signal);
            resolve(value);
            return next;
          } catch (error) {
            this.#forget(job, signal);
            reject(error);
            return undefined;
          }
        },
      };
      this.#remember(job, signal);
      lane.fresh.push(job);
      this.#startNext(lane);
    });
  }

  /** One listener for all jobs of a signal: adding one takes as long as there are others. */
  #remember(job: Job, signal: AbortSignal): void {
    let cancellable = this.#cancellable.get(signal);
    if (cancellable === undefined) {
      const jobs = new Set<Job>();
      const onAbort = () => {
        this.#cancellable.delete(signal);
        this.#cancel(jobs);
      };
      cancellable = { jobs, onAbort };
      this.#cancellable.set(signal, cancellable);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    cancellable.jobs.add(job);
  }

  #forget(job: Job, signal: AbortSignal): void {
    const cancellable = this.#cancellable.get(signal);
    cancellable?.jobs.delete(job);
    if (cancellable === undefined || cancellable.jobs.size > 0) return;
    this.#cancellable.delete(signal);
    signal.removeEventListener('abort', cancellable.onAbort);
  }

  #cancel(jobs: ReadonlySet<Job>): void {
    const lanes = new Set<Lane>();
    for (const job of jobs) {
      job.cancelled = true;
      job.cancel();
      lanes.add(job.lane);
    }
    for (const lane of lanes) this.#dropCancelled(lane);
  }

  /**
   * The wait doubles with each try, up to the limit, and is never shorter than the server's Retry-After.
   * When that is longer than the limit, the host is left alone.
   */
  #consequence(retry: Retry, tries: number): Consequence {
    const { backoffMs, retries } = this.#options;
    const { afterMs = 0, maxBackoffMs = this.#options.maxBackoffMs, closed } = retry;
    if (afterMs > maxBackoffMs) return { pauseMs: afterMs, again: false, closed };
    const again = tries <= retries;
    const ownMs = again ? Math.min(maxBackoffMs, backoffMs * 2 ** (tries - 1)) : 0;
    return { pauseMs: Math.max(afterMs, ownMs), again };
  }

  #lane(host: string): Lane {
    let lane = this.#lanes.get(host);
    if (lane === undefined) {
      if (this.#lanes.size >= this.#sweepAt) this.#sweep();
      lane = {
        host,
        delayMs: this.#options.perHostDelayMs,
        inFlight: 0,
        retries: [],
        fresh: [],
        notBefore: 0,
        pausedUntil: 0,
        closed: undefined,
        waitsFor: undefined,
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
    if (!isEmpty(lane) || lane.waitsFor !== 'time') return;
    this.#alarm.delete(lane);
    lane.waitsFor = undefined;
  }

  /** Sees to it that the lane's next request starts when it may. One start at a time is waited for. */
  #startNext(lane: Lane): void {
    const full = lane.inFlight >= this.#options.perHostConcurrency;
    if (lane.waitsFor !== undefined || isEmpty(lane) || full) return;
    const isEarly = lane.notBefore > this.#options.clock.now();
    if (isEarly && lane.closed !== undefined) {
      for (const job of [...lane.retries.splice(0), ...lane.fresh.splice(0)])
        job.close(lane.closed);
    } else if (isEarly) {
      lane.waitsFor = 'time';
      this.#alarm.set(lane, lane.notBefore);
    } else {
      lane.closed = undefined;
      lane.waitsFor = 'slot';
      void this.#slots.add(() => this.#start(lane));
    }
  }

  async #start(lane: Lane): Promise<void> {
    const { clock } = this.#options;
    lane.waitsFor = undefined;
    // While this waited for a slot, a failure may have paused the host or all may have gone.
    if (lane.notBefore > clock.now() || isEmpty(lane)) {
      this.#startNext(lane);
      return;
    }
    const job = (lane.retries.shift() ?? lane.fresh.shift()) as Job;
    lane.inFlight++;
    lane.notBefore = clock.now() + lane.delayMs;
    const attempted = job.attempt();
    this.#startNext(lane);
    const next = await attempted;
    lane.inFlight--;
    if (next !== undefined) {
      lane.pausedUntil = clock.now() + next.pauseMs;
      lane.notBefore = Math.max(lane.notBefore, lane.pausedUntil);
      lane.closed = next.closed ?? lane.closed;
      if (next.again && !job.cancelled) lane.retries.push(job);
    }
    this.#startNext(lane);
  }
}

function isEmpty(lane: Lane): boolean {
  return lane.retries.length === 0 && lane.fresh.length === 0;
}
