/** Datasets of others, written by their own libraries, become ordinary ones of ours. */

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Manifest, readDataset } from '../../../src/core/dataset.js';
import { readRecords } from '../../../src/core/parquet/reader.js';
import { type Pair, pairFields, type Reject, rejectFields } from '../../../src/core/types.js';
import { importDataset } from '../../../src/pipeline/import.js';
import { reportOn } from '../../../src/pipeline/report.js';
import { EXPORT_FORMATS, exportShards, verifyShards } from '../../../src/shard/index.js';
import { run, runKilled } from '../../commands/command-line.js';
import { makeComplete } from '../../shard/complete.js';
import { makePairs, SNAPSHOT, testPython } from '../../shard/fixture.js';
import { contentOf } from '../content.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-import-'));
  await promisify(execFile)(testPython(), [join(import.meta.dirname, 'write_others.py'), root], {
    env: { ...process.env, HF_HOME: join(root, 'hf') },
  });
}, 120_000);
afterAll(() => rm(root, { recursive: true, force: true }));

const BUILD = { snapshot: SNAPSHOT, filter: { preset: 'none' } };

async function imported(
  source: string,
  config = {},
  build = {},
): Promise<Manifest & { dir: string }> {
  const dir = await mkdtemp(join(root, 'out-'));
  const settings = { import: config, build: { ...BUILD, ...build } };
  return { dir, ...(await importDataset([join(root, source)], dir, settings)) };
}

async function rowsOf({ dir, shards }: { dir: string; shards: Manifest['shards'] }) {
  const rows: Pair[] = [];
  for (const { path } of shards) {
    for await (const row of readRecords(join(dir, path), pairFields)) rows.push(row);
  }
  return rows;
}

async function rejectsOf({ dir, files }: { dir: string; files: Manifest['files'] }) {
  const rows: Reject[] = [];
  for (const { path } of files.rejects) {
    for await (const row of readRecords(join(dir, path), rejectFields)) rows.push(row);
  }
  return rows;
}

