/**
 * One designer's site: a home page, numbered pages for each category, a page of its own for some or
 * all pictures, robots.txt, and sitemaps. Also the same pictures on pages in other languages.
 */

import { altText, prose } from './captions.js';
import { shuffle } from './chance.js';
import {
  type Concept,
  type Designer,
  designerOf,
  type EmojiWorld,
  GROUPS,
  kebab,
  type Locale,
} from './emoji.js';
import { addIcons, advertisement, navigation } from './furniture.js';
import { escapeHtml, link, page } from './html.js';
import { LOOKS, type Look, type Shown, socialHead } from './looks.js';
import { type Content, content, type Hosts, type Site } from './site.js';

const PER_PAGE = 24;
/** Sites that only list their pictures have pages of their own for one in this many. */
const OWN_PAGE_EVERY = 24;

export interface GalleryOptions {
  hosts: Hosts;
  emoji: EmojiWorld;
  designer: string;
  /** What the site shows, in order. */
  concepts: readonly Concept[];
  px: number;
  seed: number;
}

export class Gallery {
  readonly designer: Designer;
  readonly site: Site;
  readonly icons: readonly string[];
  readonly #options: GalleryOptions;
  readonly #look: Look;
  readonly #images: Site;
  /** Absolute URLs of all pages, for the sitemap. */
  readonly #pages: string[] = [];
  readonly #nav: [string, string][] = [['/', 'Home']];

  constructor(options: GalleryOptions) {
    this.#options = options;
    this.designer = designerOf(options.designer);
    const look = LOOKS[options.designer];
    if (look === undefined) throw new RangeError(`${this.designer.title} has no site`);
    this.#look = look;
    this.site = options.hosts.site(`${options.designer}.test`);
    this.#images = options.hosts.site(look.imageHost ?? this.site.host);
    this.icons = addIcons(this.site);
    for (const concept of options.concepts) this.#addImages(concept);
    this.#addPages();
  }

  get advertises(): boolean {
    return this.#look.advertises === true;
  }

  /**
   * `count` pictures of concrete things (or as many as there are), chosen by `key`, with what serves
   * them. People come in near-identical pairs as they are.
   */
  sample(count: number, key: string): { concept: Concept; url: string; resource: Content }[] {
    const { concepts, seed, px, designer, emoji } = this.#options;
    const concrete = concepts.filter((concept) => concept.concrete);
    return shuffle(concrete, ({ hex }) => hex, seed, designer, key)
      .slice(0, count)
      .map((concept) => ({
        concept,
        url: this.imageUrl(concept),
        resource: pictureOf(emoji, this.designer, concept, px),
      }));
  }

  /** Absolute URL of the largest version of a picture. */
  imageUrl(concept: Concept): string {
    return this.#images.origin + this.#path(concept, this.#options.px);
  }

  /**
   * Adds pages in another language, at `prefix` of `site`, that show the first `count` pictures.
   */
  addTranslation(locale: Locale, site: Site, prefix: string, count: number): void {
    const concepts = this.#options.concepts.slice(0, count);
    const nav: [string, string][] = [[`${this.site.origin}/`, 'English']];
    const urls = chunks(concepts, PER_PAGE).map((some, at, all) =>
      site.html(pagePath(prefix, at), () =>
        page({
          title: `${this.designer.title} (${locale})`,
          lang: locale,
          nav: nav.map(([href, words]) => link(href, words)).join(' '),
          main: `${some.map((concept) => this.#translated(locale, concept)).join('\n')}\n${pager(prefix, at, all.length)}`,
        }),
      ),
    );
    const [first] = urls;
    if (first !== undefined) this.#nav.push([first, locale]);
    if (site === this.site) this.#pages.push(...urls);
  }

  /** Adds robots.txt and the sitemaps. To be called last. */
  finish(): void {
    this.site.sitemaps(this.#pages, ['User-agent: *', 'Disallow: /cgi-bin/', 'Allow: /']);
  }

  #path(concept: Concept, width: number): string {
    return this.#look.path(concept, width, this.designer);
  }

