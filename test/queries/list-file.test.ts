import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeParquet } from '../../src/core/parquet/writer.js';
import type { QueryAccount } from '../../src/core/query-account.js';
import { int, string } from '../../src/core/record.js';
import type { Query } from '../../src/core/types.js';
import { listFiles, readAccount, writeQueryList } from '../../src/queries/list-file.js';
import { loadQueries } from '../../src/queries/load.js';
import { testPython } from '../shard/fixture.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-list-'));
});
afterAll(() => rm(dir, { recursive: true }));

const queries: Query[] = [
  { text: 'New York', sources: ['wordnet', 'title'], bigramCount: 5, pmi: 7.25, views: 2 ** 41 },
  { text: 'naïve 😀', sources: ['unigram'] },
  { text: 'the', sources: ['unigram'], unigramCount: 2_147_483_648 },
  { text: 'zebra', sources: ['wordnet'], unigramCount: 0, views: Number.MAX_SAFE_INTEGER },
];

const account: QueryAccount = {
  schema: 1,
  inputs: [],
  settings: { size: 4 },
  read: {},
  lost: {},
  sources: [],
  overlap: [],
  size: 4,
  unigramCounts: [],
  unigramRanks: [],
  pmi: [],
  views: [],
};

const stored = queries.map((query) => ({
  text: query.text,
  sources: query.sources,
  unigram_count: query.unigramCount ?? null,
  bigram_count: query.bigramCount ?? null,
  pmi: query.pmi ?? null,
  views: query.views ?? null,
}));

describe('writeQueryList', () => {
  it('writes the same bytes each time, which loadQueries gives back', async () => {
    const first = await writeQueryList(join(dir, 'a', 'list.parquet'), queries, account);
    const second = await writeQueryList(join(dir, 'b.parquet'), queries, account);
    expect(await readFile(first.list)).toEqual(await readFile(second.list));
    expect(await readFile(first.account)).toEqual(await readFile(second.account));
    expect((await loadQueries(first.list)).queries).toEqual(queries);
    expect(await readAccount(first.list)).toEqual(account);
    expect(first.report).toBe(join(dir, 'a', 'list.html'));
  });

  it('is read by pyarrow and DuckDB, counts beyond 32 bits included', async () => {
    const { list } = await writeQueryList(join(dir, 'others.parquet'), queries, account);
    const script = join(import.meta.dirname, 'list_read_back.py');
    const seen = JSON.parse(execFileSync(testPython(), [script, list], { encoding: 'utf8' }));
    expect(seen.types).toMatchObject({ unigram_count: 'int64', views: 'int64', pmi: 'double' });
    expect(seen.pyarrow).toEqual(stored);
    expect(seen.duckdb).toEqual(stored);
    expect(seen.filtered).toBe(2);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const reader = await connection.runAndReadAll(
      `SELECT text FROM '${list}' WHERE views = ${Number.MAX_SAFE_INTEGER}`,
    );
    expect(reader.getRows()).toEqual([['zebra']]);
    connection.closeSync();
  });

  it('refuses a name that is not Parquet, and an account that is none', async () => {
    expect(() => listFiles('list.txt')).toThrow('received list.txt');
    expect(await readAccount('list.txt')).toBeUndefined();
    expect(await readAccount(join(dir, 'none.parquet'))).toBeUndefined();
    await writeFile(join(dir, 'odd.json'), '{"schema": 2}');
    await expect(readAccount(join(dir, 'odd.parquet'))).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringContaining('odd.json'),
    });
  });
});

describe('loadQueries', () => {
  it('takes 64-bit counts of others, and names those that a number cannot hold', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const path = join(dir, 'big.parquet');
    const write = (views: bigint): Promise<unknown> =>
      connection.run(
        `COPY (SELECT 'a' AS text, ${views} :: BIGINT AS views) TO '${path}' (FORMAT parquet)`,
      );
    await write(2n ** 53n - 1n);
    expect((await loadQueries(path)).queries[0]?.views).toBe(Number.MAX_SAFE_INTEGER);
    await write(2n ** 53n);
    await expect(loadQueries(path)).rejects.toMatchObject({
      code: 'bad_file',
      message: `Query list ${path}, row 1, views: expected a number, received 9007199254740992n`,
    });
    connection.closeSync();
    // A 32-bit column is as good.
    const row = { text: 'a', views: 7 };
    await writeParquet(path, { text: string(), views: int() }, [row], { rowGroupRows: 1 });
    expect((await loadQueries(path)).queries).toEqual([{ ...row, sources: ['list'] }]);
  });
});
