/**
 * Reads Parquet, ours and everyone else's. The one file that knows hyparquet, and the settings that
 * make it safe and fast:
 *
 * - its own file handle: the library's file reader is three to four times slower
 * - `utf8: false`: else byte arrays without annotation, which images are, would be decoded as text
 * - text through `Buffer`: the library's decoder drops a leading byte order mark
 * - 64-bit integers become numbers where a number holds them exactly, and stay `bigint` elsewhere
 */

import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf, systemCode, WitError } from '../errors.js';
import { columnName, type Field, type Fields, type RecordOf } from '../record.js';
import { decodeValue, utf8 } from './schema.js';

export interface RowGroup {
  readonly rows: number;
  /** Index in the file of its first row. */
  readonly rowStart: number;
}

export interface ReadOptions {
  /** Names as stored; default all. Only these are read from disk. */
  readonly columns?: readonly string[];
  /** Inclusive; default 0. */
  readonly rowStart?: number;
  /** Exclusive; default the end of the file. */
  readonly rowEnd?: number;
}

/** An open Parquet file. */
export interface ParquetFile {
  readonly path: string;
  readonly rows: number;
  /** Top-level column names as stored, in order. */
  readonly columns: readonly string[];
  /** The type of each column, e.g. `string`, `int64`, `list<string>`, `struct<bytes: binary, …>`. */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly rowGroups: readonly RowGroup[];
  /** Key-value metadata of the footer. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Rows as objects keyed by column name; absent values are `null` or `undefined`. Text is a string,
   * bytes are a `Uint8Array`. Byte values are views into one buffer per column and row group: keeping
   * one keeps its whole row group in memory, so copy what outlives the group.
   * @throws WitError `bad_file` naming the path and what is wrong.
   */
  read(options?: ReadOptions): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/**
 * Opens a Parquet file and reads its footer.
 * @throws WitError `missing_file`, or `bad_file` naming the path and what is wrong.
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT';
    throw new WitError(
      missing ? 'missing_file' : 'bad_file',
      missing ? `${path} does not exist` : `Cannot open ${path}: ${messageOf(cause)}`,
      { cause },
    );
  }
  try {
    const buffer = fileBuffer(handle, (await handle.stat()).size);
    return new OpenFile(path, handle, buffer, await readFooter(buffer));
  } catch (cause) {
    await handle.close();
    throw badFile(path, cause);
  }
}

/**
 * The records of a file, one row group in memory at a time. `columns` (field names) reads only those.
 * Columns that the definition does not name are passed over; an absent optional column counts as null.
 * @throws WitError `missing_file`, or `bad_file` naming the path, and the row and column where known.
 */
export async function* readRecords<F extends Fields, K extends keyof F & string = keyof F & string>(
  path: string,
  fields: F,
  options: { columns?: readonly K[] } = {},
): AsyncGenerator<RecordOf<Pick<F, K>>> {
  const file = await openParquet(path);
  try {
    for (const group of file.rowGroups) yield* await readRowGroup(file, fields, group, options);
  } finally {
    await file.close();
  }
}

/** The records of one row group: see `readRecords`. */
export async function readRowGroup<F extends Fields, K extends keyof F & string = keyof F & string>(
  file: ParquetFile,
  fields: F,
  { rows, rowStart }: RowGroup,
  options: { columns?: readonly K[] } = {},
): Promise<RecordOf<Pick<F, K>>[]> {
  const names: readonly string[] = options.columns ?? Object.keys(fields);
  const wanted = names
    .map((name) => ({ name, column: columnName(name), field: fields[name] as Field<unknown> }))
    .filter(({ column, field }) => {
      if (!field.optional) requireColumn(file, column);
      return file.columns.includes(column);
    });
  const columns = wanted.map(({ column }) => column);
  const stored = await file.read({ columns, rowStart, rowEnd: rowStart + rows });
  return stored.map((row, index) => {
    const record: Record<string, unknown> = {};
    for (const { name, column, field } of wanted) {
      try {
        const value = decodeValue(field, row[column]);
        if (value !== undefined) record[name] = value;
      } catch (cause) {
        throw badFile(file.path, `row ${rowStart + index}, column ${column}: ${messageOf(cause)}`);
      }
    }
    return record as RecordOf<Pick<F, K>>;
  });
}

class OpenFile implements ParquetFile {
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly rowGroups: readonly RowGroup[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: FileHandle;
  readonly #buffer: AsyncBuffer;
  readonly #footer: FileMetaData;
  /** Columns in which a 64-bit integer occurs. */
  readonly #wide: readonly string[];

  constructor(path: string, handle: FileHandle, buffer: AsyncBuffer, footer: FileMetaData) {
    this.path = path;
    this.#handle = handle;
    this.#buffer = buffer;
    this.#footer = footer;
    const { children } = parquetSchema(footer);
    this.columns = children.map(({ element }) => element.name);
    this.columnTypes = Object.fromEntries(
      children.map((tree) => [tree.element.name, columnType(tree)]),
    );
    this.#wide = children.filter(hasInt64).map(({ element }) => element.name);
    const groups: RowGroup[] = [];
    let rowStart = 0;
    for (const group of footer.row_groups) {
      const rows = Number(group.num_rows);
      if (rows > 0) groups.push({ rows, rowStart });
      rowStart += rows;
    }
    this.rowGroups = groups;
    this.rows = rowStart;
    if (rowStart !== Number(footer.num_rows)) {
      throw new Error(`the footer says ${footer.num_rows} rows, its row groups have ${rowStart}`);
    }
    this.metadata = Object.fromEntries(
      (footer.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']),
    );
  }

  async read(options: ReadOptions = {}): Promise<Record<string, unknown>[]> {
    const { columns = this.columns, rowStart = 0 } = options;
    const rowEnd = Math.min(options.rowEnd ?? this.rows, this.rows);
    for (const column of columns) requireColumn(this, column);
    const expected = Math.max(0, rowEnd - rowStart);
    if (expected === 0) return [];
    let rows: Record<string, unknown>[];
    try {
      rows = await parquetReadObjects({
        file: this.#buffer,
        metadata: this.#footer,
        columns: [...columns],
        rowStart,
        rowEnd,
        compressors,
        utf8: false,
        geoparquet: false,
        parsers: PARSERS,
      });
    } catch (cause) {
      throw badFile(this.path, cause);
    }
    if (rows.length !== expected) {
      throw badFile(this.path, `expected ${expected} rows from ${rowStart}, found ${rows.length}`);
    }
    const wide = this.#wide.filter((column) => columns.includes(column));
    if (wide.length > 0) {
      for (const row of rows) for (const column of wide) row[column] = narrow(row[column]);
    }
    return rows;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

const PARSERS = {
  // Called for absent values too.
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && utf8(bytes),
};

async function readFooter(buffer: AsyncBuffer): Promise<FileMetaData> {
  // Magic number, footer length, magic number.
  if (buffer.byteLength < 12) {
    throw new Error(`it is ${buffer.byteLength} bytes long, too short for Parquet`);
  }
  return await parquetMetadataAsync(buffer, { geoparquet: false, parsers: PARSERS });
}

/** Random access for hyparquet. A range outside the file is an error, not a huge allocation. */
function fileBuffer(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (start < 0 || end > byteLength || start > end) {
        throw new Error(`bytes ${start}–${end} lie outside the file (${byteLength} bytes)`);
      }
      const bytes = new Uint8Array(end - start);
      for (let filled = 0; filled < bytes.length; ) {
        const { bytesRead } = await handle.read(
          bytes,
          filled,
          bytes.length - filled,
          start + filled,
        );
        if (bytesRead === 0) throw new Error(`the file ends at byte ${start + filled}`);
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

function requireColumn(file: ParquetFile, column: string): void {
  if (!file.columns.includes(column)) {
    throw badFile(file.path, `it has no column "${column}" (it has: ${file.columns.join(', ')})`);
  }
}

function badFile(path: string, cause: unknown): WitError {
  if (cause instanceof WitError) return cause;
  const why = typeof cause === 'string' ? cause : messageOf(cause);
  return new WitError('bad_file', `Cannot read ${path} as Parquet: ${why}`, {
    cause,
    hint: 'Check that the file is Parquet and was copied whole.',
  });
}

function hasInt64({ element, children }: SchemaTree): boolean {
  return element.type === 'INT64' || children.some(hasInt64);
}

function narrow(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map(narrow);
  if (typeof value === 'object' && value !== null && value.constructor === Object) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, narrow(item)]));
  }
  return value;
}

/** A short name for a column's type, in Arrow's words. */
function columnType({ element, children }: SchemaTree): string {
  if (children.length > 0) {
    const only = children.length === 1 ? children[0] : undefined;
    if (element.converted_type === 'LIST' || element.logical_type?.type === 'LIST') {
      // Three levels: list<element>. Older two-level lists have the element right here.
      const inner = only?.children.length === 1 ? only.children[0] : only;
      if (inner !== undefined) return `list<${columnType(inner)}>`;
    }
    const parts = children.map((child) => `${child.element.name}: ${columnType(child)}`);
    return `struct<${parts.join(', ')}>`;
  }
  if (element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING') return 'string';
  const annotation = element.logical_type?.type ?? element.converted_type;
  if (annotation !== undefined && annotation !== 'INTEGER') return annotation.toLowerCase();
  if (element.type === 'BYTE_ARRAY') return 'binary';
  return (element.type ?? 'unknown').toLowerCase();
}
