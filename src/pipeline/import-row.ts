/** A row of a dataset of others → a pair of ours, or why not. */

import type { BuildConfig, ImportConfig } from '../config.js';
import { candidateId, sha256 } from '../core/ids.js';
import type { Loss } from '../core/reasons.js';
import type { Candidate, Pair, Reject } from '../core/types.js';
import { captionOf, judgeText, normaliseImage } from '../filter/index.js';
import type { ForeignRow } from '../shard/index.js';

/** Columns that ours have, or that say nothing about a row that is there. */
const OWN = new Set(
  (
    'key text caption txt other_texts url page_url queries width height original_width original_height ' +
    'format sha256 dhash fetched_at license extra scores status error_message exif file_name'
  ).split(' '),
);
/** Of `extra`, in characters; longer values are left out. */
const MAX_VALUE = 4_000;

export interface ImportRowOptions {
  readonly build: BuildConfig;
  readonly config: ImportConfig;
  /** ISO 8601. */
  readonly snapshot: string;
}

/** Never throws for what the row holds. */
export async function importRow(
  row: ForeignRow,
  options: ImportRowOptions,
): Promise<{ pair: Pair } | { reject: Reject }> {
  const { build, config, snapshot } = options;
  const { columns, image } = row;
  const raw = row.text ?? '';
  const digest = image === undefined ? undefined : sha256(image);
  const url = textOf(columns[config.urlColumn]) ?? `urn:${digest ? `sha256:${digest}` : 'none'}`;
  const candidate: Candidate = {
    id: keyOf(columns.key) ?? candidateId(url, raw),
    imageUrl: url,
    text: raw,
    textSource: 'list',
    source: 'import',
    ...optional('pageUrl', textOf(columns.page_url)),
    ...optional('license', textOf(columns.license)),
    ...optional('extra', extraOf(row, config)),
  };
  const lost = ({ reason, detail }: Loss): { reject: Reject } => ({
    reject: { ...candidate, stage: 'shard', reason, detail: `${row.name}: ${detail}` },
  });
  if (row.loss !== undefined) return lost(row.loss);
  if (image === undefined || digest === undefined) {
    const status = textOf(columns.error_message) ?? textOf(columns.status);
    return lost({ reason: 'missing_image', detail: status ?? 'no image' });
  }
  if (raw.length === 0) return lost({ reason: 'no_text', detail: 'no text' });
  const { text, loss } = judgeText(raw, { config: build.filter, isKnown: () => false });
  if (loss !== undefined) return lost(loss);
  if (text === '') return lost({ reason: 'no_text', detail: 'nothing is left of the text' });
  const { filter, shard } = build;
  const made = await normaliseImage(image, filter, shard, { keep: config.images === 'keep' });
  if (!made.ok) return lost(made.loss);
  const { id, imageUrl: _imageUrl, text: _text, textSource: _, source: __, ...known } = candidate;
  const pair: Pair = {
    ...known,
    ...optional('scores', objectText(columns.scores)),
    key: id,
    text,
    otherTexts: [...(row.otherTexts ?? []), ...stringsOf(columns.other_texts)].flatMap((other) => {
      const cleaned = captionOf(other, filter);
      return cleaned === '' ? [] : [cleaned];
    }),
    url,
    queries: stringsOf(columns.queries),
    width: made.width,
    height: made.height,
    originalWidth: sizeOf(columns.original_width) ?? made.originalWidth,
    originalHeight: sizeOf(columns.original_height) ?? made.originalHeight,
    format: made.format,
    sha256: hexOf(columns.sha256, 64) ?? digest,
    dhash: made.dhash,
    fetchedAt: snapshot,
    image: { bytes: made.image, path: `${id}.${made.format === 'jpeg' ? 'jpg' : made.format}` },
  };
  return { pair };
}

/** What the source says beside our columns, as the column `extra` holds it; where it comes from as `source`. */
function extraOf({ name, columns }: ForeignRow, config: ImportConfig): string | undefined {
  const before = objectText(columns.extra);
  if (before !== undefined) return before;
  const wanted =
    config.extraColumns ??
    Object.keys(columns).filter((column) => !OWN.has(column) && column !== config.urlColumn);
  const extra: Record<string, unknown> = { source: name.slice(0, MAX_VALUE) };
  for (const column of wanted) {
    const value = plain(columns[column]);
    if (value === undefined || value === null) continue;
    if (JSON.stringify(value).length <= MAX_VALUE) extra[column] = value;
  }
  return JSON.stringify(extra);
}

/** As JSON can hold it; nothing for bytes. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return undefined;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

/** A JSON object, also where it comes as text, as text. */
function objectText(value: unknown): string | undefined {
  const found = typeof value === 'string' ? parsed(value) : value;
  return typeof found === 'object' && found !== null ? JSON.stringify(found) : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A key of ours stays; others' are names, not ids. */
function keyOf(value: unknown): string | undefined {
  return hexOf(value, 32);
}

function hexOf(value: unknown, digits: number): string | undefined {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value)
    ? value
    : undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.replace(/\0/g, '');
}

function sizeOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31
    ? value
    : undefined;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function optional<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}
