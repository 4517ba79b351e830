/**
 * Writes Parquet. The one file that knows parquetjs-lite, and the settings that make its files right
 * for every reader:
 *
 * - data pages of version 1: in its version 2 pages `num_rows` counts list elements
 * - no page index: its column index lacks a required field, and strict readers refuse the file
 * - statistics on integers only (see schema.ts)
 * - one page a column in each row group (its `pageSize` counts rows), and small row groups
 *
 * The same rows and settings give the same bytes: nothing of the time, the machine or the path
 * enters the file.
 */

import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import parquet, { type ColumnBuffer, type Output } from 'parquetjs-lite';
import { messageOf, WitError } from '../errors.js';
import { columnName, type Field, type Fields, type RecordOf } from '../record.js';
import { commitFile, temporaryPath, writeError } from '../store.js';
import { encodeValue, writerSchema } from './schema.js';

export interface WriteOptions {
  /** Rows in one row group, at most. */
  readonly rowGroupRows: number;
  /** Bytes of values in one row group, at most (one row may exceed it alone). Default 32 MB. */
  readonly rowGroupBytes?: number;
  /** Key-value metadata for the file's footer. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What was written: enough for a journal line, without reading the file again. */
export interface WrittenFile {
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole file, lower-case hex. */
  readonly sha256: string;
}

const ROW_GROUP_BYTES = 32_000_000;

type Writer = Awaited<ReturnType<typeof parquet.ParquetWriter.openStream>>;

/**
 * Writes `rows` to `path` atomically: the file appears whole or not at all.
 * @throws WitError `input` naming the row and column of a value that does not fit, `disk` when the
 *   file cannot be written; whatever `rows` throws.
 */
export async function writeParquet<F extends Fields>(
  path: string,
  fields: F,
  rows: Iterable<RecordOf<F>> | AsyncIterable<RecordOf<F>>,
  options: WriteOptions,
): Promise<WrittenFile> {
  const file = await ParquetFileWriter.open(path, fields, options);
  try {
    for await (const row of rows) await file.append(row);
    return await file.close();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Writes one file row by row. End with `close`, which gives the file its name, or with `abort`. */
export class ParquetFileWriter<F extends Fields> {
  readonly #path: string;
  readonly #columns: readonly { name: string; column: string; field: Field<unknown> }[];
  readonly #options: WriteOptions;
  readonly #temporary: string;
  readonly #sink: FileSink;
  readonly #writer: Writer;
  /** Whether every column is a plain string. */
  readonly #isFlat: boolean;
  #pending: Record<string, unknown>[] = [];
  #pendingBytes = 0;
  #rows = 0;

  private constructor(
    path: string,
    fields: F,
    options: WriteOptions,
    temporary: string,
    sink: FileSink,
    writer: Writer,
  ) {
    this.#path = path;
    this.#columns = Object.entries(fields).map(([name, field]) => ({
      name,
      column: columnName(name),
      field,
    }));
    this.#options = options;
    this.#temporary = temporary;
    this.#sink = sink;
    this.#writer = writer;
    this.#isFlat = this.#columns.every(({ field }) => field.kind === 'string');
  }

  /** @throws WitError `disk` when the file cannot be made. */
  static async open<F extends Fields>(
    path: string,
    fields: F,
    options: WriteOptions,
  ): Promise<ParquetFileWriter<F>> {
    const temporary = await temporaryPath(path);
    const sink = new FileSink(await openForWriting(temporary, path));
    const writer = await parquet.ParquetWriter.openStream(fastSchema(fields), sink, {
      rowGroupSize: options.rowGroupRows,
      pageSize: options.rowGroupRows,
      pageIndex: false,
      useDataPageV2: false,
    });
    for (const [key, value] of Object.entries(options.metadata ?? {})) {
      writer.setMetadata(key, value);
    }
    return new ParquetFileWriter(path, fields, options, temporary, sink, writer);
  }

