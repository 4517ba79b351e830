/** The shard stage: pairs in, Parquet shards and their card out; and what checks them. */

export { cardOf, writeCard } from './card.js';
export {
  type ProblemKind,
  type ShardProblem,
  type Verification,
  verifyShards,
} from './verify.js';
export { type ShardOptions, ShardWriter, writeShard } from './writer.js';
