/**
 * Wikimedia Commons, or any MediaWiki with CirrusSearch, by its action API:
 *
 * - `generator=search` in namespace 6 (mediawiki.org, API:Search) with `prop=imageinfo` (API:Imageinfo)
 *   and its `extmetadata` (Extension:CommonsMetadata); a phrase and `filetype:bitmap` (Help:CirrusSearch)
 * - paging by handing back `continue` as it came (API:Continue); search ends at result 10,000
 * - `maxlag=5` (Manual:Maxlag parameter) and requests in series (API:Etiquette); errors come with
 *   status 200 (API:Errors and warnings)
 *
 * Images are asked for as thumbnails. Originals are photographs of 5 to 50 MB and TIFFs of which a
 * dataset keeps 256 pixels, and Wikimedia asks to be asked for no more than is needed. It serves a fixed
 * ladder of widths and no others (mediawiki.org, Common thumbnail sizes); the API gives the URL, as they
 * may not be built by hand. The width is the first step at which an image of the widest ratio that the
 * filter allows still has the short side that is stored.
 */

import { WitError } from '../../../core/errors.js';
import type { Loss } from '../../../core/reasons.js';
import { textOfHtml } from '../../html-text.js';
import {
  type Credentials,
  type Cursor,
  phrase,
  type ResultPage,
  type SearchEngine,
} from './engine.js';
import { isObject, type JsonObject, shown, textOf } from './json.js';
import { licenseCode } from './license.js';

/** Wikimedia's `$wgThumbnailSteps`, pixels, from a width that a stored image can come from. */
const THUMBNAIL_WIDTHS = [250, 330, 500, 960, 1280, 1920, 3840];
/** CirrusSearch shows no more of a query's results. */
const MAX_RESULTS = 10_000;
/** imageinfo scales no more than 50 images a request. */
const COMMONS_PAGE_SIZE = 50;
/** Of a description's HTML, in UTF-16 code units; what is parsed is bounded before it is parsed. */
const MAX_HTML_LENGTH = 100_000;

/** The parameters of a continuation that are handed back; an answer may not set others. */
const CONTINUATION = /^(continue|gsroffset|ii(continue|start))$/;

export interface CommonsOptions {
  readonly endpoint: string;
  readonly pageSize: number;
  /** ISO 639-1, of descriptions. */
  readonly language: string;
  /** Width that an image must have to be stored, in pixels. */
  readonly neededWidth: number;
  readonly credentials?: Credentials | undefined;
}

export function commonsEngine(options: CommonsOptions): SearchEngine {
  const width = THUMBNAIL_WIDTHS.find((step) => step >= options.neededWidth);
  const pageSize = Math.min(options.pageSize, COMMONS_PAGE_SIZE);
  return {
    name: 'commons',
    maxPages: Math.ceil(MAX_RESULTS / pageSize),
    requestsPerSecond: 1,
    refusedHint:
      'Wikimedia refuses clients without a contact in the user agent (--contact) and wrong tokens (WIT_COMMONS_TOKEN).',
    credentials: options.credentials,

    urlOf(query, cursor) {
      const words = phrase(query);
      if (words === undefined) return undefined;
      const url = new URL(options.endpoint);
      const parameters: Record<string, string> = {
        action: 'query',
        format: 'json',
        formatversion: '2',
        maxlag: '5',
        generator: 'search',
        gsrsearch: `filetype:bitmap ${words}`,
        gsrnamespace: '6',
        gsrlimit: String(pageSize),
        prop: 'imageinfo',
        iiprop: 'url|size|mime|extmetadata',
        iiextmetadatafilter: 'ImageDescription|ObjectName|License|LicenseShortName|LicenseUrl',
        iiextmetadatalanguage: options.language,
        ...(width !== undefined && { iiurlwidth: String(width) }),
        ...cursor,
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.href;
    },

    read(answer) {
      if (isObject(answer.error)) return { loss: lossOf(answer.error) };
      const query = isObject(answer.query) ? answer.query : {};
      const all: unknown[] = Array.isArray(query.pages) ? query.pages : [];
      const pages = all.filter(isObject);
      // The pages come by their ids; `index` is their place in the search.
      pages.sort((a, b) => rankOf(a) - rankOf(b));
      const broken = all.filter((page) => !isObject(page)).map(() => lostResult('no object'));
      const results = [...pages.flatMap(resultOf), ...broken];
      const next = nextOf(answer.continue);
      return { results, next, partial: next !== undefined && answer.batchcomplete !== true };
    },

    isBusy(answer) {
      const code = isObject(answer.error) ? answer.error.code : undefined;
      return code === 'maxlag' || code === 'ratelimited';
    },
  };
}

function lossOf(error: JsonObject): {
  reason: 'http_too_many_requests' | 'bad_response';
  detail: string;
} {
  const code = shown(error.code);
  const detail = `${code}: ${shown(error.info)}`;
  if (code.startsWith('mwoauth-')) {
    throw new WitError('config', `commons refuses the token: ${code}`, {
      hint: 'WIT_COMMONS_TOKEN is to be an OAuth 2.0 access token, or unset.',
    });
  }
  const busy = code === 'maxlag' || code === 'ratelimited';
  return { reason: busy ? 'http_too_many_requests' : 'bad_response', detail };
}

function rankOf(page: JsonObject): number {
  return typeof page.index === 'number' ? page.index : Number.MAX_SAFE_INTEGER;
}

function nextOf(value: unknown): Cursor | undefined {
  if (!isObject(value)) return undefined;
  const cursor: Record<string, string> = {};
  for (const [name, parameter] of Object.entries(value)) {
    const known = typeof parameter === 'string' || typeof parameter === 'number';
    if (CONTINUATION.test(name) && known) cursor[name] = String(parameter).slice(0, 255);
  }
  return Object.keys(cursor).length === 0 ? undefined : cursor;
}

/** Nothing for a page whose imageinfo is yet to come, in a continuation. */
function resultOf(page: JsonObject): ResultPage['results'][number][] {
  if (!Array.isArray(page.imageinfo)) return [];
  const info: unknown = page.imageinfo[0];
  const title = textOf(page.title);
  const imageUrl = isObject(info) ? (textOf(info.thumburl) ?? textOf(info.url)) : undefined;
  if (!isObject(info) || imageUrl === undefined) {
    return [lostResult(`${shown(title)}: no image URL`)];
  }
  const metadata = isObject(info.extmetadata) ? info.extmetadata : {};
  const name =
    htmlValue(metadata.ObjectName) ?? title?.replace(/^[^:]*:/, '').replace(/\.\w+$/, '');
  const texts = [htmlValue(metadata.ImageDescription), name?.replaceAll('_', ' ')];
  const license = [htmlValue(metadata.LicenseShortName), htmlValue(metadata.LicenseUrl)]
    .filter((part) => part !== undefined)
    .join(' ');
  return [
    {
      imageUrl,
      texts: texts.filter((text) => text !== undefined),
      pageUrl: textOf(info.descriptionurl),
      license: license === '' ? undefined : license,
      licenseCode: licenseCode(htmlValue(metadata.License) ?? license),
    },
  ];
}

function lostResult(detail: string): { loss: Loss } {
  return { loss: { reason: 'bad_row', detail } };
}

/** The text of a value of extmetadata, which is HTML. */
function htmlValue(field: unknown): string | undefined {
  const value = isObject(field) ? textOf(field.value) : undefined;
  return value && textOf(textOfHtml(value.slice(0, MAX_HTML_LENGTH)))?.trim();
}
