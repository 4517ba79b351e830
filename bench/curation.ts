/**
 * Does filtering and capping make better models? One web, whose truth is known, is built four times:
 * raw, filtered, capped, and both. The same small model trains on each with the same compute, three
 * seeds each, and is asked about designers that drew nothing on that web, and about photographs.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { demoSettings, STORED_PX } from '../src/commands/demo/settings.js';
import {
  buildConfigOf,
  type Config,
  mergeSettings,
  type PartialConfig,
  resolveConfig,
} from '../src/config.js';
import { readDataset } from '../src/core/dataset.js';
import { silent } from '../src/core/events.js';
import { readRecords } from '../src/core/parquet/reader.js';
import { pairFields } from '../src/core/types.js';
import { packageRoot } from '../src/core/version.js';
import { type ClassSet, evaluate } from '../src/eval/index.js';
import { buildDataset } from '../src/pipeline/build.js';
import { followShards } from '../src/pipeline/follow.js';
import { resolvePython, train } from '../src/train/index.js';
import { type Concept, designerOf, type EmojiWorld, loadEmoji } from '../test/web/emoji.js';
import {
  type CurationWeb,
  GENERIC_QUERIES,
  type Kind,
  serveCurationWeb,
  UNSEEN_DESIGNERS,
} from './curation-web.js';
import { type Bench, type BenchOptions, type Figure, fact, rate } from './figures.js';
import { loadPhotographs } from './stamps.js';

const CAP = 40;
const ARMS = {
  raw: { filter: { preset: 'none' } },
  filtered: { filter: { preset: 'wit' } },
  capped: { filter: { preset: 'none', cap: CAP } },
  'filtered and capped': { filter: { preset: 'wit', cap: CAP } },
} as const satisfies Record<string, PartialConfig>;
type Arm = keyof typeof ARMS;
const ARM_NAMES = Object.keys(ARMS) as Arm[];

interface Size {
  concepts: number;
  headPairs: number;
  steps: number;
  seeds: number[];
}
const FULL: Size = {
  concepts: Number.POSITIVE_INFINITY,
  headPairs: 300,
  steps: 900,
  seeds: [0, 1, 2],
};
const QUICK: Size = { concepts: 40, headPairs: 10, steps: 10, seeds: [0] };

export const curation: Bench = {
  about: 'models trained on raw, filtered and capped data (about 45 minutes of one core)',
  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'wit-bench-curation-'));
    try {
      return await runIn(folder, options);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function runIn(folder: string, { quick, say }: BenchOptions) {
  const size = quick ? QUICK : FULL;
  const python = resolvePython({ python: undefined });
  const emoji = await loadEmoji();
  const web = await serveCurationWeb(emoji, size);
  const truth = new Map(web.pairs.map(({ url, kind }) => [url, kind]));
  const sets = [
    ...UNSEEN_DESIGNERS.map((designer) => drawings(emoji, designer, web.concepts)),
    ...(await photographs(join(folder, 'stamps'), web.concepts)),
  ];
  const figures: Figure[] = [];
  const scores = new Map<Arm, number[][]>();
  const notes: string[] = [];
  try {
    await writeInputs(folder, web);
    for (const arm of ARM_NAMES) {
      say(`building: ${arm}`);
      const dir = join(folder, arm.replaceAll(' ', '-'));
      await buildDataset(buildConfigOf(await settings(folder, web, arm, size, 0)), dir);
      const kinds = await countKinds(dir, truth);
      figures.push(...composition(arm, kinds));
      notes.push(`${arm}: ${[...kinds].map(([kind, rows]) => `${kind} ${rows}`).join(', ')}`);
    }
  } finally {
    await web.close();
  }
  // Seeds outside: an interrupted run has told something of every arm.
  for (const seed of size.seeds) {
    for (const arm of ARM_NAMES) {
      const config = await settings(folder, web, arm, size, seed);
      const dir = join(folder, arm.replaceAll(' ', '-'));
      const top1 = await trainAndEvaluate({ config, dir, out: `${dir}-${seed}`, python, sets });
      scores.set(arm, [...(scores.get(arm) ?? []), top1]);
      const shown = sets.map(({ name }, at) => `${name} ${percent(top1[at] as number)}`);
      say(`${arm}, seed ${seed}: ${shown.join(', ')}`);
    }
  }
  for (const [at, { name, size: images, classes }] of sets.entries()) {
    const of = (arm: Arm) =>
      (scores.get(arm) as number[][]).map((top1) => 100 * (top1[at] as number));
    for (const arm of ARM_NAMES.filter((arm) => arm !== 'raw')) {
      const what = `zero-shot top-1, ${name}: ${arm} against raw`;
      figures.push(rate(what, '%', mean(of(arm)), mean(of('raw')), 1));
    }
    const spread = ARM_NAMES.map(
      (arm) =>
        `${arm} ${of(arm)
          .map((p) => p.toFixed(1))
          .join(' ')}`,
    );
    notes.push(
      `${name} (${images} images, ${classes.length} classes, chance ${percent(1 / classes.length)}), % by seed: ${spread.join('; ')}`,
    );
  }
  if (sets.length === UNSEEN_DESIGNERS.length) {
    notes.push('photographs left out: Debian’s tuxpaint-stamps-default is not to be had here');
  }
  notes.push(
    `${size.steps} steps of 128 pairs each, whatever the data; cap ${CAP}; the demo’s model (docs/demo.md)`,
  );
  return { figures, notes };
}

/** The URL list and the query list. */
async function writeInputs(folder: string, web: CurationWeb): Promise<void> {
  const rows = web.pairs.map(({ url, text }) => JSON.stringify({ url, caption: text }));
  await writeFile(join(folder, 'pairs.jsonl'), `${rows.join('\n')}\n`);
  const demo = await readFile(join(packageRoot, 'queries', 'demo.txt'), 'utf8');
  await writeFile(join(folder, 'queries.txt'), `${demo}\n${GENERIC_QUERIES.join('\n')}\n`);
}

