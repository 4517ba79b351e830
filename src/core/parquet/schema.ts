/**
 * How each kind of field (src/core/record.ts) is stored in Parquet: its column, its value on the way
 * in and its value on the way out. The writer and the reader share this and nothing else.
 *
 * | kind      | column                                    | stored                                 |
 * |-----------|-------------------------------------------|----------------------------------------|
 * | `string`  | `BYTE_ARRAY` annotated UTF8                | Snappy, no statistics                  |
 * | `int`     | `INT32`                                    | uncompressed, minimum and maximum      |
 * | `long`    | `INT64`, at most 2^53 − 1 either way       | uncompressed, minimum and maximum      |
 * | `double`  | `DOUBLE` (-0 becomes 0)                    | uncompressed, no statistics            |
 * | `strings` | three-level `LIST` of UTF8                 | Snappy, no statistics                  |
 * | `bytes`   | `BYTE_ARRAY`                               | uncompressed, no statistics            |
 * | `image`   | `struct<bytes: binary, path: string>`      | uncompressed, no statistics            |
 *
 * Strings carry no statistics because parquetjs-lite orders them by UTF-16 code unit where Parquet
 * orders by UTF-8 byte, which makes query engines skip rows that match. Images are compressed already.
 */

import type { SchemaDefinition } from 'parquetjs-lite';
import { columnName, type Field, type FieldKind, type Fields, type ImageValue } from '../record.js';

/** The type of a column as `ParquetFile.columnTypes` spells it. */
export const COLUMN_TYPES: Readonly<Record<FieldKind, string>> = {
  string: 'string',
  int: 'int32',
  long: 'int64',
  double: 'double',
  strings: 'list<string>',
  bytes: 'binary',
  image: 'struct<bytes: binary, path: string>',
};

/** The columns of a record definition and their types, in order. */
export function columnTypesOf(fields: Fields): Record<string, string> {
  const types: Record<string, string> = {};
  for (const [name, field] of Object.entries(fields)) {
    types[columnName(name)] = COLUMN_TYPES[field.kind];
  }
  return types;
}

/**
 * The schema that parquetjs-lite writes for a record definition. Every column is nullable in the
 * file: Hugging Face `datasets` ignores the feature (so: does not decode the image) of a column that
 * is not. That required values are there is checked on the way in and on the way out.
 */
export function writerSchema(fields: Fields): SchemaDefinition {
  const schema: SchemaDefinition = {};
  for (const [name, { kind }] of Object.entries(fields)) schema[columnName(name)] = COLUMNS[kind]();
  return schema;
}

/** Functions, since the library writes into what it is given. */
const COLUMNS: Readonly<Record<FieldKind, () => SchemaDefinition[string]>> = {
  string: () => ({ type: 'UTF8', optional: true, compression: 'SNAPPY', statistics: false }),
  int: () => ({ type: 'INT32', optional: true, compression: 'UNCOMPRESSED' }),
  long: () => ({ type: 'INT64', optional: true, compression: 'UNCOMPRESSED' }),
  double: () => ({
    type: 'DOUBLE',
    optional: true,
    compression: 'UNCOMPRESSED',
    statistics: false,
  }),
  // The names `list` and `element` are the ones that the Parquet specification asks for.
  strings: () => ({
    type: 'LIST',
    optional: true,
    fields: { list: { optional: false, repeated: true, fields: { element: COLUMNS.string() } } },
  }),
  bytes: () => ({
    type: 'BYTE_ARRAY',
    optional: true,
    compression: 'UNCOMPRESSED',
    statistics: false,
  }),
  image: () => ({
    optional: true,
    fields: {
      bytes: COLUMNS.bytes(),
      path: COLUMNS.string(),
    },
  }),
};

/**
 * A field's value as the writer takes it, and its size in bytes (for cutting row groups).
 * `null` for an absent optional value.
 * @throws Error saying what was expected and what was received.
 */
