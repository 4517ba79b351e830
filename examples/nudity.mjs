/**
 * A scorer (docs/scorers.md): how likely an image is pornography, photographed or drawn, 0 to 1, by the
 * MobileNet that ships in the package nsfwjs (MIT). It runs on TensorFlow.js with its WebAssembly backend, nothing
 * native: some seven images a second and core.
 *
 * The packages are yours to install, beside this file:
 *
 *     mkdir scorers && cp examples/nudity.mjs scorers/
 *     npm install --prefix scorers nsfwjs@4.4.0 @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 buffer@6.0.3
 *     wit crawl-and-build … --scorer scorers/nudity.mjs,max=0.5
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { load } from 'nsfwjs/core';
import { MobileNetV2Model } from 'nsfwjs/models/mobilenet_v2';

const REFUSED = ['Porn', 'Hentai'];

// Both say hello on stdout, which belongs to results.
const { info, log } = console;
console.info = console.log = () => {};
const wasm = dirname(
  createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'),
);
setWasmPaths(join(wasm, 'dist/'));
// More would add up in another order.
setThreadsCount(1);
await tf.setBackend('wasm');
const model = await load('MobileNetV2', { modelDefinitions: [MobileNetV2Model] });
Object.assign(console, { info, log });

export const name = 'nudity';
export const version = 'nsfwjs 4.4.0 mobilenet_v2';

export async function score(batch) {
  const scores = [];
  for (const { pixels, width, height } of batch) {
    const image = tf.tensor3d(await pixels(), [height, width, 3], 'int32');
    try {
      const classes = await model.classify(image);
      const refused = classes.filter(({ className }) => REFUSED.includes(className));
      scores.push(refused.reduce((sum, { probability }) => sum + probability, 0));
    } finally {
      image.dispose();
    }
  }
  return scores;
}

export function close() {
  model.model.dispose();
}
