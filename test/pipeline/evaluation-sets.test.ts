import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { hamming } from '../../src/filter/index.js';
import type { Stats } from '../../src/stats/index.js';
import { run } from '../commands/command-line.js';
import { type Built, builtIn, keysOf, SmallBuilds } from './small-build.js';

let builds: SmallBuilds;
/** What a build without evaluation sets keeps. */
let plain: Built;

beforeAll(async () => {
  builds = await SmallBuilds.open();
  plain = await builds.build('plain', {});
  expect(plain.pairs.length).toBeGreaterThan(90);
}, 60_000);
afterAll(() => builds.close());

async function folder(name: string): Promise<string> {
  const path = join(builds.root, name);
  await mkdir(join(path, 'some class'), { recursive: true });
  return path;
}

/** Pairs that look like no other kept one, so that what is found is told by one image alone. */
function distinct(): Built['pairs'] {
  return plain.pairs.filter(({ key, dhash }) =>
    plain.pairs.every((other) => other.key === key || hamming(other.dhash, dhash) > 14),
  );
}

describe('decontamination', () => {
  it('finds an image as it is, recompressed and resized; not what was cropped from it', async () => {
    const set = await folder('kinds');
    const ways: [name: string, change: (bytes: Buffer) => Promise<Buffer>][] = [
      ['exact', async (bytes) => bytes],
      [
        'recompressed',
        (bytes) => sharp(bytes).flatten({ background: 'white' }).jpeg({ quality: 60 }).toBuffer(),
      ],
      [
        'resized',
        (bytes) =>
          sharp(bytes).resize(190, 190, { kernel: 'cubic' }).webp({ quality: 85 }).toBuffer(),
      ],
      [
        'cropped',
        (bytes) =>
          sharp(bytes).extract({ left: 12, top: 12, width: 24, height: 24 }).png().toBuffer(),
      ],
    ];
    const pairs = distinct();
    expect(pairs.length).toBeGreaterThan(4 * 6);
    for (const [at, { url }] of pairs.slice(0, 4 * 6).entries()) {
      const [name, change] = ways[at % 4] as (typeof ways)[number];
      const bytes = await change(await builds.served(url));
      await writeFile(join(set, 'some class', `${name}-${at}.jpg`), bytes);
    }
    const {
      manifest,
      rejects,
      pairs: kept,
    } = await builds.build('kinds-out', { decontaminate: [set] });
    const lost = rejects.filter(({ reason }) => reason === 'evaluation_overlap');
    const found = (way: number) =>
      pairs
        .slice(0, 4 * 6)
        .filter(({ key }, at) => at % 4 === way && lost.some(({ id }) => id === key)).length;
    expect([found(0), found(1), found(2), found(3)]).toEqual([6, 6, 6, 0]);
    for (const { detail, by } of lost) {
      expect(by).toBe(set);
      expect(detail).toMatch(
        /^(same bytes as some class.exact|nearly some class.(exact|recompressed|resized))-\d+\.jpg$/,
      );
    }
    expect(
      lost.filter(({ detail }) => detail?.startsWith('same bytes')).length,
    ).toBeGreaterThanOrEqual(6);
    expect(manifest.funnel.lostBy).toEqual({ evaluation_overlap: { [set]: lost.length } });
    // Nothing else changed.
    const gone = new Set(lost.map(({ id }) => id));
    for (const key of keysOf(plain.pairs)) {
      if (!gone.has(key)) expect(keysOf(kept)).toContain(key);
    }
    expect(manifest.rules[`evaluation:${set}`]).toMatch(/^24 images, [0-9a-f]{16}$/);
  }, 60_000);

  it('counts by set, in the manifest, the summary, the card and the report, through the command line', async () => {
    const [one, two, none] = [await folder('one'), await folder('two'), await folder('none')];
    const pairs = distinct();
    for (const [at, { image }] of pairs.slice(0, 5).entries()) {
      await writeFile(join(at < 3 ? one : two, `${at}.jpg`), image.bytes);
    }
    const noise = Buffer.from(Array.from({ length: 48 * 48 * 3 }, (_, at) => (at * 7919) % 251));
    const raw = { width: 48, height: 48, channels: 3 } as const;
    await sharp(noise, { raw }).toFile(join(none, 'x.png'));
    const dir = join(builds.root, 'by-set');
    const sets = [one, two, none];
    const { code, stdout, stderr } = await run([
      ...['crawl-and-build', ...builds.flags(), '--out', dir, '--decontaminate', ...sets],
    ]);
    expect(code, stderr).toBe(0);
    const { manifest, rejects } = await builtIn(dir);
    const lost = manifest.funnel.lostBy?.evaluation_overlap ?? {};
    for (const [set, least] of [
      [one, 3],
      [two, 2],
    ] as const) {
      expect(lost[set]).toBeGreaterThanOrEqual(least);
      expect(rejects.filter(({ by }) => by === set)).toHaveLength(lost[set] as number);
      expect(stdout).toContain(`left out, as they show images of ${set}: ${lost[set]}`);
    }
    expect(lost[none]).toBeUndefined();
    expect(stdout).toContain(`left out, as they show images of ${none}: 0`);
    const sum = (lost[one] as number) + (lost[two] as number);
    expect(manifest.funnel.lost.fetch?.evaluation_overlap).toBe(sum);

    const summary = await run(['stats', dir]);
    expect(summary.code, summary.stderr).toBe(0);
    const stats = JSON.parse(await readFile(join(dir, 'report', 'stats.json'), 'utf8')) as Stats;
    const shown = stats.losses
      .flatMap(({ reasons }) => reasons)
      .find(({ reason }) => reason === 'evaluation_overlap');
    const byName = shown?.by?.map(({ name, count }) => [name, count]) ?? [];
    expect(Object.fromEntries(byName)).toEqual(lost);
    expect(summary.stdout).toMatch(new RegExp(`…?\\S*/one +${lost[one]}\n`));
    const page = await readFile(join(dir, 'report', 'index.html'), 'utf8');
    expect(page).toContain('/two');
    const card = await readFile(join(dir, 'README.md'), 'utf8');
    expect(card).toContain(`Decontaminated against \`one\``);
    expect(card).toMatch(
      /Decontaminated against `none` \(1 images, [0-9a-f]{16}\): 0 pairs left out/,
    );
  }, 60_000);

  it('reads Parquet, our shards for one', async () => {
    const shard = plain.manifest.shards[0] as { path: string; rows: number };
    const set = join(plain.dir, shard.path);
    const { pairs, manifest, rejects } = await builds.build('parquet', { decontaminate: [set] });
    const first = new Set(keysOf(plain.pairs.slice(0, shard.rows)));
    expect(keysOf(pairs).filter((key) => first.has(key))).toEqual([]);
    expect(manifest.funnel.lostBy?.evaluation_overlap?.[set]).toBeGreaterThanOrEqual(first.size);
    expect(rejects.find(({ by }) => by === set)?.detail).toMatch(/train-00000\.parquet row \d+$/);
  }, 60_000);

  it('finds of an image that no decoder reads the same bytes, and warns', async () => {
    const set = await folder('damaged');
    const { url, key } = distinct()[0] as Built['pairs'][number];
    await writeFile(join(set, 'good.png'), await builds.served(url));
    await writeFile(join(set, 'bad.png'), 'no image');
    const said: string[] = [];
    const { manifest, rejects } = await builds.build(
      'damaged-out',
      { decontaminate: [set] },
      { emit: (event) => event.type === 'message' && said.push(event.text) },
    );
    expect(said.join()).toContain('1 of 2 images cannot be read');
    expect(said.join()).toContain('bad.png: undecodable');
    expect(manifest.rules[`evaluation:${set}`]).toMatch(/^2 images, 1 unreadable, /);
    expect(rejects.find(({ id }) => id === key)?.reason).toBe('evaluation_overlap');
  }, 60_000);

  it.each([
    ['a set that is not there', 'missing', undefined, 'does not exist'],
    ['a folder without images', 'empty', 'notes.txt', 'holds no images'],
    ['a set of which nothing can be read', 'unreadable', 'x.png', '1 of 1 images cannot be read'],
  ])('refuses %s before anything is written', async (_, name, file, message) => {
    const set = join(builds.root, 'refused', name);
    if (file !== undefined) {
      await mkdir(set, { recursive: true });
      await writeFile(join(set, file), 'text');
    }
    await expect(builds.build(`never-${name}`, { decontaminate: [set] })).rejects.toThrow(message);
    await expect(readDataset(join(builds.root, `never-${name}`))).rejects.toThrow('no dataset');
  });

  it('is not gone on with when a set has changed', async () => {
    const set = await folder('grows');
    const [first, second] = distinct() as [Built['pairs'][number], Built['pairs'][number]];
    await writeFile(join(set, '1.jpg'), first.image.bytes);
    await builds.build('grown', { decontaminate: [set] });
    await writeFile(join(set, '2.jpg'), second.image.bytes);
    await expect(builds.build('grown', { decontaminate: [set] })).rejects.toThrow(
      `evaluation:${set}`,
    );
  }, 60_000);
});
