import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sourcesSchema } from '../../../src/config.js';
import { WitError } from '../../../src/core/errors.js';
import { candidateId } from '../../../src/core/ids.js';
import { writeParquet } from '../../../src/core/parquet/writer.js';
import { optional, string } from '../../../src/core/record.js';
import type { SourceResult } from '../../../src/core/source.js';
import { createListSource } from '../../../src/crawl/index.js';
import { never } from '../support.js';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wit-list-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(await folder(), name);
  await writeFile(path, content);
  return path;
}

type Settings = Parameters<typeof sourcesSchema.parse>[0] & object;

async function readAll(lists: string[], settings: Settings = {}): Promise<SourceResult> {
  const source = await createListSource(sourcesSchema.parse({ lists, ...settings }));
  const units = await source.plan(0, []);
  const all: SourceResult = { candidates: [], rejects: [], links: [], counts: { rows: 0 } };
  for (const unit of units) {
    const result = await source.run(unit, never);
    all.candidates.push(...result.candidates);
    all.rejects.push(...result.rejects);
    all.counts.rows = (all.counts.rows ?? 0) + (result.counts.rows ?? 0);
  }
  expect(await source.plan(1, [])).toEqual([]);
  return all;
}

const pairs = ({ candidates }: SourceResult) => candidates.map((c) => [c.imageUrl, c.text]);

const ROWS = [
  ['http://a.test/1.jpg', 'A dog, running'],
  ['http://a.test/2.jpg', 'He said "miau"\nand left'],
  ['https://b.test/ü.png', '犬と猫'],
  ['http://a.test/4.jpg', ''],
] as const;
const EXPECTED = [
  ['http://a.test/1.jpg', 'A dog, running'],
  ['http://a.test/2.jpg', 'He said "miau" and left'],
  ['https://b.test/%C3%BC.png', '犬と猫'],
  ['http://a.test/4.jpg', ''],
];

const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
const csv = ['url,caption', ...ROWS.map((row) => row.map(quoted).join(','))].join('\n');
const tsv = ['url\tcaption', ...ROWS.map((row) => row.map(quoted).join('\t'))].join('\r\n');
const jsonl = ROWS.map(([url, caption]) => JSON.stringify({ url, caption, width: 3 })).join('\n');

describe('list', () => {
  it.each<[string, string | Buffer]>([
    ['list.csv', csv],
    ['list.CSV', `\uFEFF${csv}\n\n`],
    ['list.csv.gz', gzipSync(csv)],
    ['list.tsv', tsv],
    ['list.tsv.gz', gzipSync(tsv)],
    ['list.jsonl', jsonl],
    ['list.ndjson', `\uFEFF${jsonl}\r\n\n`],
    ['list.jsonl.gz', gzipSync(jsonl)],
  ])('reads %s', async (name, content) => {
    const path = await file(name, content);
    const result = await readAll([path]);
    expect(pairs(result)).toEqual(EXPECTED);
    expect(result.rejects).toEqual([]);
    expect(result.counts.rows).toBe(4);
  });

  it('reads Parquet, nulls as no caption', async () => {
    const path = join(await folder(), 'list.parquet');
    const fields = { url: string(), other: string(), caption: optional(string()) };
    const rows = ROWS.map(([url, caption]) =>
      caption === '' ? { url, other: 'x' } : { url, other: 'x', caption },
    );
    await writeParquet(path, fields, rows, { rowGroupRows: 3 });
    const result = await readAll([path], { unitSize: 2 });
    expect(pairs(result)).toEqual(EXPECTED);
    expect(result.rejects).toEqual([]);
  });

  it('reads large Parquet files unit by unit, each row once', async () => {
    const path = join(await folder(), 'large.parquet');
    const rows = Array.from({ length: 60_000 }, (_, i) => ({
      url: `http://a.test/${i}`,
      caption: `row ${i}`,
    }));
    await writeParquet(path, { url: string(), caption: string() }, rows, { rowGroupRows: 40_000 });
    const result = await readAll([path], { unitSize: 7_000 });
    expect(pairs(result)).toEqual(rows.map(({ url, caption }) => [url, caption]));
  });

  it('gives whole candidates', async () => {
    const path = await file('list.csv', 'caption,url\n a  dog ,HTTP://A.test:80/x.jpg#frag\n');
    expect((await readAll([path])).candidates).toEqual([
      {
        id: candidateId('http://a.test/x.jpg', 'a dog'),
        imageUrl: 'http://a.test/x.jpg',
        text: 'a dog',
        textSource: 'list',
        source: 'list',
      },
    ]);
  });

  it('takes the columns that it is told', async () => {
    const path = await file('laion.jsonl', '{"URL":"http://a.test/x","TEXT":"dog","url":1}');
    const result = await readAll([path], { urlColumn: 'URL', captionColumn: 'TEXT' });
    expect(pairs(result)).toEqual([['http://a.test/x', 'dog']]);
  });

  it('accounts for every bad row', async () => {
    const csvPath = await file(
      'bad.csv',
      'url,caption\nhttp://a.test/1,one\nhttp://a.test/2\nhttp://a.test/3,three,3\n,four\nnot a url,five\nftp://a.test/6,six\nhttp://a.test/7,seven "quoted" inside\n',
    );
    const jsonPath = await file(
      'bad.jsonl',
      '{"url":"http://a.test/1","caption":"one"}\n{"url":\n[1]\n"x"\n{"caption":"no url"}\n{"url":null,"caption":"x"}\n{"url":{"a":1},"caption":"x"}\n{"url":"http://a.test/8","caption":8}\n',
    );
    const fromCsv = await readAll([csvPath]);
    expect(pairs(fromCsv)).toEqual([
      ['http://a.test/1', 'one'],
      ['http://a.test/7', 'seven "quoted" inside'],
    ]);
    expect(fromCsv.rejects.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['bad_row', `${csvPath}, row 2: 1 fields, the header has 2`],
      ['bad_row', `${csvPath}, row 3: 3 fields, the header has 2`],
      ['bad_row', `${csvPath}, row 4: no URL`],
      ['bad_url', `${csvPath}, row 5: not an absolute URL`],
      ['bad_url', `${csvPath}, row 6: ftp: is neither http: nor https:`],
    ]);
    const fromJson = await readAll([jsonPath]);
    expect(pairs(fromJson)).toEqual([
      ['http://a.test/1', 'one'],
      ['http://a.test/8', '8'],
    ]);
    expect(fromJson.rejects.map(({ reason }) => reason)).toEqual(Array(6).fill('bad_row'));
    for (const { candidates, rejects, counts } of [fromCsv, fromJson]) {
      expect(candidates.length + rejects.length).toBe(counts.rows);
      expect(new Set(rejects.map(({ id }) => id)).size).toBe(rejects.length);
      for (const reject of rejects) {
        expect(reject).toMatchObject({ stage: 'discover', source: 'list', textSource: 'list' });
      }
    }
  });

  it('cuts files into ranges of rows that can be read in any order, again, and at once', async () => {
    const rows = Array.from({ length: 95 }, (_, i) => `http://a.test/${i},row ${i}`);
    const first = await file('first.csv.gz', gzipSync(['url,caption', ...rows].join('\n')));
    const second = await file('second.csv', 'url,caption\nhttp://b.test/,x\n');
    const config = sourcesSchema.parse({ lists: [first, second, first], unitSize: 10 });
    const source = await createListSource(config);
    const units = await source.plan(0, []);
    expect(units).toHaveLength(11);
    expect(units[9]?.input).toEqual({ file: first, start: 90, end: 95 });
    expect(new Set(units.map(({ id }) => id)).size).toBe(11);
    for (const { id } of units) expect(id).toMatch(/^[\w-]+$/);
    const inOrder: string[] = [];
    for (const unit of units.slice(0, 10)) {
      inOrder.push(...(await source.run(unit, never)).candidates.map(({ text }) => text));
    }
    expect(inOrder).toEqual(rows.map((_, i) => `row ${i}`));
    const backwards = units.slice(0, 10).toReversed();
    const again = await Promise.all(backwards.map((unit) => source.run(unit, never)));
    const texts = again.toReversed().flatMap(({ candidates }) => candidates.map((c) => c.text));
    expect(texts).toEqual(inOrder);
    expect(await source.plan(1, [])).toEqual([]);
    // The same list gives the same units, so that a rerun knows them.
    const rerun = await createListSource(config);
    expect(await rerun.plan(0, [])).toEqual(units);
    await rerun.plan(1, []);
  });
});

