/** Which queries of the list are searched for, so that a run can be bounded. */

import type { SearchConfig } from '../../../config.js';
import { rankOf } from '../../../core/ids.js';

/**
 * `maxQueries` of the list's queries after the first `skipQueries`: in the list's order, or as a random
 * sample without replacement that depends on the seed and the texts alone. A later run that skips what an
 * earlier one took goes on where that ended.
 */
export function chooseQueries(
  queries: readonly string[],
  config: Pick<SearchConfig, 'maxQueries' | 'skipQueries' | 'queryOrder'>,
  seed: number,
): string[] {
  const { maxQueries = queries.length, skipQueries } = config;
  const slice = (ordered: readonly string[]) =>
    ordered.slice(skipQueries, skipQueries + maxQueries);
  if (config.queryOrder === 'list') return slice(queries);
  const ranked = queries.map((text) => ({ text, rank: rankOf(seed, `search\0${text}`) }));
  ranked.sort((a, b) => a.rank - b.rank || (a.text < b.text ? -1 : 1));
  return slice(ranked.map(({ text }) => text));
}
