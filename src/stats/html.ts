/**
 * The one way that values get into the report page. `html` is a template tag that escapes every
 * interpolated value unless it is itself the result of `html`, so forgetting to escape is not
 * possible; there is no function that marks a string from outside as safe.
 *
 * Escaping is right for element content and for attribute values in quotes, the only two places
 * the templates interpolate into. Characters that do not show, or that reorder the text around them
 * (controls, bidirectional overrides: Unicode TR9 and TR36), are made visible.
 */

import { cut, URL_LENGTH } from './text.js';

/** Markup that needs no escaping, because `html` or `trusted` made it. */
export class Html {
  readonly #markup: string;

  /** @internal Only this file makes instances. */
  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

type Value = Html | string | number | false | null | undefined | readonly Value[];

/** Markup with every value escaped. `false`, `null` and `undefined` give nothing, arrays their parts. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  let markup = strings[0] as string;
  for (const [index, value] of values.entries()) {
    markup += render(value) + (strings[index + 1] as string);
  }
  return new Html(markup);
}

function render(value: Value): string {
  if (value instanceof Html) return value.toString();
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'number') return String(value);
  if (value === false || value === null || value === undefined) return '';
  return value.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/**
 * C0 and C1 controls but tab and line feed, DEL, bidirectional marks, embeddings, overrides and
 * isolates, invisible separators and fillers, the byte order mark and lone surrogates. Zero-width
 * joiner and non-joiner stay: emoji and many scripts need them.
 */
const INVISIBLE =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\p{Surrogate}/gu;

/** Text as it may stand between tags or in a quoted attribute. */
export function escapeText(text: string): string {
  return text.replace(INVISIBLE, visible).replace(/[&<>"'`]/g, (c) => ENTITIES[c] as string);
}

/** Control Pictures (U+2400…) for ASCII controls, the code point in brackets for the rest. */
function visible(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** More combining marks on one letter than any script writes: they would stack over other lines. */
const STACKED_MARKS = /(\p{M}{5})\p{M}+/gu;

/**
 * Text from the web: cut to `length` code points, without towers of marks, and isolated, so that
 * right-to-left text does not reorder its neighbours.
 */
export function foreign(text: string, length = 200): Html {
  return html`<bdi>${cut(text.replace(STACKED_MARKS, '$1…'), length)}</bdi>`;
}

/**
 * A URL from the web: a link when it is http or https, else plain text. The label is host and path,
 * so that credentials in front of the host cannot pose as the host.
 */
export function link(url: string, length = 60, label: 'path' | 'host' = 'path'): Html {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const web = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
  if (parsed === undefined || !web || url.length > URL_LENGTH) return foreign(url, length);
  parsed.username = '';
  parsed.password = '';
  const path = label === 'host' || parsed.pathname === '/' ? '' : parsed.pathname;
  const query = label === 'host' ? '' : parsed.search;
  return html`<a href="${parsed.href}" rel="noreferrer noopener nofollow"
    target="_blank">${foreign(`${parsed.host}${path}${query}`, length)}</a>`;
}

/** A style sheet of this project, as it is: CSS is not markup and must not be escaped. */
export function styleElement(css: string): Html {
  if (css.includes('<')) throw new Error('a style sheet must not contain "<"');
  return new Html(`<style>${css}</style>`);
}
