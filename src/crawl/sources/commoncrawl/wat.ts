/**
 * What a WAT record tells of a page. WAT ("Web Archive Transformation") holds one JSON envelope for
 * each WARC record; that of an HTML response lists the page's links with their attributes, its base
 * and its metas. Captions, and what lazy-loading scripts put into other attributes, are not in it.
 */

import { decodeHTMLAttribute } from 'entities';
import type { RuleName } from '../../../config.js';
import { candidateId } from '../../../core/ids.js';
import type { Loss } from '../../../core/reasons.js';
import type { Candidate, TextSource } from '../../../core/types.js';
import { baseUrl, MAX_CANDIDATES, openGraphImages, resolveUrl } from '../../extract.js';
import { isRobotMeta, optOutOf, type RobotMeta } from '../../net/optout.js';
import type { Headers } from '../../net/resource.js';
import { largestFirst } from '../../srcset.js';
import { boundedText } from '../../text.js';
import { parseWat } from './envelope.js';

/** What an archived page gave. */
export interface ArchivedPage {
  readonly pageUrl: string;
  /** Images with text, each with each of its texts once. */
  readonly candidates: readonly Candidate[];
  /** Images without any text: nothing could ever match them, and they are most of an archive. */
  readonly imagesWithoutText: number;
  /** How the page asks to be left out; then there are no candidates. */
  readonly optOut?: Loss;
}

/** The name under which candidates of archives stand. */
export const SOURCE = 'commoncrawl';

/** Attributes of elements that show images, `IMG@/src` and the like; longdesc and the like are pages. */
const IMAGE_PATH =
  /^(?:(?:AMP-)?IMG@\/(?:src|data-(?!href|uri)[\w-]*(?:src|original|lazy|image|url)[\w-]*|(?:data-)?[\w-]*srcset)|INPUT@\/src|SOURCE@\/[\w-]*srcset)$/i;

const HTML_METADATA = Buffer.from('"HTML-Metadata"');

type Json = Readonly<Record<string, unknown>>;

/**
 * The page of a WAT record with content `block`; undefined when the record is not of an HTML response.
 * @throws SyntaxError when the block is not JSON, TypeError when it is no envelope.
 */
export function readWat(block: Buffer, honours: ReadonlySet<RuleName>): ArchivedPage | undefined {
  // Most records are of requests, redirects and the like.
  if (!block.includes(HTML_METADATA)) {
    checkEnd(block);
    return undefined;
  }
  const json = parseWat(block);
  const envelope = object(object(json.value).Envelope);
  const header = object(envelope['WARC-Header-Metadata']);
  const response = optional(optional(envelope['Payload-Metadata'])['HTTP-Response-Metadata']);
  if (response['HTML-Metadata'] === undefined) return undefined;
  const html = object(response['HTML-Metadata']);
  const pageUrl = text(header['WARC-Target-URI']);
  if (pageUrl === undefined) throw new TypeError('an envelope without WARC-Target-URI');
  const head = optional(html.Head);
  const metas = list(head.Metas);
  const headers = headersOf(optional(response.Headers));
  const optOut = optOutOf({ url: pageUrl, headers, metas: robotMetas(metas) }, honours);
  if (optOut !== undefined) return { pageUrl, candidates: [], imagesWithoutText: 0, optOut };

  const images = new Images(pageUrl, text(head.Base));
  for (const link of list(json.images ?? html.Links)) {
    const path = link.path;
    if (typeof path === 'string' && IMAGE_PATH.test(path)) images.addLink(path, link);
  }
  for (const { url, alt } of openGraphImages(openGraph(metas))) {
    images.add(url, [['title', alt]]);
  }
  return images.page();
}

/** Gathers the images of one page. */
class Images {
  readonly #pageUrl: string;
  readonly #base: URL | undefined;
  readonly #candidates = new Map<string, Candidate>();
  readonly #named = new Set<string>();
  readonly #unnamed = new Set<string>();

  constructor(pageUrl: string, base: string | undefined) {
    this.#pageUrl = pageUrl;
    this.#base = baseUrl(base === undefined ? undefined : decoded(base), pageUrl);
  }

  addLink(path: string, link: Json): void {
    const url = decoded(text(link.url) ?? '');
    const largest = /srcset$/i.test(path) ? largestFirst([url])[0]?.url : url;
    if (largest === undefined) return;
    this.add(largest, [
      ['alt', text(link.alt)],
      ['title', text(link.title)],
    ]);
  }

  add(reference: string, texts: readonly [TextSource, string | undefined][]): void {
    if (this.#candidates.size >= MAX_CANDIDATES) return;
    let imageUrl: string | undefined;
    for (const [textSource, raw] of texts) {
      if (raw === undefined || raw === '') continue;
      const found = boundedText(decoded(raw));
      if (found === '') continue;
      imageUrl ??= resolveUrl(reference, this.#base);
      if (imageUrl === undefined) return;
      const id = candidateId(imageUrl, found);
      if (this.#candidates.has(id)) continue;
      const pageUrl = this.#pageUrl;
      this.#candidates.set(id, {
        id,
        imageUrl,
        text: found,
        textSource,
        pageUrl,
        source: SOURCE,
      });
    }
    if (imageUrl === undefined) this.#unnamed.add(reference);
    else this.#named.add(reference);
  }

  page(): ArchivedPage {
    const unnamed = [...this.#unnamed].filter((reference) => !this.#named.has(reference));
    return {
      pageUrl: this.#pageUrl,
      candidates: [...this.#candidates.values()],
      imagesWithoutText: unnamed.length,
    };
  }
}

function headersOf(json: Json): Headers {
  const headers = new Map<string, string[]>();
  for (const [name, value] of Object.entries(json)) {
    const lines = [value].flat().filter((line) => typeof line === 'string');
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), ...lines]);
  }
  return Object.fromEntries(headers);
}

function robotMetas(metas: readonly Json[]): RobotMeta[] {
  return metas.flatMap((meta) => {
    const name = text(meta.name)?.trim().toLowerCase();
    if (name === undefined || !isRobotMeta(name)) return [];
    return [{ name, content: text(meta.content) ?? '' }];
  });
}

function openGraph(metas: readonly Json[]): [property: string, content: string][] {
  const properties: [string, string][] = [];
  for (const meta of metas) {
    const property = (text(meta.property) ?? text(meta.name))?.trim().toLowerCase();
    const content = text(meta.content);
    if (property?.startsWith('og:') && content !== undefined) {
      properties.push([property, decoded(content)]);
    }
  }
  return properties;
}

/**
 * Common Crawl's WATs of the first years hold attributes with their character references; in later
 * ones hardly anything is left to decode.
 */
function decoded(value: string): string {
  return value.includes('&') ? decodeHTMLAttribute(value) : value;
}

/** What is not looked into should at least be all there. */
function checkEnd(block: Buffer): void {
  let end = block.length;
  while (end > 0 && (block[end - 1] as number) <= 0x20) end--;
  if (block[0] !== 0x7b || block[end - 1] !== 0x7d) throw new SyntaxError('not a JSON object');
}

function object(value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new TypeError('not a WAT envelope');
}

function optional(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value)
    ? value.filter((item) => typeof item === 'object' && item !== null)
    : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
