/** A row of a list as a candidate, or as the reject that says what is wrong with it. */

import { candidateId, contentId, digestAlgorithm } from '../../../core/ids.js';
import type { Candidate, Reject } from '../../../core/types.js';
import { anyAddress, parseUrl, refuseUrl } from '../../net/guard.js';
import { boundedText } from '../../text.js';
import type { ListColumns, ListRow } from './types.js';

/** Of a row's extra columns, as JSON. */
const MAX_EXTRA_BYTES = 65_536;

/** @param index of the row in `file` */
export function readRow(
  row: ListRow,
  columns: ListColumns,
  file: string,
  index: number,
): Candidate | Reject {
  const lost = (
    imageUrl: string,
    text: string,
    reason: Reject['reason'],
    detail: string,
  ): Reject => ({
    id: contentId(file, String(index)),
    imageUrl,
    text,
    textSource: 'list',
    source: 'list',
    stage: 'discover',
    reason,
    detail: `${file}, row ${index + 1}: ${detail}`,
  });
  if ('bad' in row) return lost('', '', 'bad_row', row.bad);
  const text = boundedText(asText(row.caption) ?? '');
  const raw = asText(row.url)?.trim() ?? '';
  if (raw === '') return lost('', text, 'bad_row', 'no URL');
  const url = parseUrl(raw);
  const refused =
    url === undefined ? { detail: 'not an absolute URL' } : refuseUrl(url, anyAddress);
  if (url === undefined || refused !== undefined) {
    return lost(boundedText(raw), text, 'bad_url', refused?.detail ?? '');
  }
  url.hash = '';
  const imageUrl = url.href;
  const id = candidateId(imageUrl, text);
  const candidate: Candidate = { id, imageUrl, text, textSource: 'list', source: 'list' };
  if (columns.hash !== undefined) {
    const hash = asText(row.hash)?.trim().toLowerCase() ?? '';
    if (digestAlgorithm(hash) === undefined) {
      const found = hash === '' ? 'no hash' : `${JSON.stringify(hash.slice(0, 140))} is no hash`;
      return lost(imageUrl, text, 'bad_row', `${found} (MD5, SHA-1, SHA-256 or SHA-512 in hex)`);
    }
    candidate.expectedHash = hash;
  }
  const extra = extraJson(columns.extra, row.extra);
  if (extra !== undefined) {
    const bytes = Buffer.byteLength(extra);
    if (bytes > MAX_EXTRA_BYTES) {
      const detail = `its extra columns take ${bytes} bytes, more than ${MAX_EXTRA_BYTES}`;
      return lost(imageUrl, text, 'bad_row', detail);
    }
    candidate.extra = extra;
  }
  return candidate;
}

/** Text, or a number written as one; anything else is no value. */
function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined;
}

/** The values that are there as one JSON object, written out so that no key can be lost or reordered. */
function extraJson(names: readonly string[], values: readonly unknown[]): string | undefined {
  const members = names.flatMap((name, at) => {
    const json = JSON.stringify(plain(values[at]));
    return json === undefined || json === 'null' ? [] : [`${JSON.stringify(name)}:${json}`];
  });
  return members.length === 0 ? undefined : `{${members.join(',')}}`;
}

/** A value as JSON can hold it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const text = bytes.toString('utf8');
    return Buffer.from(text).equals(bytes) ? text : bytes.toString('base64');
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}
