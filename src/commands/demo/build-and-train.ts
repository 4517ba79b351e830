/** Crawling and training at once: the trainer takes each shard as it is committed. */

import { buildConfigOf, type Config } from '../../config.js';
import { sha256 } from '../../core/ids.js';
import { isPublicAddress } from '../../crawl/index.js';
import { buildDataset } from '../../pipeline/build.js';
import { followShards } from '../../pipeline/follow.js';
import { type TrainResult, train } from '../../train/index.js';
import type { Io } from '../command.js';

export async function buildAndTrain(
  input: { config: Config; dataset: string; run: string; python: string },
  { emit, signal }: Io,
): Promise<TrainResult> {
  const buildConfig = buildConfigOf(input.config);
  const { train: trainConfig } = input.config;
  // Whichever of the two fails stops the other one.
  const either = new AbortController();
  const stop = AbortSignal.any([signal, either.signal]);
  let building = true;
  const fail = (error: unknown): never => {
    either.abort(error);
    throw error;
  };
  // The web of the demo is this machine; every other private address stays out of reach.
  const allowed = (address: string): boolean => address === '127.0.0.1' || isPublicAddress(address);
  const built = buildDataset(buildConfig, input.dataset, { emit, signal: stop, web: { allowed } })
    .finally(() => {
      building = false;
    })
    .catch(fail);
  const trained = train(
    {
      config: trainConfig,
      source: followShards(input.dataset, { growing: async () => building, signal: stop }),
      datasetDigest: sha256(JSON.stringify({ ...buildConfig, net: undefined })),
      out: input.run,
      resume: 'auto',
      python: input.python,
    },
    { emit, signal: stop },
  ).catch(fail);
  const [training] = await Promise.allSettled([trained, built]);
  if (training.status === 'rejected') throw either.signal.reason ?? training.reason;
  await built;
  return training.value;
}
