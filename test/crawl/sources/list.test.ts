import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sourcesSchema } from '../../../src/config.js';
import { WitError } from '../../../src/core/errors.js';
import { candidateId } from '../../../src/core/ids.js';
import { writeParquet } from '../../../src/core/parquet/writer.js';
import { optional, string, strings } from '../../../src/core/record.js';
import type { SourceResult } from '../../../src/core/source.js';
import { createListSource } from '../../../src/crawl/index.js';
import { never, planned } from '../support.js';

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
  const units = await planned(source);
  const all: SourceResult = { candidates: [], rejects: [], links: [], counts: { rows: 0 } };
  for (const unit of units) {
    const result = await source.run(unit, never);
    all.candidates.push(...result.candidates);
    all.rejects.push(...result.rejects);
    all.counts.rows = (all.counts.rows ?? 0) + (result.counts.rows ?? 0);
  }
  expect(await planned(source, 1)).toEqual([]);
  await source.close?.();
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

/** As pandas writes a table. */
function columnsOf(rows: readonly (readonly [string, string])[]) {
  const column = (at: 0 | 1) => Object.fromEntries(rows.map((row, n) => [String(n), row[at]]));
  return { url: column(0), caption: column(1) };
}

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

  it('loses a damaged row and no other', async () => {
    const row = (n: number) => `http://a.test/${n},row ${n}\n`;
    const path = await file(
      'list.csv',
      Buffer.concat([
        Buffer.from(`url,caption\n${row(1)}`),
        Buffer.from([...Buffer.from('http://a.test/2,'), 0xff, 0xe9, 0x0a]),
        Buffer.from(`${row(3)}${'x'.repeat(2_000_000)},y\n${row(5)}`),
        Buffer.from(`http://a.test/6,"never closed\n${row(7)}${row(8)}`),
      ]),
    );
    for (const unitSize of [1, 3, 100]) {
      const result = await readAll([path], { unitSize });
      expect(pairs(result).map(([, text]) => text)).toEqual([
        'row 1',
        'row 3',
        'row 5',
        'row 7',
        'row 8',
      ]);
      expect(result.rejects.map(({ reason, detail }) => [reason, detail])).toEqual([
        ['bad_row', `${path}, row 2: not valid UTF-8`],
        ['bad_row', `${path}, row 4: longer than 1000000 bytes`],
        ['bad_row', `${path}, row 6: a quote that opens a field is never closed`],
      ]);
    }
  });

  it.each<[string, string | Buffer]>([
    ['list.json', JSON.stringify(ROWS.map(([url, caption]) => ({ url, caption })))],
    [
      'list.json',
      `\uFEFF${JSON.stringify(
        ROWS.map(([url, caption]) => ({ caption, url })),
        null,
        2,
      )}\n`,
    ],
    ['list.jsonl', JSON.stringify(ROWS.map(([url, caption]) => ({ url, caption })))],
    ['list.json', jsonl],
    ['list.json.gz', gzipSync(JSON.stringify(columnsOf(ROWS)))],
    ['list.json', JSON.stringify(columnsOf(ROWS), null, 1)],
    [
      'list.json',
      JSON.stringify({ caption: ROWS.map((row) => row[1]), url: ROWS.map((row) => row[0]) }),
    ],
    // Names that say something else than the content.
    ['list.csv', gzipSync(csv)],
    ['list.csv.gz', csv],
    ['list.csv', jsonl],
    ['list', jsonl],
  ])('reads %s by its content', async (name, content) => {
    const path = await file(name, content);
    for (const unitSize of [1, 3, 100]) {
      const result = await readAll([path], { unitSize });
      expect(pairs(result)).toEqual(EXPECTED);
      expect(result.rejects).toEqual([]);
    }
  });

  it('reads Parquet under another name', async () => {
    const path = join(await folder(), 'list.csv');
    const rows = ROWS.map(([url, caption]) => ({ url, caption }));
    await writeParquet(path, { url: string(), caption: string() }, rows, { rowGroupRows: 3 });
    expect(pairs(await readAll([path]))).toEqual(EXPECTED);
  });

  it('reads text with one URL a line, without captions', async () => {
    const text = '\uFEFFhttp://a.test/1\r\n\n  http://a.test/2,"x  \nno URL\nhttp://a.test/3';
    for (const path of [await file('a.txt', text), await file('a.txt.gz', gzipSync(text))]) {
      const result = await readAll([path], { unitSize: 2 });
      expect(pairs(result)).toEqual([
        ['http://a.test/1', ''],
        ['http://a.test/2,%22x', ''],
        ['http://a.test/3', ''],
      ]);
      expect(result.rejects.map(({ reason }) => reason)).toEqual(['bad_url']);
    }
  });

  it('gives lists without captions empty ones, where told so', async () => {
    const path = await file('list.csv', 'url,width\nhttp://a.test/1,3\n');
    expect(pairs(await readAll([path], { captionColumn: null }))).toEqual([
      ['http://a.test/1', ''],
    ]);
  });

  it('carries extra columns as JSON, in the order of the setting, without empty values', async () => {
    const extraColumns = ['nsfw', 'similarity', 'box'];
    const rows = [
      '{"url":"http://a.test/1","caption":"a dog","similarity":0.5,"box":[1,{"a":"é"}],"nsfw":"no","x":1}',
      '{"url":"http://a.test/2","caption":"a cat","similarity":null,"nsfw":false}',
      '{"url":"http://a.test/3","caption":"a cow"}',
      `{"url":"http://a.test/4","caption":"a hen","box":"${'x'.repeat(70_000)}"}`,
    ];
    const path = await file('list.jsonl', rows.join('\n'));
    const { candidates, rejects } = await readAll([path], { extraColumns });
    expect(candidates.map(({ extra }) => extra)).toEqual([
      '{"nsfw":"no","similarity":0.5,"box":[1,{"a":"é"}]}',
      '{"nsfw":false}',
      undefined,
    ]);
    expect(rejects.map(({ detail }) => detail)).toEqual([
      `${path}, row 4: its extra columns take 70010 bytes, more than 65536`,
    ]);
    const table = await file(
      'list.csv',
      'url,caption,nsfw,similarity,box\nhttp://a.test/1,a dog,,0.5,"a ""b"""\n',
    );
    const [candidate] = (await readAll([table], { extraColumns })).candidates;
    expect(candidate?.extra).toBe('{"similarity":"0.5","box":"a \\"b\\""}');
  });

  it('takes the hash that a list states, and no row without one', async () => {
    const md5 = 'D41D8CD98F00B204E9800998ECF8427E';
    const path = await file(
      'list.csv',
      `url,caption,hash\nhttp://a.test/1,a dog,${md5}\nhttp://a.test/2,a cat,\nhttp://a.test/3,a cow,123\n`,
    );
    const { candidates, rejects } = await readAll([path], { hashColumn: 'hash' });
    expect(candidates.map(({ expectedHash }) => expectedHash)).toEqual([md5.toLowerCase()]);
    expect(rejects.map(({ reason, detail }) => [reason, detail])).toEqual([
      ['bad_row', `${path}, row 2: no hash (MD5, SHA-1, SHA-256 or SHA-512 in hex)`],
      ['bad_row', `${path}, row 3: "123" is no hash (MD5, SHA-1, SHA-256 or SHA-512 in hex)`],
    ]);
  });

  it('reads more files than it keeps open', async () => {
    const dir = await folder();
    for (let n = 0; n < 40; n++) {
      await writeFile(join(dir, `${n}.csv`), `url,caption\nhttp://a.test/${n},row ${n}\n`);
      const rows = [{ url: `http://b.test/${n}`, caption: `row ${n}` }];
      await writeParquet(join(dir, `${n}.parquet`), { url: string(), caption: string() }, rows, {
        rowGroupRows: 1,
      });
    }
    const source = await createListSource(sourcesSchema.parse({ lists: [dir] }));
    const units = await planned(source);
    const results = await Promise.all(units.map((unit) => source.run(unit, never)));
    const files = units.map(({ input }) => input.file);
    expect(files).toEqual([...files].sort());
    expect(results.flatMap(({ candidates }) => candidates)).toHaveLength(80);
    await source.close?.();
  });

  it('cuts files into ranges of rows that can be read in any order, again, and at once', async () => {
    const rows = Array.from({ length: 95 }, (_, i) => `http://a.test/${i},row ${i}`);
    const first = await file('first.csv.gz', gzipSync(['url,caption', ...rows].join('\n')));
    const second = await file('second.csv', 'url,caption\nhttp://b.test/,x\n');
    const config = sourcesSchema.parse({ lists: [first, second, first], unitSize: 10 });
    const source = await createListSource(config);
    const units = await planned(source);
    expect(units).toHaveLength(11);
    expect(units[9]?.input).toMatchObject({ file: first, start: 90, end: 95 });
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
    expect(await planned(source, 1)).toEqual([]);
    await source.close?.();
    // The same list gives the same units, so that a rerun knows them.
    const rerun = await createListSource(config);
    expect(await planned(rerun)).toEqual(units);
    await rerun.close?.();
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

  it('is text with columns asked of it', async () => {
    const path = await file('list.txt', 'http://a.test/1\n');
    for (const settings of [{ extraColumns: ['width'] }, { hashColumn: 'md5' }]) {
      expect((await failure(path, settings)).message).toMatch(/has no column "(width|md5)"/);
    }
  });

  it('has its URLs in a nested column', async () => {
    const path = join(await folder(), 'list.parquet');
    const rows = [{ url: ['http://a.test/1'], caption: 'a dog' }];
    await writeParquet(path, { url: strings(), caption: string() }, rows, { rowGroupRows: 10 });
    const error = await failure(path);
    expect([error.code, error.message]).toEqual([
      'input',
      `${path}: column "url" is a list<string>`,
    ]);
  });

  it.each<[string, string | Buffer]>([
    ['list.csv', 'link,caption\nx,y'],
    ['list.tsv', 'link\tcaption\nx\ty'],
    ['list.json', '[{"link":"x","caption":"y"}]'],
    ['list.json', '{"link":{"0":"x"},\n"caption":{"0":"y"}}'],
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

  it.each(['list.csv', 'list.jsonl', 'list.csv.gz', 'list.txt', 'list.json'])(
    'is empty: %s',
    async (name) => {
      const error = await failure(await file(name, name.endsWith('.gz') ? gzipSync('') : ''));
      expect(error.hint).toContain('empty');
    },
  );

  it.each<[string, string | Buffer]>([
    ['list.csv', Buffer.from('url,caption\nhttp://a.test/1,a dog\n', 'utf16le')],
    ['list.csv', Buffer.from('\uFEFFurl,caption\nhttp://a.test/1,a dog\n', 'utf16le')],
    ['list.csv', `"url,${'caption'.repeat(200_000)}`],
    ['list.csv', Buffer.from('504b030414000600', 'hex')],
    ['list.jsonl.gz', Buffer.from('28b52ffd04000000', 'hex')],
    ['list.jsonl', 'no JSON\nat all\n'],
    ['list.json', 'url,caption\n'],
    ['list.json', '[{"url":"http://a.test/1","caption":"a dog"},{"url":'],
    ['list.json', '[{"url":"http://a.test/1","caption":"a dog"}] {}'],
    ['list.json', `[{"url":"http://a.test/1","caption":"a dog"},"${'x'.repeat(1_100_000)}"]`],
    ['list.json', '{\n"url":{"0":"http://a.test/1"},\n"caption":{"0":'],
    ['list.json', '{"url":["http://a.test/1"],"caption":"a dog"}'],
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