describe('importDataset', () => {
  it('reads webdataset tars as img2dataset writes them', async () => {
    const made = await imported('tars');
    expect(made.shards.map(({ name, rows }) => [name, rows])).toEqual([
      ['train-00000', 20],
      ['train-00001', 20],
      ['train-00002', 20],
    ]);
    expect(made.funnel).toMatchObject({ candidates: 60, selected: 60, kept: 60, lost: {} });
    const rows = await rowsOf(made);
    expect(rows[27]).toMatchObject({
      text: 'a caption, number 27',
      url: 'https://img.example/27.jpg',
      width: 48,
      height: 40,
      originalWidth: 480,
      originalHeight: 400,
      format: 'png',
      sha256: (27).toString(16).padStart(64, '0'),
      fetchedAt: SNAPSHOT,
      extra: JSON.stringify({ source: '00001.tar/000000027', similarity: 0.27 }),
    });
    expect(new Set(rows.map(({ key }) => key)).size).toBe(60);
  });

  it('is an ordinary dataset: verified, reported on, gone on with', async () => {
    const made = await imported('tars');
    const found = await verifyShards(made.dir, made.shards);
    expect(found).toEqual({ shards: 3, rows: 60, images: 60, problems: [] });
    const { stats } = await reportOn(
      made.dir,
      {},
      {
        emit: () => {},
        signal: new AbortController().signal,
      },
    );
    expect(stats.funnel).toMatchObject({ kept: 60 });
    expect((await readDataset(made.dir)).complete).toBe(true);
    const before = await contentOf(made.dir);
    const settings = { import: {}, build: BUILD };
    await importDataset([join(root, 'tars')], made.dir, settings);
    expect(await contentOf(made.dir)).toEqual(before);
    await expect(importDataset([join(root, 'img')], made.dir, settings)).rejects.toThrow(
      'begun under other settings',
    );
  });

  it("reads img2dataset's Parquet; a failed download is a reject with what was said of it", async () => {
    const made = await imported('img');
    expect(made.funnel).toMatchObject({ kept: 20, lost: { shard: { missing_image: 5 } } });
    const [reject] = await rejectsOf(made);
    expect(reject).toMatchObject({
      imageUrl: 'https://img.example/4.jpg',
      detail: '00000.parquet#4: HTTP Error 404: Not Found',
    });
    // Row groups of 10: a unit is whole row groups.
    const cut = await imported('img', {}, { shard: { selectionsPerShard: 12 } });
    expect(cut.shards.map(({ rows }) => rows)).toEqual([8, 8, 4]);
  });

  it("reads Hugging Face's Parquet, and columns that are named", async () => {
    const hub = await rowsOf(await imported('hub'));
    expect(hub.map(({ text }) => text)).toEqual(
      Array.from({ length: 12 }, (_, n) => `from the hub ${n}`),
    );
    expect(hub[3]).toMatchObject({ license: 'cc0', format: 'png' });
    expect(hub[3]?.url).toBe(`urn:sha256:${hub[3]?.sha256}`);
    expect(JSON.parse(hub[3]?.extra as string)).toMatchObject({ score: 1.5 });
    await expect(imported('lists')).rejects.toThrow('a.parquet has no column of texts');
    const lists = await rowsOf(await imported('lists', { textColumn: 'sentences' }));
    expect(lists.map(({ text, otherTexts }) => [text, otherTexts])[2]).toEqual([
      'one 2',
      ['two 2'],
    ]);
  });

  it('can store what a crawl would, under its rules', async () => {
    const made = await imported(
      'tars',
      { images: 'normalise' },
      { shard: { sidePx: 20, format: 'webp' }, filter: { preset: 'none', minWords: 99 } },
    );
    expect(made.funnel.lost).toEqual({ shard: { text_too_short: 60 } });
    const small = await imported('hub', { images: 'normalise' }, { shard: { sidePx: 20 } });
    const [row] = await rowsOf(small);
    expect(row).toMatchObject({ width: 24, height: 20, originalWidth: 48, format: 'jpeg' });
  });

  it.each(EXPORT_FORMATS)('gets back from %s every row that was exported', async (to) => {
    const pairs = await makePairs(40);
    const dir = join(root, `round-${to}`);
    const dataset = await makeComplete(dir, pairs);
    await exportShards(dir, `${dir}-out`, { to });
    const made = await imported(`round-${to}-out`, {}, { filter: { preset: 'none' } });
    // Cleaning is not undone: texts here hold what a crawl would have cleaned.
    const cleaned = (pair: Pair) => ({ ...pair, text: '', otherTexts: [], dhash: '', extra: '' });
    const byKey = (a: Pair, b: Pair) => (a.key < b.key ? -1 : 1);
    const kept = (await rowsOf(made)).map(cleaned).sort(byKey);
    const lost = new Set((await rejectsOf(made)).map(({ id }) => id));
    expect(kept).toEqual(
      dataset.pairs
        .filter(({ key }) => !lost.has(key))
        .map(cleaned)
        .sort(byKey),
    );
    // One text is too long to be read.
    expect(made.funnel.lost).toEqual({ shard: { text_too_long: 1 } });
  });
});

