/** Captions of images that turn out to be the same: by the definition, under kills, in rounds, while read. */

import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import { readDataset } from '../../src/core/dataset.js';
import { openParquet, readRecords } from '../../src/core/parquet/reader.js';
import {
  type Pair,
  pairFields,
  type Reject,
  rejectFields,
  type Selection,
  selectionFields,
} from '../../src/core/types.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { repairDataset } from '../../src/pipeline/repair.js';
import { verifyDataset, verifyShards } from '../../src/shard/index.js';
import { run, start } from '../commands/command-line.js';
import { below, pick, prng } from '../filter/prng.js';
import { contentOf } from './content.js';
import { type Gallery, startGallery } from './gallery.js';

const PICTURES = 40;
const COPIES = 160;
/** URLs of the picture that everybody has. */
const POPULAR = 30;
/** Answers 503 until the server is well. */
const SICK = 5;

let root: string;
let gallery: Gallery;
let isWell: boolean;
let reference: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-gather-'));
  gallery = await startGallery(PICTURES, (copy) => !isWell && copy % SICK === 3);
  const random = prng(7);
  const rows: string[] = [];
  for (let copy = 0; copy < PICTURES + COPIES; copy++) {
    const n = copy < PICTURES ? copy : copy < PICTURES + POPULAR ? 0 : below(random, PICTURES);
    const url = `http://h${copy % 7}.test/${n}-${copy}.${random() < 0.3 ? 'jpg' : 'png'}`;
    for (let texts = random() < 0.3 ? 3 : 1; texts > 0; texts--) {
      // Few different ones, so that the same caption stands at several copies.
      const words = Array.from({ length: 1 + below(random, 3) }, () =>
        pick(random, ['dog', 'cat', 'bird', 'red', 'old']),
      );
      rows.push(`${url},a photo of ${words.join(' and ')} ${below(random, 6)}`);
    }
  }
  await writeFile(join(root, 'list.csv'), ['url,caption', ...rows].join('\n'));
  await writeFile(join(root, 'queries.txt'), 'dog\ncat\nbird\nphoto\n');
  isWell = true;
  reference = join(root, 'reference');
  await buildDataset(config(), reference);
}, 60_000);

beforeEach(() => {
  isWell = true;
});

afterAll(async () => {
  await gallery.close();
  await rm(root, { recursive: true, force: true });
});

function config(net: PartialConfig['net'] = {}): PartialConfig {
  return {
    queries: { file: join(root, 'queries.txt') },
    sources: { lists: [join(root, 'list.csv')] },
    net: {
      connectTo: [`::127.0.0.1:${gallery.port}`],
      ...{ allowPrivate: true, perHostDelayMs: 0, perHostConcurrency: 8, retries: 0 },
      ...net,
    },
    filter: { languages: [] },
    shard: { sidePx: 48, selectionsPerShard: 30, rowGroupRows: 4 },
    snapshot: '2026-01-01T00:00:00Z',
  };
}

interface Tables {
  rows: Pair[];
  rejects: Reject[];
  selections: Map<string, Selection>;
}

async function tablesOf(dir: string): Promise<Tables> {
  const { manifest } = await readDataset(dir);
  const tables: Tables = { rows: [], rejects: [], selections: new Map() };
  for (const { path } of manifest.shards) {
    for await (const row of readRecords(join(dir, path), pairFields)) tables.rows.push(row);
  }
  for (const { path } of manifest.files.rejects) {
    for await (const each of readRecords(join(dir, path), rejectFields)) tables.rejects.push(each);
  }
  for (const { path } of manifest.files.selected) {
    for await (const each of readRecords(join(dir, path), selectionFields)) {
      tables.selections.set(each.id, each);
    }
  }
  return tables;
}

/** What each row must say, by the definition: all captions of all its copies, sorted. */
function expectedRows({ rows, rejects, selections }: Tables) {
  const sources = ['alt', 'caption', 'list', 'search', 'title'];
  return rows.map(({ key }) => {
    const copies = rejects.filter(
      ({ sameAs, stage }) => stage === 'fetch' && sameAs === key,
    ) as Pick<Reject, 'id'>[];
    const owners = [{ id: key }, ...copies]
      .map(({ id }) => selections.get(id) as Selection)
      .sort(
        (a, b) =>
          b.queries.length - a.queries.length ||
          sources.indexOf(a.textSource) - sources.indexOf(b.textSource) ||
          b.text.length - a.text.length ||
          a.rank - b.rank ||
          (a.id < b.id ? -1 : 1),
      );
    const texts: string[] = [];
    for (let place = 0; place <= 16; place++) {
      for (const { text, otherTexts } of owners) {
        const each = [text, ...otherTexts][place];
        if (each !== undefined && !texts.includes(each)) texts.push(each);
      }
    }
    const [text, ...others] = texts;
    return { key, text, otherTexts: others.slice(0, 16), queries: owners[0]?.queries };
  });
}

