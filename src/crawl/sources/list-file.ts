/**
 * Files of (URL, caption) rows, read by ranges: CSV, TSV and JSON lines (each also as .gz), Parquet.
 * Text formats can only be read forward, so a reader that has finished a range is kept where it
 * stopped, and the next range goes on from there: reading a file range by range reads it once.
 */

import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { messageOf, WitError } from '../../core/errors.js';
import { openParquet, type ParquetFile } from '../../core/parquet/reader.js';
import { LruMap } from '../net/lru.js';

/** A row's two columns as they stand, or why it is no row. */
export type ListRow =
  | { readonly url: unknown; readonly caption: unknown }
  | { readonly bad: string };

export interface ListColumns {
  readonly url: string;
  readonly caption: string;
}

export interface ListFile {
  readonly rows: number;
  /** Rows `start` (inclusive) to `end` (exclusive). */
  read(start: number, end: number): Promise<ListRow[]>;
  close(): Promise<void>;
}

/** Longer rows are a lost quote or no list at all. */
const MAX_ROW_BYTES = 1_000_000;
/**
 * Rows of Parquet read at once, and such blocks kept: a row group of a million rows would otherwise be
 * unpacked anew for every unit in it.
 */
const BLOCK_ROWS = 50_000;
const MAX_BLOCKS = 4;
/** Readers kept open in one text file. */
const MAX_READERS = 8;

type Format = 'csv' | 'tsv' | 'jsonl' | 'parquet';
const FORMATS: readonly (readonly [RegExp, Format])[] = [
  [/\.csv(\.gz)?$/i, 'csv'],
  [/\.tsv(\.gz)?$/i, 'tsv'],
  [/\.(jsonl|ndjson)(\.gz)?$/i, 'jsonl'],
  [/\.parquet$/i, 'parquet'],
];

/**
 * Opens a list and counts its rows.
 * @throws WitError `missing_file`; `input` for an unknown ending or a missing column, with the columns
 * that there are; `bad_file` for what cannot be read to its end.
 */
export async function openList(path: string, columns: ListColumns): Promise<ListFile> {
  const format = FORMATS.find(([ending]) => ending.test(path))?.[1];
  if (format === undefined) {
    throw new WitError('input', `${path}: cannot tell what kind of list this is from its name`, {
      hint: 'Lists end in .csv, .tsv, .jsonl (each also with .gz) or .parquet.',
    });
  }
  try {
    await access(path);
  } catch (cause) {
    throw new WitError('missing_file', `Cannot read list ${path}: ${messageOf(cause)}`, { cause });
  }
  return format === 'parquet'
    ? await openParquetList(path, columns)
    : await openTextList(path, format, columns);
}

async function openParquetList(path: string, columns: ListColumns): Promise<ListFile> {
  const file: ParquetFile = await openParquet(path);
  try {
    checkColumns(path, file.columns, columns);
  } catch (error) {
    await file.close();
    throw error;
  }
  const read = async (rowStart: number): Promise<ListRow[]> => {
    const rowEnd = Math.min(rowStart + BLOCK_ROWS, file.rows);
    const rows = await file.read({ columns: [columns.url, columns.caption], rowStart, rowEnd });
    return rows.map((row) => ({
      url: asText(row[columns.url]),
      caption: asText(row[columns.caption]),
    }));
  };
  const blocks = new LruMap<number, Promise<ListRow[]>>(MAX_BLOCKS);
  return {
    rows: file.rows,
    async read(start, end) {
      const found: ListRow[] = [];
      for (let at = start - (start % BLOCK_ROWS); at < end; at += BLOCK_ROWS) {
        const block = blocks.get(at) ?? read(at);
        blocks.set(at, block);
        for (const row of (await block).slice(Math.max(0, start - at), end - at)) found.push(row);
      }
      return found;
    },
    close: () => file.close(),
  };
}

/** Writers that do not annotate their text columns leave bytes. */
function asText(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
}

