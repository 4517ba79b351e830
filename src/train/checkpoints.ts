/**
 * Checkpoint folders: `OUT/checkpoints/step-00000500/{model.safetensors, optimizer.safetensors,
 * checkpoint.json}`. The engine writes them; a folder has its name only when it is whole.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCode, WitError } from '../core/errors.js';

export const CHECKPOINTS_FOLDER = 'checkpoints';

/** What `wit` adds to every checkpoint: enough to tell whether a run may go on from it. */
export interface CheckpointMeta {
  readonly wit: string;
  readonly datasetDigest: string;
  /** The model's name, where it has one. */
  readonly modelName: string | null;
  readonly shuffleRowGroups: number;
  readonly sampleTexts: boolean;
}

export interface Checkpoint {
  readonly path: string;
  readonly step: number;
  /** Samples seen. */
  readonly position: number;
  readonly epoch: number;
  /** The engine's settings, in its words. */
  readonly config: Readonly<Record<string, unknown>> & {
    readonly model: {
      readonly image: { readonly size: number };
      readonly text: { readonly context: number };
    };
    readonly batch_size: number;
    readonly seed: number;
  };
  readonly meta: CheckpointMeta | null;
  /** Mean loss since the entry before, by step. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
}

const NAME = /^step-(\d{8,})$/;

/** The checkpoints of a run, oldest first. `out` is the run's folder; it need not exist. */
export async function listCheckpoints(out: string): Promise<{ path: string; step: number }[]> {
  const folder = join(out, CHECKPOINTS_FOLDER);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    throw new WitError('bad_file', `Cannot list ${folder}: ${messageOf(cause)}`, { cause });
  }
  return names
    .flatMap((name) => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [{ path: join(folder, name), step: Number(step) }];
    })
    .sort((a, b) => a.step - b.step);
}

/**
 * The checkpoint that a path means: a checkpoint folder, or the newest one of a run's folder.
 * @throws WitError `missing_file` when there is none, `bad_file` when it is damaged.
 */
export async function findCheckpoint(path: string): Promise<Checkpoint> {
  const newest = (await listCheckpoints(path)).at(-1);
  return await readCheckpoint(newest?.path ?? path);
}

/**
 * Describes a checkpoint folder.
 * @throws WitError `missing_file` when `path` is none, `bad_file` when it is damaged.
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = join(path, 'checkpoint.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new WitError('missing_file', `${path} holds no checkpoint: ${messageOf(cause)}`, {
      cause,
      hint: 'Give a folder like RUN/checkpoints/step-00001000, or RUN itself for its newest.',
    });
  }
  try {
    const stored = JSON.parse(text) as Checkpoint & { schema: number };
    if (stored.schema !== 1) throw new Error(`schema ${stored.schema} is not 1`);
    const { step, position, epoch, config, meta, losses } = stored;
    for (const value of [step, position, config.model.image.size, config.model.text.context]) {
      if (!Number.isInteger(value)) throw new Error('it lacks a step, a position or a model');
    }
    return { path, step, position, epoch, config, meta, losses };
  } catch (cause) {
    throw new WitError('bad_file', `${file} is damaged: ${messageOf(cause)}`, {
      cause,
      hint: 'Use another checkpoint of the run.',
    });
  }
}