async function settings(
  folder: string,
  { connectTo }: CurationWeb,
  arm: Arm,
  { steps }: Size,
  seed: number,
): Promise<Config> {
  const base = demoSettings({ connectTo, seeds: [], hosts: [] }, { steps, seed });
  // The cap of the demo is not for this web; the seed is that of the training alone.
  const own: PartialConfig = {
    ...base,
    seed: 0,
    filter: ARMS[arm].filter,
    queries: { file: join(folder, 'queries.txt') },
    sources: { lists: [join(folder, 'pairs.jsonl')] },
  };
  return await resolveConfig(
    mergeSettings(own, {
      net: { allowPrivate: true, perHostConcurrency: 16, timeoutMs: 60_000 },
      train: { seed },
    }),
    undefined,
  );
}

async function countKinds(
  dir: string,
  truth: ReadonlyMap<string, Kind>,
): Promise<Map<Kind, number>> {
  const kinds = new Map<Kind, number>();
  for (const { path } of (await readDataset(dir)).manifest.shards) {
    for await (const { url } of readRecords(join(dir, path), pairFields, { columns: ['url'] })) {
      const kind = truth.get(url) as Kind;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
  return new Map([...kinds].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is in, by the truth. */
function composition(arm: Arm, kinds: ReadonlyMap<Kind, number>): Figure[] {
  const rows = [...kinds.values()].reduce((a, b) => a + b, 0);
  const share = (some: readonly Kind[]) =>
    (100 * some.reduce((sum, kind) => sum + (kinds.get(kind) ?? 0), 0)) / rows;
  return [
    fact(`rows: ${arm}`, 'rows', rows),
    fact(`right captions: ${arm}`, '%', share(['good', 'head', 'copy'])),
    fact(`of the head: ${arm}`, '%', share(['head'])),
  ];
}

async function trainAndEvaluate(input: {
  config: Config;
  dir: string;
  out: string;
  python: string;
  sets: readonly ClassSet[];
}): Promise<number[]> {
  const { config, dir, out, python, sets } = input;
  const options = { emit: silent, signal: new AbortController().signal };
  await mkdir(out, { recursive: true });
  const { datasetDigest } = await readDataset(dir);
  const source = followShards(dir, { growing: async () => false });
  const { checkpoint } = await train(
    { config: config.train, source, datasetDigest, out, python },
    options,
  );
  const tasks = sets.map((set) => ({ kind: 'zero-shot', set }) as const);
  const results = await evaluate({ checkpoint, python, config: config.eval, tasks }, options);
  return results.map(({ top1 }) => top1);
}

/** One designer's pictures of the concepts, by name. */
function drawings(emoji: EmojiWorld, designer: string, concepts: readonly Concept[]): ClassSet {
  const drawn = concepts.filter((concept) => emoji.has(designer, concept));
  return {
    name: designerOf(designer).title,
    size: drawn.length,
    classes: drawn.map(({ label }) => label),
    labels: drawn.map((_, at) => at),
    async *images() {
      const look = { format: 'png', background: 'white' } as const;
      for (const concept of drawn) {
        const bytes = await emoji.render(designer, concept, STORED_PX, look);
        yield { name: concept.label, bytes };
      }
    },
  };
}

/** Names whose last word is another thing's name. */
const OTHER_THINGS: ReadonlySet<string> = new Set(['sea lion', 'vw beetle', 'edward bear']);

/** Photographs whose caption is the name of a concept, or one with a word or two before it. */
async function photographs(folder: string, concepts: readonly Concept[]): Promise<ClassSet[]> {
  const all = await loadPhotographs(folder);
  if (all === undefined) return [];
  const labels = concepts.map(({ label }) => label.toLowerCase());
  const classes: string[] = [];
  const images: { path: string; label: number }[] = [];
  for (const { path, caption } of all) {
    const name = caption
      .toLowerCase()
      .replace(/[.!]/g, '')
      .replace(/^(?:an?|the) /, '');
    if (OTHER_THINGS.has(name) || name.split(' ').length > 3) continue;
    const label = labels.find((label) => name === label || name.endsWith(` ${label}`));
    if (label === undefined) continue;
    if (!classes.includes(label)) classes.push(label);
    images.push({ path, label: classes.indexOf(label) });
  }
  if (images.length === 0) return [];
  const set: ClassSet = {
    name: 'photographs',
    size: images.length,
    classes,
    labels: images.map(({ label }) => label),
    async *images() {
      for (const { path } of images) {
        // The whole cut-out on a white square, as the drawings stand.
        const bytes = await sharp(path)
          .resize(STORED_PX, STORED_PX, { fit: 'contain', background: '#fff' })
          .flatten({ background: '#fff' })
          .png()
          .toBuffer();
        yield { name: path, bytes };
      }
    },
  };
  return [set];
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
