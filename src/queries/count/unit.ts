/** Counts the words and bigrams of one part of a dump. */

import { type Page, type PageHandler, PageScanner, type Seam } from '../dump/pages.js';
import { type MarkupLoss, ProseReader } from '../dump/wikitext.js';
import { type WordBatch, type WordOptions, WordReader } from '../dump/words.js';
import { PairList } from './pair-list.js';
import { writeRun } from './runs.js';
import { WordTable } from './word-table.js';

/**
 * A run is written when this many bigrams wait: 256 MB of memory. A part of ordinary size stays below;
 * a compressed bomb must not fill the memory, nor 16 times as many words overflow a count.
 */
const MOST_BIGRAMS = 1 << 24;

/** What was read and lost; keys are names of counters. */
export type Tally = Record<string, number>;

export interface PartCount {
  /** How many runs were written. */
  runs: number;
  read: Tally;
  lost: Tally;
  /** Bytes that belong to pages of this part and its neighbours. */
  seam: Seam;
  /** Lines of `TITLE`, or `TITLE<tab>TARGET` for a redirect. */
  titles: string;
}

export interface CounterOptions extends WordOptions {
  /** Namespaces of links that are not prose, in small letters. */
  namespaces: readonly string[];
}

export class UnitCounter {
  readonly #prose: ProseReader;
  readonly #words: WordReader;
  readonly #table = new WordTable();
  readonly #pairs = new PairList();
  readonly #handler: PageHandler;
  #scanner: PageScanner;
  /** Lines of `TITLE` or `TITLE<tab>TARGET`. */
  #titles: string[] = [];
  #read: Tally = {};
  #lost: Tally = {};
  #occurrences = 0;
  /** The last word's number, and room for those of a batch. */
  #last = 0;
  #numbers = new Uint32Array(0);
  /** Where runs go, and how many are there. */
  #base = '';
  #runs = 0;

  constructor(options: CounterOptions) {
    this.#prose = new ProseReader(options.namespaces);
    this.#words = new WordReader((batch) => this.#add(batch), options);
    this.#handler = {
      page: (page) => this.#page(page),
      lost: (reason) => this.#lose(reason),
    };
    this.#scanner = new PageScanner(this.#handler);
  }

  /** Begins a part whose runs will be `BASE-0`, `BASE-1`, …; forgets what was counted before. */
  begin(base: string): void {
    this.#base = base;
    this.#runs = 0;
    this.#table.clear();
    this.#pairs.clear();
    this.#scanner = new PageScanner(this.#handler);
    this.#titles = [];
    this.#read = {};
    this.#lost = {};
    for (const reason of Object.keys(this.#prose.lost)) {
      delete this.#prose.lost[reason as MarkupLoss];
    }
    this.#words.overlong = 0;
  }

  /** The next bytes of the dump. */
  push(bytes: Uint8Array): void {
    this.#scanner.push(bytes);
    if (Math.max(this.#pairs.size, this.#occurrences / 16) > MOST_BIGRAMS) this.#writeRun();
  }

  /** Bytes are missing here. */
  gap(): void {
    this.#scanner.gap();
  }

  /** A file ends here: a page that is still open is lost. */
  endFile(): void {
    this.#scanner.close();
    this.#scanner = new PageScanner(this.#handler);
  }

  #add(batch: WordBatch): void {
    const { size, follows } = batch;
    if (size > this.#numbers.length) this.#numbers = new Uint32Array(size);
    const numbers = this.#numbers;
    this.#table.addBatch(batch, numbers);
    const pairs = this.#pairs;
    let last = this.#last;
    for (let i = 0; i < size; i++) {
      const number = numbers[i] as number;
      if (follows[i] === 1) pairs.push(last, number);
      last = number;
    }
    this.#last = last;
    this.#occurrences += size;
  }

  #lose(reason: string): void {
    this.#lost[reason] = (this.#lost[reason] ?? 0) + 1;
  }

  #page(page: Page): void {
    this.#count('pages', 1);
    if (page.namespace !== 0) return;
    if (page.redirect !== undefined) {
      this.#count('redirects', 1);
      this.#titles.push(`${line(page.title)}\t${line(page.redirect)}\n`);
      return;
    }
    this.#count('articles', 1);
    this.#titles.push(`${line(page.title)}\n`);
    this.#prose.read(page.buffer, page.start, page.end);
    this.#words.read(this.#prose.bytes, this.#prose.length);
  }

  #count(what: string, by: number): void {
    this.#read[what] = (this.#read[what] ?? 0) + by;
  }

  #writeRun(): void {
    writeRun(`${this.#base}-${this.#runs}`, this.#table, this.#pairs);
    this.#runs++;
    this.#count('words', this.#occurrences);
    this.#table.clear();
    this.#pairs.clear();
    this.#occurrences = 0;
  }

  /** Writes what is left to a last run, and returns what else came of the part. */
  finish(): PartCount {
    const seam = this.#scanner.finish();
    this.#writeRun();
    const lost = { ...this.#lost };
    for (const [reason, count] of Object.entries(this.#prose.lost)) lost[reason] = count;
    if (this.#words.overlong > 0) lost.overlong_word = this.#words.overlong;
    return { runs: this.#runs, read: this.#read, lost, seam, titles: this.#titles.join('') };
  }
}

/** MediaWiki's titles hold neither tabs nor line feeds; a forged dump's might. */
function line(title: string): string {
  return title.replace(/[\t\n\r]/g, ' ');
}
