/**
 * The words of a query list: an open-addressed table over UTF-16 units, in typed arrays that threads can
 * share. Exact: a word is found by its hash and told apart by its units.
 *
 * Reading memory is what looking words up costs, so what is wanted of a word stands in one entry of
 * half a cache line.
 */

/** In place of an entry, a node or a query: none. */
export const NONE = -1;

/** 32-bit integers of an entry. */
export const ENTRY = 8;
const HASH = 0;
/** The node of the trie that the word leads to from the root, numbered from 1; 0: a free entry. */
export const WORD_NODE = 1;
/** The queries that are this word alone: see `queryField` in trie.ts. */
export const WORD_QUERY = 2;
/** Twice the number of units, and 1 where queries go on after the word. */
export const WORD_LENGTH = 3;
/** The units, two in each integer; of a longer word, where they begin in `letters`. */
const UNITS = 4;
const SHORT = 8;

/** The hash of the word without units (FNV-1a, 32 bits). */
export const HASH_START = 0x811c9dc5 | 0;

/** The hash of a word that goes on with `unit`. */
export function hashOn(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** The first place to look at: the low bits of FNV alone are poor. */
function spread(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** What readers of texts ask for words. */
export abstract class WordTable {
  /**
   * Where the word that is asked for is written, as far as there is room: what is longer is longer
   * than every word listed.
   */
  units: Uint16Array;
  /** The first of `units`, two in each integer. */
  protected pairs: Int32Array;
  entries: Int32Array;
  protected letters: Uint16Array;

  constructor(entries: Int32Array, letters: Uint16Array) {
    this.entries = entries;
    this.letters = letters;
    let longest = SHORT;
    for (let at = WORD_LENGTH; at < entries.length; at += ENTRY) {
      longest = Math.max(longest, (entries[at] as number) >> 1);
    }
    this.units = new Uint16Array(longest);
    this.pairs = new Int32Array(this.units.buffer, 0, SHORT / 2);
  }

  /** What stands for the word of `length` units in `units`. */
  abstract find(hash: number, length: number): number;

  /** Before words of up to `length` units are asked for. */
  abstract makeRoom(length: number): void;

  /** As `find`, for a string. */
  findText(word: string): number {
    this.makeRoom(word.length);
    let hash = HASH_START;
    for (let at = 0; at < word.length; at++) {
      const unit = word.charCodeAt(at);
      if (at < this.units.length) this.units[at] = unit;
      hash = hashOn(hash, unit);
    }
    return this.find(hash, word.length);
  }

  /** Where the word's entry begins; NONE for a word that is not listed. */
  protected locate(hash: number, length: number): number {
    const { entries } = this;
    const mask = entries.length / ENTRY - 1;
    let slot = spread(hash) & mask;
    for (;;) {
      const at = slot * ENTRY;
      if (entries[at + WORD_NODE] === 0) return NONE;
      if (
        entries[at + HASH] === hash &&
        (entries[at + WORD_LENGTH] as number) >> 1 === length &&
        this.#same(at, length)
      ) {
        return at;
      }
      slot = (slot + 1) & mask;
    }
  }

  #same(at: number, length: number): boolean {
    const { entries, letters, pairs, units } = this;
    if (length > SHORT) {
      const begin = entries[at + UNITS] as number;
      let same = 0;
      while (same < length && letters[begin + same] === units[same]) same++;
      return same === length;
    }
    // The second of the last pair may be left of an earlier word.
    if ((length & 1) === 1) units[length] = 0;
    for (let pair = 0; pair * 2 < length; pair++) {
      if (entries[at + UNITS + pair] !== pairs[pair]) return false;
    }
    return true;
  }
}

/** Gives of each word its entry, or NONE. */
export class Lexicon extends WordTable {
  find(hash: number, length: number): number {
    return this.locate(hash, length);
  }

  makeRoom(): void {}
}

/** Takes in what it is asked for and has not; gives of each word its node. */
export class LexiconBuilder extends WordTable {
  #lettersUsed = 0;
  /** How many words there are. */
  size = 0;

  constructor() {
    super(new Int32Array(1024 * ENTRY), new Uint16Array(4096));
  }

  find(hash: number, length: number): number {
    const at = this.locate(hash, length);
    if (at !== NONE) return this.entries[at + WORD_NODE] as number;
    // At most half full, so that few places are looked at.
    if (2 * (this.size + 1) * ENTRY > this.entries.length) this.#grow();
    const entry = this.#free(hash);
    this.entries.set([hash, ++this.size, NONE, length * 2], entry);
    if (length <= SHORT) {
      if ((length & 1) === 1) this.units[length] = 0;
      const pairs = this.pairs.subarray(0, (length + 1) >> 1);
      this.entries.set(pairs, entry + UNITS);
    } else {
      this.entries[entry + UNITS] = this.#keep(length);
    }
    return this.size;
  }

  makeRoom(length: number): void {
    if (length <= this.units.length) return;
    this.units = new Uint16Array(2 * length);
    this.pairs = new Int32Array(this.units.buffer, 0, SHORT / 2);
  }

  /** The letters, as long as they fill 32-bit integers. */
  finish(): { entries: Int32Array; letters: Uint16Array } {
    const used = this.#lettersUsed + (this.#lettersUsed & 1);
    return { entries: this.entries, letters: this.letters.subarray(0, used) };
  }

  /** Where the first `length` of `units` now stand in `letters`. */
  #keep(length: number): number {
    const begin = this.#lettersUsed;
    this.#lettersUsed += length;
    if (this.#lettersUsed >= this.letters.length) {
      const larger = new Uint16Array(2 * this.#lettersUsed);
      larger.set(this.letters);
      this.letters = larger;
    }
    this.letters.set(this.units.subarray(0, length), begin);
    return begin;
  }

  #free(hash: number): number {
    const mask = this.entries.length / ENTRY - 1;
    let slot = spread(hash) & mask;
    while (this.entries[slot * ENTRY + WORD_NODE] !== 0) slot = (slot + 1) & mask;
    return slot * ENTRY;
  }

  #grow(): void {
    const before = this.entries;
    this.entries = new Int32Array(before.length * 2);
    for (let at = 0; at < before.length; at += ENTRY) {
      if (before[at + WORD_NODE] === 0) continue;
      this.entries.set(before.subarray(at, at + ENTRY), this.#free(before[at + HASH] as number));
    }
  }
}
