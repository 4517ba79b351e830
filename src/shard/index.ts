/** The shard stage: pairs in, Parquet shards and their card out; and what checks them. */

export { cardOf, writeCard } from './card.js';
export { type CatOptions, catRows } from './cat.js';
export { type DeriveOptions, deriveDataset } from './derive/index.js';
export {
  EXPORT_FORMATS,
  type Exported,
  type ExportFormat,
  type ExportOptions,
  exportShards,
} from './export/index.js';
export { type ForeignRow, type ImportUnit, planImport, readForeign } from './import/index.js';
export { readPairs } from './read.js';
export { rewriteCaptions } from './rewrite.js';
export { parseSplits, type Split, splitOf } from './split.js';
export {
  type ProblemKind,
  type ShardProblem,
  type Verification,
  type VerifyOptions,
  verifyDataset,
  verifyShards,
} from './verify.js';
export { type ShardOptions, ShardWriter, writeShard } from './writer.js';
