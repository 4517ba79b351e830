/**
 * Watches a crawl: counts what the client and the stages tell, in memory that does not grow with the
 * crawl. What an exchange costs is a few additions; rates and shares are worked out when somebody
 * looks.
 */

import type { CrawlRates, CrawlSnapshot } from '../../core/crawl-snapshot.js';
import type { WorkEvent } from '../../core/events.js';
import { IMAGE_REASONS, type Reason } from '../../core/reasons.js';
import type { StageName } from '../../core/types.js';
import type { ExchangeKind, ExchangeOutcome, NetObserver } from '../net/observer.js';
import type { PaceCensus } from '../net/pace.js';
import { Latency } from './latency.js';
import { SlowHosts } from './slow-hosts.js';

/** What "now" means for rates, and for the time left, in ms. */
const RECENT_MS = 10_000;
const PROJECTION_MS = 60_000;
/** Durations and slow hosts: a minute-old request counts half. */
const HALF_LIFE_MS = 60_000;
const SLOWEST = 5;

type Count = 'images' | 'pages' | 'requests' | 'bytes';

/** Totals at one moment. */
interface Sample extends Readonly<Record<Count, number>> {
  readonly at: number;
  /** Of the task under way, this run. */
  readonly done: number;
}

interface Task {
  readonly name: string;
  readonly unit: string;
  readonly began: number;
  total: number | undefined;
  done: number;
  earlier: number;
}

const NO_HOSTS: PaceCensus = { inFlight: 0, active: 0, waiting: 0, backingOff: 0 };

export class CrawlMonitor implements NetObserver {
  readonly latency = new Latency();
  readonly #hosts = new SlowHosts();
  readonly #now: () => number;
  readonly #began: number;
  readonly #exchanges = new Map<ExchangeKind, Map<ExchangeOutcome, number>>();
  readonly #lost = new Map<StageName, Map<Reason, number>>();
  /** One for each tick of the last minute. */
  #samples: Sample[];
  #task: Task | undefined;
  #requests = 0;
  #repeats = 0;
  #bytes = 0;
  /** By the task under way, and by those before it: fetching may come twice in a run. */
  #kept = 0;
  #keptBefore = 0;

