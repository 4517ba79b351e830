/** What the engine says on stdout: one JSON object a line (docs/engine-protocol.md). */

import { WitError } from '../core/errors.js';

export interface ReadyEvent {
  type: 'ready';
  device: string;
  precision: string;
  torch: string;
  parameters: { image: number; text: number; total: number };
  /** Finished steps. */
  step: number;
  /** First sample of the next step. */
  position: number;
  threads: number;
  /** In an evaluation session: the model's input. */
  image_size?: number;
  context?: number;
  embed_dim?: number;
}

export interface StepEvent {
  type: 'step';
  step: number;
  steps: number;
  epoch: number;
  /** Mean since the last line. */
  loss: number;
  lr: number;
  logit_scale: number;
  grad_norm: number;
  samples_per_second: number;
  /** Share of the time spent waiting for batches. */
  data_share: number;
}

export interface CheckpointEvent {
  type: 'checkpoint';
  step: number;
  path: string;
}

export interface DoneEvent {
  type: 'done';
  steps: number;
  /** Why the run ended before its last step; null when it did not. */
  stopped: string | null;
  seconds: number;
  peak_memory_bytes: number;
  /** The last checkpoint. */
  path: string | null;
}

export interface ResultEvent {
  type: 'result';
  id: number;
  [field: string]: unknown;
}

export interface ErrorEvent {
  type: 'error';
  message: string;
  id?: number;
}

export type EngineEvent =
  | ReadyEvent
  | StepEvent
  | CheckpointEvent
  | DoneEvent
  | ResultEvent
  | ErrorEvent;

const TYPES = new Set(['ready', 'step', 'checkpoint', 'done', 'result', 'error']);

/** @throws WitError `engine` for a line that is not an event. */
export function parseEvent(line: string): EngineEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  const type = (value as { type?: unknown } | null | undefined)?.type;
  if (typeof type !== 'string' || !TYPES.has(type)) {
    throw new WitError('engine', `The engine printed something that is not an event: ${line}`);
  }
  return value as EngineEvent;
}
