/** Finds a scorer: a module by its path, a package by its name, or the CLIP score of a run of ours. */

import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { evalSchema } from '../config.js';
import { messageOf, WitError } from '../core/errors.js';
import { fileDigest } from '../core/store.js';
import { EvalSession } from '../eval/session.js';
import { findCheckpoint, resolvePython } from '../train/index.js';
import type { Scorer } from './scorer.js';

/** @throws WitError `missing_file`, `bad_file` or `engine` naming what `from` says. */
export async function openScorer(from: string, signal: AbortSignal): Promise<Scorer> {
  if (existsSync(from)) {
    return statSync(from).isDirectory()
      ? await openClip(from, signal)
      : await openModule(from, pathToFileURL(resolve(from)).href);
  }
  if (/^[./\\]|\.[cm]?js$/.test(from)) {
    throw new WitError('missing_file', `Scorer ${from} does not exist`);
  }
  return await openModule(from, installed(from));
}

/** Where a package stands: in the folder that one works in, else beside `wit`. */
function installed(name: string): string {
  try {
    const here = createRequire(join(process.cwd(), 'index.js'));
    return pathToFileURL(here.resolve(name)).href;
  } catch {
    return name;
  }
}

async function openModule(from: string, specifier: string): Promise<Scorer> {
  let module: Partial<Scorer> & { default?: Partial<Scorer> };
  try {
    module = (await import(specifier)) as typeof module;
  } catch (cause) {
    const isMissing = specifier === from && messageOf(cause).includes(`'${from}'`);
    throw isMissing
      ? new WitError(
          'missing_file',
          `Scorer ${from} is no file, and no package that is installed`,
          {
            cause,
            hint: `npm install ${from}, or give the path of a module or of a run of ours.`,
          },
        )
      : new WitError('bad_file', `Cannot load scorer ${from}: ${messageOf(cause)}`, { cause });
  }
  const scorer = module.score === undefined && module.default ? module.default : module;
  const { name, version, score, close } = scorer;
  if (
    typeof name !== 'string' ||
    (typeof version !== 'string' && typeof version !== 'number') ||
    typeof score !== 'function' ||
    (close !== undefined && typeof close !== 'function')
  ) {
    throw new WitError('bad_file', `Scorer ${from} must export name, version and score`, {
      hint: 'docs/scorers.md has an example.',
    });
  }
  return scorer as Scorer;
}

/** The cosine of image and caption by a checkpoint of ours, -1 to 1. */
async function openClip(from: string, signal: AbortSignal): Promise<Scorer> {
  const { path } = await findCheckpoint(from);
  const weights = await fileDigest(join(path, 'model.safetensors'));
  const session = await EvalSession.open(
    {
      checkpoint: path,
      python: resolvePython({ python: undefined }),
      config: evalSchema.parse({ precision: 'fp32' }),
    },
    signal,
  );
  return {
    name: 'clip',
    version: `1 ${weights.sha256.slice(0, 16)}`,
    async score(batch) {
      const set = {
        name: 'pairs',
        size: batch.length,
        async *images() {
          for (const { key, image } of batch) yield { name: key, bytes: image };
        },
      };
      await session.embedImages(set, 'images', () => {});
      const texts = batch.map(({ text }) => text);
      await session.embedTexts(texts, 'texts');
      return await session.cosines('images', 'texts');
    },
    close: () => session.close(),
  };
}
