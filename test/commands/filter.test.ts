/** `wit filter explain` and `wit filter try`, as a user runs them. */

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/core/version.js';
import type { Explanation } from '../../src/pipeline/explain.js';
import type { Trial } from '../../src/pipeline/try-filter.js';
import { contentOf } from '../pipeline/content.js';
import { type Built, SmallBuilds } from '../pipeline/small-build.js';
import { run } from './command-line.js';

let builds: SmallBuilds;
let built: Built;
let evaluation: string;

const QUERIES = join(packageRoot, 'queries', 'demo.txt');
const LENGTH =
  'export const name = "length"; export const version = 1; export const score = (b) => b.map(({ text }) => text.length);';

beforeAll(async () => {
  builds = await SmallBuilds.open();
  const plain = await builds.build('plain', {});
  evaluation = join(builds.root, 'evaluation');
  await mkdir(evaluation);
  for (const [at, { image }] of plain.pairs.slice(0, 2).entries()) {
    await writeFile(join(evaluation, `${at}.jpg`), image.bytes);
  }
  const from = join(builds.root, 'length.mjs');
  await writeFile(from, LENGTH);
  const scorers = [{ from, max: 75 }];
  built = await builds.build('judged', { cap: 3, decontaminate: [evaluation], scorers });
}, 120_000);
afterAll(() => builds.close());

