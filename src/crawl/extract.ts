/**
 * What a page offers: (image, text) candidates and links. Pure: HTML in, plain data out, nothing
 * fetched. Whatever the HTML, it returns; its time and output are bounded.
 *
 * cheerio parses with htmlparser2 here: it is several times faster than the standard's algorithm and,
 * unlike that, sees the images inside <noscript>, where pages that load lazily keep the real ones.
 * The tree is walked once, in document order and without recursion, as pages may nest without limit.
 */

import { load } from 'cheerio';
import { candidateId } from '../core/ids.js';
import type { Candidate, TextSource } from '../core/types.js';
import { anyAddress, parseUrl, refuseUrl } from './net/guard.js';
import { isRobotMeta, mayFollow, metaDirectives, type RobotMeta } from './net/optout.js';
import { largestFirst } from './srcset.js';
import { boundedText, MAX_TEXT_LENGTH } from './text.js';

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
export const MAX_CANDIDATES = 10_000;
const MAX_LINKS = 10_000;
const MAX_METAS = 1_000;

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
const LAZY_SRCSET = ['data-srcset', 'data-lazy-srcset', 'data-original-set'];

/** Types of `<source>` that the fetch stage does not take. */
const UNWANTED_SOURCE = /^image\/(svg|jxl|jp2|jpx)/i;

/** Elements that a reader sees as separate; their texts must not run together. */
const BLOCKS = new Set(
  'address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section table td th tr ul'.split(
    ' ',
  ),
);

/** The part of the parser's nodes that is used here. */
interface Node {
  readonly type: string;
  readonly name?: string;
  readonly data?: string;
  readonly attribs?: Readonly<Record<string, string>>;
  readonly children?: Node[];
  readonly parent: Node | null;
}
type Element = Node & { readonly name: string; readonly attribs: Readonly<Record<string, string>> };

/**
 * Extracts from `html`, the page at `pageUrl` (absolute, after redirects), for `source`.
 */
export function extractPage(html: string, pageUrl: string, source = 'web'): Page {
  const document = load(html, { xml: { xmlMode: false, decodeEntities: true } }).root()[0] as Node;
  const page = new PageReader(pageUrl, source);
  for (const element of elements(document)) page.read(element);
  return page.finish();
}

/** What a reader sees of a piece of HTML, such as a description that an API sends. */
export function textOfHtml(html: string): string {
  const parser = { xml: { xmlMode: false, decodeEntities: true } };
  return visibleText(load(html, parser).root()[0] as Node);
}

class PageReader {
  readonly #pageUrl: string;
  readonly #source: string;
  /** What relative URLs are relative to. Only known for certain at the end: hence `#images`. */
  #base: URL | undefined;
  #baseSeen = false;
  readonly #images: Element[] = [];
  /** The first figcaption of each figure. */
  readonly #captions = new Map<Node, string>();
  readonly #hrefs: string[] = [];
  readonly #openGraph: [property: string, content: string][] = [];
  readonly #metas: RobotMeta[] = [];
  #canonical: string | undefined;

  constructor(pageUrl: string, source: string) {
    this.#pageUrl = pageUrl;
    this.#source = source;
    this.#base = parseUrl(pageUrl);
  }

