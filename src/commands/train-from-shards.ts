/** `wit train-from-shards`: shards → feeder → engine → checkpoints. */

import { resolveConfig } from '../config.js';
import { readDataset } from '../core/dataset.js';
import { WitError } from '../core/errors.js';
import { MODEL_NAMES } from '../train/models.js';
import { type Command, configFlags, type Flag } from './command.js';

const trainFlags: Flag[] = [
  {
    flags: '--model <name>',
    summary: `a preset: ${MODEL_NAMES.join(', ')}`,
    key: 'train.model',
  },
  { flags: '--steps <n>', summary: 'optimizer steps', key: 'train.steps', kind: 'number' },
  {
    flags: '--epochs <n>',
    summary: 'passes over the data, instead of --steps; the dataset must be complete',
    key: 'train.epochs',
    kind: 'number',
  },
  {
    flags: '--batch-size <n>',
    summary: 'samples a step',
    key: 'train.batchSize',
    kind: 'number',
  },
  { flags: '--lr <x>', summary: 'peak learning rate', key: 'train.lr', kind: 'number' },
  {
    flags: '--warmup-steps <n>',
    summary: 'linear warm-up',
    key: 'train.warmupSteps',
    kind: 'number',
  },
  { flags: '--precision <name>', summary: 'auto, fp32 or bf16', key: 'train.precision' },
  {
    flags: '--gradient-checkpointing',
    summary: 'less memory for more time',
    key: 'train.gradientCheckpointing',
  },
  { flags: '--device <name>', summary: 'auto, cpu, cuda or mps', key: 'train.device' },
  {
    flags: '--checkpoint-every <n>',
    summary: 'steps between checkpoints',
    key: 'train.checkpointEvery',
    kind: 'number',
  },
  {
    flags: '--log-every <n>',
    summary: 'steps between metric lines',
    key: 'train.logEvery',
    kind: 'number',
  },
  { flags: '--train-seed <n>', summary: 'seed of the run', key: 'train.seed', kind: 'number' },
];

export const trainFromShards: Command = {
  name: 'train-from-shards',
  summary: 'train CLIP on the shards of a dataset, also while they are being written',
  args: [{ name: '<dataset>', summary: 'the folder that crawl-and-build wrote' }],
  examples: [
    'wit train-from-shards data --model ViT-B-32 --steps 10000 --out run',
    'wit train-from-shards data --out run --steps 10000      # again: goes on from the newest checkpoint',
  ],
  flags: [
    { flags: '--out <dir>', summary: 'folder of the run (default: wit-run)' },
    {
      flags: '--resume <folder>',
      summary: 'checkpoint to go on from; default: the newest in --out; "none" begins anew',
    },
    {
      flags: '--resume-anyway',
      summary: 'go on although dataset or seed are not those of the checkpoint',
    },
    { flags: '--python <path>', summary: 'the Python that runs the engine (or WIT_PYTHON)' },
    ...trainFlags,
    ...configFlags,
  ],
  async run(input, io) {
    const { train: config } = await resolveConfig(input.settings, input.configFile);
    const dir = input.args[0] as string;
    const out = (input.flags.out as string | undefined) ?? 'wit-run';
    const resume = (input.flags.resume as string | undefined) ?? 'auto';
    const { resolvePython, train } = await import('../train/index.js');
    const { followShards } = await import('../pipeline/follow.js');
    const { datasetDigest } = await readDataset(dir);
    const result = await train(
      {
        config,
        source: followShards(dir, { signal: io.signal }),
        datasetDigest,
        out,
        resume: resume === 'none' ? undefined : resume,
        resumeAnyway: input.flags.resumeAnyway === true,
        python: resolvePython({ python: input.flags.python as string | undefined }),
      },
      io,
    );
    const last = result.losses.at(-1);
    if (last === undefined) {
      throw new WitError('engine', 'The engine reported no loss');
    }
    io.print(`step ${result.steps}, loss ${last[1].toFixed(3)}, checkpoint ${result.checkpoint}`);
    io.print(`next: wit eval ${result.checkpoint} --images FOLDER`);
    io.result(result);
  },
};
