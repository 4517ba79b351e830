import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainSchema } from '../../src/config.js';
import { silent } from '../../src/core/events.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { selectionFields } from '../../src/core/types.js';
import { followShards } from '../../src/pipeline/follow.js';
import { verifyShards } from '../../src/shard/index.js';
import { train } from '../../src/train/train.js';
import { run, runKilled, start } from '../commands/command-line.js';
import { testPython } from '../train/python.js';
import { contentOf } from './content.js';
import { type Built, builtIn, keysOf, SmallBuilds } from './small-build.js';

let builds: SmallBuilds;
/** What a build without scorers keeps. */
let plain: Built;

beforeAll(async () => {
  builds = await SmallBuilds.open();
  plain = await builds.build('plain', {});
  expect(plain.pairs.length).toBeGreaterThan(90);
}, 60_000);
afterAll(() => builds.close());

/** Characters of the caption. Checks what it is given. */
const LENGTH = `
export const name = 'length';
export const version = '3';
export async function score(batch) {
  return await Promise.all(batch.map(async ({ text, image, width, height, pixels }) => {
    const rgb = await pixels();
    if (image.length === 0 || rgb.length !== width * height * 3) throw new Error('incomplete');
    return text.length;
  }));
}
`;
/** Mean of all levels: an even image differs from none. */
const BRIGHTNESS = `
export default {
  name: 'brightness',
  version: 1,
  score: (batch) => Promise.all(batch.map(async ({ pixels }) => {
    const rgb = await pixels();
    return rgb.reduce((sum, level) => sum + level, 0) / rgb.length;
  })),
};
`;

async function module(name: string, text: string): Promise<string> {
  const path = join(builds.root, name);
  await writeFile(path, text);
  return path;
}

const scoresOf = ({ pairs }: Built) => pairs.map(({ scores }) => JSON.parse(scores as string));

