/** How a crawl goes, at one moment: what the terminal, JSON lines and libraries are shown alike. */

import type { Reason } from './reasons.js';
import type { StageName } from './types.js';

/** Per second, over the last `seconds` seconds. */
export interface CrawlRates {
  readonly seconds: number;
  /** Image files that arrived. */
  readonly images: number;
  /** Pages that arrived. */
  readonly pages: number;
  /** Exchanges that ended, whatever came of them: images, pages, robots.txt, redirects, repetitions. */
  readonly requests: number;
  /** Bytes of bodies as sent, before decompression. */
  readonly bytes: number;
}

/**
 * Counts are of this run alone, not of runs that it goes on from, except in `progress`. Times are
 * seconds, shares lie in 0..1.
 */
export interface CrawlSnapshot {
  /** Since the run began. */
  readonly seconds: number;
  /** True of the last snapshot of a run. */
  readonly over: boolean;
  /** What is being worked on; null before the first task begins. */
  readonly progress: {
    readonly task: string;
    readonly unit: string;
    readonly done: number;
    /** Of `done`: by earlier runs. */
    readonly earlier: number;
    readonly total: number | null;
    /** The pace of the last minute of this run. */
    readonly perSecond: number;
    /** At this pace; null while there is none, or no total. */
    readonly secondsLeft: number | null;
  } | null;
  readonly recent: CrawlRates;
  readonly run: CrawlRates;
  readonly images: {
    /** Became pairs. */
    readonly kept: number;
    /** Did not, for a reason in `lost.fetch`. */
    readonly lost: number;
    /** Of kept and lost: those whose bytes arrived. */
    readonly downloaded: number;
  };
  /** Exchanges that ended. */
  readonly requests: number;
  /** Of these: asked again after a failure that may pass. */
  readonly repeats: number;
  /** Of bodies, as sent. */
  readonly bytes: number;
  /** Exchanges by what was asked for (`image`, `page`, …) and what came of it: `answer`, `redirect`, or a reason. */
  readonly exchanges: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Exchanges that failed, by reason, most first; without those for robots.txt and tdmrep.json, where a 404 is an answer. */
  readonly failures: Partial<Readonly<Record<Reason, number>>>;
  /** Pages, rows and images lost for good, by stage and reason, most first: what rejects/ will hold. */
  readonly lost: Partial<Readonly<Record<StageName, Partial<Readonly<Record<Reason, number>>>>>>;
  readonly inFlight: number;
  readonly hosts: {
    /** With requests in flight. */
    readonly active: number;
    /** Whose requests wait for their turn. */
    readonly waiting: number;
    /** Whose requests wait because one failed. */
    readonly backingOff: number;
  };
  /** Durations of exchanges in the last minutes, within 10 %; null before the first. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number } | null;
  /** At most five, slowest first, by mean duration of an exchange in the last minutes. */
  readonly slowest: readonly {
    readonly host: string;
    readonly seconds: number;
    /** That the mean is of. */
    readonly requests: number;
  }[];
  /** Bytes that this process holds, and has held at most. */
  readonly memory: { readonly rss: number; readonly peak: number };
}
