/**
 * Reads of a page's HTML what matters here: images and what stands around them, links, and what its head
 * says. Event by event, without a tree: building one costs several times what reading costs. Unlike the
 * standard's algorithm this sees the images inside <noscript>, where pages that load lazily keep the
 * real ones.
 */

import { type Attributes, readTags, type TagHandler } from './html-tags.js';
import { isRobotMeta, type RobotMeta } from './net/optout.js';
import { BLOCKS, boundedText, MAX_TEXT_LENGTH } from './text.js';

/** A `<figure>` and the text of its first caption, bounded. */
export interface Figure {
  caption?: string;
}

/** A `<picture>` and its sources. */
export interface Picture {
  readonly sources: Attributes[];
}

export interface HtmlImage {
  readonly attributes: Attributes;
  /** The innermost figure that it stands in. */
  readonly figure: Figure | undefined;
  /** The picture that it is a child of. */
  readonly picture: Picture | undefined;
}

/** In document order; URLs as written. */
export interface Html {
  /** Of the first `<base href>` (HTML standard §4.2.3). */
  base?: string;
  canonical?: string;
  readonly images: HtmlImage[];
  /** Each once, and none that its author does not vouch for. */
  readonly links: Set<string>;
  readonly metas: RobotMeta[];
  /** Names begin with `og:`. */
  readonly openGraph: [property: string, content: string][];
}

/** Of one page. */
export const MAX_IMAGES = 10_000;
const MAX_LINKS = 10_000;
const MAX_METAS = 1_000;
const MAX_SOURCES = 100;
/** Captions read at once: figures in captions of figures in … are no more than this deep. */
const MAX_NESTED_CAPTIONS = 8;

/** Elements whose attributes are looked at. */
const WANTED = new Set(['a', 'area', 'amp-img', 'base', 'img', 'link', 'meta', 'source']);

/** How authors mark links that they do not vouch for, or were paid or asked for. */
const UNVOUCHED = /(?:^|\s)(?:nofollow|ugc|sponsored)(?:\s|$)/i;
const CANONICAL = /(?:^|\s)canonical(?:\s|$)/i;
/** What a `<meta http-equiv=refresh>` says (HTML standard, "shared declarative refresh steps"). */
const REFRESH = /^\s*[\d.]+\s*[;,\s]\s*(?:url\s*=\s*)?(?:"([^"]*)|'([^']*)|([^"'].*))/is;

export function readHtml(html: string): Html {
  const reader = new HtmlReader();
  readTags(html, reader);
  return reader.html;
}

class HtmlReader implements TagHandler {
  readonly html: Html = { images: [], links: new Set(), metas: [], openGraph: [] };
  /** Elements that are open. */
  #depth = 0;
  readonly #figures: Figure[] = [];
  readonly #pictures: (Picture & { readonly depth: number })[] = [];
  readonly #captions: { readonly figure: Figure; readonly depth: number; text: string }[] = [];
  /** Open elements whose text nobody sees. */
  #hidden = 0;

  get wantsText(): boolean {
    return this.#captions.length > 0 && this.#hidden === 0;
  }

  open(name: string): boolean {
    this.#depth++;
    switch (name) {
      case 'figure':
        this.#figures.push({});
        break;
      case 'picture':
        this.#pictures.push({ sources: [], depth: this.#depth });
        break;
      case 'script':
      case 'style':
        this.#hidden++;
        break;
      case 'figcaption':
        this.#beginCaption();
        break;
    }
    if (this.#captions.length > 0 && BLOCKS.has(name)) this.text(' ');
    return WANTED.has(name);
  }

  close(name: string): void {
    switch (name) {
      case 'figure':
        this.#figures.pop();
        break;
      case 'picture':
        this.#pictures.pop();
        break;
      case 'script':
      case 'style':
        this.#hidden--;
        break;
    }
    const caption = this.#captions.at(-1);
    if (caption !== undefined) {
      if (BLOCKS.has(name)) this.text(' ');
      if (caption.depth === this.#depth) {
        caption.figure.caption = boundedText(caption.text);
        this.#captions.pop();
      }
    }
    this.#depth--;
  }

  text(text: string): void {
    for (const caption of this.#captions) {
      if (caption.text.length <= MAX_TEXT_LENGTH * 2) caption.text += text;
    }
  }

  #beginCaption(): void {
    const figure = this.#figures.at(-1);
    if (figure === undefined || figure.caption !== undefined) return;
    figure.caption = '';
    if (this.#captions.length >= MAX_NESTED_CAPTIONS) return;
    this.#captions.push({ figure, depth: this.#depth, text: '' });
  }

  attributes(name: string, attributes: Attributes): void {
    switch (name) {
      case 'a':
      case 'area':
        if (attributes.rel === undefined || !UNVOUCHED.test(attributes.rel)) {
          this.#addLink(attributes.href);
        }
        break;
      case 'img':
      case 'amp-img':
        this.#addImage(attributes);
        break;
      case 'source': {
        const picture = this.#picture();
        if (picture && picture.sources.length < MAX_SOURCES) picture.sources.push(attributes);
        break;
      }
      case 'meta':
        this.#readMeta(attributes);
        break;
      case 'link':
        if (attributes.href !== undefined && CANONICAL.test(attributes.rel ?? '')) {
          this.html.canonical ??= attributes.href;
        }
        break;
      case 'base':
        if (attributes.href !== undefined) this.html.base ??= attributes.href;
        break;
    }
  }

  #addLink(href: string | undefined): void {
    if (href !== undefined && this.html.links.size < MAX_LINKS) this.html.links.add(href);
  }

  #addImage(attributes: Attributes): void {
    if (this.html.images.length >= MAX_IMAGES) return;
    const figure = this.#figures.at(-1);
    this.html.images.push({ attributes, figure, picture: this.#picture() });
  }

  /** The picture that the element at hand is a child of. */
  #picture(): Picture | undefined {
    const picture = this.#pictures.at(-1);
    return picture?.depth === this.#depth - 1 ? picture : undefined;
  }

  #readMeta(attributes: Attributes): void {
    const { content } = attributes;
    if (content === undefined) return;
    const { metas, openGraph } = this.html;
    if (attributes['http-equiv']?.trim().toLowerCase() === 'refresh') {
      const [, ...urls] = REFRESH.exec(content) ?? [];
      this.#addLink(urls.find((url) => url !== undefined));
    }
    const name = attributes.name?.trim().toLowerCase();
    if (name !== undefined && isRobotMeta(name) && metas.length < MAX_METAS) {
      metas.push({ name, content });
    }
    const property = (attributes.property ?? name)?.trim().toLowerCase();
    if (property?.startsWith('og:') && openGraph.length < MAX_METAS) {
      openGraph.push([property, content]);
    }
  }
}
