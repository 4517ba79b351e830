/**
 * What the rule on near duplicates finds and what it takes for one: real drawings and photographs, and copies
 * of them as the web has them. And how fast a shard is written again with other captions.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { filterSchema, shardSchema } from '../src/config.js';
import { contentId } from '../src/core/ids.js';
import { mapOrdered } from '../src/core/ordered.js';
import type { Pair } from '../src/core/types.js';
import { hamming, type NormalisedImage, normaliseImage } from '../src/filter/index.js';
import { rewriteCaptions, writeShard } from '../src/shard/index.js';
import { loadEmoji } from '../test/web/emoji.js';
import { type Bench, type BenchOptions, type Figure, fact } from './figures.js';
import { photographs, readPhotographs } from './photographs.js';

const DRAWING_PX = 128;
const BITS = [2, 4, 6, 8];
const DECODERS = 4;
const filter = filterSchema.parse({});
const shard = shardSchema.parse({});

/** How a copy differs. Real ones differ in several ways at once, mostly these. */
const COPIES: Record<string, (original: Buffer) => Promise<Buffer>> = {
  'recompressed (JPEG, quality 60)': (bytes) =>
    sharp(bytes).flatten({ background: 'white' }).jpeg({ quality: 60 }).toBuffer(),
  'at half the size': (bytes) => scaled(bytes, 0.5),
  'enlarged by 1.3': (bytes) => scaled(bytes, 1.3),
};

export const duplicates: Bench = {
  about: 'near duplicates found and mistaken, on drawings and photographs; rewriting shards',
  run,
};

type Stored = Extract<NormalisedImage, { ok: true }>;

async function run({ quick, say }: BenchOptions) {
  const figures: Figure[] = [];
  const world = await loadEmoji();
  const drawn = world.concepts.slice(0, quick ? 200 : undefined);
  const drawings = await mapped(drawn, (each) => world.render('noto', each, DRAWING_PX));
  const made = await photographs(quick ? 200 : 2_000, say);
  const sets: [string, Buffer[]][] = [
    ['drawings', drawings],
    ['photographs', await readPhotographs(made.folder, made.names.slice(0, quick ? 100 : 1_000))],
  ];
  let photos: Stored[] = [];
  for (const [name, originals] of sets) {
    say(`hashing ${originals.length} ${name} and their copies …`);
    const stored = await storedOf(originals);
    photos = stored.filter((image) => image !== undefined);
    // The photographs were made so that none is another's.
    if (name === 'drawings') figures.push(...mistaken(photos));
    for (const [how, copy] of Object.entries(COPIES)) {
      const copies = await storedOf(await mapped(originals, copy));
      const pairs = stored.flatMap((image, at) => {
        const other = copies[at];
        return image === undefined || other === undefined
          ? []
          : [hamming(image.dhash, other.dhash)];
      });
      for (const bits of BITS) {
        const found = pairs.filter((distance) => distance <= bits);
        figures.push(
          fact(`copies of ${name} found, ${how}, ${bits} bits`, '%', share(found, pairs)),
        );
      }
    }
  }
  say('writing a shard again …');
  const { megabytes, cpu } = await rewritten(photos);
  figures.push(fact('a shard written again with other captions', 'MB/s of CPU', megabytes / cpu));
  const notes = [
    `Images as they are stored (short side at most ${shard.sidePx} px, JPEG). Drawings: ${drawn.length} emoji of one designer at ` +
      `${DRAWING_PX} px, many of which are near twins (clocks, families). Photographs: cuts of ${made.originals}, none within 8 bits of ` +
      'another cut of the same one.',
    `The rule allows ${filter.nearDuplicateBits} of 192 bits (filter.nearDuplicateBits).`,
    `The shard has ${megabytes.toFixed(0)} MB; reading, writing and its checksum are in the figure, flushing it to the disk is not.`,
  ];
  return { figures, notes };
}

function mistaken(images: readonly Stored[]): Figure[] {
  return BITS.map((bits) => {
    const taken = images.filter((image) =>
      images.some((other) => other !== image && hamming(other.dhash, image.dhash) <= bits),
    );
    return fact(`drawings taken for another's copy, ${bits} bits`, '%', share(taken, images));
  });
}

/** As the crawl would store them; undefined where it would not. */
async function storedOf(images: readonly Buffer[]): Promise<(Stored | undefined)[]> {
  const stored = await mapped(images, (bytes) => normaliseImage(bytes, filter, shard));
  return stored.map((image) => (image.ok ? image : undefined));
}

async function mapped<In, Out>(
  items: readonly In[],
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  for await (const each of mapOrdered(items, work, { concurrency: DECODERS })) results.push(each);
  return results;
}

async function scaled(bytes: Buffer, factor: number): Promise<Buffer> {
  const { width } = await sharp(bytes).metadata();
  return await sharp(bytes)
    .resize(Math.round(width * factor))
    .toBuffer();
}

const share = (some: readonly unknown[], all: readonly unknown[]): number =>
  (100 * some.length) / all.length;

/** Every second row of a shard gets another caption. */
async function rewritten(images: readonly Stored[]): Promise<{ megabytes: number; cpu: number }> {
  const dir = await mkdtemp(join(tmpdir(), 'wit-bench-duplicates-'));
  try {
    const snapshot = '2026-01-01T00:00:00Z';
    const pairs = images.map(({ image, format, dhash, ...size }, n): Pair => {
      const key = contentId(String(n));
      const { width, height, originalWidth, originalHeight } = size;
      return {
        ...{ key, text: `photograph ${n}`, otherTexts: [], url: `https://example.org/${n}.jpg` },
        ...{ queries: ['photograph'], width, height, originalWidth, originalHeight, format },
        ...{ sha256: key + key, dhash, fetchedAt: snapshot, image: { bytes: image, path: key } },
      };
    });
    await writeShard(dir, 'train-00000', pairs, { shard, losses: [], snapshot });
    const changed = new Set(pairs.filter((_, n) => n % 2 === 0).map(({ key }) => key));
    const begun = process.cpuUsage();
    const { bytes } = await rewriteCaptions(dir, 'data/train-00000.parquet', (key) =>
      changed.has(key) ? { text: 'another caption', otherTexts: ['one', 'more'] } : undefined,
    );
    const { user, system } = process.cpuUsage(begun);
    return { megabytes: bytes / 1e6, cpu: (user + system) / 1e6 };
  } finally {
    await rm(dir, { recursive: true });
  }
}