  /**
   * Adds a row. Resolves when it is buffered or, at the end of a row group, written.
   * @throws WitError `input` naming the column of a value that does not fit, `disk`.
   */
  async append(record: RecordOf<F>): Promise<void> {
    const row: Record<string, unknown> = {};
    let bytes = 0;
    for (const { name, column, field } of this.#columns) {
      try {
        const encoded = encodeValue(field, (record as Record<string, unknown>)[name]);
        row[column] = encoded.value;
        bytes += encoded.bytes;
      } catch (cause) {
        throw new WitError(
          'input',
          `Cannot write row ${this.#rows} of ${this.#path}: column ${column}: ${messageOf(cause)}`,
          { cause },
        );
      }
    }
    const limit = this.#options.rowGroupBytes ?? ROW_GROUP_BYTES;
    if (this.#pending.length > 0 && this.#pendingBytes + bytes > limit) await this.#writeGroup();
    this.#pending.push(row);
    this.#pendingBytes += bytes;
    this.#rows += 1;
    if (this.#pending.length >= this.#options.rowGroupRows) await this.#writeGroup();
  }

  /** Ends the row group here, before it is full. */
  async endGroup(): Promise<void> {
    if (this.#pending.length > 0) await this.#writeGroup();
  }

  /** Writes what is left and the footer, flushes, and gives the file its final name. */
  async close(): Promise<WrittenFile> {
    await this.endGroup();
    await this.#writer.close();
    this.#throwIfFailed();
    await commitFile(this.#temporary, this.#path);
    return { rows: this.#rows, bytes: this.#sink.bytes, sha256: this.#sink.digest() };
  }

  /** Gives up: no file is left. Harmless after a failed `close`. */
  async abort(): Promise<void> {
    await this.#sink.dispose();
    await rm(this.#temporary, { force: true });
  }

  async #writeGroup(): Promise<void> {
    const rows = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    // The library writes the group when the last of these rows is appended.
    this.#writer.setRowGroupSize(rows.length);
    const last = rows.pop() as Record<string, unknown>;
    if (this.#isFlat) this.#buffer(rows);
    else for (const row of rows) await this.#writer.appendRow(row);
    await this.#writer.appendRow(last);
    this.#throwIfFailed();
  }

  /**
   * Gives the library rows of strings in the form in which it keeps them until the group is full. Its
   * own way there makes half a dozen objects for each value, and takes four times as long.
   */
  #buffer(rows: readonly Record<string, unknown>[]): void {
    if (rows.length === 0) return;
    const columnData: Record<string, ColumnBuffer> = {};
    const pages: Record<string, unknown[]> = {};
    for (const { column } of this.#columns) {
      const rlevels = new Array<number>(rows.length).fill(0);
      const dlevels: number[] = [];
      // The library turns them into bytes when it encodes the column.
      const values: string[] = [];
      for (const row of rows) {
        const value = row[column] as string | null;
        dlevels.push(value === null ? 0 : 1);
        if (value !== null) values.push(value);
      }
      // Strings carry no statistics, for which alone the distinct values would be needed.
      const distinct = new Set<unknown>();
      columnData[column] = {
        rlevels,
        dlevels,
        values,
        distinct_values: distinct,
        count: rows.length,
      };
      pages[column] = [];
    }
    this.#writer.rowBuffer = {
      rowCount: rows.length,
      pageRowCount: rows.length,
      columnData,
      pages,
    };
  }

  #throwIfFailed(): void {
    if (this.#sink.failure !== undefined) throw writeError(this.#path, this.#sink.failure);
  }
}

/**
 * The library uses a column's path, an array, as a key several times for each value, and joins it
 * anew each time. With the joined text at hand a shard is written 1.4 times as fast.
 */
function fastSchema(fields: Fields): InstanceType<typeof parquet.ParquetSchema> {
  const schema = new parquet.ParquetSchema(writerSchema(fields));
  for (const { path } of schema.fieldList) {
    const joined = path.join(',');
    Object.defineProperty(path, 'toString', { value: () => joined });
  }
  return schema;
}

async function openForWriting(temporary: string, path: string): Promise<FileHandle> {
  try {
    return await open(temporary, 'w');
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/**
 * The file under the library: writes in order, digests on the way. A failure is kept rather than
 * reported, since the library does not await all of its writes and would leave a rejection unhandled.
 */
class FileSink implements Output {
  failure: unknown;
  bytes = 0;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #tail: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  write(bytes: Buffer, done: () => void): void {
    this.#tail = this.#tail
      .then(async () => {
        if (this.failure !== undefined) return;
        this.#hash.update(bytes);
        this.bytes += bytes.length;
        for (let start = 0; start < bytes.length; ) {
          start += (await this.#handle.write(bytes, start)).bytesWritten;
        }
      })
      .catch((error: unknown) => {
        this.failure = error;
      })
      .finally(done);
  }

  end(done: () => void): void {
    this.dispose().finally(done);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  /** Closes the file once everything handed over is written. May be called again. */
  async dispose(): Promise<void> {
    await this.#tail;
    try {
      await this.#handle.close();
    } catch (error) {
      this.failure ??= error;
    }
  }
}
