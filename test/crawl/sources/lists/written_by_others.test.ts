/** Lists that pandas, pyarrow, Python's csv module and DuckDB wrote. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sourcesSchema } from '../../../../src/config.js';
import type { Candidate } from '../../../../src/core/types.js';
import { createListSource } from '../../../../src/crawl/index.js';
import { never, planned } from '../../support.js';

interface Row {
  URL: string;
  TEXT: string;
  similarity: number;
  WIDTH: number;
  NSFW: string | null;
}

let dir: string;
let rows: Row[];
let files: { name: string; typed: boolean }[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-lists-'));
  const python =
    process.env.WIT_TEST_PYTHON ?? join(import.meta.dirname, '../../../../.engine/bin/python');
  if (!existsSync(python)) {
    throw new Error(
      `No Python at ${python}: run \`npm run setup\`, or set WIT_TEST_PYTHON to one with pandas.`,
    );
  }
  const script = join(import.meta.dirname, 'write_lists.py');
  const written = execFileSync(python, [script, dir], { encoding: 'utf8' });
  ({ rows, files } = JSON.parse(written) as { rows: Row[]; files: typeof files });
}, 120_000);
afterAll(async () => {
  await rm(dir, { recursive: true });
});

const COLUMNS = ['NSFW', 'similarity', 'WIDTH'];

async function read(path: string, unitSize: number, extraColumns = COLUMNS): Promise<Candidate[]> {
  const config = { lists: [path], urlColumn: 'URL', captionColumn: 'TEXT', extraColumns, unitSize };
  const source = await createListSource(sourcesSchema.parse(config));
  const found: Candidate[] = [];
  for (const unit of await planned(source)) {
    const { candidates, rejects } = await source.run(unit, never);
    expect(rejects).toEqual([]);
    found.push(...candidates);
  }
  await source.close?.();
  return found;
}

/** What is to be found, with numbers as numbers where the format has any. */
function expected(typed: boolean) {
  return rows.map((row) => ({
    url: row.URL,
    text: row.TEXT.replace(/\s/g, ' '),
    extra: {
      ...(row.NSFW === null ? {} : { NSFW: row.NSFW }),
      similarity: typed ? row.similarity : String(row.similarity),
      WIDTH: typed ? row.WIDTH : String(row.WIDTH),
    },
  }));
}

const found = (candidates: readonly Candidate[]) =>
  candidates.map(({ imageUrl, text, extra }) => ({
    url: imageUrl,
    text,
    extra: JSON.parse(extra as string),
  }));

/** CSV writers differ in how they write 1.0; its value is what counts. */
function withValues(read: ReturnType<typeof found>, typed: boolean) {
  if (typed) return read;
  return read.map(({ extra, ...row }) => ({
    ...row,
    extra: { ...extra, similarity: String(Number(extra.similarity)) },
  }));
}

it('reads every file that Python wrote, in units of any size', async () => {
  expect(files.length).toBeGreaterThan(25);
  for (const { name, typed } of files) {
    for (const unitSize of [7, 100, 1_000]) {
      const candidates = await read(join(dir, name), unitSize);
      expect(withValues(found(candidates), typed), name).toEqual(expected(typed));
    }
  }
});

it('carries nested columns, large integers, times and bytes', async () => {
  const names = ['boxes', 'tags', 'huge', 'when', 'raw'];
  const candidates = await read(join(dir, 'nested.parquet'), 40, names);
  const start = '{"boxes":[{"x":1.5,"label":"é"}],"tags":["a",null],"huge":"1152921504606846976"';
  expect(candidates.slice(0, 2).map(({ extra }) => extra)).toEqual([
    `${start},"when":"2026-01-01T00:00:00.000Z","raw":"/wA="}`,
    '{"boxes":[],"huge":"1152921504606846977","when":"2026-01-01T00:00:00.000Z","raw":"text"}',
  ]);
  expect(candidates).toHaveLength(rows.length);
});

it.each([
  ['duck.csv', '(HEADER)', false],
  ['duck.csv.gz', '(HEADER, COMPRESSION gzip)', false],
  ['duck.tsv', "(FORMAT csv, HEADER, DELIMITER '\t')", false],
  ['duck.jsonl', '(FORMAT json)', true],
  ['duck.json.gz', '(FORMAT json, ARRAY true, COMPRESSION gzip)', true],
  ['duck.parquet', '(FORMAT parquet, ROW_GROUP_SIZE 2048)', true],
] as const)('reads what DuckDB wrote: %s', async (name, options, typed) => {
  const connection = await (await DuckDBInstance.create()).connect();
  const path = join(dir, name);
  await connection.run(`COPY '${join(dir, 'pyarrow.parquet')}' TO '${path}' ${options}`);
  const candidates = await read(path, 33);
  expect(withValues(found(candidates), typed)).toEqual(expected(typed));
});
