/**
 * The pages of a synthetic dump. Each article is some sections of a real one, in which many words have
 * given way to pseudo-words of a heavy-tailed law, so that the density of markup stays that of the real
 * dump while distinct words and bigrams keep growing as they do there (Heaps' law). A page is a pure
 * function of (seed, index): nothing is kept, and any part of a dump can be made alone.
 */

import { pseudoWord, type Random, seeded, seedOf, writePseudoWord, zipfRank } from './random.js';
import type { RealPages } from './real-pages.js';

/** Of all pages; the rest are articles. */
const REDIRECTS = 0.4;
const OTHER_NAMESPACES = 0.08;
const NAMESPACES = [
  [4, 'Wikipedia'],
  [6, 'File'],
  [10, 'Template'],
  [14, 'Category'],
] as const;
const SUFFIXES = ['film', 'album', 'disambiguation', 'river', 'surname'];

/**
 * The words that may give way: four small letters or more, between spaces or before a comma or full
 * stop, so that no markup does.
 */
const REPLACEABLE = /(?<= )[a-z]{4,}(?=[ ,.])/g;
const SHARE = 0.9;
/** Chosen for about 12 million distinct bigrams and 0.5 million distinct words in 50 million words. */
const EXPONENT = 1.55;
const OFFSET = 300;
const VOCABULARY = 50_000_000;

/**
 * Articles end with the section that reaches a log-normal length, in bytes: the excerpt's are long, the
 * whole Wikipedia's have some 4 kB a page, redirects and all.
 */
const MEDIAN_LENGTH = 5_000;
const LENGTH_SIGMA = 1;

/** What a draw is for; each has its own stream. */
const KIND = 1;
const TITLE = 2;
const TEXT = 3;

export interface PageHead {
  id: number;
  /** Escaped for XML. */
  title: string;
  namespace: number;
  /** Index of the page that a redirect leads to. */
  redirect?: number;
}

interface Template {
  title: string;
  bytes: Buffer;
  /** Where sections start, and the length. */
  sections: number[];
  /** Starts and ends of the words that may give way, in turn. */
  words: Int32Array;
}

export class SyntheticPages {
  readonly header: string;
  readonly footer = '</mediawiki>\n';
  readonly #seed: number;
  readonly #templates: Template[];
  #buffer = Buffer.alloc(2 ** 20);

  constructor(real: RealPages, seed: number) {
    this.header = real.header;
    this.#seed = seed;
    this.#templates = real.pages.map(({ title, text }) => {
      // One character a byte: the expression looks at ASCII alone.
      const latin = Buffer.from(text).toString('latin1');
      const words = [...latin.matchAll(REPLACEABLE)].flatMap((m) => [
        m.index,
        m.index + m[0].length,
      ]);
      const headings = [...latin.matchAll(/\n(?===)/g)].map(({ index }) => index + 1);
      return {
        title,
        bytes: Buffer.from(latin, 'latin1'),
        sections: [0, ...headings, latin.length],
        words: Int32Array.from(words),
      };
    });
  }

  head(index: number): PageHead {
    const random = seeded(seedOf(this.#seed, index, KIND));
    const kind = random();
    const id = 10 + 2 * index;
    if (index > 0 && kind < REDIRECTS) {
      const redirect = Math.floor(random() * index);
      return { id, title: this.#title(index), namespace: 0, redirect };
    }
    if (kind < REDIRECTS + OTHER_NAMESPACES) {
      const [key, name] = NAMESPACES[Math.floor(random() * NAMESPACES.length)] ?? NAMESPACES[0];
      return { id, title: `${name}:${this.#title(index)}`, namespace: key };
    }
    return { id, title: this.#title(index), namespace: 0 };
  }

  /** Unique: it holds the pseudo-word of the page's number. */
  #title(index: number): string {
    const random = seeded(seedOf(this.#seed, index, TITLE));
    const word = pseudoWord(index);
    const capital = word.charAt(0).toUpperCase() + word.slice(1);
    const second = pseudoWord(zipfRank(random(), EXPONENT, OFFSET, VOCABULARY));
    const real = this.#templates[Math.floor(random() * this.#templates.length)]?.title ?? '';
    const form = random();
    if (form < 0.3) return capital;
    if (form < 0.6) return `${capital} ${second}`;
    if (form < 0.9) return `${real} ${capital}`;
    return `${capital} (${SUFFIXES[Math.floor(random() * SUFFIXES.length)]})`;
  }

  /** The bytes of a page's element; valid until the next call. */
  page(index: number): Buffer {
    const { id, title, namespace, redirect } = this.head(index);
    const target = redirect === undefined ? undefined : this.head(redirect).title;
    let at = this.#write(
      0,
      `  <page>\n    <title>${title}</title>\n    <ns>${namespace}</ns>\n    <id>${id}</id>\n` +
        (target === undefined ? '' : `    <redirect title="${target}" />\n`) +
        `    <revision>\n      <id>${id + 7e8}</id>\n      <timestamp>2016-04-22T10:19:33Z</timestamp>\n` +
        `      <contributor>\n        <username>Bench</username>\n        <id>1</id>\n      </contributor>\n` +
        '      <model>wikitext</model>\n      <format>text/x-wiki</format>\n' +
        '      <text xml:space="preserve">',
    );
    if (target === undefined) at = this.#writeText(index, at);
    else at = this.#write(at, `#REDIRECT [[${target}]]\n\n{{Redr|move|from title}}`);
    const sha1 = seedOf(this.#seed, index, 0).toString(36).padStart(31, '0');
    at = this.#write(at, `</text>\n      <sha1>${sha1}</sha1>\n    </revision>\n  </page>\n`);
    return this.#buffer.subarray(0, at);
  }

  #write(at: number, text: string): number {
    return at + this.#buffer.write(text, at);
  }

  #writeText(index: number, start: number): number {
    const random = seeded(seedOf(this.#seed, index, TEXT));
    const choice = Math.floor(random() * this.#templates.length);
    const { bytes, sections, words } = this.#templates[choice] as Template;
    const length = MEDIAN_LENGTH * Math.exp(LENGTH_SIGMA * normal(random));
    const first = Math.floor(random() * (sections.length - 1));
    let from = sections[first] as number;
    const wanted = from + length;
    const end = sections.find((place, i) => i > first && place >= wanted) ?? bytes.length;

    // A pseudo-word has at most 10 letters, the word it replaces at least 4.
    const room = start + 3 * (end - from) + 4_096;
    if (this.#buffer.length < room) {
      const larger = Buffer.alloc(2 * room);
      this.#buffer.copy(larger, 0, 0, start);
      this.#buffer = larger;
    }
    let at = start;
    for (let i = firstAt(words, from); i < words.length; i += 2) {
      const wordStart = words[i] as number;
      if (wordStart >= end) break;
      if (random() >= SHARE) continue;
      at += bytes.copy(this.#buffer, at, from, wordStart);
      at = writePseudoWord(zipfRank(random(), EXPONENT, OFFSET, VOCABULARY), this.#buffer, at);
      from = words[i + 1] as number;
    }
    return at + bytes.copy(this.#buffer, at, from, end);
  }
}

/** A draw of the standard normal law (Box–Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Index of the first word that starts at or after a place. */
function firstAt(words: Int32Array, place: number): number {
  let low = 0;
  let high = words.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((words[2 * middle] as number) < place) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}
