/**
 * The words of one text in a row. A reader cuts them; a table looks them up, a block of them at a time: reads
 * that do not wait for each other come from memory together. Used again for every text, so that matching
 * makes no garbage.
 */

/** Words that are looked up together: more than most captions have, few enough to stay in the nearest cache. */
export const BLOCK = 64;

/** Units that may be read from where a word begins, whatever stands there. */
const SLACK = 16;

/** The hash of the word without units (FNV-1a, 32 bits). */
export const HASH_START = 0x811c9dc5 | 0;

/** The hash of a word that goes on with `unit`. */
export function hashOn(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/**
 * Gives words their numbers, from 1; `NO_WORD` to those that it has not. What it returns for a row puts the
 * numbers of the words that wait behind those of the row.
 */
export type WordTable = (row: WordRow) => () => void;

export const NO_WORD = 0;

export class WordRow {
  readonly #resolve: () => void;
  /** Where a reader writes the units of a text's words, before it closes them. */
  units = new Uint16Array(0);
  /** The same, two units in each integer. */
  pairs = new Int32Array(0);
  /** Of the words that wait to be looked up: hash, place of the first unit, number of units. */
  readonly hashes = new Int32Array(BLOCK);
  /** Even, so that two units can be read at once. */
  readonly begins = new Int32Array(BLOCK);
  readonly lengths = new Int32Array(BLOCK);
  waiting = 0;
  /** The first `count` are the numbers of the words. */
  words = new Int32Array(1024);
  count = 0;

  constructor(table: WordTable) {
    this.#resolve = table(this);
  }

  /** For a text of `length` units. */
  begin(length: number): void {
    this.count = 0;
    this.waiting = 0;
    this.makeRoom(0, length);
  }

  /** Makes room for the words of so many units of a text, from `begin` on; after each a unit may be left. */
  makeRoom(begin: number, units: number): void {
    const wanted = begin + 2 * units + SLACK;
    if (wanted <= this.units.length) return;
    const larger = new Uint16Array(2 * wanted);
    larger.set(this.units);
    this.units = larger;
    this.pairs = new Int32Array(larger.buffer);
  }

  /**
   * Ends a word that was written.
   * @param hash of all its units
   * @param begin even; what is written from there on stays until the row is finished
   */
  close(hash: number, begin: number, length: number): void {
    const { hashes, begins, lengths, waiting } = this;
    hashes[waiting] = hash;
    begins[waiting] = begin;
    lengths[waiting] = length;
    this.waiting = waiting + 1;
    if (waiting + 1 === hashes.length) this.finish();
  }

  /** Writes a word from `begin` on and closes it; returns where the next one may begin. */
  push(word: string, begin: number): number {
    this.makeRoom(begin, word.length);
    let hash = HASH_START;
    for (let at = 0; at < word.length; at++) {
      const unit = word.charCodeAt(at);
      this.units[begin + at] = unit;
      hash = hashOn(hash, unit);
    }
    this.close(hash, begin, word.length);
    return even(begin + word.length);
  }

  /** Words so far. */
  get total(): number {
    return this.count + this.waiting;
  }

  /** Drops all words but the first `total`. */
  truncate(total: number): void {
    this.count = Math.min(this.count, total);
    this.waiting = total - this.count;
  }

  /**
   * Looks up what waits. At the end of a text it is called by who called the reader: so the reader's loop is compiled
   * without it. One word more than there are may be read from `words`; it is none.
   */
  finish(): void {
    const count = this.count + this.waiting;
    if (count >= this.words.length) {
      const larger = new Int32Array(2 * count);
      larger.set(this.words);
      this.words = larger;
    }
    this.#resolve();
    this.waiting = 0;
    this.count = count;
    this.words[count] = NO_WORD;
  }
}

/** The next place at which a word may begin. */
export function even(place: number): number {
  return (place + 1) & ~1;
}