  /** @param now milliseconds that only go forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#began = now();
    this.#samples = [this.#sample()];
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  exchanged(
    kind: ExchangeKind,
    host: string,
    outcome: ExchangeOutcome,
    ms: number,
    repeated: boolean,
  ): void {
    this.#requests += 1;
    if (repeated) this.#repeats += 1;
    add(this.#exchanges, kind, outcome, 1);
    this.latency.add(ms);
    this.#hosts.add(host, ms);
  }

  /** What the stages tell of themselves. */
  listen(event: WorkEvent): void {
    if (event.type === 'loss') add(this.#lost, event.stage, event.reason, event.count);
    else if (event.type === 'begin') {
      const { task: name, unit, total } = event;
      this.#keptBefore += this.#kept;
      this.#kept = 0;
      this.#task = { name, unit, total, began: this.#now(), done: 0, earlier: 0 };
    } else if (event.type === 'progress' && event.task === this.#task?.name) {
      const { done, total, earlier, kept, keptEarlier = 0 } = event;
      Object.assign(this.#task, { done }, total !== undefined && { total });
      if (earlier !== undefined) this.#task.earlier = earlier;
      if (kept !== undefined) this.#kept = kept - keptEarlier;
    } else if (event.type === 'end' && event.task === this.#task?.name) {
      this.#task.done = event.done;
    }
  }

  /** To be called about once a second: rates are known at this grain. */
  tick(): void {
    const now = this.#now();
    const last = this.#samples.at(-1) as Sample;
    const share = 0.5 ** ((now - last.at) / HALF_LIFE_MS);
    this.latency.fade(share);
    this.#hosts.fade(share);
    // Of those older than any window only the newest is of use.
    const first = this.#samples.findIndex(({ at }) => at > now - PROJECTION_MS);
    const kept = first === -1 ? [last] : this.#samples.slice(Math.max(0, first - 1));
    this.#samples = [...kept, this.#sample()];
  }

  /** @param census what the hosts are doing; @param over whether the crawl is. */
  snapshot(census: PaceCensus = NO_HOSTS, over = false): CrawlSnapshot {
    const now = this.#sample();
    const { inFlight, ...hosts } = census;
    const fetched = this.#lost.get('fetch') ?? new Map<Reason, number>();
    const lost = sum(fetched.values());
    const kept = this.#keptBefore + this.#kept;
    const spoiled = sum([...fetched].map(([reason, n]) => (IMAGE_REASONS.has(reason) ? n : 0)));
    return {
      seconds: thousandths((now.at - this.#began) / 1000),
      over,
      progress: this.#progress(now),
      recent: rates(this.#sampleBefore(now.at - RECENT_MS), now),
      run: rates({ at: this.#began, images: 0, pages: 0, requests: 0, bytes: 0 }, now),
      images: { kept, lost, downloaded: kept + spoiled },
      requests: this.#requests,
      repeats: this.#repeats,
      bytes: this.#bytes,
      exchanges: Object.fromEntries(
        [...this.#exchanges].map(([kind, outcomes]) => [kind, mostFirst(outcomes)]),
      ),
      failures: this.#failures(),
      lost: Object.fromEntries(
        [...this.#lost].map(([stage, reasons]) => [stage, mostFirst(reasons)]),
      ),
      inFlight,
      hosts,
      latency: this.#quantiles(),
      slowest: this.#hosts.slowest(SLOWEST).map(({ host, seconds, requests }) => ({
        host,
        seconds: thousandths(seconds),
        requests,
      })),
      memory: {
        rss: process.memoryUsage.rss(),
        peak: process.resourceUsage().maxRSS * 1024,
      },
    };
  }

  #sample(): Sample {
    const { done = 0, earlier = 0 } = this.#task ?? {};
    return {
      at: this.#now(),
      images: this.#exchanges.get('image')?.get('answer') ?? 0,
      pages: this.#exchanges.get('page')?.get('answer') ?? 0,
      requests: this.#requests,
      bytes: this.#bytes,
      done: done - earlier,
    };
  }

  /** The newest sample that is at least as old as `at`, or else the oldest. */
  #sampleBefore(at: number): Sample {
    return this.#samples.findLast((sample) => sample.at <= at) ?? (this.#samples[0] as Sample);
  }

  #progress(now: Sample): CrawlSnapshot['progress'] {
    if (this.#task === undefined) return null;
    const { name: task, unit, done, earlier, total, began } = this.#task;
    // Samples from before the task began counted another.
    const before = this.#sampleBefore(now.at - PROJECTION_MS);
    const from = before.at >= began ? before : { at: began, done: 0 };
    const seconds = (now.at - from.at) / 1000;
    const perSecond = seconds > 0 ? (now.done - from.done) / seconds : 0;
    const secondsLeft =
      total !== undefined && perSecond > 0 ? Math.max(0, total - done) / perSecond : null;
    return {
      task,
      unit,
      done,
      earlier,
      total: total ?? null,
      perSecond: thousandths(perSecond),
      secondsLeft: secondsLeft === null ? null : thousandths(secondsLeft),
    };
  }

  #quantiles(): CrawlSnapshot['latency'] {
    const of = (q: number) => this.latency.quantile(q);
    const [p50, p90, p99] = [of(0.5), of(0.9), of(0.99)];
    if (p50 === undefined || p90 === undefined || p99 === undefined) return null;
    return { p50: thousandths(p50), p90: thousandths(p90), p99: thousandths(p99) };
  }

  #failures(): CrawlSnapshot['failures'] {
    const failures = new Map<Reason, number>();
    for (const [kind, outcomes] of this.#exchanges) {
      // A host without such a file is no failure.
      if (kind === 'robots' || kind === 'tdm-file') continue;
      for (const [outcome, n] of outcomes) {
        if (outcome === 'answer' || outcome === 'redirect') continue;
        failures.set(outcome, (failures.get(outcome) ?? 0) + n);
      }
    }
    return mostFirst(failures);
  }
}

function add<A, B>(counts: Map<A, Map<B, number>>, a: A, b: B, n: number): void {
  let inner = counts.get(a);
  if (inner === undefined) {
    inner = new Map();
    counts.set(a, inner);
  }
  inner.set(b, (inner.get(b) ?? 0) + n);
}

function rates(from: Omit<Sample, 'done'>, to: Omit<Sample, 'done'>): CrawlRates {
  const seconds = (to.at - from.at) / 1000;
  const of = (count: Count) => (seconds > 0 ? thousandths((to[count] - from[count]) / seconds) : 0);
  return {
    seconds: thousandths(seconds),
    images: of('images'),
    pages: of('pages'),
    requests: of('requests'),
    bytes: of('bytes'),
  };
}

/** What people and machines read of times and rates needs no more digits. */
function thousandths(x: number): number {
  return Math.round(x * 1000) / 1000;
}

function mostFirst<K extends string>(counts: ReadonlyMap<K, number>): Record<K, number> {
  const entries = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return Object.fromEntries(entries) as Record<K, number>;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}
