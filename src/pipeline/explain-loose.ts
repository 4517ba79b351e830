/** What the rules say of a text or an image that belongs to no dataset. */

import { readFile } from 'node:fs/promises';
import type { BuildConfig } from '../config.js';
import { messageOf, WitError } from '../core/errors.js';
import { explainFile, explainText, QueryMatcher, type Verdict } from '../filter/index.js';
import { loadQueries } from '../queries/load.js';

export interface LooseExplanation {
  readonly text?: {
    /** As a pair gets it. */
    readonly cleaned: string;
    readonly verdicts: readonly Verdict[];
    /** Those that match, where there is a list. */
    readonly queries?: readonly string[];
  };
  readonly image?: {
    readonly verdicts: readonly Verdict[];
    /** `kept`, or reason and detail. */
    readonly outcome: string;
  };
}

/** @throws WitError `missing_file` for an image, or a query list, that is not there. */
export async function explainLoose(
  { text, image }: { readonly text?: string | undefined; readonly image?: string | undefined },
  config: BuildConfig,
): Promise<LooseExplanation> {
  return {
    ...(text !== undefined && { text: await ofText(text, config) }),
    ...(image !== undefined && { image: await ofImage(image, config) }),
  };
}

async function ofText(raw: string, { filter, queries: { file } }: BuildConfig) {
  const list = file === undefined ? [] : (await loadQueries(file)).queries.map(({ text }) => text);
  const matcher = new QueryMatcher(list, filter.matching);
  const context = { config: filter, isKnown: (word: string) => matcher.knows(word) };
  const { text, verdicts } = explainText(raw, context, { imageUrl: '' });
  const matches = matcher.match(text).map((query) => list[query] as string);
  return { cleaned: text, verdicts, ...(file !== undefined && { queries: matches }) };
}

async function ofImage(path: string, { filter, shard }: BuildConfig) {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new WitError('missing_file', `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  return await explainFile(bytes, filter, shard);
}
