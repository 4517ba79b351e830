/** Statistics of a dataset folder: collect them, write the report, summarise for a terminal. */

export { type CollectOptions, collectStats } from './collect.js';
export { type ReportFiles, writeReport } from './report.js';
export { summarise } from './summary.js';
export type {
  ClassificationResult,
  Extras,
  Recalls,
  RetrievalResult,
  Stats,
  StatsFile,
  StatsInput,
  TrainingPoint,
  TrainingResult,
} from './types.js';