describe('hostile archives', () => {
  let made: Manifest & { dir: string };
  let kept: string[];
  let rejects: Record<string, string[]>;
  beforeAll(async () => {
    made = await imported('hostile', {}, { net: { maxImageBytes: 200_000 } });
    kept = (await rowsOf(made)).map(({ text, extra }) => {
      const { source } = JSON.parse(extra as string) as { source: string };
      return `${source.slice(0, 2)} ${text.slice(0, 8)}`;
    });
    rejects = {};
    for (const { reason, detail } of await rejectsOf(made)) {
      const archive = (detail as string).slice(0, 2);
      rejects[archive] = [...(rejects[archive] ?? []), reason];
    }
  });

  it('keep what is good in them', () => {
    expect(kept).toEqual([
      ...['00 good a', `00 good xxx`, '00 good z'],
      ...['01 good a', '01 damaged ', '01 good z'],
      ...['02 good 0', '02 good 1'],
      ...['03 good 0', '03 good 2'],
      '04 good a',
      '05 good a',
      ...['08 good a', '08 good b'],
      '09 good a',
    ]);
  });

  it('lose the rest with its reason', () => {
    expect(rejects['00']).toEqual(Array(6).fill('unsafe_entry'));
    expect(rejects['01']).toEqual([
      'no_text',
      'missing_image',
      'no_text',
      'undecodable',
      'undecodable',
      'duplicate_key',
      'duplicate_key',
      'too_many_bytes',
    ]);
    expect(rejects['02']).toContain('bad_archive');
    expect(rejects['03']).toEqual(['bad_archive', 'missing_image']);
    expect(rejects['04']).toEqual(expect.arrayContaining(['too_many_bytes', 'bad_archive']));
    expect(rejects['05']).toContain('bad_archive');
    expect(rejects['06']).toContain('bad_archive');
    expect(rejects['07']).toEqual(['bad_archive']);
    expect(rejects['09']).toContain('bad_archive');
  });

  it('count everything', () => {
    const lost = Object.values(made.funnel.lost.shard ?? {}).reduce((a, b) => a + b, 0);
    expect(made.funnel.candidates).toBe(kept.length + lost);
    expect(lost).toBe(Object.values(rejects).flat().length);
  });

  it('do not reach beyond a folder, nor through links', async () => {
    const dir = join(root, 'files');
    await promisify(execFile)('mkdir', ['-p', join(dir, '0')]);
    await writeFile(join(root, 'secret.jpg'), 'secret');
    await symlink(join(root, 'secret.jpg'), join(dir, '0/link.jpg'));
    await writeFile(join(dir, '0/link.txt'), 'a link');
    await writeFile(join(dir, '0/real.jpg'), (await makePairs(1))[0]?.image.bytes as Buffer);
    const lines = [
      { file_name: '../../secret.jpg', text: 'above' },
      { file_name: 'real.jpg', text: 'real' },
      { file_name: 'real.jpg', text: 'again' },
      { file_name: 'gone.jpg', text: 'gone' },
    ].map((line) => JSON.stringify(line));
    const first = await imported('files');
    expect(first.funnel.lost.shard).toEqual({ unsafe_entry: 1, no_text: 1 });
    await writeFile(join(dir, '0/metadata.jsonl'), [...lines, '{torn'].join('\n'));
    const second = await imported('files');
    expect((await rowsOf(second)).map(({ text }) => text)).toEqual(['real']);
    expect(second.funnel.lost.shard).toEqual({
      unsafe_entry: 1,
      duplicate_key: 1,
      missing_image: 1,
      bad_row: 1,
    });
  });

  it('a Parquet file that is cut is counted, the others are read', async () => {
    const dir = join(root, 'cut');
    await promisify(execFile)('cp', ['-r', join(root, 'img'), dir]);
    await promisify(execFile)('cp', [join(dir, '00000.parquet'), join(dir, '00001.parquet')]);
    await truncate(join(dir, '00001.parquet'), 3_000);
    const made = await imported('cut');
    expect(made.funnel.lost.shard).toEqual({ bad_archive: 1, missing_image: 5 });
    expect(made.funnel.kept).toBe(20);
  });

  it('nothing to import is said', async () => {
    await promisify(execFile)('mkdir', ['-p', join(root, 'nothing')]);
    await expect(imported('nothing')).rejects.toThrow('Nothing to import');
    await expect(imported('nowhere')).rejects.toThrow('does not exist');
  });
});

describe('wit shard import', () => {
  it('killed again and again ends with the same bytes', async () => {
    const args = (out: string) => [
      ...['shard', 'import', join(root, 'tars'), join(root, 'hostile'), '--out', out],
      ...['--set', `snapshot=${SNAPSHOT}`],
    ];
    const whole = join(root, 'whole');
    const { code, stdout, stderr } = await run(args(whole));
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('lost, duplicate_key: 2');
    const killed = join(root, 'killed');
    await runKilled(args(killed));
    expect(await contentOf(killed)).toEqual(await contentOf(whole));
    expect(await readdir(join(killed, 'data'))).not.toEqual([]);
  }, 300_000);
});
