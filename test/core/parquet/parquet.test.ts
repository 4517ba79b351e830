import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import parquet from 'parquetjs-lite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openParquet, readRecords } from '../../../src/core/parquet/reader.js';
import { writerSchema } from '../../../src/core/parquet/schema.js';
import {
  ParquetFileWriter,
  type WriteOptions,
  writeParquet,
} from '../../../src/core/parquet/writer.js';
import {
  double,
  type Fields,
  image,
  int,
  long,
  optional,
  type RecordOf,
  string,
  strings,
} from '../../../src/core/record.js';
import { fileDigest } from '../../../src/core/store.js';

const fields = {
  id: string(),
  pageUrl: optional(string()),
  words: strings(),
  maybeWords: optional(strings()),
  count: int(),
  maybeCount: optional(int()),
  total: long(),
  maybeTotal: optional(long()),
  rank: double(),
  maybeRank: optional(double()),
  picture: image(),
};
type Row = RecordOf<typeof fields>;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-parquet-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

/** A small linear congruential generator: the rows are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ODD_STRINGS = [
  '',
  ' ',
  '😀',
  '👩‍👩‍👧‍👦 family',
  'naïve – “quotes”',
  '日本語の説明',
  'سماء زرقاء',
  '\uFEFFbyte order mark',
  '\u0000nul\u0000',
  'line\nbreak\ttab\r\n',
  '"comma", \'quote\', \\backslash',
  '\uFFFD',
  'e\u0301',
  'x'.repeat(1 << 20),
  '😀'.repeat(1 << 18),
];

function randomRow(next: (below: number) => number, index: number): Row {
  const text = () => ODD_STRINGS[next(ODD_STRINGS.length - 2)] as string;
  const list = () => Array.from({ length: next(4) }, text);
  const row: Row = {
    id: `${index}`,
    words: list(),
    count: next(2) === 0 ? next(2 ** 31) : -next(2 ** 31) - 1,
    total: (next(2) === 0 ? 1 : -1) * next(Number.MAX_SAFE_INTEGER),
    rank: next(2 ** 32) / 2 ** 32,
    picture: {
      bytes: Buffer.from(Array.from({ length: next(50) }, () => next(256))),
      path: text(),
    },
  };
  if (next(2) === 0) row.pageUrl = text();
  if (next(2) === 0) row.maybeWords = list();
  if (next(2) === 0) row.maybeCount = next(10);
  if (next(2) === 0) row.maybeTotal = next(2) === 0 ? Number.MAX_SAFE_INTEGER : -(2 ** 40);
  if (next(2) === 0) row.maybeRank = next(10) / 3 - 1;
  return row;
}

async function all<F extends Fields>(path: string, of: F): Promise<RecordOf<F>[]> {
  const rows: RecordOf<F>[] = [];
  for await (const row of readRecords(path, of)) rows.push(row as unknown as RecordOf<F>);
  return rows;
}

async function write(name: string, rows: Row[], options: Partial<WriteOptions> = {}) {
  const path = join(dir, name);
  const written = await writeParquet(path, fields, rows, { rowGroupRows: 7, ...options });
  return { path, written };
}

describe('a Parquet file', () => {
  it.each([0, 1, 2, 7, 8, 9, 100, 501])('gives back %i rows as they were', async (count) => {
    const next = numbers(count + 1);
    const rows = Array.from({ length: count }, (_, index) => randomRow(next, index));
    const { path, written } = await write(`round-${count}.parquet`, rows);
    expect(await all(path, fields)).toEqual(rows);
    expect(written).toEqual({ rows: count, ...(await fileDigest(path)) });
    const file = await openParquet(path);
    expect(file.rows).toBe(count);
    expect(file.rowGroups.length).toBe(Math.ceil(count / 7));
    expect(file.columnTypes).toEqual({
      id: 'string',
      page_url: 'string',
      words: 'list<string>',
      maybe_words: 'list<string>',
      count: 'int32',
      maybe_count: 'int32',
      total: 'int64',
      maybe_total: 'int64',
      rank: 'double',
      maybe_rank: 'double',
      picture: 'struct<bytes: binary, path: string>',
    });
    await file.close();
  });

  it('keeps odd strings, up to a megabyte, alone and in lists', async () => {
    const rows = ODD_STRINGS.map((text, index) => ({
      ...randomRow(numbers(index), index),
      id: text,
      words: [text, '', text],
    }));
    const { path } = await write('odd.parquet', rows, { rowGroupRows: 4 });
    expect(await all(path, fields)).toEqual(rows);
  });

  it('stores a lone surrogate as the replacement character', async () => {
    const row = { ...randomRow(numbers(1), 0), id: 'a\uD83Db' };
    const { path } = await write('surrogate.parquet', [row]);
    expect((await all(path, fields))[0]?.id).toBe('a\uFFFDb');
  });

  it('keeps columns of nothing but nulls', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => ({
      id: `${index}`,
      words: [],
      count: 0,
      total: 0,
      rank: 0,
      picture: { bytes: Buffer.alloc(0), path: '' },
    }));
    const { path } = await write('nulls.parquet', rows);
    expect(await all(path, fields)).toEqual(rows);
  });

  it('has the same bytes each time', async () => {
    const rows = Array.from({ length: 50 }, (_, index) => randomRow(numbers(index), index));
    const metadata = { one: '1', two: '{"a": "😀"}' };
    const first = await write('same-1.parquet', rows, { metadata });
    const second = await write('same-2.parquet', rows, { metadata });
    expect(await readFile(first.path)).toEqual(await readFile(second.path));
    const file = await openParquet(first.path);
    expect(file.metadata).toEqual(metadata);
    await file.close();
  });

  it('cuts a row group before its values exceed the limit', async () => {
    const rows = Array.from({ length: 10 }, (_, index) => ({
      ...randomRow(numbers(index), index),
      words: [],
      picture: { bytes: Buffer.alloc(index === 4 ? 5000 : 400, index), path: '' },
    }));
    const { path } = await write('cut.parquet', rows, { rowGroupBytes: 1000, rowGroupRows: 100 });
    const file = await openParquet(path);
    expect(file.rowGroups.map((group) => group.rows)).toEqual([2, 2, 1, 2, 2, 1]);
    expect(file.rowGroups.map((group) => group.rowStart)).toEqual([0, 2, 4, 5, 7, 9]);
    await file.close();
    expect(await all(path, fields)).toEqual(rows);
  });
});

describe('ParquetFileWriter', () => {
  it('names the row and column of a value that does not fit, and leaves no file', async () => {
    const good = randomRow(numbers(3), 0);
    const bad: [Partial<Record<keyof Row, unknown>>, string][] = [
      [{ count: 3_000_000_000 }, 'column count: expected a 32-bit integer, found 3000000000'],
      [{ count: 1.5 }, 'column count: expected a 32-bit integer, found 1.5'],
      [{ total: 2 ** 53 }, 'column total: expected an integer of at most 2^53 - 1'],
      [{ total: 0.5 }, 'column total: expected an integer of at most 2^53 - 1, found 0.5'],
      [{ rank: Number.NaN }, 'column rank: expected a number, found null'],
      [{ id: undefined }, 'column id: a value is required, received none'],
      [{ words: [1] }, 'column words: expected an array of strings, found [1]'],
      [{ picture: { path: 'x' } }, 'column picture: expected an image {bytes, path}'],
    ];
    for (const [index, [change, message]] of bad.entries()) {
      const rows = [good, { ...good, ...change } as Row];
      await expect(write(`bad-${index}.parquet`, rows)).rejects.toMatchObject({
        code: 'input',
        message: expect.stringMatching(/^Cannot write row 1 of .*bad-\d\.parquet: /),
      });
      await expect(write(`bad-${index}.parquet`, rows)).rejects.toThrow(message);
    }
    expect((await readdir(dir)).filter((name) => name.includes('bad-'))).toEqual([]);
  });

  it('shows the file only when it is closed', async () => {
    const path = join(dir, 'sub', 'late.parquet');
    const file = await ParquetFileWriter.open(path, fields, { rowGroupRows: 2 });
    for (let index = 0; index < 5; index++) await file.append(randomRow(numbers(index), index));
    expect(await readdir(join(dir, 'sub'))).not.toContain('late.parquet');
    await file.close();
    expect(await readdir(join(dir, 'sub'))).toEqual(['late.parquet']);
  });

  it('reports a device that is full', async () => {
    // Every write to /dev/full fails with ENOSPC.
    const path = join(dir, 'full.parquet');
    await symlink('/dev/full', join(dir, `.tmp-${process.pid}-full.parquet`));
    const row = randomRow(numbers(1), 0);
    await expect(writeParquet(path, fields, [row], { rowGroupRows: 1 })).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringContaining('full.parquet'),
      hint: expect.stringContaining('The disk is full'),
    });
  });
});

describe('openParquet', () => {
  it('reads chosen rows and columns', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => randomRow(numbers(index), index));
    const { path } = await write('range.parquet', rows);
    const file = await openParquet(path);
    const found = await file.read({ columns: ['id', 'count'], rowStart: 5, rowEnd: 17 });
    expect(found).toEqual(rows.slice(5, 17).map(({ id, count }) => ({ id, count })));
    expect(await file.read({ columns: ['id'], rowStart: 28, rowEnd: 99 })).toHaveLength(2);
    expect(await file.read({ columns: ['id'], rowStart: 30 })).toEqual([]);
    await expect(file.read({ columns: ['nothing'] })).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringContaining('it has no column "nothing" (it has: id, page_url,'),
    });
    await file.close();
  });

  it('says what is wrong with a file it cannot read', async () => {
    await expect(openParquet(join(dir, 'none.parquet'))).rejects.toMatchObject({
      code: 'missing_file',
    });
    const cases: [string, string | Buffer][] = [
      ['empty.parquet', ''],
      ['text.parquet', 'url,caption\nhttp://example.com/a.jpg,a cat\n'],
      ['magic.parquet', 'PAR1PAR1PAR1'],
      ['zeros.parquet', Buffer.alloc(5000)],
    ];
    for (const [name, content] of cases) {
      const path = join(dir, name);
      await writeFile(path, content);
      await expect(openParquet(path), name).rejects.toMatchObject({
        code: 'bad_file',
        message: expect.stringContaining(`Cannot read ${path} as Parquet: `),
      });
    }
    await expect(openParquet(dir)).rejects.toMatchObject({ code: 'bad_file' });
  });

  it('never fails otherwise on a file that was cut or damaged', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => randomRow(numbers(index), index));
    const { path, written } = await write('whole.parquet', rows);
    const whole = await readFile(path);
    const next = numbers(7);
    const damaged = join(dir, 'damaged.parquet');
    let failures = 0;
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(whole);
      for (let flips = next(4) + 1; flips > 0; flips--) {
        bytes.writeUInt8(next(256), next(bytes.length));
      }
      await writeFile(damaged, bytes);
      if (round % 3 === 0) await truncate(damaged, next(written.bytes));
      try {
        await all(damaged, fields);
      } catch (error) {
        failures += 1;
        expect(error).toMatchObject({ code: 'bad_file' });
      }
    }
    expect(failures).toBeGreaterThan(50);
  });
});

describe('readRecords', () => {
  it('reads only the columns asked for', async () => {
    const rows = Array.from({ length: 10 }, (_, index) => randomRow(numbers(index), index));
    const { path } = await write('some.parquet', rows);
    const found: unknown[] = [];
    for await (const row of readRecords(path, fields, { columns: ['id', 'pageUrl'] })) {
      found.push(row);
    }
    expect(found).toEqual(
      rows.map(({ id, pageUrl }) => (pageUrl === undefined ? { id } : { id, pageUrl })),
    );
  });

  it('names a column that is missing or holds something else', async () => {
    const { path } = await write('other.parquet', [randomRow(numbers(1), 0)]);
    await expect(all(path, { title: string() })).rejects.toThrow('it has no column "title"');
    expect(await all(path, { title: optional(string()) })).toEqual([{}]);
    await expect(all(path, { id: int() })).rejects.toThrow(
      'row 0, column id: expected an integer, found "0"',
    );
  });
});

describe('rows of strings alone', () => {
  const texts = { id: string(), text: string(), pageUrl: optional(string()) };

  it.each([1, 2, 499, 500, 501, 1_733])(
    'are the bytes that the library writes of %i',
    async (n) => {
      const below = numbers(n);
      const odd = () => ODD_STRINGS[below(ODD_STRINGS.length)] as string;
      const rows = Array.from({ length: n }, (_, i) => {
        const row = { id: `${i}`, text: odd() };
        return below(2) === 0 ? row : { ...row, pageUrl: odd() };
      });
      const ours = join(dir, `strings-${n}.parquet`);
      await writeParquet(ours, texts, rows, { rowGroupRows: 500, rowGroupBytes: 1e12 });

      const schema = new parquet.ParquetSchema(writerSchema(texts));
      const chunks: Buffer[] = [];
      const output = {
        write: (bytes: Buffer, done: () => void) => {
          chunks.push(Buffer.from(bytes));
          done();
        },
        end: (done: () => void) => done(),
      };
      const writer = await parquet.ParquetWriter.openStream(schema, output, {
        rowGroupSize: 500,
        pageSize: 500,
        pageIndex: false,
        useDataPageV2: false,
      });
      for (const { id, text, ...rest } of rows) {
        const page_url = 'pageUrl' in rest ? rest.pageUrl : null;
        await writer.appendRow({ id, text, page_url });
      }
      await writer.close();
      expect((await readFile(ours)).equals(Buffer.concat(chunks))).toBe(true);
    },
  );
});