describe('scorers', () => {
  it('that have no limits only give their scores, in a column of the shards', async () => {
    const [length, brightness] = [await module('l.mjs', LENGTH), await module('b.mjs', BRIGHTNESS)];
    const scorers = [{ from: length }, { from: brightness, name: 'light' }];
    const built = await builds.build('scored', { scorers });
    expect(keysOf(built.pairs)).toEqual(keysOf(plain.pairs));
    // Of the caption with which it was fetched: duplicates may have brought a better one.
    const texts = new Map<string, string>();
    for (const { path } of built.manifest.files.selected) {
      for await (const { id, text } of readRecords(join(built.dir, path), selectionFields)) {
        texts.set(id, text);
      }
    }
    for (const [at, { length, light }] of scoresOf(built).entries()) {
      expect(length).toBe(texts.get(built.pairs[at]?.key as string)?.length);
      expect(light).toBeGreaterThan(0);
      expect(light).toBeLessThan(256);
    }
    expect(Object.keys(scoresOf(built)[0])).toEqual(['length', 'light']);
    expect(built.manifest.rules).toMatchObject({ 'scorer:length': '3', 'scorer:light': '1' });
    expect(plain.pairs.every(({ scores }) => scores === undefined)).toBe(true);
    await verifyShards(built.dir, built.manifest.shards);
  }, 60_000);

  it('keep what is within their limits, and count what is not', async () => {
    const from = await module('length.mjs', LENGTH);
    const { manifest, pairs, rejects } = await builds.build('limits', {
      scorers: [{ from, min: 12, max: 60 }],
    });
    expect(pairs.every(({ text }) => text.length >= 12 && text.length <= 60)).toBe(true);
    const wanted = plain.pairs.filter(({ text }) => text.length >= 12 && text.length <= 60);
    // What was refused was not there to be duplicated: others may have taken its place.
    expect(pairs.length).toBeGreaterThanOrEqual(wanted.length);
    for (const [reason, detail] of [
      ['score_below', /^length \d+, at least 12$/],
      ['score_above', /^length \d+, at most 60$/],
    ] as const) {
      const lost = rejects.filter((reject) => reject.reason === reason);
      expect(lost.length).toBeGreaterThan(0);
      expect(
        lost.every((reject) => detail.test(reject.detail ?? '') && reject.by === 'length'),
      ).toBe(true);
      expect(manifest.funnel.lostBy?.[reason]).toEqual({ length: lost.length });
    }
  }, 60_000);

  it('keep the highest share of each part', async () => {
    const from = await module('top.mjs', BRIGHTNESS);
    // So that what is scored is what is there.
    const filter = { nearDuplicateBits: -1 };
    const all = await builds.build('top-all', { ...filter, scorers: [{ from }] });
    const { manifest, pairs, rejects } = await builds.build('top', {
      ...filter,
      scorers: [{ from, top: 0.3 }],
    });
    expect(manifest.shards).toHaveLength(all.manifest.shards.length);
    const exact = all.rejects.filter(({ reason }) => reason === 'duplicate_exact');
    for (const [part, { path }] of manifest.shards.entries()) {
      const own = await scoresIn(manifest.shards, part, pairs);
      const before = await scoresIn(all.manifest.shards, part, all.pairs);
      const file = path.replace('data/train', 'rejects/fetch');
      const lost = rejects.filter(
        ({ reason, by }) => reason === 'score_below' && by === 'brightness',
      );
      expect(lost.length, file).toBeGreaterThan(0);
      // Duplicates have a score too, and are told after it: they may have stood among the highest.
      const scored = before.length + exact.length;
      expect(own.length).toBeLessThanOrEqual(Math.ceil(0.3 * scored));
      expect(own.length).toBeGreaterThanOrEqual(Math.ceil(0.3 * before.length) - exact.length);
      const lowest = Math.min(...own);
      expect(before.filter((score) => score > lowest).length).toBeLessThanOrEqual(own.length);
    }
    // The same pairs as before, images included, with the same scores.
    const known = new Map(all.pairs.map((pair) => [pair.key, pair]));
    for (const pair of pairs) {
      const { image, scores } = known.get(pair.key) ?? {};
      if (image !== undefined) expect(pair).toMatchObject({ scores, image });
    }
    await verifyShards(join(builds.root, 'top'), manifest.shards);
  }, 60_000);

  async function scoresIn(
    shards: readonly { rows: number }[],
    part: number,
    pairs: Built['pairs'],
  ): Promise<number[]> {
    const first = shards.slice(0, part).reduce((sum, { rows }) => sum + rows, 0);
    const own = pairs.slice(first, first + (shards[part]?.rows as number));
    return own.map(({ scores }) => JSON.parse(scores as string).brightness);
  }

  it('give the same bytes however often a run is killed, evaluation sets and shares included', async () => {
    const [length, brightness] = [await module('k.mjs', LENGTH), await module('c.mjs', BRIGHTNESS)];
    const set = join(builds.root, 'killed-set');
    await mkdir(set);
    for (const [at, { image }] of plain.pairs.slice(0, 4).entries()) {
      await writeFile(join(set, `${at}.jpg`), image.bytes);
    }
    const flags = [
      ...['crawl-and-build', ...builds.flags(), '--decontaminate', set],
      ...['--scorer', `${length},max=70`, `${brightness},top=0.8`],
    ];
    const reference = join(builds.root, 'reference');
    const { code, stdout, stderr } = await run([...flags, '--out', reference]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/left out by scorer length: 0 below, [1-9]\d* above/);
    expect(stdout).toMatch(/left out by scorer brightness: [1-9]\d* below, 0 above/);
    const { manifest } = await builtIn(reference);
    expect(manifest.funnel.lostBy?.evaluation_overlap?.[set]).toBeGreaterThanOrEqual(4);
    const killed = join(builds.root, 'killed');
    expect(await runKilled([...flags, '--out', killed])).toBeGreaterThan(0);
    expect(await contentOf(killed)).toEqual(await contentOf(reference));
  }, 300_000);

  it('that fail lose nothing: mended, the run goes on without downloading anything again', async () => {
    const broken = LENGTH.replace(
      'return text.length',
      "if (text.length > 30) throw new Error('out of luck'); return text.length",
    );
    const from = await module('mended.mjs', broken);
    const out = join(builds.root, 'mended');
    const args = ['crawl-and-build', ...builds.flags(), '--scorer', `${from},min=5`, '--out', out];
    const failed = await run(args);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Scorer length: it failed: out of luck');
    expect(failed.stderr).toContain('What was downloaded is kept');
    const log = join(out, 'fetching', '00000.log');
    const kept = (await readFile(log)).length;
    expect(kept).toBeGreaterThan(1_000);
    await writeFile(from, LENGTH);
    const { code, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    const fresh = await builds.build('mended-fresh', { scorers: [{ from, min: 5 }] });
    expect(await contentOf(out)).toEqual(await contentOf(fresh.dir));
    // Another version gives other scores.
    await writeFile(from, LENGTH.replace("'3'", "'4'"));
    const other = await run(args);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('rule.scorer:length (was "3", is "4")');
  }, 120_000);

  it('that never answer do not keep a run from being stopped', async () => {
    const from = await module(
      'silent.mjs',
      'export const name = "silent"; export const version = 1; export const score = () => new Promise(() => setInterval(() => {}, 1e6));',
    );
    const out = join(builds.root, 'silent');
    const { child, ended } = start([
      ...['crawl-and-build', ...builds.flags(), '--scorer', from, '--out', out, '--json'],
    ]);
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
      if (/"task":"fetch","done":[1-9]/.test(said)) child.kill('SIGINT');
    });
    expect((await ended).code).toBe(130);
  }, 60_000);

  const START = 'export const name = "x"; export const version = 1; ';
  it.each([
    ['no score', 'export const name = "x"; export const version = 1;', 'must export'],
    ['no module', 'export const name = ;', 'Cannot load'],
    [
      'a name of two words',
      'export const name = "x y"; export const version = 1; export const score = () => [];',
      'its name must be',
    ],
    ['too few scores', `${START}export const score = () => [];`, 'scores, got 0'],
    ['no list', `${START}export const score = () => 1;`, 'scores, got number'],
    ['no number', `${START}export const score = (b) => b.map(() => NaN);`, 'got NaN'],
    [
      'a failure',
      `${START}export const score = async () => { throw new Error("out of luck"); };`,
      'out of luck',
    ],
  ])('that give %s end the run and say so', async (what, text, message) => {
    const from = await module(`${what.replaceAll(' ', '-')}.mjs`, text);
    await expect(builds.build(what, { scorers: [{ from, min: 0 }] })).rejects.toThrow(message);
  });

  it('are found by path or package name, and told apart by name', async () => {
    const from = await module('twice.mjs', LENGTH);
    const build = (name: string, scorers: { from: string; name?: string }[]) =>
      builds.build(name, { scorers });
    await expect(build('two', [{ from }, { from }])).rejects.toThrow(
      'Two scorers are named "length"',
    );
    await expect(build('gone', [{ from: './gone.mjs' }])).rejects.toThrow('does not exist');
    await expect(build('gone', [{ from: 'no-such-scorer' }])).rejects.toThrow(
      'no package that is installed',
    );
    await expect(build('gone', [{ from: 'zod' }])).rejects.toThrow('Scorer zod must export');
    // Installed in the folder that one works in, as a package of CommonJS.
    const work = join(builds.root, 'work');
    const folder = join(work, 'node_modules', 'my-scorer');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"name":"my-scorer","version":"1.0.0"}');
    await writeFile(
      join(folder, 'index.js'),
      'module.exports = { name: "mine", version: "1.0.0", score: (b) => new Float32Array(b.length), close() { throw new Error("jammed"); } };',
    );
    const out = join(builds.root, 'packaged');
    const { code, stderr } = await run(
      ['crawl-and-build', ...builds.flags(), '--scorer', 'my-scorer', '--out', out],
      work,
    );
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Scorer mine failed to close: jammed');
    const scores = scoresOf(await builtIn(out));
    expect(scores.every(({ mine }) => mine === 0)).toBe(true);
  }, 60_000);

  it('refuses what --scorer cannot mean', async () => {
    for (const [value, said] of [
      ['x.mjs,most=3', 'received "x.mjs,most=3"'],
      ['x.mjs,top=2', 'top'],
      ['x.mjs,min=low', 'min'],
    ] as const) {
      const { code, stderr } = await run(['crawl-and-build', ...builds.flags(), '--scorer', value]);
      expect(code).toBe(1);
      expect(stderr).toContain(said);
      expect(stderr).not.toContain('defect');
    }
  });

  it('may be a CLIP that we trained', async () => {
    const out = join(builds.root, 'run');
    const config = { steps: 2, batchSize: 8, threads: 1, device: 'cpu', model: 'tiny-resnet' };
    await train(
      {
        config: trainSchema.parse(config),
        source: followShards(plain.dir),
        datasetDigest: 'd',
        out,
        python: testPython(),
      },
      { emit: silent, signal: new AbortController().signal },
    );
    const all = await builds.build('clip-all', { scorers: [{ from: out }] });
    expect(keysOf(all.pairs)).toEqual(keysOf(plain.pairs));
    const scores = scoresOf(all).map(({ clip }) => clip);
    expect(scores.every((score) => score >= -1 && score <= 1)).toBe(true);
    expect(new Set(scores).size).toBeGreaterThan(10);
    const median = [...scores].sort((a, b) => a - b)[scores.length >> 1];
    const half = await builds.build('clip-half', { scorers: [{ from: out, min: median }] });
    // Duplicates of what was refused may take its place.
    const wanted = keysOf(all.pairs).filter((_, at) => scores[at] >= median);
    for (const key of wanted) expect(keysOf(half.pairs)).toContain(key);
    expect(scoresOf(half).every(({ clip }) => clip >= median)).toBe(true);
    expect(half.manifest.rules['scorer:clip']).toMatch(/^1 [0-9a-f]{16}$/);
  }, 120_000);
});
