/**
 * Lists of text: txt, CSV, TSV, JSON lines, a JSON array. One pass finds where rows begin, which is
 * all that cutting needs; a range is then read by its bytes and only then parsed. Memory holds one
 * range, however long the file.
 */

import { parse } from 'csv-parse/sync';
import { WitError } from '../../../core/errors.js';
import type { ByteFile } from './bytes.js';
import { markLength, notText, parseObject, type TextFormat } from './format.js';
import { type ListRecord, type RecordKind, RecordSplitter } from './records.js';
import {
  badFile,
  changedFile,
  checkColumns,
  type ListColumns,
  type ListFile,
  type ListRow,
  pick,
  type RowRange,
} from './types.js';

type RowFormat = Exclude<TextFormat, 'json-columns'>;

const KINDS: Readonly<Record<RowFormat, RecordKind>> = {
  txt: 'lines',
  csv: 'csv',
  tsv: 'tsv',
  jsonl: 'lines',
  'json-array': 'array',
};

/** Rows of JSON looked at to learn which columns there are; of those that the file's head holds. */
const SAMPLE_ROWS = 10_000;

export interface Head {
  readonly bytes: Buffer;
  /** Whether that is the whole file. */
  readonly whole: boolean;
}

/** @throws WitError `input` for a missing column or an empty file, `bad_file`. */
export function openTextList(
  path: string,
  file: ByteFile,
  format: RowFormat,
  head: Head,
  columns: ListColumns,
): ListFile {
  const { start, header } = beginning(path, format, head, columns);
  const toRows = rowReader(format, header, columns);
  return {
    ranges: (rows) => ranges(path, file, KINDS[format], start, rows),
    async read({ start: first, end, bytes }) {
      const [from, to] = bytes as readonly [number, number];
      let rows: ListRow[];
      try {
        const splitter = new RecordSplitter(KINDS[format], from);
        rows = toRows(splitter.push(await file.range(from, to), true));
      } catch (cause) {
        throw badFile(path, cause);
      }
      if (rows.length !== end - first) throw changedFile(path);
      return rows;
    },
    close: () => file.close(),
  };
}

async function* ranges(
  path: string,
  file: ByteFile,
  kind: RecordKind,
  start: number,
  rows: number,
): AsyncGenerator<RowRange> {
  const splitter = new RecordSplitter(kind, start);
  let skip = start;
  let size = 0;
  let count = 0;
  let from = 0;
  const next = function* (records: readonly ListRecord[]): Generator<RowRange> {
    for (const { at } of records) {
      if (count % rows === 0) {
        if (count > 0) yield { start: count - rows, end: count, bytes: [from, at] };
        from = at;
      }
      count += 1;
    }
  };
  try {
    for await (const chunk of file.chunks()) {
      const body = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - body.length;
      size += chunk.length;
      yield* next(splitter.push(body));
    }
    yield* next(splitter.push(Buffer.alloc(0), true));
    if (kind === 'array' && !splitter.closed) throw new Error('it ends inside its JSON array');
  } catch (cause) {
    throw badFile(path, cause);
  }
  const done = Math.floor((count - 1) / rows) * rows;
  if (count > 0) yield { start: done, end: count, bytes: [from, size] };
}

/** Where the rows begin; of CSV and TSV also the header. Checks the columns. */
function beginning(
  path: string,
  format: RowFormat,
  head: Head,
  columns: ListColumns,
): { start: number; header: string[] } {
  const mark = markLength(head.bytes);
  if (format === 'json-array') {
    const start = head.bytes.indexOf('[') + 1;
    checkJson(path, format, head, start, columns);
    return { start, header: [] };
  }
  if (format === 'jsonl') {
    checkJson(path, format, head, mark, columns);
    return { start: mark, header: [] };
  }
  const [first] = new RecordSplitter(KINDS[format], mark).push(head.bytes.subarray(mark), true);
  if (format === 'txt') {
    if (first === undefined) checkColumns(path, [], columns);
    const needed = columns.hash ?? columns.extra[0];
    if (needed === undefined) return { start: mark, header: [] };
    throw new WitError('input', `${path} has no column ${JSON.stringify(needed)}`, {
      hint: 'A text list has one URL a line and no columns. Use CSV, TSV, JSON or Parquet for more.',
    });
  }
  if (first === undefined) checkColumns(path, [], columns);
  const { at, bytes, bad } = first as ListRecord;
  const why = bad ?? notText(bytes);
  if (why !== undefined) throw badFile(path, new Error(`its header is ${why}`));
  const header = parseFields(format, [bytes])[0] as string[];
  checkColumns(path, header, columns);
  return { start: at + bytes.length, header };
}

