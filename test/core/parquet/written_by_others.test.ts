/** Our reader on files that pyarrow and DuckDB wrote: codecs, encodings, page versions, types. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openParquet, readRecords } from '../../../src/core/parquet/reader.js';
import { double, image, int, optional, string, strings } from '../../../src/core/record.js';

const TEXTS = ['😀', '', 'naïve “quotes”', '日本語', '\uFEFFmark', 'plain'];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-written-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

const fields = {
  url: string(),
  caption: optional(string()),
  large: string(),
  count: int(),
  score: double(),
  half: double(),
  words: optional(strings()),
  image: image(),
};

/** Row `i` of written_by_others.py. */
function row(i: number) {
  return {
    url: `https://example.com/${i}.jpg`,
    ...(i % 7 === 0 ? {} : { caption: TEXTS[i % 6] }),
    large: TEXTS[i % 6],
    count: i * 1_000_003,
    score: i / 3,
    half: i / 2,
    ...(i % 5 === 4 ? {} : { words: TEXTS.slice(0, i % 5) }),
    image: { bytes: Buffer.from([i % 256, 0xff, 0xd8]), path: `${i}.jpg` },
  };
}

describe('files written by pyarrow', () => {
  let files: { name: string; path: string }[];
  beforeAll(() => {
    const python =
      process.env.WIT_TEST_PYTHON ?? join(import.meta.dirname, '../../../.engine/bin/python');
    if (!existsSync(python)) {
      throw new Error(
        `No Python at ${python}: run \`npm run setup\`, or set WIT_TEST_PYTHON to one with pyarrow.`,
      );
    }
    const script = join(import.meta.dirname, 'written_by_others.py');
    files = JSON.parse(execFileSync(python, [script, dir], { encoding: 'utf8' }));
  });

  it('read the same under every codec, encoding and page version', async () => {
    expect(files.length).toBe(12);
    const expected = Array.from({ length: 3000 }, (_, i) => row(i));
    for (const { name, path } of files) {
      const found: unknown[] = [];
      for await (const record of readRecords(path, fields)) found.push(record);
      expect(found, name).toEqual(expected);
    }
  });

  it('keep integers that no number holds, booleans and times', async () => {
    for (const { name, path } of files) {
      const file = await openParquet(path);
      const found = await file.read({ columns: ['huge', 'good', 'when'], rowStart: 2, rowEnd: 4 });
      expect(found, name).toEqual([
        { huge: 2n ** 62n + 2n, good: false, when: new Date('2026-01-01T00:00:00Z') },
        { huge: 2n ** 62n + 3n, good: true, when: new Date('2026-01-01T00:00:00Z') },
      ]);
      expect(file.columnTypes, name).toMatchObject({
        url: 'string',
        large: 'string',
        count: 'int64',
        words: 'list<string>',
        image: 'struct<bytes: binary, path: string>',
      });
      await file.close();
    }
  });
});

describe('files written by DuckDB', () => {
  it.each(['uncompressed', 'snappy', 'zstd', 'gzip', 'lz4_raw', 'brotli'])('%s', async (codec) => {
    const path = join(dir, `duckdb-${codec}.parquet`);
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run(`COPY (
      SELECT 'https://example.com/' || i AS url, i AS count, i / 4 AS score,
        CASE WHEN i % 3 > 0 THEN '😀 ' || i % 10 END AS caption, ['a', '日本語'][:i % 3] AS words
      FROM range(5000) t(i)
    ) TO '${path}' (FORMAT parquet, CODEC '${codec}', ROW_GROUP_SIZE 2048)`);
    connection.closeSync();
    const found: unknown[] = [];
    const of = {
      url: string(),
      count: int(),
      score: double(),
      caption: optional(string()),
      words: strings(),
    };
    for await (const record of readRecords(path, of)) found.push(record);
    expect(found).toEqual(
      Array.from({ length: 5000 }, (_, i) => ({
        url: `https://example.com/${i}`,
        count: i,
        score: i / 4,
        ...(i % 3 > 0 ? { caption: `😀 ${i % 10}` } : {}),
        words: ['a', '日本語'].slice(0, i % 3),
      })),
    );
  });
});
