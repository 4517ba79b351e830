import { describe, expect, it } from 'vitest';
import { modelSchema } from '../../src/config.js';
import { WitError } from '../../src/core/errors.js';
import { engineModel, MODEL_NAMES, resolveModel } from '../../src/train/models.js';

describe('models', () => {
  it('are all valid, CLIP’s nine first', () => {
    expect(MODEL_NAMES.slice(0, 9)).toEqual([
      'RN50',
      'RN101',
      'RN50x4',
      'RN50x16',
      'RN50x64',
      'ViT-B-32',
      'ViT-B-16',
      'ViT-L-14',
      'ViT-L-14-336',
    ]);
    for (const name of MODEL_NAMES) {
      const model = resolveModel(name);
      expect(modelSchema.parse(model)).toEqual(model);
    }
  });

  it('have the published head counts', () => {
    const heads = MODEL_NAMES.slice(0, 9).map((name) => resolveModel(name).image.heads);
    expect(heads).toEqual([32, 32, 40, 48, 64, 12, 12, 16, 16]);
    const text = MODEL_NAMES.slice(0, 9).map((name) => resolveModel(name).text.heads);
    expect(text).toEqual([8, 8, 10, 12, 16, 8, 8, 12, 12]);
  });

  it('are told to the engine in its words', () => {
    expect(engineModel(resolveModel('RN50'))).toEqual({
      embed_dim: 1024,
      quick_gelu: true,
      image: {
        kind: 'resnet',
        size: 224,
        width: 64,
        layers: [3, 4, 6, 3],
        heads: 32,
        stem_stride: 4,
      },
      text: { kind: 'transformer', context: 77, vocab: 49_408, width: 512, heads: 8, layers: 12 },
    });
    const bag = engineModel(resolveModel('tiny-resnet')).text;
    expect(bag).toEqual({ kind: 'bag', context: 16, vocab: 49_408, width: 64 });
  });

  it('lists the names when one is unknown', () => {
    for (const name of ['vit', 'constructor', '']) {
      expect(() => resolveModel(name)).toThrow(WitError);
      try {
        resolveModel(name);
      } catch (error) {
        expect((error as WitError).hint).toContain('ViT-L-14-336');
      }
    }
  });

  it('must have what their kind needs', () => {
    const model = resolveModel('tiny-vit');
    const bag = { ...model.text, kind: 'bag' };
    expect(modelSchema.safeParse({ ...model, text: bag }).success).toBe(false);
    const { heads: _, ...headless } = model.text;
    expect(modelSchema.safeParse({ ...model, text: headless }).success).toBe(false);
  });
});
