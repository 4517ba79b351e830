/** From view files to the names of articles by their views. */

import type { QueryBuildConfig } from '../config.js';
import type { Emit } from '../core/events.js';
import type { AccountInput } from '../core/query-account.js';
import type { Entry } from './evidence.js';
import { readViews, viewFiles } from './pageviews.js';
import { Titles } from './titles.js';

export interface RankedTitles {
  entries: Entry[];
  inputs: AccountInput[];
  read: Record<string, number>;
  lost: Record<string, number>;
}

/**
 * Reads `config.pageviews`; nothing to rank where there are none.
 *
 * @param language the wiki's, as its view rows name it.
 * @param titleFiles of a dump's parts; without any, every title viewed is taken for an article.
 * @throws WitError as `viewFiles` does.
 */
export async function rankTitles(
  config: QueryBuildConfig,
  language: string,
  titleFiles: readonly string[],
  watch: { emit: Emit; signal: AbortSignal },
): Promise<RankedTitles> {
  const files = await viewFiles(config.pageviews);
  if (files.length === 0) return { entries: [], inputs: [], read: {}, lost: {} };
  const titles = new Titles();
  for (const path of titleFiles) await titles.addPart(path);
  const options = {
    language,
    minHourlyViews: config.minHourlyViews,
    mobile: config.thresholds !== 'metaclip',
  };
  const tally = await readViews(files, options, (title, n) => titles.addViews(title, n), watch);
  return {
    entries: titles.entries(config.minViews, config.case),
    inputs: files.map(({ name, bytes }) => ({
      kind: 'pageviews',
      name,
      bytes,
      license: 'CC0-1.0',
    })),
    read: { view_rows: tally.rows, views_of_unknown_titles: titles.unknownViews },
    lost: tally.lost,
  };
}
