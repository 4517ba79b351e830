/**
 * Rows of Parquet that holds images: img2dataset's (`jpg`: bytes), Hugging Face's (`image`: struct of bytes and
 * path), or any with columns of these types. One row group is in memory at a time.
 */

import type { ImportConfig } from '../../config.js';
import { messageOf, WitError } from '../../core/errors.js';
import { openParquet, type ParquetFile } from '../../core/parquet/reader.js';
import { type ForeignRow, textColumnOf, textsOf } from './row.js';

/** Binary columns that are images by their names. */
const BINARY_IMAGES = ['jpg', 'png', 'webp', 'jpeg', 'image', 'img', 'image_bytes', 'bytes'];

interface Columns {
  readonly image: string;
  readonly text: string | undefined;
}

/** @throws WitError `input` when no column holds images or texts. */
export function columnsIn(file: ParquetFile, config: ImportConfig): Columns {
  const { columnTypes, columns } = file;
  const isStruct = (name: string) => /^struct<.*\bbytes: binary\b/.test(columnTypes[name] ?? '');
  const image =
    config.imageColumn ??
    columns.find(isStruct) ??
    BINARY_IMAGES.find((name) => columnTypes[name] === 'binary');
  if (image === undefined || !columns.includes(image)) {
    const what = image === undefined ? 'no column of images' : `no column ${JSON.stringify(image)}`;
    throw new WitError('input', `${file.path} has ${what}`, {
      hint: `Name one with --image-column; it has: ${described(file)}.`,
    });
  }
  const text = textColumnOf(columns, config);
  if (text === undefined) {
    throw new WitError('input', `${file.path} has no column of texts`, {
      hint: `Name one with --text-column; it has: ${described(file)}.`,
    });
  }
  return { image, text };
}

/** The rows `start` up to `end` of a file. A row group that cannot be read is one loss. */
export async function* parquetRows(
  path: string,
  source: string,
  range: { start: number; end: number },
  config: ImportConfig,
): AsyncGenerator<ForeignRow> {
  let file: ParquetFile;
  try {
    file = await openParquet(path);
  } catch (error) {
    yield damaged(source, error);
    return;
  }
  try {
    const columns = columnsIn(file, config);
    for (const group of file.rowGroups) {
      const rowStart = Math.max(group.rowStart, range.start);
      const rowEnd = Math.min(group.rowStart + group.rows, range.end);
      if (rowStart >= rowEnd) continue;
      let rows: Record<string, unknown>[];
      try {
        rows = await file.read({ rowStart, rowEnd });
      } catch (error) {
        yield damaged(`${source}#${rowStart}`, error);
        continue;
      }
      for (const [index, row] of rows.entries()) {
        yield rowOf(`${source}#${rowStart + index}`, row, columns);
      }
    }
  } finally {
    await file.close();
  }
}

function rowOf(name: string, row: Record<string, unknown>, { image, text }: Columns): ForeignRow {
  const { [image]: picture, [text ?? '']: caption, ...columns } = row;
  const inside = picture instanceof Uint8Array ? picture : (picture as { bytes?: unknown })?.bytes;
  const [first, ...otherTexts] = textsOf(caption);
  return {
    name,
    columns,
    ...(inside instanceof Uint8Array && { image: Buffer.from(inside) }),
    ...(first !== undefined && { text: first }),
    ...(otherTexts.length > 0 && { otherTexts }),
  };
}

function damaged(name: string, error: unknown): ForeignRow {
  return { name, columns: {}, loss: { reason: 'bad_archive', detail: messageOf(error) } };
}

function described({ columnTypes }: ParquetFile): string {
  return Object.entries(columnTypes)
    .map(([name, type]) => `${name} (${type})`)
    .join(', ');
}
