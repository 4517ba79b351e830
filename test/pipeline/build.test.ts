import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import { type Manifest, readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import {
  candidateFields,
  pairFields,
  rejectFields,
  selectionFields,
} from '../../src/core/types.js';
import { packageRoot } from '../../src/core/version.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { verifyShards } from '../../src/shard/index.js';
import { run, runKilled, start } from '../commands/command-line.js';
import { type Internet, startInternet } from '../web/internet.js';
import { contentOf } from './content.js';

let root: string;
let internet: Internet;
let flags: string[];
/** Built in one go by the command line: what every other build must equal. */
let reference: string;

const queries = join(packageRoot, 'queries', 'demo.txt');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-build-'));
  internet = await startInternet({ concepts: 24, px: 48, troubles: false });
  flags = [
    ...['--queries', queries],
    ...['--seed-url', ...internet.seeds],
    ...['--host', ...internet.hosts],
    ...['--connect-to', ...internet.connectTo],
    ...['--allow-private', '--delay', '0', '--cap', '6', '--side', '40'],
    ...['--selections-per-shard', '40', '--set', 'sources.unitSize=10'],
    ...['--snapshot', '2026-01-01T00:00:00Z'],
  ];
  reference = join(root, 'reference');
  const { code, stderr } = await run(['crawl-and-build', ...flags, '--out', reference]);
  expect(code, stderr).toBe(0);
}, 120_000);

afterAll(async () => {
  await internet.close();
  await rm(root, { recursive: true, force: true });
});

function config(overrides: PartialConfig = {}): PartialConfig {
  return {
    queries: { file: queries },
    sources: { seeds: internet.seeds, hosts: internet.hosts, unitSize: 10 },
    net: { connectTo: internet.connectTo, allowPrivate: true, perHostDelayMs: 0 },
    filter: { cap: 6 },
    shard: { sidePx: 40, selectionsPerShard: 40 },
    snapshot: '2026-01-01T00:00:00Z',
    ...overrides,
  };
}

async function rowsOf<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function idsIn(dir: string, manifest: Manifest) {
  const read = async (
    files: readonly { path: string }[],
    fields: typeof candidateFields | typeof rejectFields | typeof selectionFields,
  ) => {
    const parts = files.map((file) => rowsOf(readRecords(join(dir, file.path), fields)));
    return (await Promise.all(parts)).flat() as { id: string; stage?: string }[];
  };
  return {
    candidates: await read(manifest.files.candidates, candidateFields),
    selected: await read(manifest.files.selected, selectionFields),
    rejects: await read(manifest.files.rejects, rejectFields),
  };
}

describe('buildDataset', () => {
  it('gives every candidate exactly one fate', async () => {
    const { manifest, complete } = await readDataset(reference);
    expect(complete).toBe(true);
    const { candidates, selected, rejects } = await idsIn(reference, manifest);
    const kept = (
      await Promise.all(
        manifest.shards.map((shard) =>
          rowsOf(readRecords(join(reference, shard.path), pairFields)),
        ),
      )
    ).flat();
    const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id).sort();
    const lostIn = (stage: string) => rejects.filter((reject) => reject.stage === stage);
    expect(kept.length).toBeGreaterThan(100);
    expect(lostIn('select').length).toBeGreaterThan(20);
    expect(ids([...selected, ...lostIn('select')])).toEqual(ids(candidates));
    expect(ids([...kept.map((pair) => ({ id: pair.key })), ...lostIn('fetch')])).toEqual(
      ids(selected),
    );
    expect(manifest.funnel).toMatchObject({
      candidates: candidates.length,
      selected: selected.length,
      kept: kept.length,
    });
  });

  it('admits no more than the cap to any query, and the cap bites', async () => {
    const { manifest } = await readDataset(reference);
    const admitted = new Map<string, number>();
    for (const file of manifest.files.selected) {
      for await (const row of readRecords(join(reference, file.path), selectionFields)) {
        expect(row.admittedBy.length).toBeGreaterThan(0);
        for (const query of row.admittedBy) admitted.set(query, (admitted.get(query) ?? 0) + 1);
      }
    }
    expect(Math.max(...admitted.values())).toBe(6);
    expect(manifest.funnel.lost.select?.over_cap).toBeGreaterThan(0);
  });

  it('writes shards that pass verification', async () => {
    const { manifest } = await readDataset(reference);
    const { problems, images } = await verifyShards(reference, manifest.shards, { decode: true });
    expect(problems).toEqual([]);
    expect(images).toBe(manifest.funnel.kept);
  });

  it.each([1, 3, 64])('writes the same bytes with %i requests in flight', async (concurrency) => {
    const out = join(root, `concurrency-${concurrency}`);
    const net = { ...config().net, concurrency, perHostConcurrency: Math.min(concurrency, 8) };
    await buildDataset(config({ net }), out);
    const [ours, theirs] = [await contentOf(out), await contentOf(reference)];
    // Settings stand in the manifest, and concurrency is one of them.
    delete ours['dataset.json'];
    delete theirs['dataset.json'];
    expect(ours).toEqual(theirs);
  });

  it('does nothing twice: a complete dataset is left as it is', async () => {
    const before = internet.requests.all.length;
    const content = await contentOf(reference);
    const { code } = await run(['crawl-and-build', ...flags, '--out', reference]);
    expect(code).toBe(0);
    expect(internet.requests.all.length).toBe(before);
    expect(await contentOf(reference)).toEqual(content);
  });
});

