/**
 * What long work says while it runs. Libraries report through this interface; the CLI turns it into
 * progress bars, plain lines or JSON lines. Losing an event never changes a result.
 */

import type { CrawlSnapshot } from './crawl-snapshot.js';
import type { Reason } from './reasons.js';
import type { StageName } from './types.js';

export type WorkEvent =
  /** A task has begun; `total` is absent when not known yet. */
  | { type: 'begin'; task: string; total?: number; unit: string }
  /**
   * `done` of the task so far, and a few words on what it is at. `total` may be corrected. `earlier`
   * of those done are from an earlier run: they say nothing about the pace of this one.
   */
  | {
      type: 'progress';
      task: string;
      done: number;
      total?: number;
      earlier?: number;
      /** Images that became pairs, earlier runs included. */
      kept?: number;
      keptEarlier?: number;
      note?: string;
    }
  | { type: 'end'; task: string; done: number }
  /** A loss, for live counts. A crawl tells them gathered, in `crawl`. The rejects/ files are the record. */
  | { type: 'loss'; stage: StageName; reason: Reason; count: number }
  /** Once a second while a crawl runs, and once when it is over. */
  | ({ type: 'crawl' } & CrawlSnapshot)
  | { type: 'message'; level: 'info' | 'warning'; text: string }
  /** A training metric line. */
  | { type: 'metric'; step: number; values: Record<string, number> };

export type Emit = (event: WorkEvent) => void;

export const silent: Emit = () => {};
