/**
 * WebImageText as a library: the same parts as the command line, which is built on this. Everything
 * long takes `{emit, signal}`: progress events out, an abort in.
 *
 *     import { buildDataset, reportOn } from 'webimagetext';
 *     await buildDataset({ queries: { file: 'queries.txt' }, sources: { seeds: ['https://…'] }, net: { contact: '…' } }, 'data');
 */

export {
  type BuildConfig,
  buildSchema,
  type Config,
  configSchema,
  type EvalConfig,
  type PartialConfig,
  type QueryBuildConfig,
  queryBuildSchema,
  resolveConfig,
  type TrainConfig,
  validateConfig,
} from './config.js';
export type { CrawlRates, CrawlSnapshot } from './core/crawl-snapshot.js';
export { type Manifest, readDataset } from './core/dataset.js';
export { WitError } from './core/errors.js';
export type { Emit, WorkEvent } from './core/events.js';
export { openParquet, readRecords } from './core/parquet/reader.js';
export { writeParquet } from './core/parquet/writer.js';
export { REASONS, type Reason } from './core/reasons.js';
export type { Runner } from './core/runner.js';
export type { Source, SourceResult, SourceUnit } from './core/source.js';
export * from './core/types.js';
export { createListSource, createWebSource, extractPage, WebClient } from './crawl/index.js';
export { evaluate, loadCaptions, loadClasses, nearestNeighbour } from './eval/index.js';
export {
  Draws,
  DuplicateIndex,
  HardCap,
  normaliseImage,
  QueryMatcher,
  Selector,
  SoftCap,
} from './filter/index.js';
export { type BuildOptions, buildDataset } from './pipeline/build.js';
export { followShards } from './pipeline/follow.js';
export { type ImportOptions, importDataset } from './pipeline/import.js';
export { type Repaired, repairDataset } from './pipeline/repair.js';
export { reportOn } from './pipeline/report.js';
export type { ScoredPair, Scorer } from './pipeline/scorer.js';
export { buildQueryList } from './queries/build.js';
export { chooseQueries } from './queries/choose.js';
export { diffLists } from './queries/diff.js';
export type { Evidence } from './queries/evidence.js';
export type { BuiltList, QueryBuildOptions } from './queries/finish.js';
export { inspectList } from './queries/inspect.js';
export { loadQueries } from './queries/load.js';
export {
  catRows,
  deriveDataset,
  exportShards,
  verifyDataset,
  verifyShards,
  writeShard,
} from './shard/index.js';
export { collectStats, summarise, writeReport } from './stats/index.js';
export { resolvePython, Tokenizer, train } from './train/index.js';
