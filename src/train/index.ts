/** Training, as commands and the evaluation see it. */

export { type Checkpoint, findCheckpoint, listCheckpoints, readCheckpoint } from './checkpoints.js';
export { EngineClient, type EngineOptions } from './engine-client.js';
export {
  type EngineReport,
  environmentFolder,
  inspectEngine,
  installEngine,
  resolvePython,
} from './environment.js';
export { centreCorner, copySquare, decodeImage, type Pixels } from './images.js';
export { MODEL_NAMES, resolveModel } from './models.js';
export { type ShardInfo, ShardReader, type ShardSource, type StoredRow } from './shards.js';
export { Tokenizer } from './tokenizer.js';
export { type TrainInput, type TrainResult, train } from './train.js';
