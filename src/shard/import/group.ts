/**
 * Files that belong together: NAME.jpg, NAME.txt and NAME.json are one row, as in webdataset, whose rule
 * this is: the key is the path up to the first dot of the file's name, and a row's files follow each other.
 */

import type { ImportConfig } from '../../config.js';
import type { Loss } from '../../core/reasons.js';
import { type ForeignRow, textColumnOf, textsOf } from './row.js';

/** A file, or why there is none. */
export interface Entry {
  readonly name: string;
  readonly bytes?: Buffer;
  readonly loss?: Loss | undefined;
}

const IMAGES = new Set(
  'jpg jpeg jpe png webp gif avif tif tiff bmp heic img image jxl svg'.split(' '),
);
const TEXTS = ['txt', 'text', 'caption'];

/** The rows of `entries`, which are all of one archive or folder called `source`. */
export async function* groupRows(
  source: string,
  entries: AsyncIterable<Entry>,
  config: Pick<ImportConfig, 'textColumn'>,
): AsyncGenerator<ForeignRow> {
  const before = new Set<string>();
  let group: { key: string; parts: Map<string, Buffer>; loss?: Loss | undefined } | undefined;
  const finish = (): ForeignRow[] => {
    if (group === undefined) return [];
    const { key, parts, loss } = group;
    group = undefined;
    const row = rowOf(`${source}/${key}`, parts, config);
    if (!before.has(key)) {
      before.add(key);
      return [loss === undefined ? row : { ...row, loss }];
    }
    return [{ ...row, loss: { reason: 'duplicate_key', detail: `${key} again, in ${source}` } }];
  };
  for await (const { name, bytes, loss } of entries) {
    const [, key, extension = ''] = /^((?:.*\/)?[^./][^./]*)\.([^/]*)$/.exec(name) ?? [];
    if (key === undefined) {
      // What has no row of its own: a damaged place, a hidden file, a file without extension.
      if (loss !== undefined) yield { name: `${source}/${name}`, columns: {}, loss };
      continue;
    }
    if (group?.key !== key) yield* finish();
    group ??= { key, parts: new Map() };
    const part = extension.toLowerCase();
    if (loss !== undefined) group.loss ??= loss;
    else if (group.parts.has(part)) {
      group.loss ??= { reason: 'duplicate_key', detail: `${name} again, in ${source}` };
    } else group.parts.set(part, bytes as Buffer);
  }
  yield* finish();
}

function rowOf(
  name: string,
  parts: ReadonlyMap<string, Buffer>,
  config: Pick<ImportConfig, 'textColumn'>,
): ForeignRow {
  const image = [...parts].find(([extension]) => IMAGES.has(extension))?.[1];
  const columns = objectOf(parts.get('json'));
  const file = TEXTS.find((extension) => parts.has(extension));
  const column = textColumnOf(Object.keys(columns), config);
  const inColumns = column === undefined ? [] : textsOf(columns[column]);
  // A column that is named wins over the text file.
  const isNamed = config.textColumn !== undefined && inColumns.length > 0;
  const texts =
    file === undefined || isNamed ? inColumns : [(parts.get(file) as Buffer).toString('utf8')];
  const { [column ?? '']: _text, ...rest } = columns;
  const [text, ...otherTexts] = texts;
  return {
    name,
    columns: rest,
    ...(image !== undefined && { image }),
    ...(text !== undefined && { text }),
    ...(otherTexts.length > 0 && { otherTexts }),
  };
}

/** What JSON beside an image says; damaged JSON costs what it says, not the pair. */
function objectOf(json: Buffer | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
