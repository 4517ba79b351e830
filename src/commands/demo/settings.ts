/**
 * The demo's settings: small enough for two cores and five minutes. docs/demo.md says how they were
 * chosen, and what was known of the held-out designer when they were.
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

export function demoSettings(
  web: Web,
  { steps = 1_300, seed }: { steps?: number; seed: number },
): PartialConfig {
  return {
    seed,
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
    filter: { cap: 60 },
    shard: { sidePx: STORED_PX, selectionsPerShard: 1_000 },
    train: {
      model: {
        embedDim: 128,
        image: { kind: 'resnet', size: 32, width: 32, layers: [1, 2, 2], heads: 8 },
        // Bag-of-words text: in the paper too the cheapest way to learn from few examples (§2.3).
        text: { kind: 'bag', context: 24, width: 128 },
      },
      steps,
      batchSize: 128,
      lr: 1e-3,
      weightDecay: 0.1,
      warmupSteps: Math.ceil(steps / 20),
      gradClip: 1,
      precision: 'fast',
      // A second thread gains little on a model this small, and loses much on a busy machine.
      threads: 1,
      sampleTexts: true,
      augment: {
        scale: [0.6, 1.3],
        aspect: 1.25,
        rotate: 15,
        translate: 0.1,
        flip: 0.5,
        brightness: 0.3,
        contrast: 0.3,
        saturation: 0.5,
        hue: 0.05,
        colour: 0.6,
        grayscale: 0.1,
        ramp: 0,
      },
      checkpointEvery: Math.ceil(steps / 4),
      logEvery: 25,
    },
    eval: {
      templates: ['{}', 'a {}', 'a picture of a {}', '{} emoji', 'This is a {}.'],
      precision: 'fp32',
      threads: 1,
    },
  };
}
