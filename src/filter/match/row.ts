/**
 * The words of one text in a row. A reader cuts them; a table looks them up, a block of them at a time: reads
 * that do not wait for each other come from memory together. Used again for every text, so that matching
 * makes no garbage.
 */

/** Words that are looked up together: more than most captions have, few enough to stay in the nearest cache. */
export const BLOCK = 64;

/** 32-bit integers of a word that waits to be looked up. */
export const SPAN = 3;
export const SPAN_HASH = 0;
/** The place of its first unit: even, so that two units can be read at once. */
export const SPAN_BEGIN = 1;
export const SPAN_LENGTH = 2;

/** Units that may be read from where a word begins, whatever stands there. */
const SLACK = 16;

/** The hash of the word without units (FNV-1a, 32 bits). */
export const HASH_START = 0x811c9dc5 | 0;

/** The hash of a word that goes on with `unit`. */
export function hashOn(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** Gives words their numbers, from 1; `NO_WORD` to those that it has not. */
export interface WordTable {
  /** Puts the numbers of the words that wait behind those of the row. */
  resolve(row: WordRow): void;
}

export const NO_WORD = 0;

export class WordRow {
  readonly #table: WordTable;
  /** The units of the words that wait, one word after the other. */
  units = new Uint16Array(0);
  /** The same, two units in each integer. */
  pairs = new Int32Array(0);
  readonly spans = new Int32Array(SPAN * BLOCK);
  waiting = 0;
  /** Where the next word begins in `units`: a reader writes it there, then calls `close`. */
  end = 0;
  /** The first `count` are the numbers of the words. */
  words = new Int32Array(1024);
  count = 0;

  constructor(table: WordTable) {
    this.#table = table;
  }

  /** For a text of `length` units. */
  begin(length: number): void {
    this.count = 0;
    this.#clear();
    this.makeRoom(length);
  }

  /** Words so far. */
  get total(): number {
    return this.count + this.waiting;
  }

  /** Ends a word that was written from `end` on; `hash` is that of all its units. */
  close(hash: number, length: number): void {
    const at = this.waiting * SPAN;
    this.spans[at + SPAN_HASH] = hash;
    this.spans[at + SPAN_BEGIN] = this.end;
    this.spans[at + SPAN_LENGTH] = length;
    this.waiting += 1;
    this.end += length + (length & 1);
    if (this.waiting === BLOCK) this.finish();
  }

  /** Puts a word behind the others. */
  push(word: string): void {
    this.makeRoom(word.length);
    let hash = HASH_START;
    for (let at = 0; at < word.length; at++) {
      const unit = word.charCodeAt(at);
      this.units[this.end + at] = unit;
      hash = hashOn(hash, unit);
    }
    this.close(hash, word.length);
  }

  /** Drops all words but the first `total`. */
  truncate(total: number): void {
    if (total < this.count) this.count = total;
    this.waiting = total - this.count;
    const last = (this.waiting - 1) * SPAN;
    if (this.waiting === 0) this.end = 0;
    else {
      const length = this.spans[last + SPAN_LENGTH] as number;
      this.end = (this.spans[last + SPAN_BEGIN] as number) + length + (length & 1);
    }
  }

  /** Looks up what waits. One word more than there are may be read from `words`; it is none. */
  finish(): void {
    const count = this.count + this.waiting;
    if (count >= this.words.length) {
      const larger = new Int32Array(2 * count);
      larger.set(this.words);
      this.words = larger;
    }
    this.#table.resolve(this);
    this.count = count;
    this.words[count] = NO_WORD;
    this.#clear();
  }

  #clear(): void {
    this.waiting = 0;
    this.end = 0;
  }

  /** For words of so many units in all, behind those that wait. */
  makeRoom(units: number): void {
    // A unit more after each word.
    const wanted = this.end + units + BLOCK + SLACK;
    if (wanted <= this.units.length) return;
    const larger = new Uint16Array(2 * wanted);
    larger.set(this.units);
    this.units = larger;
    this.pairs = new Int32Array(larger.buffer);
  }
}
