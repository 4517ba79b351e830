/**
 * JSON objects of columns, as pandas writes a table by default: `{"url": {"0": "…", "1": "…"}, …}`, or
 * with arrays. Its rows lie scattered over the file, so it is read whole, up to a limit.
 */

import { messageOf, WitError } from '../../../core/errors.js';
import type { ByteFile } from './bytes.js';
import { markLength } from './format.js';
import {
  badFile,
  checkColumns,
  type ListColumns,
  type ListFile,
  type ListRow,
  namedColumns,
  type RowRange,
} from './types.js';

const MAX_BYTES = 100_000_000;
const HINT =
  'Write it as JSON lines or Parquet (in pandas: to_json(path, orient="records", lines=True)).';

/** @throws WitError `bad_file` for what is no such JSON or too large, `input` for a missing column. */
export async function openColumnsList(
  path: string,
  file: ByteFile,
  columns: ListColumns,
): Promise<ListFile> {
  const table = await readTable(path, file);
  checkColumns(path, Object.keys(table), columns);
  for (const [, name] of namedColumns(columns)) {
    if (typeof table[name] === 'object' && table[name] !== null) continue;
    throw badFile(path, new Error(`column ${JSON.stringify(name)} holds no values`), HINT);
  }
  const keys = Object.keys(table[columns.url] as object);
  const value = (name: string | null | undefined, key: string): unknown => {
    const column = name === null || name === undefined ? {} : (table[name] as object);
    return Object.hasOwn(column, key) ? (column as Record<string, unknown>)[key] : undefined;
  };
  return {
    async *ranges(rows): AsyncGenerator<RowRange> {
      for (let start = 0; start < keys.length; start += rows) {
        yield { start, end: Math.min(start + rows, keys.length) };
      }
    },
    async read({ start, end }) {
      return keys.slice(start, end).map(
        (key): ListRow => ({
          url: value(columns.url, key),
          caption: value(columns.caption, key),
          hash: value(columns.hash, key),
          extra: columns.extra.map((name) => value(name, key)),
        }),
      );
    },
    close: () => file.close(),
  };
}

async function readTable(path: string, file: ByteFile): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of file.chunks()) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_BYTES) break;
    }
  } catch (cause) {
    throw badFile(path, cause);
  }
  if (size > MAX_BYTES) {
    throw new WitError(
      'bad_file',
      `${path} is a JSON object of columns of more than ${MAX_BYTES} bytes, which can only be read whole`,
      { hint: HINT },
    );
  }
  const bytes = Buffer.concat(chunks);
  try {
    // It begins with a brace, so it is an object.
    return JSON.parse(bytes.toString('utf8', markLength(bytes))) as Record<string, unknown>;
  } catch (cause) {
    throw new WitError('bad_file', `${path} is not valid JSON: ${messageOf(cause)}`, {
      cause,
      hint: HINT,
    });
  }
}
