/**
 * Reads a query list: text with one query a line, or Parquet with a `text` column and, where known,
 * the sources and measures of each query.
 */

import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { messageOf, systemCode, WitError } from '../core/errors.js';
import { sha256 } from '../core/ids.js';
import { openParquet } from '../core/parquet/reader.js';
import type { Query } from '../core/types.js';

export interface QueryList {
  /** In file order, without repetitions. */
  readonly queries: Query[];
  /** Of the texts alone: names the list whatever its format. */
  readonly digest: string;
  /** How many lines or rows repeated an earlier query. */
  readonly repeated: number;
}

/**
 * Texts are trimmed, their white space is collapsed and they are composed (NFC); of equal ones the
 * first is kept.
 *
 * @throws WitError `missing_file`, or `bad_file` naming the file, the line or row and what is wrong
 * with it, also when it holds no query.
 */
export async function loadQueries(file: string): Promise<QueryList> {
  const read = file.endsWith('.parquet') ? await readParquet(file) : await readText(file);
  const unique = new Map<string, Query>();
  for (const query of read) if (!unique.has(query.text)) unique.set(query.text, query);
  const queries = [...unique.values()];
  if (queries.length === 0) {
    throw new WitError('bad_file', `Query list ${file} holds no query`, {
      hint: 'Write one query a line; lines that start with # are comments.',
    });
  }
  const digest = sha256(queries.map((query) => query.text).join('\n'));
  return { queries, digest, repeated: read.length - queries.length };
}

function normalise(text: string): string {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim();
}

async function readText(file: string): Promise<Query[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT';
    const code = missing ? 'missing_file' : 'bad_file';
    throw new WitError(code, `Cannot read query list ${file}: ${messageOf(cause)}`, { cause });
  }
  const lines = decodeLines(bytes, file);
  const queries: Query[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.includes('\0')) {
      throw new WitError('bad_file', `Query list ${file}, line ${index + 1}: not text (NUL byte)`, {
        hint: 'Expected UTF-8 text, or Parquet under a name that ends in .parquet.',
      });
    }
    const text = normalise(line);
    if (text !== '' && !text.startsWith('#')) queries.push({ text, sources: ['list'] });
  }
  return queries;
}

/** UTF-8; a byte-order mark is dropped, and what is not UTF-8 is an error, not question marks. */
function decodeLines(bytes: Buffer, file: string): string[] {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split(/\r\n|\n|\r/);
  } catch (cause) {
    // Lines are only cut now, to name the one at fault.
    const lines = bytes.toString('latin1').split(/\r\n|\n|\r/);
    const bad = lines.findIndex((line) => !isUtf8(Buffer.from(line, 'latin1')));
    throw new WitError('bad_file', `Query list ${file}, line ${bad + 1}: not UTF-8 text`, {
      cause,
      hint: 'Save the list as UTF-8.',
    });
  }
}

const COLUMNS = ['text', 'sources', 'unigram_count', 'bigram_count', 'pmi', 'views'];

async function readParquet(file: string): Promise<Query[]> {
  const parquet = await openParquet(file);
  try {
    if (!parquet.columns.includes('text')) {
      const found = parquet.columns.join(', ');
      throw new WitError('bad_file', `Query list ${file} has no column "text"; it has: ${found}`);
    }
    const columns = COLUMNS.filter((column) => parquet.columns.includes(column));
    const rows = await parquet.read({ columns });
    return rows.map((row, index) => queryOf(row, `Query list ${file}, row ${index + 1}`));
  } finally {
    await parquet.close();
  }
}

function queryOf(row: Record<string, unknown>, where: string): Query {
  const text = typeof row.text === 'string' ? normalise(row.text) : '';
  if (text === '') {
    throw new WitError('bad_file', `${where}: expected a text, received ${show(row.text)}`);
  }
  const query: Query = { text, sources: sourcesOf(row.sources, where) };
  const unigramCount = numberOf(row.unigram_count, `${where}, unigram_count`);
  const bigramCount = numberOf(row.bigram_count, `${where}, bigram_count`);
  const pmi = numberOf(row.pmi, `${where}, pmi`);
  const views = numberOf(row.views, `${where}, views`);
  if (unigramCount !== undefined) query.unigramCount = unigramCount;
  if (bigramCount !== undefined) query.bigramCount = bigramCount;
  if (pmi !== undefined) query.pmi = pmi;
  if (views !== undefined) query.views = views;
  return query;
}

function sourcesOf(value: unknown, where: string): string[] {
  if (value === null || value === undefined) return ['list'];
  if (Array.isArray(value) && value.every((source) => typeof source === 'string')) return value;
  throw new WitError('bad_file', `${where}, sources: expected texts, received ${show(value)}`);
}

function numberOf(value: unknown, where: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  // The reader leaves a bigint where a number would not be exact.
  if (typeof value === 'number') return value;
  throw new WitError('bad_file', `${where}: expected a number, received ${show(value)}`);
}

function show(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 });
}
