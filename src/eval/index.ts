/** Evaluation, as commands see it. */

export {
  type EvalResult,
  type EvalTask,
  type EvaluateInput,
  evaluate,
} from './evaluate.js';
export { type NearestResult, nearestNeighbour } from './nearest.js';
export type { Recall, RetrievalResult } from './retrieval.js';
export { EvalSession } from './session.js';
export {
  type CaptionSet,
  type ClassSet,
  type ImageSet,
  loadCaptions,
  loadClasses,
  namedByClass,
} from './sets.js';
export type { ZeroShotResult } from './zero-shot.js';
