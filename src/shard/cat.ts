/** Rows of shards as lines, for people and for pipes. Of an image only its file name and size are told. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataset } from '../core/dataset.js';
import { WitError } from '../core/errors.js';
import { openParquet } from '../core/parquet/reader.js';
import { jsonLine, printable } from '../core/printable.js';

export interface CatOptions {
  /** `json`: an object a line. `text`: columns with tabs between them. Default `json`. */
  format?: 'json' | 'text';
  /** Names as stored. Default: all, or for `text` the key and the text. */
  columns?: readonly string[];
  /** Rows, at most. */
  limit?: number;
  signal?: AbortSignal;
}

/**
 * The rows of a dataset's shards in order, or of one Parquet file. Control characters are escaped in both formats.
 * @throws WitError `dataset`, `missing_file`, `bad_file` naming what cannot be read, `input` for a column that is
 *   not there; the signal's reason when aborted.
 */
export async function* catRows(path: string, options: CatOptions = {}): AsyncGenerator<string> {
  const { format = 'json', limit = Number.POSITIVE_INFINITY, signal } = options;
  let left = limit;
  for (const file of await filesOf(path)) {
    const parquet = await openParquet(file);
    try {
      const known = parquet.columns;
      const columns = options.columns ?? (format === 'text' ? ['key', 'text'] : known);
      const unknown = columns.find((column) => !known.includes(column));
      if (unknown !== undefined) {
        throw new WitError('input', `${file} has no column ${JSON.stringify(unknown)}`, {
          hint: `It has: ${known.join(', ')}.`,
        });
      }
      for (const { rowStart, rows } of parquet.rowGroups) {
        if (left <= 0) return;
        const rowEnd = Math.min(rowStart + rows, rowStart + left);
        for (const row of await parquet.read({ columns, rowStart, rowEnd })) {
          signal?.throwIfAborted();
          const values = columns.map((column) => [column, shown(row[column])] as const);
          yield format === 'json'
            ? jsonLine(Object.fromEntries(values))
            : values.map(([, value]) => cell(value)).join('\t');
        }
        left -= rowEnd - rowStart;
      }
    } finally {
      await parquet.close();
    }
  }
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return [path];
  const { manifest } = await readDataset(path);
  const shards = [...manifest.shards, ...Object.values(manifest.splits ?? {}).flat()];
  return shards.map((shard) => join(path, shard.path));
}

/** A value as JSON can hold it. */
function shown(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    const { bytes, ...rest } = value as { bytes?: unknown };
    const size = bytes instanceof Uint8Array ? { bytes: bytes.length } : { bytes: shown(bytes) };
    const others = Object.entries(rest).map(([name, item]) => [name, shown(item)]);
    return { ...Object.fromEntries(others), ...(bytes !== undefined && size) };
  }
  return value;
}

function cell(value: unknown): string {
  if (value === null) return '';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
