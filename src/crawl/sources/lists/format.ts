/**
 * What kind of list a file is: by its first bytes where they tell, else by its name. Text formats
 * cannot be told from each other by content, but a CSV that is Parquet or gzip in truth can.
 */

import { isUtf8 } from 'node:buffer';
import { WitError } from '../../../core/errors.js';

/** `json-array` and `json-columns`: one JSON text, of objects or of columns. */
export type TextFormat = 'txt' | 'csv' | 'tsv' | 'jsonl' | 'json-array' | 'json-columns';

const ENDINGS: readonly (readonly [RegExp, 'txt' | 'csv' | 'tsv' | 'jsonl' | 'json'])[] = [
  [/\.txt(\.gz)?$/i, 'txt'],
  [/\.csv(\.gz)?$/i, 'csv'],
  [/\.tsv(\.gz)?$/i, 'tsv'],
  [/\.(jsonl|ndjson)(\.gz)?$/i, 'jsonl'],
  [/\.json(\.gz)?$/i, 'json'],
];

/** First bytes of what people mistake for lists. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['504b0304', 'a zip archive or a spreadsheet'],
  ['28b52ffd', 'Zstandard data'],
  ['425a68', 'bzip2 data'],
  ['fd377a585a00', 'xz data'],
  ['4152524f5731', 'an Arrow (Feather) file'],
  ['fffe', 'text in UTF-16'],
  ['feff', 'text in UTF-16'],
];

const HINT =
  'Lists are .txt, .csv, .tsv, .json, .jsonl (each also with .gz) or .parquet, in UTF-8.';

export const isParquet = (head: Buffer): boolean => head.subarray(0, 4).equals(Buffer.from('PAR1'));
export const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;

/** Bytes that a byte order mark takes at the start of `head`. */
export const markLength = (head: Buffer): number =>
  head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;

/**
 * The format of a text list.
 * @param head its first bytes, unpacked
 * @param whole whether `head` is all there is
 * @throws WitError `bad_file` for what is no text, `input` when neither name nor content tell.
 */
export function textFormat(
  path: string,
  head: Buffer,
  { whole, urlColumn }: { whole: boolean; urlColumn: string },
): TextFormat {
  const hex = head.subarray(0, 8).toString('hex');
  const other = OTHERS.find(([magic]) => hex.startsWith(magic))?.[1];
  if (other !== undefined) {
    throw new WitError('bad_file', `Cannot read list ${path}: it is ${other}`, { hint: HINT });
  }
  if (head.subarray(0, 4_096).includes(0)) {
    throw new WitError('bad_file', `Cannot read list ${path}: it is not text`, { hint: HINT });
  }
  const named = ENDINGS.find(([ending]) => ending.test(path))?.[1];
  const start = head.subarray(markLength(head)).toString('latin1').trimStart();
  if (start.startsWith('[') && (named === 'json' || named === 'jsonl')) return 'json-array';
  if (start.startsWith('[') && /^\[\s*\{/.test(start)) return 'json-array';
  const first = start.startsWith('{') ? firstLine(head, whole) : undefined;
  if (first !== undefined) {
    const urls = first[urlColumn];
    return typeof urls === 'object' && urls !== null ? 'json-columns' : 'jsonl';
  }
  if (named === 'json') {
    if (start.startsWith('{')) return 'json-columns';
    if (start === '' && whole) return 'jsonl';
    throw new WitError('bad_file', `Cannot read list ${path}: it is not JSON`, {
      hint: 'A .json list is an array of objects, or an object of columns as pandas writes it.',
    });
  }
  if (named !== undefined) return named;
  throw new WitError('input', `${path}: cannot tell what kind of list this is`, { hint: HINT });
}

/** The first line, where it is a JSON object. */
function firstLine(head: Buffer, whole: boolean): Record<string, unknown> | undefined {
  const text = head.subarray(markLength(head)).toString('utf8').trimStart();
  const end = text.indexOf('\n');
  return end < 0 && !whole ? undefined : parseObject(end < 0 ? text : text.slice(0, end));
}

/** `text` as a JSON object; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Why the bytes of a row are no text. */
export function notText(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? undefined : 'not valid UTF-8';
}
