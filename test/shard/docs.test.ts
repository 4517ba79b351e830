/** docs/dataset-format.md names every column of every table. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { columnName, type Fields } from '../../src/core/record.js';
import {
  candidateFields,
  pairFields,
  queryFields,
  queryUseFields,
  rejectFields,
  selectionFields,
} from '../../src/core/types.js';

const TYPES = {
  string: 'string',
  int: 'int32',
  long: 'int64',
  double: 'double',
  strings: 'list&lt;string&gt;',
  bytes: 'binary',
  image: 'struct&lt;bytes: binary, path: string&gt;',
};

it.each<[string, Fields]>([
  ['data/train-*.parquet', pairFields],
  ['candidates/*.parquet', candidateFields],
  ['selected/*.parquet', omit(selectionFields, candidateFields)],
  ['rejects/*.parquet', omit(rejectFields, candidateFields)],
  ['queries.parquet', queryUseFields],
  ['LIST.parquet', queryFields],
])('the format page describes the columns of %s', async (file, fields) => {
  const page = await readFile(join(import.meta.dirname, '../../docs/dataset-format.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.split('\n')[0]?.includes(`\`${file}\``));
  const described = (section ?? '').matchAll(/^\| (`[a-z_0-9`, ]+`) \| ([^|]+) \|/gm);
  const found = [...described].flatMap(([, names, type]) =>
    (names as string).split(', ').map((name) => [name.replaceAll('`', ''), type]),
  );
  expect(found).toEqual(
    Object.entries(fields).map(([name, { kind, optional }]) => [
      columnName(name),
      TYPES[kind] + (optional ? ', null' : ''),
    ]),
  );
});

function omit(fields: Fields, others: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in others)));
}
