/** Zero-shot classification (Radford et al. 2021, §3.1): the class whose prompts are nearest. */

import { meanPerClass, topK } from './metrics.js';
import { promptsFor } from './prompts.js';
import type { EvalSession } from './session.js';
import type { ClassSet } from './sets.js';

export interface ZeroShotResult {
  readonly task: 'zero-shot';
  readonly set: string;
  /** Images. */
  readonly n: number;
  readonly classes: number;
  /** Shares in 0..1. */
  readonly top1: number;
  readonly top5: number;
  readonly meanPerClass: number;
  /** Expected top1 of guessing. */
  readonly chance: number;
}

export async function zeroShot(
  session: EvalSession,
  set: ClassSet,
  templates: readonly string[],
  onProgress: (done: number) => void,
): Promise<ZeroShotResult> {
  const { texts, groups } = promptsFor(set.classes, templates);
  await session.embedTexts(texts, 'classes', { of: groups, count: set.classes.length });
  await session.embedImages(set, 'images', onProgress);
  const answers = await session.classify('images', 'classes', Math.min(5, set.classes.length));
  return {
    task: 'zero-shot',
    set: set.name,
    n: set.size,
    classes: set.classes.length,
    top1: topK(answers, set.labels, 1),
    top5: topK(answers, set.labels, 5),
    meanPerClass: meanPerClass(answers, set.labels),
    chance: 1 / set.classes.length,
  };
}
