/**
 * What a page offers: (image, text) candidates and links. Pure: HTML in, plain data out, nothing
 * fetched. Whatever the HTML, it returns; its time and output are bounded.
 */

import { candidateId } from '../core/ids.js';
import type { Candidate, TextSource } from '../core/types.js';
import { type Html, type HtmlImage, MAX_IMAGES, type Picture, readHtml } from './html-reader.js';
import type { Attributes } from './html-tags.js';
import { anyAddress, MAX_URL_LENGTH, parseUrl, refuseUrl } from './net/guard.js';
import { mayFollow, metaDirectives, type RobotMeta } from './net/optout.js';
import { bySize, largestFirst, type SrcsetImage } from './srcset.js';
import { boundedText } from './text.js';

export interface Page {
  /** In document order; one for each image and text, once; `text` is '' for images without any. */
  candidates: Candidate[];
  /** Absolute http(s) URLs without fragments, in document order, each once. */
  links: string[];
  /** The `<link rel=canonical>`, absolute. */
  canonical?: string;
  /** What the page says to robots, opt-outs included: to be judged before its candidates are used. */
  metas: RobotMeta[];
  /** The page asks that no link of it be followed. */
  nofollow?: true;
}

/** Of one page. */
export const MAX_CANDIDATES = MAX_IMAGES;
/** Of all URLs and texts of a page's candidates together, and of its links: a base may be long. */
const MAX_CHARACTERS = 2_000_000;

/** Where lazy-loading scripts keep the real image while `src` holds a placeholder. */
const LAZY_SRC = [
  'data-src',
  'data-lazy-src',
  'data-original',
  'data-lazy',
  'data-orig-file',
  'data-full-src',
  'data-image',
  'data-url',
];
const SRCSET = ['srcset', 'data-srcset', 'data-lazy-srcset', 'data-original-set'];

/** Types of `<source>` that the fetch stage does not take. */
const UNWANTED_SOURCE = /^image\/(svg|jxl|jp2|jpx)/i;

/** Extracts from `html`, the page at `pageUrl` (absolute, after redirects), for `source`. */
export function extractPage(html: string, pageUrl: string, source = 'web'): Page {
  const read = readHtml(html);
  const base = baseUrl(read.base, pageUrl);
  const page: Page = { candidates: [], links: [], metas: read.metas };
  page.candidates = new CandidateList(pageUrl, source, base).of(read);
  if (mayFollow(metaDirectives(read.metas))) page.links = linksOf(read.links, base);
  else page.nofollow = true;
  const canonical = read.canonical === undefined ? undefined : resolveUrl(read.canonical, base);
  if (canonical !== undefined) page.canonical = canonical;
  return page;
}

function linksOf(hrefs: Iterable<string>, base: URL | undefined): string[] {
  const links = new Set<string>();
  let characters = 0;
  for (const href of hrefs) {
    const link = resolveUrl(href, base);
    if (link === undefined || links.has(link)) continue;
    characters += link.length;
    if (characters > MAX_CHARACTERS) break;
    links.add(link);
  }
  return [...links];
}

class CandidateList {
  readonly #pageUrl: string;
  readonly #source: string;
  readonly #base: URL | undefined;
  readonly #found = new Map<string, Candidate>();
  readonly #withoutText = new Set<string>();
  readonly #withText = new Set<string>();
  /** The largest rendition that the sources of a picture name: it may have many of them, and many images. */
  readonly #pictures = new Map<Picture, SrcsetImage | undefined>();
  #characters = 0;

  constructor(pageUrl: string, source: string, base: URL | undefined) {
    this.#pageUrl = pageUrl;
    this.#source = source;
    this.#base = base;
  }

