/**
 * How each designer's site is made: where its pictures lie and how its pages show them. No two do it
 * alike, so that whoever reads them all has met the ways in which the web shows a picture.
 */

import { captionText, titleText } from './captions.js';
import { draw } from './chance.js';
import { type Concept, type Designer, kebab } from './emoji.js';
import { asEntities, escapeHtml } from './html.js';

export interface Look {
  /** Where the pictures are, when not on the site itself. */
  imageHost?: string;
  /** Path (and query) of a picture. */
  path: (concept: Concept, width: number, designer: Designer) => string;
  /** Smaller versions are offered beside the largest. */
  hasSmall?: boolean;
  /** HTML for the head of a page that shows pictures. */
  head?: (host: string) => string;
  /** Every picture has a page of its own, and the lists link to those instead of showing it. */
  ownPages?: boolean;
  advertises?: boolean;
  /** HTML that shows one picture. Loose, as real pages are. */
  show: (shown: Shown) => string;
}

/** One picture in one page. */
export interface Shown {
  designer: Designer;
  concept: Concept;
  seed: number;
  px: number;
  /** Absolute URL of the large version. */
  url: string;
  alt: string;
  /** Path of the large and of the small version. */
  large: string;
  small: string;
  /** Steps from the page's folder up to the root: `../..`. */
  up: string;
}

const PLACEHOLDER =
  'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

const caption = ({ seed, designer, concept }: Shown) =>
  escapeHtml(captionText(seed, designer.id, concept));
const title = ({ designer, concept }: Shown) => escapeHtml(titleText(designer.id, concept));
const extension = (designer: Designer) => (designer.format === 'jpeg' ? 'jpg' : designer.format);

export const LOOKS: Readonly<Record<string, Look>> = {
  // Figures; URLs relative to the page, through `..`.
  noto: {
    path: ({ hex }) => `/img/emoji_u${hex.replaceAll('-', '_')}.png`,
    show: (shown) => `<figure id="u${shown.concept.hex}">
<img src="${shown.up}${shown.large}" alt="${escapeHtml(shown.alt)}" width="${shown.px}" height="${shown.px}">
<figcaption>${caption(shown)}</figcaption>
</figure>`,
  },
  // A base element: `src` is relative to another folder than the page's.
  'noto-v1': {
    path: ({ hex }) => `/assets/blobs/${hex}.jpg`,
    head: (host) => `<base href="http://${host}/assets/">`,
    show: (shown) =>
      `<figure><img alt="${escapeHtml(shown.alt)}" src="${shown.large.replace('/assets/', '')}"><figcaption><b>${caption(shown)}</b></figcaption></figure>`,
  },
  // The pictures lie on another host, named without a scheme; two densities in a picture element.
  twemoji: {
    imageHost: 'cdn.twemoji.test',
    path: ({ hex }, width) => `/${width}x${width}/${hex}.png`,
    hasSmall: true,
    advertises: true,
    show: (shown) => `<figure><picture>
  <source type="image/png" srcset="//cdn.twemoji.test${shown.small}, //cdn.twemoji.test${shown.large} 2x">
  <img src="//cdn.twemoji.test${shown.small}" alt="${escapeHtml(shown.alt)}">
</picture>
<figcaption>${caption(shown)}</figcaption></figure>`,
  },
  // Widths in srcset; spaces in paths, encoded where they must be and raw where browsers bear it.
  'fluent-flat': {
    path: ({ label }, width) => `/assets/${encodeURIComponent(label)}/flat-${width}.webp`,
    hasSmall: true,
    show: (shown) => {
      const raw = /^[\w ]+$/.test(shown.concept.label) ? decodeURI(shown.small) : shown.small;
      return `<figure>
<img srcset="${shown.small} ${shown.px / 2}w,
  ${shown.large} ${shown.px}w" sizes="${shown.px}px" src="${escapeHtml(raw)}" alt="${escapeHtml(shown.alt)}" title="${title(shown)}">
<figcaption>${caption(shown)}</figcaption></figure>`;
    },
  },
  // Loaded by a script when scrolled to: the truth is in data attributes, or in noscript.
  'fluent-3d': {
    path: ({ label, hex }) => `/3d/${kebab(label)}_${hex}.webp`,
    show: (shown) => {
      const alt = escapeHtml(shown.alt);
      const how = draw(shown.seed, shown.concept.hex, 'lazy');
      const source =
        how < 0.5
          ? `data-src="${shown.large}"`
          : `data-srcset="${shown.large} ${shown.px}w" data-src="${shown.large}"`;
      const noscript =
        how < 0.25 ? `<noscript><img src="${shown.large}" alt="${alt}"></noscript>` : '';
      return `<figure><img class="lazyload" src="${PLACEHOLDER}" ${source} loading="lazy" alt="${alt}">${noscript}
<figcaption>${caption(shown)}</figcaption></figure>`;
    },
  },
  // A table; entities in alts; the second text is a title attribute.
  emojione: {
    path: ({ hex }, width) => `/png/${width}/${hex.toUpperCase()}.jpg`,
    advertises: true,
    show: (shown) =>
      `<tr><td><img src="${shown.large}" alt="${asEntities(shown.alt)}" title="${asEntities(captionText(shown.seed, shown.designer.id, shown.concept))}"></td><td><code>U+${shown.concept.hex}</code></td></tr>`,
  },
  // The last century: capitals, unquoted values, nothing closed; a script that takes a query.
  'emojione-v1': {
    path: ({ hex }, width) => `/image.php?code=${hex}&size=${width}`,
    show: (shown) =>
      `<P><IMG SRC=${escapeHtml(shown.large)} ALT='${escapeHtml(shown.alt)}' BORDER=0><BR><FONT SIZE=2>${escapeHtml(shown.concept.emoji)}</FONT>`,
  },
  // An embedded list: the caption stands in the title attribute of a link around the picture.
  'fluent-line': {
    path: ({ hex }) => `/svg-previews/${hex}.png`,
    show: (shown) =>
      `<li><a href="#${shown.concept.hex}"><img src="${shown.large}" alt="${escapeHtml(shown.alt)}" title="${escapeHtml(captionText(shown.seed, shown.designer.id, shown.concept))}"></a></li>`,
  },
  'emojione-line': {
    path: ({ hex }) => `/mono/${hex}.webp`,
    show: (shown) =>
      `<figure><img loading="lazy" src="${shown.large}" alt="${escapeHtml(shown.alt)}"><figcaption>${caption(shown)}</figcaption></figure>`,
  },
  streamline: {
    path: ({ label, hex }) => `/lines/${kebab(label)}-${hex}.jpg`,
    show: (shown) =>
      `<figure><img src="${shown.large}" alt="${escapeHtml(shown.alt)}"><figcaption><p>${caption(shown)}</p></figcaption></figure>`,
  },
  // A page for each, found by its og:image as well as by the picture in it.
  fxemoji: {
    path: ({ label, hex }, _width, designer) => `/f/${kebab(label)}-${hex}.${extension(designer)}`,
    ownPages: true,
    show: (shown) => `<figure>
<img src="${shown.large}" alt="${escapeHtml(shown.alt)}">
<figcaption>${caption(shown)}</figcaption></figure>`,
  },
};

/** Head elements of a picture's own page. */
export function socialHead(shown: Shown): string {
  return `<meta property="og:type" content="article">
<meta property="og:title" content="${title(shown)}">
<meta property="og:description" content="${caption(shown)}">
<meta property="og:image" content="${escapeHtml(shown.url)}">
<meta property="og:image:alt" content="${escapeHtml(shown.alt)}">`;
}
