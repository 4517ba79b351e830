/** What holds of a whole build, whatever the candidates, how they are divided, and how often it is killed. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import { QUERIES_FILE, readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import {
  candidateFields,
  pairFields,
  queryUseFields,
  rejectFields,
  selectionFields,
} from '../../src/core/types.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { run, start } from '../commands/command-line.js';
import { below, pick, prng, shuffled } from '../filter/prng.js';
import { contentOf } from './content.js';
import { type Gallery, startGallery } from './gallery.js';

const PICTURES = 30;
const CAP = 15;
const QUERIES = ['dog', 'cat', 'bird', 'photo', 'old dog', 'nothing has this'];

let root: string;
let gallery: Gallery;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-properties-'));
  // Some copies are never there.
  gallery = await startGallery(PICTURES, (copy) => copy % 11 === 5);
  await writeFile(join(root, 'queries.txt'), QUERIES.join('\n'));
});

afterAll(async () => {
  await gallery.close();
  await rm(root, { recursive: true, force: true });
});

/** Rows of a list: some twice, some images with several captions, some captions that match nothing. */
function randomRows(random: () => number): string[] {
  const rows = Array.from({ length: 250 }, (_, copy) => {
    const n = below(random, PICTURES);
    const url = `http://h${below(random, 5)}.test/${n}-${copy % 200}.${pick(random, ['png', 'jpg'])}`;
    const words = Array.from({ length: 1 + below(random, 3) }, () =>
      pick(random, ['dog', 'cat', 'bird', 'red', 'old', '', 'a']),
    );
    return `${url},${pick(random, ['a photo of', 'my', 'IMG'])} ${words.join(' ')} ${below(random, 9)}`;
  });
  return [...rows, ...rows.slice(0, 20)];
}

/** The same rows, in a folder of lists, divided and run at random. */
async function randomSettings(
  random: () => number,
  rows: readonly string[],
  name: string,
): Promise<PartialConfig> {
  const lists: string[] = [];
  const left = shuffled(random, rows);
  while (left.length > 0) {
    const path = join(root, `${name}-${lists.length}.csv`);
    const part = left.splice(0, 1 + below(random, 150));
    await writeFile(path, ['url,caption', ...part].join('\n'));
    lists.push(path);
  }
  const concurrency = 1 + below(random, 40);
  return {
    queries: { file: join(root, 'queries.txt') },
    sources: { lists, unitSize: 10 + below(random, 200) },
    net: {
      connectTo: [`::127.0.0.1:${gallery.port}`],
      ...{ allowPrivate: true, perHostDelayMs: 0, retries: 0 },
      ...{ concurrency, perHostConcurrency: Math.min(concurrency, 8) },
    },
    filter: { cap: CAP, languages: [] },
    shard: { sidePx: 48, selectionsPerShard: 20, rowGroupRows: 6 },
    workers: 1 + below(random, 3),
    snapshot: '2026-01-01T00:00:00Z',
  };
}

async function all<T>(rows: AsyncIterable<T>[]): Promise<T[]> {
  const found: T[] = [];
  for (const part of rows) for await (const row of part) found.push(row);
  return found;
}

const rejectsIn = (dir: string, files: readonly { path: string }[]) =>
  all(files.map(({ path }) => readRecords(join(dir, path), rejectFields)));

/** What does not depend on where parts of candidates begin and end. */
async function resultOf(dir: string) {
  const content = Object.entries(await contentOf(dir)).filter(
    ([path]) => /^(data|selected)\//.test(path) || path === QUERIES_FILE || /\/fetch-/.test(path),
  );
  const { manifest } = await readDataset(dir);
  const rejects = await rejectsIn(dir, manifest.files.rejects);
  const texts = rejects.map((reject) => JSON.stringify(reject)).sort();
  return { content: Object.fromEntries(content), rejects: texts, funnel: manifest.funnel };
}

async function expectLawful(dir: string): Promise<void> {
  const { manifest, complete } = await readDataset(dir);
  expect(complete).toBe(true);
  const { files, shards, funnel } = manifest;
  const at = ({ path }: { path: string }) => join(dir, path);
  const candidates = await all(
    files.candidates.map((file) => readRecords(at(file), candidateFields)),
  );
  const selected = await all(files.selected.map((file) => readRecords(at(file), selectionFields)));
  const rows = await all(shards.map((file) => readRecords(at(file), pairFields)));
  const rejects = await rejectsIn(dir, files.rejects);
  const lostIn = (stage: string) => rejects.filter((reject) => reject.stage === stage);
  const ids = (records: readonly { id: string }[]) => records.map(({ id }) => id);
  // One fate each: nothing twice, nothing missing.
  expect([...ids(selected), ...ids(lostIn('select'))].sort()).toEqual(ids(candidates).sort());
  const keys = rows.map(({ key }) => key);
  expect([...keys, ...ids(lostIn('fetch'))].sort()).toEqual(ids(selected).sort());
  expect(funnel).toMatchObject({
    candidates: candidates.length,
    selected: selected.length,
    kept: rows.length,
  });
  // One row an image, and what is said to be the same is a row, or a selection.
  expect(new Set(rows.map(({ sha256 }) => sha256)).size).toBe(rows.length);
  for (const { reason, sameAs, stage } of rejects) {
    if (/^duplicate_(exact|near)$/.test(reason)) expect(keys).toContain(sameAs);
    else if (stage === 'select' && sameAs !== undefined) expect(ids(selected)).toContain(sameAs);
  }
  for (const { text, otherTexts } of rows) {
    expect(otherTexts.length).toBeLessThanOrEqual(16);
    expect(new Set([text, ...otherTexts]).size).toBe(1 + otherTexts.length);
  }
  // No query admits more than the cap, nor fewer than it could.
  for await (const use of readRecords(join(dir, QUERIES_FILE), queryUseFields)) {
    expect(use.admitted).toBe(Math.min(CAP, use.matched));
    const admitted = selected.filter(({ admittedBy }) => admittedBy.includes(use.query));
    expect(admitted.length).toBeLessThanOrEqual(use.admitted);
    expect(use.selected).toBe(selected.filter((each) => each.queries.includes(use.query)).length);
  }
}

describe('a build', () => {
  it.each([1, 2, 3])(
    'gives each candidate one fate, keeps the caps, and depends on nothing but the candidates (%i)',
    async (seed) => {
      const random = prng(seed);
      const rows = randomRows(random);
      const results: unknown[] = [];
      for (const name of [`${seed}-a`, `${seed}-b`]) {
        const out = join(root, name);
        await buildDataset(await randomSettings(random, rows, name), out);
        await expectLawful(out);
        results.push(await resultOf(out));
      }
      expect(results[1]).toEqual(results[0]);

      // Killed three times, at moments that are random in truth.
      const out = join(root, `${seed}-killed`);
      const settings = join(root, `${seed}.yaml`);
      await writeFile(settings, JSON.stringify(await randomSettings(random, rows, `${seed}-c`)));
      const args = ['crawl-and-build', '--config', settings, '--out', out];
      for (let kills = 0; kills < 3; kills++) {
        const { child, ended } = start(args);
        await Promise.race([sleep(500 + Math.random() * 2_000), ended]);
        child.kill('SIGKILL');
        await ended;
      }
      const { code, stderr } = await run(args);
      expect(code, stderr).toBe(0);
      expect(await resultOf(out)).toEqual(results[0]);
    },
    120_000,
  );
});