async function openTextList(
  path: string,
  format: Exclude<Format, 'parquet'>,
  columns: ListColumns,
): Promise<ListFile> {
  const open = (): AsyncGenerator<ListRow> =>
    format === 'jsonl' ? jsonRows(path, columns) : csvRows(path, format, columns);
  let rows = 0;
  for await (const _ of open()) rows++;
  /** Readers at rest, and the row that each would give next. */
  let readers: { rows: AsyncGenerator<ListRow>; at: number }[] = [];
  return {
    rows,
    async read(start, end) {
      const near = readers.filter(({ at }) => at <= start).sort((a, b) => b.at - a.at)[0];
      const reader = near ?? { rows: open(), at: 0 };
      readers = readers.filter((other) => other !== reader);
      const found: ListRow[] = [];
      while (reader.at < end) {
        const next = await reader.rows.next();
        if (next.done) break;
        if (reader.at >= start) found.push(next.value);
        reader.at++;
      }
      if (found.length !== end - start) {
        throw new WitError('bad_file', `${path} has changed while it was being read`);
      }
      readers.push(reader);
      if (readers.length > MAX_READERS) {
        const last = readers.reduce((a, b) => (a.at <= b.at ? a : b));
        readers = readers.filter((other) => other !== last);
        await last.rows.return(undefined);
      }
      return found;
    },
    async close() {
      for (const reader of readers) await reader.rows.return(undefined);
      readers = [];
    },
  };
}

async function* csvRows(
  path: string,
  format: 'csv' | 'tsv',
  columns: ListColumns,
): AsyncGenerator<ListRow> {
  const parser = parse({
    bom: true,
    delimiter: format === 'csv' ? ',' : '\t',
    // Rows of another length are judged below, one by one.
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
  });
  const input = openText(path);
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let header: string[] | undefined;
  let url = -1;
  let caption = -1;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (header === undefined) {
        header = record;
        checkColumns(path, header, columns);
        url = header.indexOf(columns.url);
        caption = header.indexOf(columns.caption);
      } else if (record.length !== header.length) {
        yield { bad: `${record.length} fields, the header has ${header.length}` };
      } else {
        yield { url: record[url], caption: record[caption] };
      }
    }
  } catch (cause) {
    throw badFile(path, cause, 'Check its quotes: one that opens a field must also close it.');
  } finally {
    input.destroy();
  }
  if (header === undefined) checkColumns(path, [], columns);
}

async function* jsonRows(path: string, columns: ListColumns): AsyncGenerator<ListRow> {
  const input = openText(path);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const names = new Set<string>();
  try {
    for await (const line of lines) {
      const text = line.replace(/^\uFEFF/, '').trim();
      if (text === '') continue;
      const row = parseObject(text);
      if (row === undefined) {
        yield { bad: `not a JSON object: ${text.slice(0, 80)}` };
        continue;
      }
      if (names.size < 1_000) for (const name of Object.keys(row)) names.add(name);
      yield { url: row[columns.url], caption: row[columns.caption] };
    }
  } catch (cause) {
    throw badFile(path, cause);
  } finally {
    lines.close();
    input.destroy();
  }
  // Rows may leave a column out; that none has it is a mistake in its name.
  checkColumns(path, [...names], columns);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function openText(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (!/\.gz$/i.test(path)) return file;
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => file.destroy());
  return file.pipe(gunzip);
}

function checkColumns(path: string, there: readonly string[], wanted: ListColumns): void {
  for (const [option, name] of [
    ['sources.urlColumn', wanted.url],
    ['sources.captionColumn', wanted.caption],
  ] as const) {
    if (there.includes(name)) continue;
    const list = there.map((column) => JSON.stringify(column.slice(0, 80))).join(', ');
    throw new WitError('input', `${path} has no column ${JSON.stringify(name)}`, {
      hint:
        there.length === 0
          ? 'The file is empty.'
          : `Its columns are ${list}. Name the right one with ${option}.`,
    });
  }
}

function badFile(path: string, cause: unknown, hint?: string): WitError {
  if (cause instanceof WitError) return cause;
  const options = cause instanceof CsvError && hint !== undefined ? { cause, hint } : { cause };
  return new WitError('bad_file', `Cannot read ${path} to its end: ${messageOf(cause)}`, options);
}
