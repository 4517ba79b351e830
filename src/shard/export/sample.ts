/** A pair as the formats of others hold it: a file name by the image's real type, and the rest as JSON. */

import { imageKind } from '../../core/image-kind.js';
import { columnName } from '../../core/record.js';
import { type Pair, pairFields } from '../../core/types.js';

/** What the image's bytes are, as a file name ends; `jpg` for what is none of these. */
export function extensionOf(bytes: Buffer): 'jpg' | 'png' | 'webp' {
  const kind = imageKind(bytes);
  return kind === 'png' || kind === 'webp' ? kind : 'jpg';
}

/**
 * All columns but text and image, by their names in the shards; absent ones are null, `extra` is the
 * object that it spells, and so are `scores`.
 */
export function columnsOf(pair: Pair): Record<string, unknown> {
  const columns: Record<string, unknown> = {};
  for (const name of Object.keys(pairFields) as (keyof Pair)[]) {
    if (name === 'text' || name === 'image') continue;
    columns[columnName(name)] = pair[name] ?? null;
  }
  for (const name of ['extra', 'scores'] as const) {
    const json = pair[name];
    if (json !== undefined) columns[name] = JSON.parse(json);
  }
  return columns;
}

/** The keys that img2dataset writes and that are the same for every row that succeeded. */
export const SUCCESS = { status: 'success', error_message: null } as const;
