/**
 * Writes a query list: LIST.parquet, one row a query, and beside it LIST.json, the account of its
 * making. Both hold nothing of the time or the machine, so the same queries give the same bytes.
 */

import { readFile } from 'node:fs/promises';
import { messageOf, systemCode, WitError } from '../core/errors.js';
import { type WrittenFile, writeParquet } from '../core/parquet/writer.js';
import type { QueryAccount } from '../core/query-account.js';
import { writeAtomically } from '../core/store.js';
import { type Query, queryFields } from '../core/types.js';

/** Lists are read whole; large row groups make them small and quick to read. */
const ROW_GROUP_ROWS = 100_000;

/** The files of a list. */
export interface ListFiles {
  readonly list: string;
  readonly account: string;
  /** The report page, which the command draws. */
  readonly report: string;
}

/**
 * @throws WitError `config` when `list` does not end in .parquet: its name says how it is read.
 */
export function listFiles(list: string): ListFiles {
  if (!list.endsWith('.parquet')) {
    throw new WitError('config', `A query list is written as Parquet, received ${list}`, {
      hint: 'Give a name that ends in .parquet.',
    });
  }
  const stem = list.slice(0, -'.parquet'.length);
  return { list, account: `${stem}.json`, report: `${stem}.html` };
}

/**
 * Writes the list and its account, each whole or not at all, the account last.
 * @throws WitError `config` for a name that is not Parquet's, `disk`.
 */
export async function writeQueryList(
  list: string,
  queries: readonly Query[],
  account: QueryAccount,
): Promise<ListFiles & { written: WrittenFile }> {
  const files = listFiles(list);
  const written = await writeParquet(files.list, queryFields, queries, {
    rowGroupRows: ROW_GROUP_ROWS,
  });
  await writeAtomically(files.account, `${JSON.stringify(account, null, 2)}\n`);
  return { ...files, written };
}

/**
 * The account beside a list, where there is one.
 * @throws WitError `bad_file` when it is not an account of this version.
 */
export async function readAccount(list: string): Promise<QueryAccount | undefined> {
  if (!list.endsWith('.parquet')) return undefined;
  const { account: path } = listFiles(list);
  let account: QueryAccount;
  try {
    account = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new WitError('bad_file', `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  if (account.schema !== 1) {
    throw new WitError('bad_file', `${path} is not the account of a query list (schema 1)`);
  }
  return account;
}
