/**
 * Any SearXNG instance by its search API (docs.searxng.org, Search API): `GET /search` with `q`,
 * `categories=images`, `pageno`, `language` and `format=json`. An instance answers 403 when JSON is not
 * among `search.formats` of its settings. An answer is 200 also when none of the engines behind it
 * answered; they stand in `unresponsive_engines`. It says nothing about licences.
 *
 * There is no count of pages: results end with the first page that holds nothing new.
 */

import { phrase, type ResultPage, type SearchEngine } from './engine.js';
import { isObject, shown, textOf } from './json.js';

/** Few engines behind an instance go deeper. */
const MAX_PAGES = 50;

export interface SearxngOptions {
  /** The instance's address; ends in `/`. */
  readonly endpoint: string;
  /** ISO 639-1. */
  readonly language: string;
}

export function searxngEngine({ endpoint, language }: SearxngOptions): SearchEngine {
  return {
    name: 'searxng',
    maxPages: MAX_PAGES,
    requestsPerSecond: 1,
    refusedHint:
      'Enable json under search.formats in settings.yml of the SearXNG instance; many public ones do not.',

    urlOf(query, cursor) {
      // SearXNG takes words that begin so for commands: engines (!), external engines (!!), languages (:), time limits (<).
      const words = phrase(query.replace(/(^|\s)[!?:<]+/g, '$1'));
      if (words === undefined) return undefined;
      const url = new URL('search', endpoint);
      url.searchParams.set('q', words);
      url.searchParams.set('categories', 'images');
      url.searchParams.set('language', language);
      url.searchParams.set('pageno', cursor.pageno ?? '1');
      url.searchParams.set('format', 'json');
      return url.href;
    },

    read(answer, cursor) {
      const { results } = answer;
      if (!Array.isArray(results))
        return { loss: { reason: 'bad_response', detail: 'no results' } };
      const page = Number(cursor.pageno ?? 1);
      const silent = answer.unresponsive_engines;
      if (results.length === 0 && page === 1 && Array.isArray(silent) && silent.length > 0) {
        const detail = `no engine behind it gave results; silent: ${shown(silent)}`;
        return { loss: { reason: 'http_server_error', detail } };
      }
      const next = results.length > 0 ? { pageno: String(page + 1) } : undefined;
      return { results: results.map(resultOf), next };
    },
  };
}

function resultOf(result: unknown): ResultPage['results'][number] {
  const imageUrl = isObject(result) ? textOf(result.img_src) : undefined;
  if (!isObject(result) || imageUrl === undefined) {
    return { loss: { reason: 'bad_row', detail: 'a result without img_src' } };
  }
  const texts = [textOf(result.title), textOf(result.content)];
  return {
    imageUrl,
    texts: texts.filter((text) => text !== undefined),
    pageUrl: textOf(result.url),
  };
}
