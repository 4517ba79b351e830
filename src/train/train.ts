/**
 * A training run: shards in, checkpoints out. The feeder makes batches in sample order while the
 * engine trains; neither runs ahead of the other by more than the engine's credit.
 */

import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TrainConfig } from '../config.js';
import { WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { version } from '../core/version.js';
import {
  CHECKPOINTS_FOLDER,
  type Checkpoint,
  type CheckpointMeta,
  findCheckpoint,
  listCheckpoints,
} from './checkpoints.js';
import { EngineClient } from './engine-client.js';
import type { DoneEvent, StepEvent } from './engine-events.js';
import { Feeder } from './feeder.js';
import { engineModel, resolveModel } from './models.js';
import { ShardReader, type ShardSource } from './shards.js';
import { Tokenizer } from './tokenizer.js';

/** Mean and deviation of WIT's pixels on the 0..1 scale, as published with CLIP's code. */
const MEAN = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const STD = [0.268_629_54, 0.261_302_58, 0.275_777_11];

const TASK = 'train';

export interface TrainInput {
  readonly config: TrainConfig;
  readonly source: ShardSource;
  /** Names the dataset's content; a run goes on only with the dataset that it began with. */
  readonly datasetDigest: string;
  /** Folder of the run: checkpoints go to `out/checkpoints`. */
  readonly out: string;
  /** A checkpoint folder to go on from; `auto`: the newest of `out`, if there is one. */
  readonly resume?: 'auto' | (string & {}) | undefined;
  /**
   * Go on even if the dataset or the order of its samples is another (`shuffleRowGroups`,
   * `sampleTexts`); the engine still refuses another model, batch size or seed.
   */
  readonly resumeAnyway?: boolean;
  /** The Python that runs the engine: see `resolvePython`. */
  readonly python: string;
}

export interface TrainResult {
  readonly steps: number;
  /** The last checkpoint. */
  readonly checkpoint: string;
  /** Of the engine, in this session. */
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly device: string;
  readonly precision: string;
  readonly parameters: { image: number; text: number; total: number };
  /** Mean loss since the entry before, by step, from the run's beginning. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
}

/**
 * Trains until `config.steps` (or `config.epochs`).
 *
 * An abort stops the engine after the step it is in, with a checkpoint, and throws the signal's
 * reason.
 * @throws WitError `config` for settings that do not fit together or a checkpoint of another run,
 * `engine` when the engine fails (naming the last checkpoint), `bad_file` for a damaged shard.
 */
export async function train(
  input: TrainInput,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<TrainResult> {
  const { config } = input;
  const model = resolveModel(config.model);
  // Also ends waiting for shards once the engine has ended.
  const own = new AbortController();
  const stop = AbortSignal.any([signal, own.signal]);
  const reader = new ShardReader(input.source, stop, { verify: config.verifyShards });
  let engine: EngineClient | undefined;
  try {
    const steps = await stepsOf(config, reader, emit);
    const meta: CheckpointMeta = {
      wit: version,
      datasetDigest: input.datasetDigest,
      modelName: typeof config.model === 'string' ? config.model : null,
      shuffleRowGroups: config.shuffleRowGroups,
      sampleTexts: config.sampleTexts,
    };
    const resumed = await checkpointToResume(input, meta);
    const settings = engineConfig(input, model, steps, meta, resumed?.path ?? null);
    const started = await EngineClient.start(
      { python: input.python, signal },
      { op: 'train', config: settings },
    );
    engine = started.engine;
    const { ready } = started;
    emit({ type: 'message', level: 'info', text: describeStart(ready, resumed) });
    emit({ type: 'begin', task: TASK, total: steps, unit: 'steps' });
    emit({ type: 'progress', task: TASK, done: ready.step });
    const feeder = new Feeder(reader, new Tokenizer(), {
      seed: config.seed,
      batchSize: config.batchSize,
      size: model.image.size,
      context: model.text.context,
      shuffleRowGroups: config.shuffleRowGroups,
      sampleTexts: config.sampleTexts,
      cacheBytes: config.cacheBytes,
    });
    const feeding = feed(feeder, engine, ready.position, steps - ready.step, stop);
    // The first of the two to fail names the cause; the other one is then stopped.
    const listening = listen(engine, steps, emit);
    const ended = await Promise.race([feeding.then(() => listening), listening]);
    own.abort();
    await feeding.catch(() => {});
    signal.throwIfAborted();
    if (ended?.path == null) {
      throw new WitError('engine', 'The engine ended without a checkpoint');
    }
    emit({ type: 'end', task: TASK, done: ended.steps });
    const checkpoint = await findCheckpoint(ended.path);
    return {
      steps: ended.steps,
      checkpoint: ended.path,
      seconds: ended.seconds,
      peakMemoryBytes: ended.peak_memory_bytes,
      device: ready.device,
      precision: ready.precision,
      parameters: ready.parameters,
      losses: checkpoint.losses,
    };
  } catch (error) {
    own.abort();
    await engine?.stop();
    signal.throwIfAborted();
    throw error;
  } finally {
    await reader.close();
  }
}

/** Sends the batches of the remaining steps. */
async function feed(
  feeder: Feeder,
  engine: EngineClient,
  position: number,
  steps: number,
  signal: AbortSignal,
): Promise<void> {
  let sent = 0;
  for await (const batch of feeder.batches(position, steps, signal)) {
    const { images, tokens } = batch;
    const taken = await engine.sendBatch({ position: batch.position, epoch: batch.epoch }, [
      { name: 'images', shape: batch.imagesShape, data: images },
      { name: 'tokens', shape: batch.tokensShape, data: tokens },
    ]);
    if (!taken) return;
    sent++;
  }
  if (sent < steps) {
    throw new WitError('dataset', 'The dataset has no rows to train on', {
      hint: 'Look at its report: `wit stats DIR` says what became of every candidate.',
    });
  }
}

/** Passes the engine's events on until it ends. */
async function listen(
  engine: EngineClient,
  steps: number,
  emit: Emit,
): Promise<DoneEvent | undefined> {
  let done: DoneEvent | undefined;
  for await (const event of engine.events()) {
    if (event.type === 'step') reportStep(event, steps, emit);
    if (event.type === 'checkpoint') {
      emit({ type: 'message', level: 'info', text: `checkpoint: ${event.path}` });
    }
    if (event.type === 'done') done = event;
  }
  return done;
}

function reportStep(event: StepEvent, steps: number, emit: Emit): void {
  const loss = event.loss.toFixed(3);
  const rate = Math.round(event.samples_per_second);
  emit({
    type: 'progress',
    task: TASK,
    done: event.step,
    total: steps,
    note: `loss ${loss}, ${rate} samples/s, ${Math.round(event.data_share * 100)} % waiting for data`,
  });
  emit({
    type: 'metric',
    step: event.step,
    values: {
      epoch: event.epoch,
      loss: event.loss,
      lr: event.lr,
      logitScale: event.logit_scale,
      gradNorm: event.grad_norm,
      samplesPerSecond: event.samples_per_second,
      dataShare: event.data_share,
    },
  });
}

async function stepsOf(config: TrainConfig, reader: ShardReader, emit: Emit): Promise<number> {
  if ((config.steps === undefined) === (config.epochs === undefined)) {
    const both = config.steps !== undefined;
    throw new WitError('config', `Give train.steps or train.epochs${both ? ', not both' : ''}`, {
      hint: 'CLIP was trained for 32 epochs (--epochs 32).',
    });
  }
  if (config.steps !== undefined) return config.steps;
  emit({ type: 'message', level: 'info', text: 'counting the rows of the complete dataset' });
  const rows = await reader.totalRows();
  return Math.max(1, Math.ceil(((config.epochs as number) * rows) / config.batchSize));
}

async function checkpointToResume(
  input: TrainInput,
  meta: CheckpointMeta,
): Promise<Checkpoint | undefined> {
  const { out, resume, config } = input;
  const existing = await listCheckpoints(out);
  if (resume === undefined) {
    if (existing.length === 0) return undefined;
    throw new WitError('config', `${out} already holds checkpoints of a run`, {
      hint: 'Go on with it (--resume auto), or choose another folder.',
    });
  }
  if (resume === 'auto' && existing.length === 0) return undefined;
  const checkpoint = await findCheckpoint(resume === 'auto' ? out : resume);
  const differences = differencesFrom(checkpoint, config, meta);
  if (differences.length > 0 && input.resumeAnyway !== true) {
    throw new WitError(
      'config',
      `${checkpoint.path} was trained under other settings: ${differences.join('; ')}`,
      { hint: 'Use the same dataset and settings, or begin anew in another folder.' },
    );
  }
  return checkpoint;
}

/** What decides which samples a run sees in which order, where it is not the checkpoint's. */
function differencesFrom(
  checkpoint: Checkpoint,
  config: TrainConfig,
  meta: CheckpointMeta,
): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['model', checkpoint.config.model, engineModel(resolveModel(config.model))],
    ['batch size', checkpoint.config.batch_size, config.batchSize],
    ['seed', checkpoint.config.seed, config.seed],
    ['dataset', checkpoint.meta?.datasetDigest, meta.datasetDigest],
    ['shuffleRowGroups', checkpoint.meta?.shuffleRowGroups, meta.shuffleRowGroups],
    ['sampleTexts', checkpoint.meta?.sampleTexts, meta.sampleTexts],
  ];
  return pairs
    .filter(([, before, now]) => !isDeepStrictEqual(before, now))
    .map(
      ([name, before, now]) => `${name} was ${JSON.stringify(before)}, is ${JSON.stringify(now)}`,
    );
}

/** The settings of a run in the engine's words. */
function engineConfig(
  { config, out }: TrainInput,
  model: ReturnType<typeof resolveModel>,
  steps: number,
  meta: CheckpointMeta,
  resume: string | null,
): Record<string, unknown> {
  return {
    model: engineModel(model),
    optimizer: {
      lr: config.lr,
      beta1: config.beta1,
      beta2: config.beta2,
      eps: config.eps,
      weight_decay: config.weightDecay,
      warmup_steps: config.warmupSteps,
      grad_clip: config.gradClip,
    },
    steps,
    batch_size: config.batchSize,
    seed: config.seed,
    precision: config.precision,
    gradient_checkpointing: config.gradientCheckpointing,
    augment: config.augment,
    mean: MEAN,
    std: STD,
    device: config.device,
    threads: config.threads,
    checkpoint_dir: resolve(join(out, CHECKPOINTS_FOLDER)),
    checkpoint_every: config.checkpointEvery,
    log_every: config.logEvery,
    resume: resume === null ? null : resolve(resume),
    prefetch: config.prefetch,
    meta,
  };
}

function describeStart(
  ready: { device: string; precision: string; threads: number; parameters: { total: number } },
  resumed: Checkpoint | undefined,
): string {
  const million = (ready.parameters.total / 1e6).toFixed(1);
  const where = ready.device === 'cpu' ? `cpu, ${ready.threads} threads` : ready.device;
  const from = resumed === undefined ? '' : `, going on from step ${resumed.step}`;
  return `training ${million} M parameters on ${where} in ${ready.precision}${from}`;
}
