/**
 * Openverse's REST API, version 1 (api.openverse.org/v1/): `GET images/` with `q`, `page`, `page_size`
 * and `license`; `POST auth_tokens/token/` turns a client's id and secret into a bearer token.
 *
 * Without a token a page holds at most 20 results (more is a 401), 20 requests a minute and 200 a day
 * are answered; with one, 100 a minute and 10,000 a day. Either way a query's results end after 240, and
 * `page_count` says where. Beyond a rate the answer is 429 with Retry-After.
 *
 * Images are asked for at `url`, where they are published: `thumbnail` is Openverse's own proxy and meant
 * for showing results. Tags are no text: nobody wrote them as a sentence about the image, and many are
 * a model's output.
 */

import { type Credentials, phrase, type ResultPage, type SearchEngine } from './engine.js';
import { isObject, shown, textOf } from './json.js';
import { type LicenseCode, licenseCode, licenseName } from './license.js';

/** Without a token. */
export const OPENVERSE_ANONYMOUS_PAGE_SIZE = 20;
/** The API's own limit on `page`. */
const MAX_PAGES = 20;

export interface OpenverseOptions {
  /** Ends in `/`. */
  readonly endpoint: string;
  readonly pageSize: number;
  /** Only images under these; empty for all. */
  readonly licenses: readonly LicenseCode[];
  readonly credentials?: Credentials | undefined;
}

export function openverseEngine(options: OpenverseOptions): SearchEngine {
  const { credentials, licenses, pageSize } = options;
  return {
    name: 'openverse',
    maxPages: MAX_PAGES,
    // Its documented rates: 20 and 100 requests a minute.
    requestsPerSecond: credentials === undefined ? 20 / 60 : 100 / 60,
    refusedHint:
      'Check WIT_OPENVERSE_TOKEN, or WIT_OPENVERSE_CLIENT_ID and WIT_OPENVERSE_CLIENT_SECRET; without a token openverse.pageSize is at most 20.',
    credentials,

    urlOf(query, cursor) {
      const words = phrase(query);
      if (words === undefined) return undefined;
      const url = new URL('images/', options.endpoint);
      url.searchParams.set('q', words);
      url.searchParams.set('page', cursor.page ?? '1');
      url.searchParams.set('page_size', String(pageSize));
      if (licenses.length > 0) url.searchParams.set('license', licenses.join(','));
      return url.href;
    },

    read(answer, cursor) {
      if (!Array.isArray(answer.results)) {
        return { loss: { reason: 'bad_response', detail: `no results: ${shown(answer.detail)}` } };
      }
      const page = Number(cursor.page ?? 1);
      const last = typeof answer.page_count === 'number' ? answer.page_count : MAX_PAGES;
      const more = answer.results.length > 0 && page < last;
      return {
        results: answer.results.map(resultOf),
        next: more ? { page: String(page + 1) } : undefined,
      };
    },
  };
}

function resultOf(result: unknown): ResultPage['results'][number] {
  const imageUrl = isObject(result) ? textOf(result.url) : undefined;
  if (!isObject(result) || imageUrl === undefined) {
    return { loss: { reason: 'bad_row', detail: 'a result without an image URL' } };
  }
  const title = textOf(result.title);
  const code = textOf(result.license);
  const name = code && licenseName(code, textOf(result.license_version));
  const url = textOf(result.license_url);
  return {
    imageUrl,
    texts: title === undefined ? [] : [title],
    pageUrl: textOf(result.foreign_landing_url),
    license: name && (url === undefined ? name : `${name} ${url}`),
    licenseCode: licenseCode(code),
  };
}