describe('crawl-and-build, interrupted', () => {
  it.each([1, 2, 3])(
    'ends with the same bytes after kill -9 at random moments (%i)',
    async (seed) => {
      const out = join(root, `killed-${seed}`);
      const args = ['crawl-and-build', ...flags, '--out', out];
      const kills = await runKilled(args);
      expect(kills).toBeGreaterThan(0);
      expect(await contentOf(out)).toEqual(await contentOf(reference));
    },
    240_000,
  );

  it('stops cleanly on Ctrl-C, says how to go on, and goes on', async () => {
    const out = join(root, 'stopped');
    const args = ['crawl-and-build', ...flags, '--out', out];
    const { child, ended } = start(args);
    const asked = internet.requests.all.length;
    while (internet.requests.all.length < asked + 30) await delay(5);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('Run the same command again');
    expect((await run(args)).code).toBe(0);
    expect(await contentOf(out)).toEqual(await contentOf(reference));
  });

  const mayMount = process.getuid?.() === 0;
  if (!mayMount) console.warn('SKIPPED: a full disk (needs root, to mount a small one)');
  it.skipIf(!mayMount)(
    'names the path when the disk is full, and goes on when it is not',
    async () => {
      const disk = join(root, 'disk');
      await mkdir(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', disk]);
      try {
        const out = join(disk, 'data');
        const args = ['crawl-and-build', ...flags, '--out', out];
        const { code, stderr } = await run(args);
        expect(code).toBe(1);
        expect(stderr).toContain(`Cannot write ${out}`);
        expect(stderr).toContain('The disk is full');
        execFileSync('mount', ['-o', 'remount,size=100m', disk]);
        const again = await run(args);
        expect(again.code, again.stderr).toBe(0);
        expect(await contentOf(out)).toEqual(await contentOf(reference));
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );
});

describe('crawl-and-build, given what it cannot use', () => {
  const build = (...args: string[]) =>
    run(['crawl-and-build', ...args, '--out', join(root, 'bad')]);

  it.each([
    ['no query list', ['--seed-url', 'http://noto.test/'], 'No query list'],
    [
      'a missing query list',
      ['--queries', '/nowhere/q.txt', '--seed-url', 'http://a.test/'],
      '/nowhere/q.txt',
    ],
    ['nothing to crawl', ['--queries', queries], 'Nothing to crawl'],
    ['no contact', ['--queries', queries, '--seed-url', 'http://example.org/'], 'contact'],
    [
      'a missing list',
      ['--queries', queries, '--contact', 'a@b.test', '--list', '/nowhere/x.csv'],
      '/nowhere/x.csv',
    ],
    ['a bad number', ['--cap', 'many'], '"many"'],
    ['a bad value', ['--cap', '-3', '--queries', queries], '-3'],
    ['an unknown key', ['--set', 'filter.kap=3', '--queries', queries], 'kap'],
    ['an unknown flag', ['--kap', '3'], '--kap'],
  ])('%s: says so and exits non-zero', async (_, args, said) => {
    const { code, stderr } = await build(...args);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('defect of wit');
  });

  it('a damaged Parquet list: names the file', async () => {
    const list = join(root, 'broken.parquet');
    await writeFile(list, 'PAR1 this is not Parquet PAR1');
    const { code, stderr } = await build(
      '--queries',
      queries,
      '--contact',
      'a@b.test',
      '--list',
      list,
    );
    expect(code).toBe(1);
    expect(stderr).toContain(list);
  });

  it('other settings for a dataset that was begun: names them', async () => {
    const { code, stderr } = await run([
      'crawl-and-build',
      ...flags,
      ...['--cap', '7', '--out', reference],
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('filter.cap (was 6, is 7)');
  });
});
