/**
 * The source `list`: files that already hold (image URL, caption) rows, as img2dataset takes them.
 * A unit is a range of rows of one file; there is one round.
 */

import type { SourcesConfig } from '../../config.js';
import { candidateId, contentId } from '../../core/ids.js';
import type { Source, SourceResult, SourceUnit } from '../../core/source.js';
import type { Candidate, Reject } from '../../core/types.js';
import { anyAddress, parseUrl, refuseUrl } from '../net/guard.js';
import { boundedText } from '../text.js';
import { type ListFile, type ListRow, openList } from './list-file.js';

/** Rows `start` (inclusive) to `end` (exclusive) of one file; the header is not a row. */
export interface ListUnit {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The list source for `config.lists`. All files are opened and counted at once, so that a mistake in
 * the last one shows before the first is crawled.
 * @throws WitError as `openList` does.
 */
export async function createListSource(config: SourcesConfig): Promise<Source<ListUnit>> {
  const columns = { url: config.urlColumn, caption: config.captionColumn };
  const files = new Map<string, ListFile>();
  const close = async () => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const path of new Set(config.lists)) files.set(path, await openList(path, columns));
  } catch (error) {
    await close();
    throw error;
  }

  return {
    name: 'list',

    async plan(round) {
      if (round > 0) {
        await close();
        return [];
      }
      const units: SourceUnit<ListUnit>[] = [];
      for (const [file, { rows }] of files) {
        for (let start = 0; start < rows; start += config.unitSize) {
          units.push(unitOf(units.length, { file, start, end: start + config.unitSize }, rows));
        }
      }
      return units;
    },

    async run({ input }, signal) {
      signal.throwIfAborted();
      const { file, start, end } = input;
      const rows = await (files.get(file) as ListFile).read(start, end);
      const result: SourceResult = {
        candidates: [],
        rejects: [],
        links: [],
        counts: { rows: rows.length },
      };
      for (const [index, row] of rows.entries()) {
        const read = readRow(row, file, start + index);
        if ('stage' in read) result.rejects.push(read);
        else result.candidates.push(read);
      }
      return result;
    },
  };
}

function unitOf(index: number, unit: ListUnit, rows: number): SourceUnit<ListUnit> {
  const input = { ...unit, end: Math.min(unit.end, rows) };
  const digest = contentId(JSON.stringify(input)).slice(0, 8);
  return { id: `list-${String(index).padStart(5, '0')}-${digest}`, input };
}

function readRow(row: ListRow, file: string, index: number): Candidate | Reject {
  if ('bad' in row) return lost(file, index, '', '', 'bad_row', row.bad);
  const text = boundedText(asText(row.caption) ?? '');
  const raw = asText(row.url)?.trim() ?? '';
  if (raw === '') return lost(file, index, '', text, 'bad_row', 'no URL');
  const url = parseUrl(raw);
  const refused =
    url === undefined ? { detail: 'not an absolute URL' } : refuseUrl(url, anyAddress);
  if (url === undefined || refused !== undefined) {
    return lost(file, index, boundedText(raw), text, 'bad_url', refused?.detail ?? '');
  }
  url.hash = '';
  const id = candidateId(url.href, text);
  return { id, imageUrl: url.href, text, textSource: 'list', source: 'list' };
}

/** Text, or a number written as one; anything else is no value. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
}

function lost(
  file: string,
  index: number,
  imageUrl: string,
  text: string,
  reason: 'bad_row' | 'bad_url',
  detail: string,
): Reject {
  return {
    id: contentId(file, String(index)),
    imageUrl,
    text,
    textSource: 'list',
    source: 'list',
    stage: 'discover',
    reason,
    detail: `${file}, row ${index + 1}: ${detail}`,
  };
}
