import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WitError } from '../../../../src/core/errors.js';
import { findLists } from '../../../../src/crawl/sources/lists/find.js';

let dir: string;
const NAMES = [
  'b.csv',
  'a/2.jsonl.gz',
  'a/10.parquet',
  'a/deep/x.TXT',
  'a/[1].tsv',
  'c.json',
  'notes.md',
  '.hidden/x.csv',
  'archive.zip',
];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-find-'));
  for (const name of NAMES) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), '');
  }
  // As downloaded datasets are laid out.
  await symlink(join(dir, 'b.csv'), join(dir, 'a', 'link.csv'));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

const found = async (...lists: string[]) =>
  (await findLists(lists.map((list) => join(dir, list)))).map((path) => relative(dir, path));

it('takes every list in a folder, by name', async () => {
  const inA = ['a/10.parquet', 'a/2.jsonl.gz', 'a/[1].tsv', 'a/deep/x.TXT', 'a/link.csv'];
  expect(await found('a')).toEqual(inA);
  expect(await found('.')).toEqual([...inA, 'b.csv', 'c.json']);
});

it('expands globs, and takes what they name whatever it is called', async () => {
  expect(await found('a/**/*.{parquet,gz}')).toEqual(['a/10.parquet', 'a/2.jsonl.gz']);
  expect(await found('*.md')).toEqual(['notes.md']);
  expect((await findLists([`${relative('.', dir)}/*.csv`])).map((path) => join(path))).toEqual([
    join(relative('.', dir), 'b.csv'),
  ]);
});

it('takes a file whose name looks like a glob', async () => {
  expect(await found('a/[1].tsv')).toEqual(['a/[1].tsv']);
});

it('keeps the order of the settings and names each file once', async () => {
  expect(await found('c.json', 'a/*.csv', '*.csv', 'c.json')).toEqual([
    'c.json',
    'a/link.csv',
    'b.csv',
  ]);
});

it.each(['nothing.csv', 'none/*.csv', 'b.csv/x', '.hidden/none'])(
  'says that nothing is there: %s',
  async (list) => {
    await expect(found(list)).rejects.toMatchObject({
      code: 'missing_file',
      message: expect.stringContaining(list),
    });
  },
);

it('says that a folder holds no list', async () => {
  await mkdir(join(dir, 'empty'), { recursive: true });
  await expect(found('empty')).rejects.toBeInstanceOf(WitError);
});
