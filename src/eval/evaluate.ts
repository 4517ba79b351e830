/** Evaluates one checkpoint on any number of sets, in one session with the engine. */

import type { EvalConfig } from '../config.js';
import type { Emit } from '../core/events.js';
import { type RetrievalResult, retrieval } from './retrieval.js';
import { EvalSession } from './session.js';
import type { CaptionSet, ClassSet } from './sets.js';
import { type ZeroShotResult, zeroShot } from './zero-shot.js';

export type EvalTask =
  | {
      readonly kind: 'zero-shot';
      readonly set: ClassSet;
      /** In place of the settings' templates. */
      readonly templates?: readonly string[];
    }
  | { readonly kind: 'retrieval'; readonly set: CaptionSet };

export type EvalResult = ZeroShotResult | RetrievalResult;

/** The result that a task gives. */
export type ResultOf<T extends EvalTask> = T extends { kind: 'zero-shot' }
  ? ZeroShotResult
  : RetrievalResult;

export interface EvaluateInput<T extends readonly EvalTask[]> {
  /** A checkpoint folder, or a run's folder for its newest. */
  readonly checkpoint: string;
  readonly tasks: T;
  /** The Python that runs the engine: see `resolvePython` in src/train. */
  readonly python: string;
  readonly config: EvalConfig;
}

/**
 * Runs the tasks in order.
 * @returns one result a task
 * @throws WitError `missing_file` or `bad_file` naming what cannot be read, `engine` when the engine
 * fails; the signal's reason on abort.
 */
export async function evaluate<const T extends readonly EvalTask[]>(
  input: EvaluateInput<T>,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<{ [K in keyof T]: ResultOf<T[K]> }> {
  const session = await EvalSession.open(input, signal);
  try {
    const results: EvalResult[] = [];
    for (const task of input.tasks) {
      const name = `${task.kind} on ${task.set.name}`;
      emit({ type: 'begin', task: name, total: task.set.size, unit: 'images' });
      const onProgress = (done: number): void => emit({ type: 'progress', task: name, done });
      results.push(
        task.kind === 'zero-shot'
          ? await zeroShot(session, task.set, task.templates ?? input.config.templates, onProgress)
          : await retrieval(session, task.set, onProgress),
      );
      emit({ type: 'end', task: name, done: task.set.size });
    }
    return results as { [K in keyof T]: ResultOf<T[K]> };
  } finally {
    await session.close();
  }
}
