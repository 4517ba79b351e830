import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evalSchema, trainSchema } from '../../src/config.js';
import { silent } from '../../src/core/events.js';
import { evaluate } from '../../src/eval/evaluate.js';
import { EvalSession } from '../../src/eval/session.js';
import { loadCaptions, loadClasses } from '../../src/eval/sets.js';
import { train } from '../../src/train/train.js';
import { testPython } from '../train/python.js';
import { makeRow, makeShards, sourceOf } from '../train/shards.js';

const signal = new AbortController().signal;
const context = { emit: silent, signal };
const python = testPython();
const config = evalSchema.parse({
  batchSize: 7,
  threads: 1,
  device: 'cpu',
  templates: ['a photo of a {}.', 'the {}, drawn'],
});
const CLASSES = ['red thing', 'green thing', 'blue thing', 'picture', 'number 3', 'dot'];

let checkpoint: string;
let folder: string;
let shard: string;

beforeAll(async () => {
  const shards = await makeShards([24]);
  shard = shards[0]?.path as string;
  const settings = { model: 'tiny-resnet', steps: 2, batchSize: 8, threads: 1, device: 'cpu' };
  const out = await mkdtemp(join(tmpdir(), 'wit-eval-'));
  const result = await train(
    {
      config: trainSchema.parse(settings),
      source: sourceOf(shards),
      datasetDigest: 'd',
      out,
      python,
    },
    context,
  );
  checkpoint = result.checkpoint;
  folder = join(out, 'set');
  for (const [i] of CLASSES.entries()) {
    await mkdir(join(folder, `c${i}`), { recursive: true });
    for (let k = 0; k < 1 + (i % 3) * 2; k++) {
      await writeFile(join(folder, `c${i}`, `${k}.png`), (await makeRow(100 * i + k)).image.bytes);
    }
  }
  const names = CLASSES.map((name, i) => ({ folder: `c${i}`, name }));
  await writeFile(join(folder, 'classes.json'), JSON.stringify(names));
}, 180_000);

/** Rows of a safetensors file with the one tensor `features`. */
async function features(path: string): Promise<number[][]> {
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as {
    features: { shape: [number, number]; data_offsets: [number, number] };
  };
  const [rows, width] = header.features.shape;
  const start = 8 + length + header.features.data_offsets[0];
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, i) => bytes.readFloatLE(start + (row * width + i) * 4)),
  );
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
const unit = (a: readonly number[]): number[] => a.map((value) => value / Math.sqrt(dot(a, a)));

async function embed(work: (session: EvalSession) => Promise<string>): Promise<number[][]> {
  const session = await EvalSession.open({ checkpoint, python, config }, signal);
  try {
    const path = join(await mkdtemp(join(tmpdir(), 'wit-features-')), 'f.safetensors');
    await session.save(await work(session), path);
    return await features(path);
  } finally {
    await session.close();
  }
}

describe('evaluate', { timeout: 180_000 }, () => {
  it('equals brute force over the embeddings', async () => {
    const classes = await loadClasses(folder);
    const captions = await loadCaptions(shard);
    const [zero, retrieval] = await evaluate(
      {
        checkpoint,
        tasks: [
          { kind: 'zero-shot', set: classes },
          { kind: 'retrieval', set: captions },
        ],
        python,
        config,
      },
      context,
    );

    const images = await embed(async (session) => {
      await session.embedImages(classes, 'x', () => {});
      return 'x';
    });
    const prompts = CLASSES.flatMap((name) => [`a photo of a ${name}.`, `the ${name}, drawn`]);
    const texts = await embed(async (session) => {
      await session.embedTexts(prompts, 'x');
      return 'x';
    });
    const means = CLASSES.map((_, c) =>
      unit((texts[2 * c] as number[]).map((v, i) => v + (texts[2 * c + 1]?.[i] as number))),
    );
    const ranked = images.map((image) => {
      const scores = means.map((mean) => dot(image, mean));
      return scores.map((_, c) => c).sort((a, b) => (scores[b] as number) - (scores[a] as number));
    });
    const right = (k: number): number =>
      classes.labels.filter((label, i) => ranked[i]?.slice(0, k).includes(label)).length;
    expect(zero).toMatchObject({ task: 'zero-shot', n: 18, classes: 6, chance: 1 / 6 });
    expect(zero.top1).toBeCloseTo(right(1) / 18, 12);
    expect(zero.top5).toBeCloseTo(right(5) / 18, 12);
    const perClass = CLASSES.map((_, c) => {
      const own = classes.labels.flatMap((label, i) => (label === c ? [i] : []));
      return own.filter((i) => ranked[i]?.[0] === c).length / own.length;
    });
    expect(zero.meanPerClass).toBeCloseTo(perClass.reduce((a, b) => a + b) / 6, 12);

    const pictures = await embed(async (session) => {
      await session.embedImages(captions, 'x', () => {});
      return 'x';
    });
    const words = await embed(async (session) => {
      await session.embedTexts(captions.captions.flat(), 'x');
      return 'x';
    });
    const ranks = pictures.map((picture, i) => {
      const scores = words.map((word) => dot(picture, word));
      const best = Math.max(scores[2 * i] as number, scores[2 * i + 1] as number);
      return scores.filter((score, j) => Math.floor(j / 2) !== i && score >= best - 1e-6).length;
    });
    expect(retrieval).toMatchObject({ task: 'retrieval', n: 24, texts: 48 });
    for (const k of [1, 5, 10] as const) {
      expect(retrieval.imageToText[`r${k}`]).toBeCloseTo(
        ranks.filter((rank) => rank < k).length / 24,
        12,
      );
    }
    expect(retrieval.chance.textToImage.r10).toBeCloseTo(10 / 24, 12);
    expect(retrieval.chance.imageToText.r1).toBeCloseTo(2 / 48, 12);
  });

  it('accepts a run’s folder, and repeats itself whatever the batch size', async () => {
    const set = await loadClasses(folder);
    const run = join(checkpoint, '..', '..');
    const tasks = [{ kind: 'zero-shot', set }] as const;
    const [a] = await evaluate({ checkpoint, tasks, python, config }, context);
    const big = { ...config, batchSize: 100 };
    const [b] = await evaluate({ checkpoint: run, tasks, python, config: big }, context);
    expect(b).toEqual(a);
  });

  it('names an image that cannot be decoded, and a checkpoint that is missing', async () => {
    const bad = join(await mkdtemp(join(tmpdir(), 'wit-bad-')), 'set');
    await mkdir(join(bad, 'cat'), { recursive: true });
    await writeFile(join(bad, 'cat', 'ok.png'), (await makeRow(1)).image.bytes);
    await writeFile(join(bad, 'cat', 'zz.png'), 'no image');
    const tasks = [{ kind: 'zero-shot', set: await loadClasses(bad) }] as const;
    await expect(evaluate({ checkpoint, tasks, python, config }, context)).rejects.toThrow(
      `Cannot decode ${join(bad, 'cat', 'zz.png')}`,
    );
    const missing = evaluate({ checkpoint: bad, tasks, python, config }, context);
    await expect(missing).rejects.toThrow(`${bad} holds no checkpoint`);
  });

  it('stops on abort', async () => {
    const set = await loadClasses(folder);
    const stop = new AbortController();
    const tasks = [{ kind: 'zero-shot', set }] as const;
    const running = evaluate(
      { checkpoint, tasks, python, config },
      { signal: stop.signal, emit: () => stop.abort(new Error('enough')) },
    );
    await expect(running).rejects.toThrow('enough');
  });
});