  #addImages(concept: Concept): void {
    const { emoji, px } = this.#options;
    for (const width of this.#look.hasSmall ? [px / 2, px] : [px]) {
      const picture = pictureOf(emoji, this.designer, concept, width);
      this.#images.add(this.#path(concept, width), picture);
    }
  }

  #shown(concept: Concept, folderDepth: number): Shown {
    const { px, seed, designer } = this.#options;
    return {
      designer: this.designer,
      concept,
      seed,
      px,
      url: this.imageUrl(concept),
      alt: altText(seed, designer, concept),
      large: this.#path(concept, px),
      small: this.#path(concept, px / 2),
      up: Array<string>(folderDepth).fill('..').join('/'),
    };
  }

  #addPages(): void {
    const { concepts, seed, designer } = this.#options;
    const groups = GROUPS.map((group) => ({
      group,
      prefix: `/browse/${group}`,
      concepts: concepts.filter((concept) => concept.group === group),
    })).filter((group) => group.concepts.length > 0);
    for (const { group, prefix } of groups) {
      this.#nav.push([pagePath(prefix, 0), group.replace('-', ' & ')]);
    }
    const home = () =>
      this.#page(
        `${this.designer.title}: all pictures`,
        `<h1>${this.designer.title}</h1>\n<p>${escapeHtml(prose(seed, designer, 'home'))}</p>
<ul>${this.#nav.map(([href, words]) => `<li>${link(href, words)}`).join('\n')}</ul>`,
      );
    this.#pages.push(this.site.html('/', home));
    for (const { group, prefix, concepts: shown } of groups) {
      const parts = chunks(shown, PER_PAGE);
      for (const [at, some] of parts.entries()) {
        const url = this.site.html(pagePath(prefix, at), () =>
          this.#listPage(group, prefix, at, parts.length, some),
        );
        this.#pages.push(url);
      }
    }
    for (const concept of concepts) {
      if (!this.#hasOwnPage(concept)) continue;
      this.#pages.push(this.site.html(this.#ownPath(concept), () => this.#ownPage(concept)));
    }
  }

  #hasOwnPage(concept: Concept): boolean {
    if (this.#look.ownPages === true) return true;
    return this.#options.concepts.indexOf(concept) % OWN_PAGE_EVERY === 0;
  }

  #ownPath(concept: Concept): string {
    return `/emoji/${kebab(concept.label)}-${concept.hex}.html`;
  }

  #listPage(
    group: string,
    prefix: string,
    at: number,
    count: number,
    concepts: readonly Concept[],
  ): string {
    const { seed, designer } = this.#options;
    const pictures = concepts.map((concept) => {
      const own = this.#hasOwnPage(concept)
        ? `${link(this.#ownPath(concept), concept.label)}\n`
        : '';
      return this.#look.ownPages === true ? own : own + this.#look.show(this.#shown(concept, 2));
    });
    const table = designer === 'emojione';
    return this.#page(
      `${group.replace('-', ' & ')}, page ${at + 1} of ${count}`,
      `<p>${escapeHtml(prose(seed, designer, group, at))}</p>
${this.#look.advertises === true ? advertisement(seed, designer, group, at) : ''}
${table ? '<table>' : ''}
${pictures.join('\n')}
${table ? '</table>' : ''}
${pager(prefix, at, count)}`,
      this.#look.head?.(this.site.host),
    );
  }

  #ownPage(concept: Concept): string {
    const { seed, designer } = this.#options;
    const shown = this.#shown(concept, 1);
    return this.#page(
      `${concept.label} | ${this.designer.title}`,
      `<h1>${escapeHtml(concept.label)}</h1>\n${this.#look.show(shown)}
<p>${escapeHtml(prose(seed, designer, concept.hex))}</p>`,
      `${this.#look.head?.(this.site.host) ?? ''}${socialHead(shown)}`,
    );
  }

  #page(title: string, main: string, head = ''): string {
    const { license, title: name } = this.designer;
    return page({
      title,
      head,
      nav: navigation(this.#nav),
      main,
      foot: `Drawings by ${escapeHtml(name)}, licence ${license}. <link rel="license" href="/">`,
    });
  }

  #translated(locale: Locale, concept: Concept): string {
    const label = escapeHtml(concept.labels[locale]);
    return `<figure><img src="${escapeHtml(this.imageUrl(concept))}" alt="${label}">
<figcaption>${TRANSLATED_CAPTIONS[locale].replace('{}', () => label)}</figcaption></figure>`;
  }
}

function pictureOf(
  emoji: EmojiWorld,
  designer: Designer,
  concept: Concept,
  width: number,
): Content {
  const render = () => emoji.render(designer.id, concept, width);
  const picture = { designer: designer.id, hex: concept.hex };
  return content(`image/${designer.format}`, render, { picture });
}

const TRANSLATED_CAPTIONS: Readonly<Record<Locale, string>> = {
  de: 'Das Bild zeigt: {}. Man darf es für eigene Zwecke verwenden.',
  fr: 'Cette image montre : {}. Vous pouvez la télécharger ici.',
  es: 'Esta imagen muestra: {}. Puede descargarla aquí.',
  pt: 'Esta imagem mostra: {}. Você pode baixá-la aqui.',
  ru: 'На этой картинке: {}. Её можно скачать здесь.',
  ja: '{}の絵文字です。ここからダウンロードできます。',
  zh: '这张图片是：{}。您可以在这里下载。',
};

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}

function pagePath(prefix: string, at: number): string {
  return `${prefix}/${at + 1}.html`;
}

/** Links to the pages around, as numbers and as `next`. */
function pager(prefix: string, at: number, count: number): string {
  const numbers = Array.from({ length: count }, (_, other) =>
    other === at ? `<b>${at + 1}</b>` : link(pagePath(prefix, other), String(other + 1)),
  );
  const next =
    at + 1 < count ? ` <a rel="next" href="${pagePath(prefix, at + 1)}">next &raquo;</a>` : '';
  return `<p class="pager">${numbers.join(' ')}${next}</p>`;
}