  of({ images, openGraph }: Html): Candidate[] {
    for (const image of images) {
      const { attributes, figure } = image;
      this.#add(this.#bestUrl(image), [
        ['alt', bounded(attributes.alt)],
        ['caption', figure?.caption],
        ['title', bounded(attributes.title)],
      ]);
      if (this.#isFull) break;
    }
    for (const { url, alt } of openGraphImages(openGraph)) {
      if (this.#isFull) break;
      this.#add(resolveUrl(url, this.#base), [['title', bounded(alt)]]);
    }
    for (const url of this.#withoutText) if (!this.#withText.has(url)) this.#put(url, '', 'alt');
    return [...this.#found.values()];
  }

  get #isFull(): boolean {
    return this.#found.size >= MAX_CANDIDATES || this.#characters > MAX_CHARACTERS;
  }

  #add(url: string | undefined, texts: readonly [TextSource, string | undefined][]): void {
    if (url === undefined) return;
    let isNamed = false;
    for (const [textSource, text] of texts) {
      if (text === undefined || text === '') continue;
      isNamed = true;
      this.#put(url, text, textSource);
    }
    (isNamed ? this.#withText : this.#withoutText).add(url);
  }

  #put(imageUrl: string, text: string, textSource: TextSource): void {
    if (this.#isFull) return;
    const id = candidateId(imageUrl, text);
    if (this.#found.has(id)) return;
    this.#characters += imageUrl.length + text.length;
    const [pageUrl, source] = [this.#pageUrl, this.#source];
    this.#found.set(id, { id, imageUrl, text, textSource, pageUrl, source });
  }

  /** The largest rendition of an image: by width, else by density, else lazy attributes, else src. */
  #bestUrl({ attributes, picture }: HtmlImage): string | undefined {
    const own = this.#largest(srcsetsOf(attributes));
    const inPicture = picture && this.#largestIn(picture);
    // Of equals the image's own.
    const best = own && inPicture && bySize(own, inPicture) > 0 ? inPicture : (own ?? inPicture);
    if (best !== undefined) return best.url;
    for (const name of [...LAZY_SRC, 'src']) {
      const value = attributes[name];
      const resolved = value === undefined ? undefined : resolveUrl(value, this.#base);
      if (resolved !== undefined) return resolved;
    }
    return undefined;
  }

  #largestIn(picture: Picture): SrcsetImage | undefined {
    if (!this.#pictures.has(picture)) {
      const wanted = picture.sources.filter(({ type }) => !UNWANTED_SOURCE.test(type ?? ''));
      this.#pictures.set(picture, this.#largest(wanted.flatMap(srcsetsOf)));
    }
    return this.#pictures.get(picture);
  }

  /** With its URL absolute. */
  #largest(srcsets: readonly string[]): SrcsetImage | undefined {
    for (const image of largestFirst(srcsets)) {
      const url = resolveUrl(image.url, this.#base);
      if (url !== undefined) return { ...image, url };
    }
    return undefined;
  }
}

function srcsetsOf(attributes: Attributes): string[] {
  return SRCSET.map((name) => attributes[name]).filter((srcset) => srcset !== undefined);
}

function bounded(text: string | undefined): string | undefined {
  return text === undefined ? undefined : boundedText(text);
}

/**
 * What the references of a page are relative to; `base` is the first `<base href>` that it has. One that is
 * too long for a URL is none, or each reference of a page would cost as much as the page.
 */
export function baseUrl(base: string | undefined, pageUrl: string): URL | undefined {
  const url = base === undefined ? undefined : parseUrl(base, pageUrl);
  const isUsable =
    (url?.protocol === 'http:' || url?.protocol === 'https:') && url.href.length <= MAX_URL_LENGTH;
  return isUsable ? url : parseUrl(pageUrl);
}

/** Absolute, http(s), without fragment; undefined for what could never be fetched. */
export function resolveUrl(reference: string, base: URL | undefined): string | undefined {
  const trimmed = reference.trim();
  if (trimmed === '' || trimmed.length > 100_000) return undefined;
  const url = parseUrl(trimmed, base);
  // Private addresses are refused, and counted, when something is about to be fetched.
  if (url === undefined || refuseUrl(url, anyAddress) !== undefined) return undefined;
  if (!url.href.includes('#')) return url.href;
  url.hash = '';
  return url.href;
}

/** Open Graph images, each with its own alt text or else the page's og:title (ogp.me, "arrays"). */
export function openGraphImages(
  properties: readonly [property: string, content: string][],
): { url: string; alt: string | undefined }[] {
  const title = properties.find(([property]) => property === 'og:title')?.[1];
  const images: { url: string; alt: string | undefined }[] = [];
  for (const [property, content] of properties) {
    const last = images.at(-1);
    if (property === 'og:image') images.push({ url: content, alt: undefined });
    else if (property === 'og:image:url' && last?.url !== content) {
      images.push({ url: content, alt: undefined });
    } else if (property === 'og:image:alt' && last !== undefined) last.alt = content;
  }
  return images.map(({ url, alt }) => ({ url, alt: alt?.trim() ? alt : title }));
}