async function json<T>(args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run(['filter', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).value as T;
}

describe('wit filter explain', () => {
  it('tells the fate of candidates as the dataset has it, and what led to it', async () => {
    const reasons = new Set(built.rejects.map(({ reason }) => reason));
    for (const reason of ['over_cap', 'score_above', 'evaluation_overlap']) {
      expect([...reasons]).toContain(reason);
    }
    // A page is no candidate, and a repeated candidate has the fate of the first.
    reasons.delete('duplicate_candidate');
    for (const reason of reasons) {
      const reject = built.rejects.find((row) => row.reason === reason && row.stage !== 'discover');
      if (reject === undefined) continue;
      const [found] = await json<Explanation[]>(['explain', built.dir, reject.id]);
      const { fate, verdicts, queries, admittedBy } = found as Explanation;
      expect(fate.outcome).toBe(reason);
      expect(fate).toMatchObject({ stage: reject.stage, detail: reject.detail });
      expect(fate.by).toBe(reject.by);
      const first = verdicts.find(({ passed }) => !passed);
      if (reason === 'no_query') expect([first, queries]).toEqual([undefined, []]);
      else if (reject.stage === 'select' && first !== undefined) expect(first.reason).toBe(reason);
      if (first !== undefined || reason === 'no_query') continue;
      expect(queries.length).toBeGreaterThan(0);
      if (reason === 'over_cap') {
        expect(queries.every(({ place, cap }) => place === 4 && cap === 3)).toBe(true);
        expect(queries.every(({ matched }) => (matched as number) > 3)).toBe(true);
      }
      if (reject.stage === 'fetch') expect(admittedBy?.length).toBeGreaterThan(0);
    }
  }, 300_000);

  it('has places, verdicts on the image and scores of a pair that is kept', async () => {
    const pair = built.pairs.at(-1) as Built['pairs'][number];
    const [found] = await json<Explanation[]>(['explain', built.dir, pair.key]);
    const { fate, queries, admittedBy, image, scores, rank } = found as Explanation;
    expect(fate).toMatchObject({ stage: 'shard', outcome: 'kept' });
    expect(rank).toBeGreaterThanOrEqual(0);
    const within = queries.filter(({ place, cap }) => (place as number) <= cap);
    expect(within.map(({ query }) => query).sort()).toEqual([...(admittedBy as string[])].sort());
    expect(image?.map(({ rule, passed }) => [rule, passed])).toContainEqual(['min-side', true]);
    expect(image?.map(({ rule }) => rule)).toContain('blank');
    expect(scores?.length).toBeGreaterThan(0);
    const people = await run(['filter', 'explain', built.dir, pair.key]);
    expect(people.stdout).toContain(`${pair.key}  ${pair.url}`);
    expect(people.stdout).toContain('fate: kept in shard (data/train-');
    expect(people.stdout).toMatch(/place [123] of \d+, cap 3, admitted/);
    expect(people.stdout).toMatch(/✓ {2}min-chars: \d+ characters \(/);
    const all = await json<Explanation[]>(['explain', built.dir, '--url', pair.url]);
    expect(all.map(({ candidate }) => candidate.imageUrl)).toEqual(all.map(() => pair.url));
    expect(all.map(({ candidate }) => candidate.id)).toContain(pair.key);
  }, 120_000);

  it('judges a text and an image that belong to no dataset', async () => {
    const path = join(builds.root, 'long.png');
    const create = { width: 400, height: 40, channels: 3, background: 'red' } as const;
    await sharp({ create }).png().toFile(path);
    const { code, stdout, stderr } = await run([
      ...['filter', 'explain', '--text', 'IMG_1234.JPG', '--image', path, '--queries', QUERIES],
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/✗ {2}file-name: .* → filename_text/);
    expect(stdout).toMatch(/✗ {2}aspect-ratio: 400×40 .* → aspect_ratio/);
    expect(stdout).toMatch(/✗ {2}blank: .* → blank/);
    expect(stdout).toContain('outcome: aspect_ratio, 400×40');
    const said = await json<{ image: { outcome: string }; text: { queries?: string[] } }>([
      ...['explain', '--image', path, '--text', 'a dog', '--preset', 'none'],
    ]);
    expect(said.image.outcome).toBe('kept');
    expect(said.text.queries).toBeUndefined();
  }, 60_000);

  it('names the format of a file as the crawl does', async () => {
    const svg = join(builds.root, 'drawing.svg');
    const size = 'width="60" height="60"';
    await writeFile(
      svg,
      `<svg xmlns="http://www.w3.org/2000/svg" ${size}><circle cx="30" cy="30" r="20"/></svg>`,
    );
    const asked = await run([
      'filter',
      'explain',
      '--image',
      svg,
      '--set',
      'filter.formats=["svg"]',
    ]);
    expect(asked.stdout, asked.stderr).toContain('✓  format: svg (svg)');
    expect(asked.stdout).toContain('outcome: kept');
    const { stdout } = await run(['filter', 'explain', '--image', svg]);
    expect(stdout).toMatch(/✗ {2}format: svg .* → unsupported_format/);
  }, 60_000);

  it.each([
    ['nothing to explain', [], 'needs a dataset, --text or --image'],
    ['no key', ['DIR'], 'needs a key or --url'],
    ['an unknown key', ['DIR', 'f'.repeat(32)], 'has no candidate'],
    ['another query list', ['DIR', 'x', '--queries', 'LIST'], 'is not the query list'],
    ['no image', ['--image', '/nowhere.png'], 'Cannot read /nowhere.png'],
  ])('%s: says so', async (_, args, message) => {
    const list = join(builds.root, 'other.txt');
    await writeFile(list, 'zebra\n');
    const given = args.map((arg) => (arg === 'DIR' ? built.dir : arg === 'LIST' ? list : arg));
    const { code, stderr } = await run(['filter', 'explain', ...given]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('defect of wit');
  });
});

describe('wit filter try', () => {
  const countsOf = (groups: Trial['texts']['groups']) =>
    Object.fromEntries(groups.map(({ outcome, count }) => [outcome, count]));

  it('agrees with the dataset under its own settings, and writes nothing', async () => {
    const before = await contentOf(built.dir);
    const names = await readdir(built.dir, { recursive: true });
    const { texts, images } = await json<Trial>(['try', built.dir]);
    expect(await contentOf(built.dir)).toEqual(before);
    expect(await readdir(built.dir, { recursive: true })).toEqual(names);
    const { funnel } = built.manifest;
    const lost = funnel.lost.select ?? {};
    expect(texts).toMatchObject({ candidates: funnel.candidates, gained: 0, lost: 0 });
    const counts = countsOf(texts.groups);
    // Repeated candidates are judged here too.
    const repeated = lost.duplicate_candidate ?? 0;
    for (const [reason, count] of Object.entries(counts)) {
      if (reason === 'kept') continue;
      expect(count).toBeGreaterThanOrEqual(lost[reason] as number);
      expect(count).toBeLessThanOrEqual((lost[reason] as number) + repeated);
    }
    expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(funnel.candidates);
    expect(countsOf(images.groups)).toEqual({ kept: funnel.kept });
  }, 60_000);

  it('tells what another preset or setting would keep, with samples', async () => {
    const none = await json<Trial>(['try', built.dir, '--preset', 'none', '--samples', '2']);
    const outcomes = Object.keys(countsOf(none.texts.groups));
    const mayBe = ['kept', 'no_query', 'no_text'];
    expect(outcomes.filter((outcome) => !mayBe.includes(outcome))).toEqual([]);
    expect(none.texts.gained).toBeGreaterThan(0);
    expect(none.texts.lost).toBe(0);
    expect(none.texts.groups.every(({ samples }) => samples.length <= 2)).toBe(true);
    const big = await run(['filter', 'try', built.dir, '--preset', 'datacomp-basic']);
    expect(big.code, big.stderr).toBe(0);
    expect(big.stdout).toMatch(/\d+ {2}text_too_short/);
    // Drawings of 48 pixels are too small for it.
    expect(big.stdout).toMatch(new RegExp(`${built.pairs.length} {2}image_too_small`));
    const words = await json<Trial>(['try', built.dir, '--set', 'filter.minWords=5']);
    const short = words.texts.groups.find(({ outcome }) => outcome === 'text_too_short');
    expect(short?.samples).toHaveLength(3);
    for (const { text, detail } of short?.samples ?? []) {
      expect(detail).toMatch(/^\d+ (word|character)s?$/);
      expect(text.split(' ').length).toBeLessThan(5);
    }
    expect(words.texts.lost).toBeGreaterThan(0);
    expect(words.texts.gained).toBe(0);
    const bad = await run(['filter', 'try', built.dir, '--preset', 'best']);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('preset');
  }, 120_000);
});
