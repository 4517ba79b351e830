/**
 * Model configurations by name: CLIP's nine (Radford et al. 2021, Tables 19 and 20; head counts and
 * stems from openai/CLIP) and two small ones for tests and trials. Names follow open_clip.
 */

import type { ModelConfig } from '../config.js';
import { WitError } from '../core/errors.js';

type ImageConfig = ModelConfig['image'];

function clip(embedDim: number, textWidth: number, image: ImageConfig): ModelConfig {
  return {
    embedDim,
    quickGelu: true,
    image,
    text: {
      kind: 'transformer',
      context: 77,
      vocab: 49_408,
      width: textWidth,
      heads: textWidth / 64,
      layers: 12,
    },
  };
}

const resnet = (size: number, width: number, layers: number[]): ImageConfig => ({
  kind: 'resnet',
  size,
  width,
  layers,
  heads: (width * 32) / 64,
  stemStride: 4,
});

const vit = (
  size: number,
  patch: number,
  width: number,
  layers: number,
  heads: number,
): ImageConfig => ({ kind: 'vit', size, patch, width, layers, heads });

const MODELS: Readonly<Record<string, ModelConfig>> = {
  RN50: clip(1024, 512, resnet(224, 64, [3, 4, 6, 3])),
  RN101: clip(512, 512, resnet(224, 64, [3, 4, 23, 3])),
  RN50x4: clip(640, 640, resnet(288, 80, [4, 6, 10, 6])),
  RN50x16: clip(768, 768, resnet(384, 96, [6, 8, 18, 8])),
  RN50x64: clip(1024, 1024, resnet(448, 128, [3, 15, 36, 10])),
  'ViT-B-32': clip(512, 512, vit(224, 32, 768, 12, 12)),
  'ViT-B-16': clip(512, 512, vit(224, 16, 768, 12, 12)),
  'ViT-L-14': clip(768, 768, vit(224, 14, 1024, 24, 16)),
  'ViT-L-14-336': clip(768, 768, vit(336, 14, 1024, 24, 16)),
  'tiny-vit': {
    embedDim: 64,
    quickGelu: true,
    image: vit(32, 8, 64, 2, 2),
    text: { kind: 'transformer', context: 16, vocab: 49_408, width: 64, heads: 2, layers: 2 },
  },
  'tiny-resnet': {
    embedDim: 64,
    quickGelu: true,
    image: { kind: 'resnet', size: 24, width: 16, layers: [1, 1, 1], heads: 4, stemStride: 1 },
    text: { kind: 'bag', context: 16, vocab: 49_408, width: 64 },
  },
};

/** Every name that `resolveModel` knows. */
export const MODEL_NAMES: readonly string[] = Object.keys(MODELS);

/**
 * The model of a name, or the given model.
 * @throws WitError `config` for an unknown name, listing the known ones.
 */
export function resolveModel(model: string | ModelConfig): ModelConfig {
  if (typeof model !== 'string') return model;
  const known = Object.hasOwn(MODELS, model) ? MODELS[model] : undefined;
  if (known === undefined) {
    throw new WitError('config', `Unknown model "${model}"`, {
      hint: `Known models: ${MODEL_NAMES.join(', ')}. Or give a whole model under train.model.`,
    });
  }
  return known;
}

/** The model in the engine's words (docs/engine-protocol.md). */
export function engineModel(model: ModelConfig): Record<string, unknown> {
  const { image, text } = model;
  return {
    embed_dim: model.embedDim,
    quick_gelu: model.quickGelu,
    image: image.kind === 'vit' ? image : snakeCased(image),
    text: snakeCased(text),
  };
}

function snakeCased(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), item]),
  );
}
