/** A dataset folder, read to be judged again: its settings, its query list, its candidates. */

import { join } from 'node:path';
import { type BuildConfig, buildSchema, type FilterConfig, validateConfig } from '../config.js';
import { type DatasetState, readDataset } from '../core/dataset.js';
import { WitError } from '../core/errors.js';
import { readRecords } from '../core/parquet/reader.js';
import { type Candidate, candidateFields, type Query } from '../core/types.js';
import { countRepeats, QueryMatcher, type RuleContext } from '../filter/index.js';
import { loadQueries } from '../queries/load.js';

export interface JudgedDataset extends DatasetState {
  readonly dir: string;
  readonly config: BuildConfig;
  readonly queries: readonly Query[];
  readonly matcher: QueryMatcher;
  /** All candidates, in the order of their parts. */
  candidates(): AsyncGenerator<Candidate>;
}

/**
 * @param file the query list, where it is no longer where it was
 * @throws WitError `dataset` for a folder that holds none, or when the query list is another one.
 */
export async function openJudged(dir: string, file: string | undefined): Promise<JudgedDataset> {
  const state = await readDataset(dir);
  const { manifest } = state;
  const config = validateConfig(buildSchema, manifest.config, `the settings of ${dir}`);
  const path = file ?? (config.queries.file as string);
  const hint = 'Name the list that the dataset was built with: --queries FILE.';
  const { queries, digest } = await loadQueries(path).catch((error: unknown) => {
    if (!(error instanceof WitError) || file !== undefined) throw error;
    throw new WitError(error.code, error.message, { cause: error, hint });
  });
  if (digest !== manifest.queries.digest) {
    throw new WitError('dataset', `${path} is not the query list that ${dir} was built with`, {
      hint,
    });
  }
  const texts = queries.map(({ text }) => text);
  return {
    ...state,
    dir,
    config,
    queries,
    matcher: new QueryMatcher(texts, config.filter.matching),
    async *candidates() {
      for (const { path } of manifest.files.candidates) {
        yield* readRecords(join(dir, path), candidateFields);
      }
    },
  };
}

/** What the text rules ask of a dataset under `config`. Takes a pass over its candidates where repeats are limited. */
export async function ruleContext(
  { matcher, candidates }: JudgedDataset,
  config: FilterConfig,
): Promise<RuleContext> {
  const { maxRepeats } = config;
  return {
    config,
    isKnown: (word) => matcher.knows(word),
    repeats: maxRepeats === null ? undefined : await countRepeats(candidates, maxRepeats),
  };
}
