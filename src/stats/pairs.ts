/** What is counted of each row of the dataset: its text, its image's size, where it came from. */

import { LanguageDetector } from '../core/language/detector.js';
import { type Pair, pairFields } from '../core/types.js';
import { Draw, drawRank } from './draw.js';
import type { DrawnRow } from './samples.js';
import { Spread } from './spread.js';
import { Tally } from './tally.js';
import { cut, hostOf, NAME_LENGTH, TEXT_LENGTH, URL_LENGTH } from './text.js';
import type { CaptionStats, ImageStats, Sample } from './types.js';

/** Rows shown with their image. */
const SAMPLES = 36;
/** Captions whose language is looked at, about: half a second of work. */
const LANGUAGE_SAMPLE = 200_000;
/** Bins of a histogram, about. */
const BINS = 24;

/** width ÷ height, symmetric about 1 on a logarithmic scale; sections/images.ts names the bins. */
const ASPECT_EDGES = [0, 1 / 2.5, 1 / 1.8, 1 / 1.4, 1 / 1.1, 1.1, 1.4, 1.8, 2.5, 3.5] as const;

export type PairRow = Omit<Pair, 'image'>;

/** Every column but the pixels. */
export const PAIR_COLUMNS = Object.keys(pairFields).filter(
  (name) => name !== 'image',
) as (keyof PairRow)[];

export class PairCounter {
  readonly queries = new Tally();
  readonly hosts = new Tally();
  readonly licences = new Tally();
  readonly drawn: Draw<DrawnRow>;
  readonly #seed: number;
  readonly #languageShare: number;
  readonly #languages = new Tally();
  readonly #detector = new LanguageDetector();
  readonly #formats = new Tally();
  readonly #words = new Spread();
  readonly #chars = new Spread();
  readonly #originalSide = new Spread();
  readonly #storedSide = new Spread();
  /** In thousandths. */
  readonly #aspect = new Spread();
  #reduced = 0;

  /** @param rows how many will be added: decides which share of the languages is looked at. */
  constructor(seed: number, rows: number) {
    this.#seed = seed;
    this.#languageShare = Math.min(1, LANGUAGE_SAMPLE / Math.max(1, rows));
    this.drawn = new Draw(seed, SAMPLES);
  }

  /** @param path and `index` where the row's image can be read later. */
  add(row: PairRow, path: string, index: number): void {
    for (const query of row.queries) this.queries.add(query);
    this.hosts.add(hostOf(row.url));
    this.licences.add(cut(row.license ?? 'unknown', NAME_LENGTH));
    this.#formats.add(row.format);
    this.#words.add(wordCount(row.text));
    this.#chars.add(row.text.length);
    if (drawRank(this.#seed, row.key) < this.#languageShare) {
      this.#languages.add(this.#detector.detect(cut(row.text, TEXT_LENGTH)) || 'und');
    }
    this.#originalSide.add(Math.min(row.originalWidth, row.originalHeight));
    this.#storedSide.add(Math.min(row.width, row.height));
    this.#aspect.add(Math.round((1000 * row.width) / row.height));
    if (row.width * row.height < row.originalWidth * row.originalHeight) this.#reduced += 1;
    this.drawn.offer(row.key, () => ({ sample: sampleOf(row), path, row: index }));
  }

  captions(): Omit<CaptionStats, 'sources'> {
    return {
      words: this.#words.distribution(this.#words.edges(BINS)),
      chars: this.#chars.distribution(this.#chars.edges(BINS)),
      languages: this.#languages.ranking(12),
      languagesOf: this.#languages.total,
    };
  }

  images(): ImageStats {
    const sideEdges = this.#originalSide.edges(BINS, this.#storedSide);
    return {
      originalSide: this.#originalSide.distribution(sideEdges),
      storedSide: this.#storedSide.distribution(sideEdges),
      aspect: this.#aspect.distribution(ASPECT_EDGES, 1000),
      formats: this.#formats.ranking(10),
      reduced: this.#reduced,
    };
  }
}

function sampleOf(row: PairRow): Sample {
  return {
    key: row.key,
    text: cut(row.text, TEXT_LENGTH),
    url: cut(row.url, URL_LENGTH),
    ...(row.pageUrl !== undefined && { pageUrl: cut(row.pageUrl, URL_LENGTH) }),
    queries: row.queries.slice(0, 20),
    width: row.width,
    height: row.height,
    originalWidth: row.originalWidth,
    originalHeight: row.originalHeight,
  };
}

/** Runs of anything but whitespace. Counted without cutting the text up: it may be a megabyte. */
function wordCount(text: string): number {
  let words = 0;
  for (const _ of text.matchAll(/\S+/g)) words += 1;
  return words;
}