const saysOf = ({ key, text, otherTexts, queries }: Pair) => ({ key, text, otherTexts, queries });

async function groupsOf(dir: string): Promise<Record<string, number[]>> {
  const groups: Record<string, number[]> = {};
  for (const { path } of (await readDataset(dir)).manifest.shards) {
    const file = await openParquet(join(dir, path));
    groups[path] = file.rowGroups.map(({ rows }) => rows);
    await file.close();
  }
  return groups;
}

async function expectGathered(dir: string): Promise<Tables> {
  const { manifest, complete } = await readDataset(dir);
  expect(complete).toBe(true);
  const tables = await tablesOf(dir);
  expect(tables.rows.map(saysOf)).toEqual(expectedRows(tables));
  const images = tables.rows.map(({ sha256 }) => sha256);
  expect(new Set(images).size).toBe(images.length);
  // Every selection has one fate.
  const lost = tables.rejects.filter(({ stage }) => stage === 'fetch').map(({ id }) => id);
  const fates = [...tables.rows.map(({ key }) => key), ...lost];
  expect(fates.sort()).toEqual([...tables.selections.keys()].sort());
  const { problems, rows } = await verifyShards(dir, manifest.shards);
  expect(problems).toEqual([]);
  expect(rows).toBe(manifest.funnel.kept);
  expect(await readdir(dir)).not.toContain('gathering');
  return tables;
}