/** Rows may leave a column out; that none of the first has it is a mistake in its name. */
function checkJson(
  path: string,
  format: RowFormat,
  { bytes, whole }: Head,
  start: number,
  columns: ListColumns,
): void {
  const names = new Set<string>();
  let records: ListRecord[];
  try {
    records = new RecordSplitter(KINDS[format], start).push(bytes.subarray(start), whole);
  } catch (cause) {
    throw badFile(path, cause);
  }
  let objects = 0;
  for (const record of records.slice(0, SAMPLE_ROWS)) {
    const row = parseObject(record.bytes.toString('utf8'));
    if (row === undefined) continue;
    objects += 1;
    for (const name of Object.keys(row)) if (names.size < 1_000) names.add(name);
  }
  if (records.length > 0 && objects === 0) {
    throw badFile(path, new Error('none of its first rows is a JSON object'));
  }
  checkColumns(path, [...names], columns);
}

function rowReader(
  format: RowFormat,
  header: readonly string[],
  columns: ListColumns,
): (records: readonly ListRecord[]) => ListRow[] {
  if (format === 'csv' || format === 'tsv') return fieldRows(format, header, columns);
  const read = format === 'txt' ? readLine : (text: string) => readJson(text, columns);
  return (records) =>
    records.map(({ bytes, bad }): ListRow => {
      const why = bad ?? notText(bytes);
      return why === undefined ? read(bytes.toString('utf8')) : { bad: why };
    });
}

function readLine(url: string): ListRow {
  return { url, caption: undefined, hash: undefined, extra: [] };
}

function readJson(text: string, columns: ListColumns): ListRow {
  const row = parseObject(text);
  if (row === undefined) return { bad: `not a JSON object: ${text.trim().slice(0, 80)}` };
  return pick(row, columns);
}

/** All good rows of a range are parsed at once: a call of the parser for each would cost ten times. */
function fieldRows(
  format: 'csv' | 'tsv',
  header: readonly string[],
  columns: ListColumns,
): (records: readonly ListRecord[]) => ListRow[] {
  const index = (name: string) => header.indexOf(name);
  const url = index(columns.url);
  const caption = columns.caption === null ? -1 : index(columns.caption);
  const hash = columns.hash === undefined ? -1 : index(columns.hash);
  const extra = columns.extra.map(index);
  // An empty field is how these formats write that there is no value.
  const filled = (value: string | undefined) => (value === '' ? undefined : value);
  return (records) => {
    const faults = records.map(({ bytes, bad }) => bad ?? notText(bytes));
    const good = records.filter((_, at) => faults[at] === undefined);
    const parsed = parseFields(
      format,
      good.map(({ bytes }) => bytes),
    );
    if (parsed.length !== good.length) {
      throw new Error(`expected ${good.length} rows, the parser found ${parsed.length}`);
    }
    let next = 0;
    return faults.map((bad): ListRow => {
      if (bad !== undefined) return { bad };
      const fields = parsed[next++] as string[];
      if (fields.length !== header.length) {
        return { bad: `${fields.length} fields, the header has ${header.length}` };
      }
      return {
        url: fields[url],
        caption: fields[caption],
        hash: filled(fields[hash]),
        extra: extra.map((at) => filled(fields[at])),
      };
    });
  };
}

function parseFields(format: 'csv' | 'tsv', rows: readonly Buffer[]): string[][] {
  return parse(Buffer.concat(rows), {
    delimiter: format === 'csv' ? ',' : '\t',
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
}
