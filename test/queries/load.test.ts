import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { double, int, optional, string, strings } from '../../src/core/record.js';
import { queryFields } from '../../src/core/types.js';
import { loadQueries } from '../../src/queries/load.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-queries-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

async function list(name: string, content: string | Buffer): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, content);
  return path;
}
const textsOf = async (path: string) => (await loadQueries(path)).queries.map(({ text }) => text);
const rowGroups = { rowGroupRows: 100 };

describe('loadQueries, text', () => {
  it('reads one query a line, without comments, blank lines and repetitions', async () => {
    const path = await list(
      'a.txt',
      '# mine\nred apple\n\n  kiwi  fruit \nred apple\n  # no\nC# code',
    );
    expect(await loadQueries(path)).toEqual({
      queries: [
        { text: 'red apple', sources: ['list'] },
        { text: 'kiwi fruit', sources: ['list'] },
        { text: 'C# code', sources: ['list'] },
      ],
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      repeated: 1,
    });
  });

  it('reads files of any system: byte-order mark, CRLF, CR, composed or not', async () => {
    const plain = await list('plain.txt', 'caf\u00e9\nred apple\n');
    const other = await list('other.txt', '\ufeffcafe\u0301\r\nred\tapple\r\n\r\ncaf\u00e9');
    const old = await list('old.txt', 'caf\u00e9\rred apple');
    const digests = await Promise.all([plain, other, old].map(loadQueries));
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1);
    expect(await textsOf(other)).toEqual(['caf\u00e9', 'red apple']);
  });

  it('tells lists apart by digest, order included', async () => {
    const lists = ['a\nb', 'b\na', 'a b', 'a'];
    const digests = await Promise.all(
      lists.map(async (text, i) => (await loadQueries(await list(`d${i}.txt`, text))).digest),
    );
    expect(new Set(digests).size).toBe(lists.length);
  });

  it('names the file and the line of what it cannot read', async () => {
    const latin = await list('latin.txt', Buffer.from('apple\r\nkiwi\ncaf\xe9\n', 'latin1'));
    await expect(loadQueries(latin)).rejects.toMatchObject({
      code: 'bad_file',
      message: `Query list ${latin}, line 3: not UTF-8 text`,
    });
    const binary = await list('binary.txt', 'apple\nki\0wi');
    await expect(loadQueries(binary)).rejects.toMatchObject({
      code: 'bad_file',
      message: `Query list ${binary}, line 2: not text (NUL byte)`,
    });
  });

  it('names a file that is missing, is a folder or holds no query', async () => {
    const missing = join(dir, 'missing.txt');
    await expect(loadQueries(missing)).rejects.toMatchObject({
      code: 'missing_file',
      message: expect.stringContaining(missing),
    });
    await expect(loadQueries(dir)).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringContaining(dir),
    });
    const empty = await list('empty.txt', '# nothing\n\n');
    await expect(loadQueries(empty)).rejects.toMatchObject({
      code: 'bad_file',
      message: `Query list ${empty} holds no query`,
    });
  });
});

describe('loadQueries, Parquet', () => {
  it('reads what a builder knows of each query, and lists of texts alone', async () => {
    const full = join(dir, 'full.parquet');
    const queries = [
      { text: 'red apple', sources: ['bigram', 'title'], unigramCount: 7, pmi: 31.5, views: 80 },
      { text: 'kiwi', sources: ['unigram'], unigramCount: 2_000_000_000 },
    ];
    await writeParquet(full, queryFields, [...queries, { text: ' kiwi', sources: [] }], rowGroups);
    const loaded = await loadQueries(full);
    expect(loaded.queries).toEqual(queries);
    expect(loaded.repeated).toBe(1);

    const bare = join(dir, 'bare.parquet');
    const rows = [{ text: 'red  apple', more: 1 }, { text: 'kiwi' }];
    await writeParquet(bare, { more: optional(int()), text: string() }, rows, rowGroups);
    expect((await loadQueries(bare)).queries).toEqual([
      { text: 'red apple', sources: ['list'] },
      { text: 'kiwi', sources: ['list'] },
    ]);
    const text = await list('same.txt', 'red apple\nkiwi');
    expect(loaded.digest).toBe((await loadQueries(text)).digest);
  });

  it('names the file and the row or column of what it cannot use', async () => {
    const message = async (name: string, ...[fields, rows]: [never, never[]]) => {
      const path = join(dir, name);
      await writeParquet(path, fields, rows, rowGroups);
      const error = await loadQueries(path).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'bad_file' });
      return (error as Error).message.replace(path, 'FILE');
    };
    const of = (fields: object, rows: object[]) => [fields, rows] as [never, never[]];
    expect(await message('c.parquet', ...of({ query: string() }, [{ query: 'kiwi' }]))).toBe(
      'Query list FILE has no column "text"; it has: query',
    );
    expect(
      await message('b.parquet', ...of({ text: string() }, [{ text: 'kiwi' }, { text: ' ' }])),
    ).toBe("Query list FILE, row 2: expected a text, received ' '");
    expect(
      await message(
        'n.parquet',
        ...of({ text: string(), pmi: string() }, [{ text: 'a', pmi: 'b' }]),
      ),
    ).toBe("Query list FILE, row 1, pmi: expected a number, received 'b'");
    expect(
      await message(
        's.parquet',
        ...of({ text: string(), sources: double() }, [{ text: 'a', sources: 1 }]),
      ),
    ).toBe('Query list FILE, row 1, sources: expected texts, received 1');
    expect(await message('t.parquet', ...of({ text: strings() }, [{ text: ['kiwi'] }]))).toBe(
      "Query list FILE, row 1: expected a text, received [ 'kiwi' ]",
    );
  });

  it('names a file that only has the name of Parquet', async () => {
    const path = await list('fake.parquet', 'red apple\n');
    await expect(loadQueries(path)).rejects.toMatchObject({
      code: 'bad_file',
      message: expect.stringContaining(path),
    });
  });
});