describe('captions of copies', () => {
  it('are in the one row of the image, by the definition: the best one its text', async () => {
    const { rows, rejects, selections } = await expectGathered(reference);
    // A worse copy is not always near enough.
    expect(rows.length).toBeGreaterThanOrEqual(PICTURES);
    expect(rows.length).toBeLessThan(PICTURES + 5);
    const reasons = new Set(rejects.map(({ reason }) => reason));
    expect([...reasons]).toEqual(
      expect.arrayContaining(['duplicate_exact', 'duplicate_near', 'same_image_url']),
    );
    expect(Math.max(...rows.map(({ otherTexts }) => otherTexts.length))).toBe(16);
    const swapped = rows.filter(({ key, text }) => selections.get(key)?.text !== text);
    expect(swapped.length).toBeGreaterThan(5);
    const gathered = rows.filter(
      ({ key, otherTexts }) => otherTexts.length > (selections.get(key)?.otherTexts.length ?? 0),
    );
    expect(gathered.length).toBeGreaterThan(20);
  });

  it.each([1, 64])('are the same with %i requests in flight', async (concurrency) => {
    const out = join(root, `concurrency-${concurrency}`);
    await buildDataset(config({ concurrency, perHostConcurrency: concurrency }), out);
    const [ours, theirs] = [await contentOf(out), await contentOf(reference)];
    delete ours['dataset.json'];
    delete theirs['dataset.json'];
    expect(ours).toEqual(theirs);
  });

  it('are the same after kill -9 while they are gathered', async () => {
    const out = join(root, 'killed');
    const args = await argsFor(out);
    await killWhen(args, () => existsSync(join(out, 'gathering')));
    for (const units of [1, 3]) await killWhen(args, () => gatherUnits(out).length >= units);
    const { code, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    expect(await contentOf(out)).toEqual(await contentOf(reference));
  }, 120_000);

  it('are the same where a shard was in its place and the journal did not know yet', async () => {
    const out = join(root, 'untold');
    await cp(reference, out, { recursive: true });
    const path = join(out, 'journal.jsonl');
    for (const kept of [0, 2]) {
      const lines = readFileSync(path, 'utf8').split('\n');
      let gathered = 0;
      const told = lines.filter((line) => !line.includes('"gather-') || gathered++ < kept);
      expect(told.length).toBeLessThan(lines.length);
      await writeFile(path, told.join('\n'));
      await rm(join(out, 'dataset.json'));
      await buildDataset(config(), out);
      expect(await contentOf(out)).toEqual(await contentOf(reference));
    }
  });

  it('come in rounds too, and leave row groups as they are', async () => {
    const out = join(root, 'rounds');
    isWell = false;
    await buildDataset(config(), out);
    const before = await expectGathered(out);
    const groups = await groupsOf(out);
    isWell = true;
    await buildDataset(config(), out, { retryFailed: ['http_server_error'] });
    const after = await expectGathered(out);
    expect(await groupsOf(out)).toMatchObject(groups);
    const rowBefore = new Map(before.rows.map((row) => [row.key, row]));
    const changed = after.rows.filter((row) => {
      const was = rowBefore.get(row.key);
      if (was === undefined) return false;
      const { text: _, otherTexts: __, queries: ___, ...rest } = row;
      // Nothing else of a row changes.
      expect(was).toMatchObject(rest);
      return JSON.stringify(saysOf(was)) !== JSON.stringify(saysOf(row));
    });
    expect(changed.length).toBeGreaterThan(5);
    const settled = await contentOf(out);
    await buildDataset(config(), out, { retryFailed: ['http_server_error'] });
    expect(await contentOf(out)).toEqual(settled);
  });

  it('come back with rows that were damaged and fetched again', async () => {
    const out = join(root, 'repaired');
    await cp(reference, out, { recursive: true });
    const path = join(out, 'data', 'train-00001.parquet');
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    await writeFile(path, bytes);
    const { refetched } = await repairDataset(out, { refetch: true });
    expect(refetched).toBeGreaterThan(0);
    const { rows } = await expectGathered(out);
    const texts = (all: Pair[]) => all.map((row) => JSON.stringify(saysOf(row))).sort();
    expect(texts(rows)).toEqual(texts((await tablesOf(reference)).rows));
  });

  it('give no damaged shard a new checksum: it is named, and can be repaired', async () => {
    const out = join(root, 'damaged');
    isWell = false;
    await buildDataset(config(), out);
    isWell = true;
    const whole = join(root, 'undamaged');
    await cp(out, whole, { recursive: true });
    const { shards } = (await readDataset(out)).manifest;
    const paths = shards.map(({ path }) => path);
    for (const path of paths) {
      const pairs = readRecords(join(out, path), pairFields);
      const { image } = (await pairs.next()).value as Pair;
      await pairs.return(undefined);
      const bytes = readFileSync(join(out, path));
      // Late in an image, where nothing but the checksum tells.
      const at = bytes.indexOf(image.bytes) + image.bytes.length - 8;
      bytes[at] = (bytes[at] as number) ^ 1;
      await writeFile(join(out, path), bytes);
    }
    await buildDataset(config(), whole, { retryFailed: ['http_server_error'] });
    const after = (await readDataset(whole)).manifest.shards;
    const rewritten = shards.flatMap(({ path, sha256 }) =>
      after.some((shard) => shard.path === path && shard.sha256 !== sha256) ? [path] : [],
    );
    expect(rewritten.length).toBeGreaterThan(1);
    const said: string[] = [];
    await buildDataset(config(), out, {
      retryFailed: ['http_server_error'],
      emit: (event) => {
        if (event.type === 'message' && event.level === 'warning') said.push(event.text);
      },
    });
    for (const path of rewritten) {
      expect(said).toContainEqual(
        expect.stringContaining(`${path} is not the file that was written`),
      );
    }
    const { problems } = await verifyDataset(out);
    const named = problems.filter(({ kind }) => kind === 'checksum').map(({ path }) => path);
    expect(named).toEqual(paths);
    await repairDataset(out, { refetch: true });
    await expectGathered(out);
  });

  it('come in rounds that are killed, with the same bytes', async () => {
    const begun = join(root, 'begun');
    isWell = false;
    await buildDataset(config(), begun);
    isWell = true;
    const [straight, killed] = [join(root, 'straight'), join(root, 'interrupted')];
    await cp(begun, straight, { recursive: true });
    await cp(begun, killed, { recursive: true });
    const flags = ['--retry-failed', 'http_server_error'];
    await buildDataset(config(), straight, { retryFailed: ['http_server_error'] });
    const args = [...(await argsFor(killed)), ...flags];
    const before = gatherUnits(killed).length;
    await killWhen(args, () => gatherUnits(killed).length > before);
    // Its manifest would name checksums that no longer hold.
    expect((await readDataset(killed)).complete).toBe(false);
    expect((await run(args)).code).toBe(0);
    expect(await contentOf(killed)).toEqual(await contentOf(straight));
  }, 120_000);
});

async function argsFor(out: string): Promise<string[]> {
  const settings = join(root, 'wit.yaml');
  await writeFile(settings, JSON.stringify(config()));
  return ['crawl-and-build', '--config', settings, '--out', out];
}

/** Starts a run and kills it as soon as `isTime`. */
async function killWhen(args: readonly string[], isTime: () => boolean): Promise<void> {
  const { child, ended } = start(args);
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  while (!isTime() && !hasEnded) await sleep(1);
  child.kill('SIGKILL');
  expect((await ended).code).toBe(null);
}

/** Those that the journal of `dir` has. */
function gatherUnits(dir: string): string[] {
  const path = join(dir, 'journal.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').match(/"gather-[\d-]+"/g) ?? [];
}
