/**
 * Sitemaps (sitemaps.org): the URLs in a `<urlset>`, with the images that Google's image extension lists
 * beside them; the sitemaps in a `<sitemapindex>`; one URL a line in a text file; and, as the protocol
 * allows, the items of RSS and Atom feeds. Files reach 50 MB, so they are read event by event and no
 * tree is made. Namespaces are passed over: what counts is the name behind the colon and what it stands in.
 */

import { Parser } from 'htmlparser2';

/** An image of a page, as `<image:image>` describes it (the extension's version 1.1). */
export interface SitemapImage {
  readonly url: string;
  readonly caption?: string;
  readonly title?: string;
  /** URL of its licence. */
  readonly license?: string;
}

export interface SitemapPage {
  /** Absolute or not yet checked. */
  readonly url: string;
  readonly images: readonly SitemapImage[];
}

export interface Sitemap {
  /** In order. */
  readonly pages: SitemapPage[];
  /** URLs of further sitemaps. */
  readonly sitemaps: string[];
}

/** The extension's own limit on the images of a page. */
const MAX_IMAGES = 1_000;
/** Of one element, in characters. */
const MAX_TEXT = 20_000;
const PIECE = 1 << 16;

/** Reads a sitemap of at most `limit` URLs; what follows them is ignored. Never throws. */
export function parseSitemap(text: string, limit: number): Sitemap {
  if (!/^\uFEFF?\s*</.test(text.slice(0, 1_000)))
    return { pages: lines(text, limit), sitemaps: [] };
  const reader = new SitemapReader();
  const parser = new Parser(reader, { xmlMode: true, decodeEntities: true });
  for (let at = 0; at < text.length && reader.size < limit; at += PIECE) {
    parser.write(text.slice(at, at + PIECE));
  }
  // Not ended: what the file breaks off in may lack its own end.
  const { pages, sitemaps } = reader;
  return { pages: pages.slice(0, limit), sitemaps: sitemaps.slice(0, limit) };
}

type Draft = { -readonly [K in keyof SitemapImage]?: SitemapImage[K] };

/** Takes the parser's events. */
class SitemapReader {
  readonly pages: SitemapPage[] = [];
  readonly sitemaps: string[] = [];
  /** Names of the open elements, without prefixes. */
  readonly #open: string[] = [];
  #text = '';
  #url: string | undefined;
  #images: SitemapImage[] = [];
  #image: Draft = {};
  /** Of an Atom `<link>`. */
  #link: { href?: string; rel?: string } = {};

  get size(): number {
    return this.pages.length + this.sitemaps.length;
  }

  onopentagname(name: string): void {
    this.#open.push(local(name));
    this.#text = '';
    this.#link = {};
  }

  onattribute(name: string, value: string): void {
    if (name === 'href' || name === 'rel') this.#link[name] = value;
  }

  ontext(text: string): void {
    if (this.#text.length < MAX_TEXT) this.#text += text;
  }

  onclosetag(): void {
    const name = this.#open.pop();
    const text = this.#text.trim();
    this.#text = '';
    const parent = this.#open.at(-1);
    if (parent === 'image') {
      if (name === 'loc') this.#image.url = text;
      else if (name === 'caption' || name === 'title' || name === 'license') {
        this.#image[name] = text;
      }
      return;
    }
    switch (name) {
      case 'loc':
        if (text === '') break;
        if (this.#open.includes('sitemapindex')) this.sitemaps.push(text);
        else if (parent === 'url') this.#url = text;
        else this.pages.push({ url: text, images: [] });
        break;
      case 'image': {
        const { url } = this.#image;
        if (url && this.#images.length < MAX_IMAGES) this.#images.push({ ...this.#image, url });
        this.#image = {};
        break;
      }
      case 'url':
        if (this.#url !== undefined) this.pages.push({ url: this.#url, images: this.#images });
        this.#url = undefined;
        this.#images = [];
        break;
      case 'link':
        this.#addFeedLink(parent, text);
        break;
    }
  }

  /** RSS has the page's URL as text, Atom as an attribute, among links to other things. */
  #addFeedLink(parent: string | undefined, text: string): void {
    const { href = '', rel = 'alternate' } = this.#link;
    if (parent === 'item' && text !== '') this.pages.push({ url: text, images: [] });
    else if (parent === 'entry' && href !== '' && rel === 'alternate') {
      this.pages.push({ url: href, images: [] });
    }
  }
}

/** `image:loc` → `loc`. */
function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function lines(text: string, limit: number): SitemapPage[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/, limit)
    .map((line) => line.trim())
    .filter((line) => /^https?:\/\//i.test(line))
    .map((url) => ({ url, images: [] }));
}