export function encodeValue(
  field: Field<unknown>,
  value: unknown,
): { value: unknown; bytes: number } {
  if (value === undefined || value === null) {
    if (field.optional) return { value: null, bytes: 1 };
    throw new Error('a value is required, received none');
  }
  switch (field.kind) {
    case 'string':
      if (typeof value !== 'string') throw mismatch('a string', value);
      return { value, bytes: Buffer.byteLength(value) };
    case 'int':
      if (!Number.isInteger(value) || value !== ((value as number) | 0)) {
        throw mismatch('a 32-bit integer', value);
      }
      return { value, bytes: 4 };
    case 'long':
      if (!Number.isSafeInteger(value)) throw mismatch('an integer of at most 2^53 - 1', value);
      return { value, bytes: 8 };
    case 'double':
      if (typeof value !== 'number' || Number.isNaN(value)) throw mismatch('a number', value);
      return { value, bytes: 8 };
    case 'strings': {
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
        throw mismatch('an array of strings', value);
      }
      const bytes = value.reduce((sum: number, item: string) => sum + Buffer.byteLength(item), 0);
      return { value: { list: value.map((element: string) => ({ element })) }, bytes };
    }
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw mismatch('bytes', value);
      return { value, bytes: value.length };
    case 'image': {
      const { bytes, path } = value as ImageValue;
      if (!(bytes instanceof Uint8Array) || typeof path !== 'string') {
        throw mismatch('an image {bytes, path}', value);
      }
      return { value: { bytes, path }, bytes: bytes.length };
    }
  }
}

/**
 * A field's value from what the reader got; `undefined` for an absent optional value.
 * @throws Error saying what was expected and what was found.
 */
export function decodeValue(field: Field<unknown>, stored: unknown): unknown {
  if (stored === undefined || stored === null) {
    if (field.optional) return undefined;
    throw new Error('expected a value, found null');
  }
  switch (field.kind) {
    case 'string':
      return decodeText(stored);
    case 'int':
      // Other writers store counts as 64-bit integers; any that a number holds exactly is welcome.
      if (typeof stored === 'number' && Number.isInteger(stored)) return stored;
      throw mismatch('an integer', stored);
    case 'long':
      // The reader gives a bigint where a number would not be exact.
      if (Number.isSafeInteger(stored)) return stored;
      throw mismatch('an integer of at most 2^53 - 1', stored);
    case 'double':
      if (typeof stored === 'number' || typeof stored === 'bigint') return Number(stored);
      throw mismatch('a number', stored);
    case 'strings':
      if (Array.isArray(stored)) return stored.map(decodeText);
      throw mismatch('a list of strings', stored);
    case 'bytes':
      if (stored instanceof Uint8Array) return bufferOf(stored);
      throw mismatch('bytes', stored);
    case 'image': {
      const { bytes, path } = stored as { bytes?: unknown; path?: unknown };
      if (!(bytes instanceof Uint8Array)) throw mismatch('an image struct with bytes', stored);
      const image: ImageValue = {
        bytes: bufferOf(bytes),
        path: path === undefined || path === null ? '' : decodeText(path),
      };
      return image;
    }
  }
}

/** Old writers leave out the UTF8 annotation, so text may arrive as bytes. */
function decodeText(stored: unknown): string {
  if (typeof stored === 'string') return stored;
  if (stored instanceof Uint8Array) return utf8(stored);
  throw mismatch('a string', stored);
}

/** Bytes as UTF-8 text. Unlike `TextDecoder`'s default, a leading byte order mark is kept. */
export function utf8(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('utf8');
}

/** The same bytes, not a copy. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function mismatch(expected: string, received: unknown): Error {
  const shown =
    typeof received === 'bigint' ? String(received) : (JSON.stringify(received) ?? typeof received);
  const short = shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
  return new Error(`expected ${expected}, found ${short}`);
}
