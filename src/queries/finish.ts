/** The last step of every build, whatever the evidence comes from: choose, account, write. */

import { basename } from 'node:path';
import type { QueryBuildConfig } from '../config.js';
import type { AccountInput, QueryAccount } from '../core/query-account.js';
import type { Query } from '../core/types.js';
import { chooseQueries } from './choose.js';
import type { Evidence } from './evidence.js';
import { type ListFiles, writeQueryList } from './list-file.js';
import type { Plots } from './plots.js';

/** What is built, from what, and where to. */
export interface QueryBuildOptions {
  config: QueryBuildConfig;
  /** The list, LIST.parquet; its account and its report stand beside it. */
  out: string;
  /** Folder for what is counted on the way; default OUT.work. */
  work?: string;
  /** Keep that folder when the list is done. */
  keepWork?: boolean;
}

/** All that was learnt from the inputs, before the list is chosen. */
export interface Gathered {
  evidence: Evidence;
  inputs: AccountInput[];
  /** What was read: words, distinct words, articles, … */
  read: Record<string, number>;
  /** What was lost while reading, by reason. */
  lost: Record<string, number>;
  plots: Plots;
}

export interface BuiltList {
  files: ListFiles;
  account: QueryAccount;
  queries: Query[];
}

/**
 * Chooses the list, writes it and its account.
 * @throws WitError `config` for a name that is not Parquet's, `disk`.
 */
export async function finishList(
  { evidence, inputs, read, lost, plots }: Gathered,
  { config, out }: QueryBuildOptions,
): Promise<BuiltList> {
  const { size, case: letterCase } = config;
  const { queries, account: chosen } = chooseQueries(evidence, { size, letterCase });
  const account: QueryAccount = {
    schema: 1,
    inputs,
    settings: settingsOf(config),
    read,
    lost,
    ...chosen,
    ...plots,
  };
  const { written: _, ...files } = await writeQueryList(out, queries, account);
  return { files, account, queries };
}

/** The settings that decide what the list holds; folders and the number of workers do not. */
function settingsOf({
  workers: _,
  dump,
  pageviews,
  ...config
}: QueryBuildConfig): object & Record<string, unknown> {
  return {
    dump: dump.map((path) => basename(path)),
    pageviews: pageviews.map((path) => basename(path)),
    ...config,
  };
}
