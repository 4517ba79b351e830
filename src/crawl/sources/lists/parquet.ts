/** Lists in Parquet: read by blocks of rows, the wanted columns only. */

import { WitError } from '../../../core/errors.js';
import { openParquet, type ParquetFile } from '../../../core/parquet/reader.js';
import { LruMap } from '../../net/lru.js';
import {
  checkColumns,
  type ListColumns,
  type ListFile,
  type ListRow,
  namedColumns,
  pick,
} from './types.js';

/**
 * Rows read at once, and such blocks kept: a row group of a million rows would otherwise be unpacked
 * anew for every unit in it.
 */
const BLOCK_ROWS = 50_000;
const MAX_BLOCKS = 4;

/** @throws WitError `missing_file`, `bad_file`, `input` for a column that is missing or nested. */
export async function openParquetList(path: string, columns: ListColumns): Promise<ListFile> {
  const file = await openParquet(path);
  try {
    checkColumns(path, file.columns, columns);
    checkTypes(file, columns);
  } catch (error) {
    await file.close();
    throw error;
  }
  const names = [...new Set(namedColumns(columns).map(([, name]) => name))];
  const read = async (rowStart: number): Promise<ListRow[]> => {
    const rowEnd = Math.min(rowStart + BLOCK_ROWS, file.rows);
    const rows = await file.read({ columns: names, rowStart, rowEnd });
    return rows.map((row) => {
      for (const name of names) row[name] = detached(row[name]);
      return pick(row, columns);
    });
  };
  const blocks = new LruMap<number, Promise<ListRow[]>>(MAX_BLOCKS);
  return {
    async *ranges(rows) {
      for (let start = 0; start < file.rows; start += rows) {
        yield { start, end: Math.min(start + rows, file.rows) };
      }
    },
    async read({ start, end }) {
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

/** URLs and captions are one value a row; extra columns may be anything. */
function checkTypes(file: ParquetFile, { url, caption, hash }: ListColumns): void {
  for (const name of [url, caption, hash]) {
    if (name === null || name === undefined) continue;
    const type = file.columnTypes[name] as string;
    if (!/^(list|struct|map)\b/.test(type)) continue;
    throw new WitError('input', `${file.path}: column ${JSON.stringify(name)} is a ${type}`, {
      hint: 'Expected text: flatten the column, or name another one.',
    });
  }
}

/** Writers that do not annotate their text columns leave bytes, which are views into a row group. */
function detached(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  const bytes = Buffer.from(value);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : bytes;
}
