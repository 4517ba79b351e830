/** Reading datasets of others, unit by unit. */

import type { ImportConfig } from '../../config.js';
import { readTar } from '../../core/tar.js';
import { folderRows } from './files.js';
import { groupRows } from './group.js';
import { parquetRows } from './parquet.js';
import type { ImportUnit } from './plan.js';
import type { ForeignRow } from './row.js';

export { type ImportUnit, planImport } from './plan.js';
export type { ForeignRow } from './row.js';

export interface ReadForeignOptions {
  readonly config: ImportConfig;
  /** Of one image or text. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The rows of a unit, in order, what is wrong among them as losses.
 * @throws WitError `input` for Parquet without the columns; the signal's reason when aborted.
 */
export function readForeign(
  unit: ImportUnit,
  { config, maxBytes, signal }: ReadForeignOptions,
): AsyncGenerator<ForeignRow> {
  const { path, source } = unit;
  if (unit.kind === 'parquet') return parquetRows(path, source, unit, config);
  if (unit.kind === 'files') return folderRows(path, source, config, maxBytes);
  return groupRows(source, readTar(path, { maxBytes, signal }), config);
}
