/**
 * What long work says while it runs. Libraries report through this interface; the CLI turns it into
 * progress bars, plain lines or JSON lines. Losing an event never changes a result.
 */

import type { Reason } from './reasons.js';

export type WorkEvent =
  /** A task has begun; `total` is absent when not known yet. */
  | { type: 'begin'; task: string; total?: number; unit: string }
  /** `done` of the task so far, and a few words on what it is at. `total` may be corrected. */
  | { type: 'progress'; task: string; done: number; total?: number; note?: string }
  | { type: 'end'; task: string; done: number }
  /** A loss, for live counts. The rejects/ files are the record. */
  | { type: 'loss'; reason: Reason; count: number }
  | { type: 'message'; level: 'info' | 'warning'; text: string }
  /** A training metric line. */
  | { type: 'metric'; step: number; values: Record<string, number> };

export type Emit = (event: WorkEvent) => void;

export const silent: Emit = () => {};
