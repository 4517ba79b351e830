/**
 * Real photographs as a web page shows them. Free collections of large ones are few, so each is cut and
 * scaled, seeded, into many: other places, sizes and shapes, none a near duplicate of another.
 */

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { mapOrdered } from '../src/core/ordered.js';
import { dhash } from '../src/filter/dhash.js';
import { DuplicateIndex } from '../src/filter/duplicates.js';
import { unpackPackages } from './debian.js';
import { type Random, seeded, seedOf } from './random.js';

/** Photographs with something to see in every part, among the wallpapers of Debian's packages. */
const COLLECTIONS: Readonly<Record<string, RegExp>> = {
  'lomiri-wallpapers-16.04':
    /\/(Bridge|Dragonfly|Picture_0B|Picture_1A|Wine|aitzgorri|free|friends|greentock|life|picosdeeuropa|seeding|sunset)_by_\w+\.jpg$/,
  'lomiri-wallpapers-20.04': /\/Kleiber_by_\w+\.jpg$/,
  'mate-backgrounds': /\/mate\/nature\/(?!Wood)\w+\.jpg$/,
  'plasma-workspace-wallpapers':
    /\/(BytheWater|ColdRipple|ColorfulCups|EveningGlow|FallenLeaf|Grey|Kite|OneStandsOut|Path)\/contents\/images\/2560x1600\.jpg$/,
};
/** Width and height in pixels: long sides of 1,024 to 1,600. */
const SIZES = [
  [1024, 768],
  [1280, 853],
  [1280, 960],
  [1440, 1080],
  [1600, 1067],
  [1600, 1200],
  [1200, 1600],
  [768, 1024],
] as const;
/** Twice what `filter.nearDuplicateBits` allows, since a crawler sees them recompressed and smaller. */
const APART_BITS = 8;

export interface Photograph {
  readonly name: string;
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
}

/**
 * Writes `count` JPEGs (4:2:0, quality 85–90) into a folder that is kept below the folder of temporary
 * files, so that the next run finds them, and gives the folder.
 */
export async function photographs(
  count: number,
  say: (text: string) => void,
): Promise<{ folder: string; names: string[]; originals: number }> {
  const home = join(tmpdir(), 'wit-bench-photographs');
  const folder = join(home, `derived-${count}`);
  const paths = await originals(home, say);
  if (!existsSync(folder)) {
    say(`making ${count} photographs of ${paths.length} …`);
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await derive(paths, count, partial);
    await rename(partial, folder);
  }
  return { folder, names: (await readdir(folder)).sort(), originals: paths.length };
}

/** Of the folder WIT_BENCH_PHOTOGRAPHS, or out of Debian's packages. */
async function originals(home: string, say: (text: string) => void): Promise<string[]> {
  const given = process.env.WIT_BENCH_PHOTOGRAPHS;
  if (given !== undefined) return await jpegsOf(given, () => true);
  const root = join(home, 'packages');
  await unpackPackages(Object.keys(COLLECTIONS), root, say);
  const wanted = Object.values(COLLECTIONS);
  const found = await jpegsOf(root, (path) => wanted.some((pattern) => pattern.test(path)));
  if (found.length < 10) throw new Error(`${found.length} photographs in ${root}`);
  return found;
}

async function jpegsOf(folder: string, isWanted: (path: string) => boolean): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    /\.jpe?g$/i.test(name),
  );
  return names
    .sort()
    .map((name) => join(folder, name))
    .filter(isWanted);
}

async function derive(paths: readonly string[], count: number, folder: string): Promise<void> {
  const index = new DuplicateIndex(APART_BITS);
  let made = 0;
  // Each photograph is decoded once, and gives its share.
  for (const [which, path] of paths.entries()) {
    const share = Math.floor(((which + 1) * count) / paths.length) - made;
    const pixels = await sharp(path)
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    let kept = 0;
    const cuts = mapOrdered(
      Array.from({ length: share * 10 }, (_, attempt) => seeded(seedOf(1, attempt, which))),
      (random) => (kept < share ? cut(pixels, random) : Promise.resolve(undefined)),
      { concurrency: availableParallelism() },
    );
    for await (const photograph of cuts) {
      if (photograph === undefined || kept === share) continue;
      const fingerprint = { key: '', sha256: `${made}`, dhash: photograph.dhash };
      if (index.check(fingerprint) !== undefined) continue;
      index.add(fingerprint);
      await writeFile(join(folder, `${String(made).padStart(5, '0')}.jpg`), photograph.jpeg);
      kept++;
      made++;
    }
    if (kept < share) throw new Error(`${path} gives only ${kept} photographs of ${share}`);
  }
}

interface Pixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number };
}

/** A part of a photograph at a size of the web. Scaled down rather than up, as far as it is large enough. */
async function cut({ data, info }: Pixels, random: Random) {
  const [width, height] = SIZES[Math.floor(random() * SIZES.length)] as (typeof SIZES)[number];
  const most = Math.min(info.width / width, info.height / height);
  const least = Math.min(most, 1);
  const scale = least + (most - least) * random();
  const [w, h] = [Math.floor(width * scale), Math.floor(height * scale)];
  const left = Math.floor(random() * (info.width - w + 1));
  const top = Math.floor(random() * (info.height - h + 1));
  const raw = { width: info.width, height: info.height, channels: 3 } as const;
  const part = sharp(data, { raw }).extract({ left, top, width: w, height: h });
  const mirrored = random() < 0.5 ? part.flop() : part;
  const quality = 85 + Math.floor(random() * 6);
  const jpeg = await mirrored.resize(width, height, { fit: 'fill' }).jpeg({ quality }).toBuffer();
  const small = await sharp(jpeg).resize(256, 256, { fit: 'outside' }).raw().toBuffer({
    resolveWithObject: true,
  });
  return { jpeg, dhash: dhash(small.data, small.info.width, small.info.height) };
}

/** All of a folder's photographs in memory. */
export async function readPhotographs(folder: string, names: readonly string[]): Promise<Buffer[]> {
  return await Promise.all(names.map((name) => readFile(join(folder, name))));
}
