/** Opens lists, whatever their format, and keeps a few of them open. */

import { open as openFile } from 'node:fs/promises';
import { messageOf, WitError } from '../../../core/errors.js';
import { type ByteFile, gzipFile, plainFile } from './bytes.js';
import { openColumnsList } from './columns.js';
import { isGzip, isParquet, textFormat } from './format.js';
import { openParquetList } from './parquet.js';
import { MAX_ROW_BYTES } from './records.js';
import { type Head, openTextList } from './text.js';
import { badFile, type ListColumns, type ListFile } from './types.js';

/** Enough for a longest header and a row after it. */
const HEAD_BYTES = 2 * MAX_ROW_BYTES;

/**
 * Opens the list at `path`.
 * @throws WitError `missing_file`; `input` for an unknown kind or a missing column, with the columns
 * that there are; `bad_file` for what is damaged.
 */
export async function openList(path: string, columns: ListColumns): Promise<ListFile> {
  const magic = await firstBytes(path);
  if (isParquet(magic) || (/\.parquet$/i.test(path) && !isGzip(magic))) {
    return await openParquetList(path, columns);
  }
  const file = isGzip(magic) ? gzipFile(path) : plainFile(path);
  try {
    const head = await headOf(path, file);
    const format = textFormat(path, head.bytes, { whole: head.whole, urlColumn: columns.url });
    if (format === 'json-columns') return await openColumnsList(path, file, columns);
    return openTextList(path, file, format, head, columns);
  } catch (cause) {
    // Text under such a name may be a list that something has unpacked; what is no list is damage.
    if (!/\.gz$/i.test(path) || isGzip(magic)) throw cause;
    throw new WitError('bad_file', `Cannot read list ${path}: it is not gzip, as its name says`, {
      cause,
      hint: `Read as text it does not serve either: ${messageOf(cause)}`,
    });
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    const handle = await openFile(path, 'r');
    try {
      const bytes = Buffer.alloc(8);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new WitError('missing_file', `Cannot read list ${path}: ${messageOf(cause)}`, { cause });
  }
}

async function headOf(path: string, file: ByteFile): Promise<Head> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of file.chunks()) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > HEAD_BYTES) break;
    }
  } catch (cause) {
    throw badFile(path, cause);
  }
  const bytes = Buffer.concat(chunks);
  return { bytes: bytes.subarray(0, HEAD_BYTES), whole: size <= HEAD_BYTES };
}

/** Files kept open while nobody reads them; a folder may hold more than a process can open. */
const MAX_OPEN = 16;

interface Opened {
  readonly file: Promise<ListFile>;
  readers: number;
}

/** Lists by path, opened when they are needed. */
export class OpenLists {
  readonly #columns: ListColumns;
  /** In the order of last use. */
  readonly #opened = new Map<string, Opened>();

  constructor(columns: ListColumns) {
    this.#columns = columns;
  }

  /** Gives the list at `path` to `use`; it stays open at least until that is done. */
  async with<T>(path: string, use: (file: ListFile) => Promise<T>): Promise<T> {
    const opened = this.#opened.get(path) ?? { file: openList(path, this.#columns), readers: 0 };
    this.#opened.delete(path);
    this.#opened.set(path, opened);
    opened.readers += 1;
    try {
      return await use(await opened.file);
    } finally {
      opened.readers -= 1;
      await this.#closeOldest(MAX_OPEN);
    }
  }

  async close(): Promise<void> {
    await this.#closeOldest(0);
  }

  async #closeOldest(keep: number): Promise<void> {
    for (const [path, { file, readers }] of this.#opened) {
      if (this.#opened.size <= keep) return;
      if (readers > 0) continue;
      this.#opened.delete(path);
      // One that could not be opened has told so already.
      await file.then((list) => list.close()).catch(() => {});
    }
  }
}
