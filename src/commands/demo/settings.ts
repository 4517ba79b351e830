/**
 * The demo's settings. Small enough for two cores and five minutes, and honest: nothing here was
 * chosen by looking at the held-out designer or at the held-out concepts (docs/demo.md).
 */

import { join } from 'node:path';
import type { PartialConfig } from '../../config.js';
import { packageRoot } from '../../core/version.js';

/** Side of the pictures that the small internet serves. */
export const SERVED_PX = 72;
/** Side of the evaluation images: what a stored image has. */
export const STORED_PX = 64;

/** Where the small internet is to be found. */
export interface Web {
  connectTo: string[];
  seeds: string[];
  hosts: string[];
}

export function demoSettings(web: Web, options: { steps?: number; seed: number }): PartialConfig {
  return {
    seed: options.seed,
    // One fixed moment, so that two demos write the same bytes.
    snapshot: '2026-01-01T00:00:00Z',
    queries: { file: join(packageRoot, 'queries', 'demo.txt') },
    sources: { seeds: web.seeds, hosts: web.hosts, unitSize: 200 },
    net: {
      connectTo: web.connectTo,
      // Politeness is kept, but paced for loopback.
      perHostConcurrency: 4,
      perHostDelayMs: 0,
      timeoutMs: 3_000,
      retries: 2,
      backoffMs: 50,
      maxBackoffMs: 1_500,
      maxImageBytes: 3_000_000,
    },
    // The paper's 20,000 would never bite here.
    filter: { cap: 100 },
    shard: { sidePx: STORED_PX, selectionsPerShard: 1_000 },
    train: {
      model: {
        embedDim: 128,
        image: {
          kind: 'resnet',
          size: 32,
          width: 32,
          layers: [1, 2, 2, 1],
          heads: 8,
          stemStride: 4,
        },
        text: { context: 24, width: 128, heads: 4, layers: 1 },
      },
      steps: options.steps ?? 900,
      batchSize: 128,
      lr: 1e-3,
      warmupSteps: 50,
      checkpointEvery: 300,
      logEvery: 25,
      sampleTexts: true,
      precision: 'bf16',
      augment: {},
    },
    eval: {
      templates: ['{}', 'a {}', 'a picture of a {}', '{} emoji', 'This is a {}.'],
      precision: 'fp32',
    },
  };
}