  read(element: Element): void {
    const { name, attribs } = element;
    switch (name) {
      case 'base':
        this.#readBase(attribs.href);
        break;
      case 'meta':
        this.#readMeta(attribs);
        break;
      case 'link':
        if (tokens(attribs.rel).includes('canonical')) this.#canonical ??= attribs.href;
        break;
      case 'a':
      case 'area':
        if (attribs.href !== undefined && this.#hrefs.length < MAX_LINKS) {
          if (!tokens(attribs.rel).includes('nofollow')) this.#hrefs.push(attribs.href);
        }
        break;
      case 'figcaption': {
        const figure = figureOf(element);
        if (figure !== undefined && !this.#captions.has(figure)) {
          this.#captions.set(figure, visibleText(element));
        }
        break;
      }
      case 'img':
      case 'amp-img':
        if (this.#images.length < MAX_CANDIDATES) this.#images.push(element);
        break;
    }
  }

  finish(): Page {
    const page: Page = { candidates: this.#candidates(), links: [], metas: this.#metas };
    if (mayFollow(metaDirectives(this.#metas))) {
      page.links = unique(this.#hrefs.map((href) => this.#resolve(href)));
    } else page.nofollow = true;
    const canonical = this.#canonical && this.#resolve(this.#canonical);
    if (canonical) page.canonical = canonical;
    return page;
  }

  /** Only the first `<base href>` counts (§4.2.3). */
  #readBase(href: string | undefined): void {
    if (href === undefined || this.#baseSeen) return;
    this.#baseSeen = true;
    const base = parseUrl(href, this.#pageUrl);
    if (base?.protocol === 'http:' || base?.protocol === 'https:') this.#base = base;
  }

  #readMeta(attribs: Readonly<Record<string, string>>): void {
    const content = attribs.content;
    if (content === undefined) return;
    const name = attribs.name?.trim().toLowerCase();
    if (name !== undefined && isRobotMeta(name) && this.#metas.length < MAX_METAS) {
      this.#metas.push({ name, content });
    }
    const property = (attribs.property ?? name)?.trim().toLowerCase();
    if (property?.startsWith('og:') && this.#openGraph.length < MAX_METAS) {
      this.#openGraph.push([property, content]);
    }
  }

  #candidates(): Candidate[] {
    const found = new Map<string, Candidate>();
    const withoutText = new Set<string>();
    const withText = new Set<string>();
    const add = (url: string | undefined, texts: readonly [TextSource, string | undefined][]) => {
      if (url === undefined || found.size >= MAX_CANDIDATES) return;
      let named = false;
      for (const [textSource, raw] of texts) {
        const text = boundedText(raw ?? '');
        if (text === '') continue;
        named = true;
        const candidate = this.#candidate(url, text, textSource);
        if (!found.has(candidate.id)) found.set(candidate.id, candidate);
      }
      if (named) withText.add(url);
      else withoutText.add(url);
    };
    for (const image of this.#images) {
      const figure = figureOf(image);
      add(this.#bestUrl(image), [
        ['alt', image.attribs.alt],
        ['caption', figure && this.#captions.get(figure)],
        ['title', image.attribs.title],
      ]);
    }
    for (const { url, alt } of openGraphImages(this.#openGraph)) {
      add(this.#resolve(url), [['title', alt]]);
    }
    const candidates = [...found.values()];
    for (const url of withoutText) {
      if (withText.has(url) || candidates.length >= MAX_CANDIDATES) continue;
      candidates.push(this.#candidate(url, '', 'alt'));
    }
    return candidates;
  }

  #candidate(imageUrl: string, text: string, textSource: TextSource): Candidate {
    const id = candidateId(imageUrl, text);
    return { id, imageUrl, text, textSource, pageUrl: this.#pageUrl, source: this.#source };
  }

  /** The largest rendition of an image: by width, else by density, else lazy attributes, else src. */
  #bestUrl({ attribs, parent }: Element): string | undefined {
    const srcsets = [attribs.srcset, ...LAZY_SRCSET.map((name) => attribs[name])];
    if (parent?.name === 'picture') {
      for (const source of parent.children ?? []) {
        if (source.name !== 'source' || UNWANTED_SOURCE.test(source.attribs?.type ?? '')) continue;
        for (const name of ['srcset', ...LAZY_SRCSET]) srcsets.push(source.attribs?.[name]);
      }
    }
    for (const { url } of largestFirst(srcsets)) {
      const resolved = this.#resolve(url);
      if (resolved !== undefined) return resolved;
    }
    for (const name of [...LAZY_SRC, 'src']) {
      const value = attribs[name];
      const resolved = value === undefined ? undefined : this.#resolve(value);
      if (resolved !== undefined) return resolved;
    }
    return undefined;
  }

  #resolve(reference: string): string | undefined {
    return resolveUrl(reference, this.#base);
  }
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

/** The elements below `root` in document order. */
function* elements(root: Node): Generator<Element> {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.name !== undefined && node.attribs !== undefined) yield node as Element;
    const children = node.children ?? [];
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node);
  }
}

/** The figure that an image or a caption belongs to. */
function figureOf(element: Node): Node | undefined {
  let node = element.parent;
  // The bound keeps deeply nested pages from costing depth × images.
  for (let depth = 0; depth < 64 && node !== null; depth++) {
    if (node.name === 'figure') return node;
    node = node.parent;
  }
  return undefined;
}

/** The text of an element, with a space where a reader would see a gap. */
function visibleText(root: Node): string {
  let text = '';
  const stack: (Node | ' ')[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node === ' ') {
      text += ' ';
      continue;
    }
    if (node.type === 'text' && !isHidden(node.parent)) text += node.data ?? '';
    if (text.length > MAX_TEXT_LENGTH * 2) break;
    const children = node.children ?? [];
    if (node.name !== undefined && BLOCKS.has(node.name)) {
      text += ' ';
      stack.push(' ');
    }
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Node);
  }
  return text;
}

function isHidden(parent: Node | null): boolean {
  return parent?.name === 'script' || parent?.name === 'style';
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

function tokens(value: string | undefined): string[] {
  return (value ?? '').toLowerCase().split(/\s+/);
}

function unique(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))];
}
