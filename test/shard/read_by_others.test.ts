/** Shards open, unchanged, in the tools their users have. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/ids.js';
import type { Pair } from '../../src/core/types.js';
import { type Fixture, makeDataset, testPython } from './fixture.js';

interface DecodedRows {
  features: Record<string, string>;
  rows: Record<string, unknown>[];
}

interface Seen {
  pyarrow: {
    types: Record<string, string>;
    rows: Record<string, unknown>[];
    smiles: number;
    width36: number;
  };
  files: DecodedRows;
  folder: DecodedRows;
  streaming: string[];
  duckdb: {
    types: Record<string, string>;
    count: number;
    smiles: number;
    texts: [string, string, number][];
    unlicensed: number;
  };
}

let fixture: Fixture;
let cache: string;
beforeAll(async () => {
  fixture = await makeDataset(await mkdtemp(join(tmpdir(), 'wit-others-')));
  cache = await mkdtemp(join(tmpdir(), 'wit-hugging-face-'));
});
afterAll(async () => {
  await rm(fixture.dir, { recursive: true });
  await rm(cache, { recursive: true });
});

/** A pair as it should be stored. */
function stored(pair: Pair): Record<string, unknown> {
  return {
    key: pair.key,
    text: pair.text,
    other_texts: pair.otherTexts,
    url: pair.url,
    page_url: pair.pageUrl ?? null,
    queries: pair.queries,
    width: pair.width,
    height: pair.height,
    original_width: pair.originalWidth,
    original_height: pair.originalHeight,
    format: pair.format,
    sha256: pair.sha256,
    dhash: pair.dhash,
    fetched_at: pair.fetchedAt,
    license: pair.license ?? null,
    extra: pair.extra ?? null,
    scores: pair.scores ?? null,
    image: { sha256: sha256(pair.image.bytes), path: pair.image.path },
  };
}

const SQL_TYPES = {
  key: 'VARCHAR',
  text: 'VARCHAR',
  other_texts: 'VARCHAR[]',
  url: 'VARCHAR',
  page_url: 'VARCHAR',
  queries: 'VARCHAR[]',
  width: 'INTEGER',
  height: 'INTEGER',
  original_width: 'INTEGER',
  original_height: 'INTEGER',
  format: 'VARCHAR',
  sha256: 'VARCHAR',
  dhash: 'VARCHAR',
  fetched_at: 'VARCHAR',
  license: 'VARCHAR',
  extra: 'VARCHAR',
  scores: 'VARCHAR',
  image: 'STRUCT(bytes BLOB, path VARCHAR)',
};

describe('DuckDB in Node', () => {
  it('sees every type, row and odd string', async () => {
    const connection = await (await DuckDBInstance.create()).connect();
    const paths = fixture.shards.map((shard) => join(fixture.dir, shard.path));
    const source = `read_parquet([${paths.map((path) => `'${path}'`).join(', ')}])`;
    const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJS();

    const described = await query(`DESCRIBE SELECT * FROM ${source}`);
    expect(Object.fromEntries(described.map(([name, type]) => [name, type]))).toEqual(SQL_TYPES);
    expect(await query(`SELECT count(*)::INT FROM ${source}`)).toEqual([[fixture.pairs.length]]);
    for (const { key, text } of fixture.pairs.slice(0, 12)) {
      const literal = text.replaceAll("'", "''");
      expect(await query(`SELECT key FROM ${source} WHERE text = '${literal}'`)).toEqual([[key]]);
    }
    const lists = await query(
      `SELECT key, len(queries)::INT, len(other_texts)::INT, license, width FROM ${source}`,
    );
    expect(lists).toEqual(
      fixture.pairs.map(({ key, queries, otherTexts, license, width }) => [
        key,
        queries.length,
        otherTexts.length,
        license ?? null,
        width,
      ]),
    );
    const wide = fixture.pairs.filter((pair) => pair.width === 36).length;
    expect(await query(`SELECT count(*)::INT FROM ${source} WHERE width = 36`)).toEqual([[wide]]);
    connection.closeSync();
  });
});

describe('Python', () => {
  let seen: Seen;
  beforeAll(async () => {
    const python = testPython();
    if (!existsSync(python)) {
      throw new Error(
        `No Python at ${python}: run \`npm run setup\`, or set WIT_TEST_PYTHON to one that has ` +
          'pyarrow, duckdb, datasets and pillow.',
      );
    }
    const script = join(import.meta.dirname, 'read_by_others.py');
    const shards = fixture.shards.map((shard) => shard.path);
    const { stdout } = await promisify(execFile)(python, [script, fixture.dir, ...shards], {
      maxBuffer: 1 << 28,
      env: {
        ...process.env,
        PYTHONIOENCODING: 'utf-8',
        HF_HOME: cache,
        HF_HUB_OFFLINE: '1',
        HF_DATASETS_DISABLE_PROGRESS_BARS: '1',
      },
    });
    seen = JSON.parse(stdout) as Seen;
  }, 240_000);

  it('pyarrow reads every value of every column', () => {
    expect(seen.pyarrow.types).toMatchObject({
      key: 'string',
      width: 'int32',
      license: 'string',
      extra: 'string',
      scores: 'string',
      other_texts: 'list<element: string>',
      queries: 'list<element: string>',
      image: 'struct<bytes: binary, path: string>',
    });
    expect(seen.pyarrow.rows).toEqual(fixture.pairs.map(stored));
    expect(seen.pyarrow.smiles).toBe(1);
    const first = fixture.pairs.slice(0, 60);
    expect(seen.pyarrow.width36).toBe(first.filter((pair) => pair.width === 36).length);
  });

  it.each(['files', 'folder'] as const)('Hugging Face datasets decodes %s', async (how) => {
    const { features, rows } = seen[how];
    expect(features.image).toMatch(/^Image\(/);
    expect(features.queries).toBe("List(Value('string'))");
    expect(features.width).toBe("Value('int32')");
    expect(features.text).toBe("Value('string')");
    const expected = fixture.pairs.map(async (pair) => {
      const { data } = await sharp(pair.image.bytes).raw().toBuffer({ resolveWithObject: true });
      return {
        key: pair.key,
        text: pair.text,
        other_texts: pair.otherTexts,
        queries: pair.queries,
        license: pair.license ?? null,
        size: [pair.width, pair.height],
        format: pair.format.toUpperCase(),
        pixel: [data[0], data[1], data[2]],
      };
    });
    expect(rows).toEqual(await Promise.all(expected));
  });

  it('Hugging Face datasets streams the folder', () => {
    expect(seen.streaming).toEqual(fixture.pairs.map((pair) => pair.text));
  });

  it('DuckDB reads every row', () => {
    expect(seen.duckdb.types).toEqual(SQL_TYPES);
    expect(seen.duckdb.count).toBe(fixture.pairs.length);
    expect(seen.duckdb.smiles).toBe(1);
    expect(seen.duckdb.unlicensed).toBe(fixture.pairs.filter((pair) => !pair.license).length);
    const byKey = fixture.pairs
      .map(({ key, text, image }) => [key, text, image.bytes.length])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
    expect(seen.duckdb.texts).toEqual(byKey);
  });
});
