/**
 * Article titles by page views. With a dump, only its articles count, and views of a redirect are
 * views of its target; without one, every title that was viewed is taken for an article.
 */

import { readFile } from 'node:fs/promises';
import { WordTable } from './count/word-table.js';
import { type Entry, queryKey } from './evidence.js';

/** How many redirects in a row are followed: MediaWiki itself follows one. */
const MOST_HOPS = 4;

/** Titles of pages that are about a list, not about a thing. */
const LIST_PAGE =
  /^(?:lists?|ind(?:ex|ices)|outline|timeline|glossary|bibliography|deaths|comparison) (?:of|in) /i;

export class Titles {
  readonly #titles = new WordTable();
  /** By title. */
  #views = new Float64Array(1 << 16);
  /** By title: the number of the title that it redirects to, plus one; 0 for an article. */
  #targets = new Uint32Array(1 << 16);
  #fromDump = false;
  /** Views of titles that the dump does not have. */
  unknownViews = 0;

  /** Adds what a part of a dump holds: lines of `TITLE` or `TITLE<tab>TARGET`. */
  async addPart(path: string): Promise<void> {
    this.#fromDump = true;
    for (const line of (await readFile(path, 'utf8')).split('\n')) {
      if (line === '') continue;
      const tab = line.indexOf('\t');
      const title = this.#titles.addText(tab === -1 ? line : line.slice(0, tab));
      const target = tab === -1 ? 0 : this.#titles.addText(line.slice(tab + 1)) + 1;
      if (Math.max(title, target) >= this.#targets.length) {
        const larger = new Uint32Array(2 * Math.max(title, target));
        larger.set(this.#targets);
        this.#targets = larger;
      }
      this.#targets[title] = target;
    }
  }

  /** Adds a row of a view file. */
  addViews(title: string, views: number): void {
    if (!this.#fromDump) {
      // Without the dump's titles, a colon is the only sign of another namespace.
      if (!title.includes(':'))
        this.#views = added(this.#views, this.#titles.addText(title), views);
      return;
    }
    const number = this.#titles.find(Buffer.from(title));
    if (number === -1) this.unknownViews += views;
    else this.#views = added(this.#views, number, views);
  }

  /**
   * The names of the articles with at least `minViews` views, the most viewed first. Articles that
   * differ only in the explanation behind their name (`Mercury (planet)`, `Mercury (element)`) are one
   * name with the sum of their views.
   */
  entries(minViews: number, letterCase: 'fold' | 'keep'): Entry[] {
    const titles = this.#titles;
    const views = new Float64Array(titles.size);
    for (let number = 0; number < titles.size; number++) {
      const count = this.#views[number] ?? 0;
      if (count === 0) continue;
      const article = this.#articleOf(number);
      views[article] = (views[article] as number) + count;
    }
    const names = new WordTable();
    let nameViews = new Float64Array(1 << 16);
    for (let number = 0; number < titles.size; number++) {
      if (views[number] === 0) continue;
      const name = nameOf(titles.textOf(number));
      if (name === undefined) continue;
      nameViews = added(nameViews, names.addText(name), views[number] as number);
    }
    // Names that only case tells apart are one query; the most viewed form is shown.
    const byKey = new Map<string, { text: string; best: number; views: number }>();
    for (let number = 0; number < names.size; number++) {
      const count = nameViews[number] as number;
      const text = names.textOf(number).normalize('NFC');
      const key = queryKey(text, letterCase);
      const known = byKey.get(key);
      if (known === undefined) {
        byKey.set(key, { text, best: count, views: count });
      } else {
        known.views += count;
        if (count > known.best || (count === known.best && text < known.text)) {
          known.best = count;
          known.text = text;
        }
      }
    }
    return [...byKey.values()]
      .filter((name) => name.views >= minViews)
      .sort((a, b) => b.views - a.views || (a.text < b.text ? -1 : 1))
      .map(({ text, views: score }) => ({ text, score, measures: { views: score } }));
  }

  #articleOf(number: number): number {
    let article = number;
    for (let hop = 0; hop < MOST_HOPS; hop++) {
      const target = this.#targets[article] ?? 0;
      if (target === 0) break;
      article = target - 1;
    }
    return article;
  }
}

/** Adds to `sums[at]`; returns the sums, which may have had to grow. */
function added(
  sums: Float64Array<ArrayBuffer>,
  at: number,
  amount: number,
): Float64Array<ArrayBuffer> {
  let room = sums;
  if (at >= sums.length) {
    room = new Float64Array(2 * at);
    room.set(sums);
  }
  room[at] = (room[at] as number) + amount;
  return room;
}

/** The name of an article without the explanation in brackets; undefined where it is no search term. */
export function nameOf(title: string): string | undefined {
  if (title === 'Main Page' || LIST_PAGE.test(title)) return undefined;
  if (/\(disambiguation\)$/i.test(title)) return undefined;
  const name = title
    .replace(/\s*\([^()]*\)$/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return /\p{L}/u.test(name) ? name : undefined;
}
