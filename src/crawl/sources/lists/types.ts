/** What every kind of list gives: ranges of rows, and the wanted columns of a range. */

import { messageOf, WitError } from '../../../core/errors.js';

/** The columns that are read. */
export interface ListColumns {
  readonly url: string;
  /** `null`: the lists have no captions. */
  readonly caption: string | null;
  readonly hash?: string | undefined;
  readonly extra: readonly string[];
}

/** A row's columns as they stand, or why it is no row. */
export type ListRow =
  | {
      readonly url: unknown;
      readonly caption: unknown;
      readonly hash: unknown;
      /** In the order of `ListColumns.extra`. */
      readonly extra: readonly unknown[];
    }
  | { readonly bad: string };

/** Rows `start` (inclusive) to `end` (exclusive); the header is no row. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
  /** Where they lie in the unpacked file, for formats that are read by bytes. */
  readonly bytes?: readonly [from: number, to: number];
}

/** An open list. */
export interface ListFile {
  /**
   * Cuts the file into ranges of `rows` rows. Text formats are read through once for it.
   * @throws WitError `bad_file` for what cannot be read to its end.
   */
  ranges(rows: number): AsyncIterable<RowRange>;
  /** @throws WitError `bad_file`, also when the file is no longer what the range was cut from. */
  read(range: RowRange): Promise<ListRow[]>;
  close(): Promise<void>;
}

/** The named columns and the settings that name them. */
export function namedColumns(columns: ListColumns): (readonly [setting: string, name: string])[] {
  return [
    ['sources.urlColumn', columns.url] as const,
    ...(columns.caption === null ? [] : [['sources.captionColumn', columns.caption] as const]),
    ...(columns.hash === undefined ? [] : [['sources.hashColumn', columns.hash] as const]),
    ...columns.extra.map((name) => ['sources.extraColumns', name] as const),
  ];
}

/** @throws WitError `input` naming the first column that is not `there`, and those that are. */
export function checkColumns(path: string, there: readonly string[], wanted: ListColumns): void {
  for (const [setting, name] of namedColumns(wanted)) {
    if (there.includes(name)) continue;
    const list = there.map((column) => JSON.stringify(column.slice(0, 80))).join(', ');
    const without =
      setting === 'sources.captionColumn' ? ', or set it to null for lists without captions' : '';
    throw new WitError('input', `${path} has no column ${JSON.stringify(name)}`, {
      hint:
        there.length === 0
          ? 'The file is empty.'
          : `Its columns are ${list}. Name the right one with ${setting}${without}.`,
    });
  }
}

/** The wanted columns of a row that is an object. */
export function pick(row: Readonly<Record<string, unknown>>, columns: ListColumns): ListRow {
  const value = (name: string) => (Object.hasOwn(row, name) ? row[name] : undefined);
  return {
    url: value(columns.url),
    caption: columns.caption === null ? undefined : value(columns.caption),
    hash: columns.hash === undefined ? undefined : value(columns.hash),
    extra: columns.extra.map(value),
  };
}

export function badFile(path: string, cause: unknown, hint?: string): WitError {
  if (cause instanceof WitError) return cause;
  const options = hint === undefined ? { cause } : { cause, hint };
  return new WitError('bad_file', `Cannot read ${path} to its end: ${messageOf(cause)}`, options);
}

export function changedFile(path: string): WitError {
  return new WitError('bad_file', `${path} has changed while it was being read`, {
    hint: 'Leave a list as it is until the dataset is complete.',
  });
}