describe('a list that cannot be read', () => {
  async function failure(path: string, settings: Settings = {}): Promise<WitError> {
    const error = await createListSource(sourcesSchema.parse({ lists: [path], ...settings })).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(WitError);
    expect((error as WitError).message).toContain(path);
    return error as WitError;
  }

  it('is missing', async () => {
    for (const name of ['none.csv', 'none.parquet', 'none.jsonl.gz']) {
      expect((await failure(join(await folder(), name))).code).toBe('missing_file');
    }
  });

  it('is of a kind nobody knows', async () => {
    const error = await failure(await file('list.xlsx', 'x'));
    expect([error.code, error.hint]).toEqual(['input', expect.stringContaining('.parquet')]);
  });

  it.each<[string, string | Buffer]>([
    ['list.csv', 'link,caption\nx,y'],
    ['list.tsv', 'link\tcaption\nx\ty'],
    ['list.jsonl', '{"link":"x","caption":"y"}'],
  ])('lacks a column: %s', async (name, content) => {
    const error = await failure(await file(name, content));
    expect(error.code).toBe('input');
    expect(error.message).toContain('"url"');
    expect(error.hint).toContain('"link", "caption"');
    expect(error.hint).toContain('sources.urlColumn');
  });

  it('lacks a column: Parquet', async () => {
    const path = join(await folder(), 'list.parquet');
    await writeParquet(path, { url: string(), alt: string() }, [{ url: 'x', alt: 'y' }], {
      rowGroupRows: 10,
    });
    const error = await failure(path);
    expect([error.message, error.hint]).toEqual([
      `${path} has no column "caption"`,
      expect.stringContaining('"url", "alt"'),
    ]);
  });

  it.each(['list.csv', 'list.jsonl', 'list.csv.gz'])('is empty: %s', async (name) => {
    const error = await failure(await file(name, name.endsWith('.gz') ? gzipSync('') : ''));
    expect(error.hint).toContain('empty');
  });

  it.each<[string, string | Buffer]>([
    ['list.csv', 'url,caption\n"http://a.test/,never closed\nhttp://a.test/2,x\n'],
    ['list.csv', `url,caption\n${'x'.repeat(2_000_000)},y\n`],
    ['list.csv.gz', gzipSync(csv.repeat(100)).subarray(0, -20)],
    ['list.jsonl.gz', gzipSync(jsonl.repeat(100)).subarray(0, -20)],
    ['list.csv.gz', 'this is not gzip'],
    ['list.jsonl.gz', 'this is not gzip'],
    ['list.parquet', 'this is not Parquet'],
  ])('is damaged: %s', async (name, content) => {
    const error = await failure(await file(name, content));
    expect(error.code).toBe('bad_file');
  });
});
