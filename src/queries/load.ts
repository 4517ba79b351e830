/**
 * Reads a query list: text with one query a line, or Parquet with a `text` column and, where known,
 * the sources and measures of each query.
 */

import { readFile } from 'node:fs/promises';
import { messageOf, WitError } from '../core/errors.js';
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
 * @throws WitError `missing_file`, or `bad_file` naming the file and what is wrong with it, also when
 * it holds no query.
 */
export async function loadQueries(file: string): Promise<QueryList> {
  const read = file.endsWith('.parquet') ? await readParquet(file) : await readText(file);
  const unique = new Map<string, Query>();
  for (const query of read) if (!unique.has(query.text)) unique.set(query.text, query);
  const queries = [...unique.values()];
  if (queries.length === 0) throw new WitError('bad_file', `${file} holds no query`);
  const digest = sha256(queries.map((query) => query.text).join('\n'));
  return { queries, digest, repeated: read.length - queries.length };
}

async function readText(file: string): Promise<Query[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new WitError('missing_file', `Cannot read query list ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
  let text: string;
  try {
    // A byte-order mark is dropped; bytes that are not UTF-8 are an error, not question marks.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WitError('bad_file', `Query list ${file} is not UTF-8 text`, { cause });
  }
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ text: line, sources: ['list'] }));
}

const COLUMNS = ['text', 'sources', 'unigram_count', 'pmi', 'views'];

async function readParquet(file: string): Promise<Query[]> {
  const parquet = await openParquet(file);
  try {
    if (!parquet.columns.includes('text')) {
      const found = parquet.columns.join(', ');
      throw new WitError('bad_file', `Query list ${file} has no column "text"; it has: ${found}`);
    }
    const columns = COLUMNS.filter((column) => parquet.columns.includes(column));
    const rows = await parquet.read({ columns });
    return rows.map((row, index) => queryOf(row, `${file}, row ${index}`));
  } finally {
    await parquet.close();
  }
}

function queryOf(row: Record<string, unknown>, where: string): Query {
  const { text, sources, unigram_count: unigramCount, pmi, views } = row;
  if (typeof text !== 'string' || text.trim() === '') {
    throw new WitError('bad_file', `${where}: expected a text, received ${JSON.stringify(text)}`);
  }
  const query: Query = { text: text.trim(), sources: Array.isArray(sources) ? sources : ['list'] };
  if (unigramCount !== null && unigramCount !== undefined)
    query.unigramCount = Number(unigramCount);
  if (pmi !== null && pmi !== undefined) query.pmi = Number(pmi);
  if (views !== null && views !== undefined) query.views = Number(views);
  return query;
}
