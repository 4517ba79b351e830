/**
 * The words of a query list: an open-addressed table over UTF-16 units, in typed arrays that threads can
 * share. Exact: a word is found by its hash and told apart by its units.
 *
 * Memory is what looking words up waits for, so what a look-up touches is small and stands together:
 * slots of four bytes, which tell nearly all words that are not listed, and one entry of half a cache line,
 * in the order of how many queries use the word, so that what is often wanted shares lines and pages.
 */

import { BLOCK, NO_WORD, WordRow } from './row.js';

/** In place of a query: none. */
export const NONE = -1;

/** 32-bit integers of an entry; that of word n begins at n times so many. Word 0 is none. */
const STRIDE = 8;
/** The queries that are this word alone: see `queryField` in trie.ts. */
const QUERY = 0;
/** Twice the number of units, and 1 where queries go on after the word. */
const LENGTH = 1;
/**
 * For others. To be copied, not used as imported: in the loops over words, constants read from another module made
 * matching take half as long again.
 */
export const [ENTRY, WORD_QUERY, WORD_LENGTH] = [STRIDE, QUERY, LENGTH];
const UNKNOWN = NO_WORD;
/** The units, two in each integer. */
const UNITS = 2;
const PAIRS = STRIDE - UNITS;
/** So many units have room. Of a longer word, two fewer stand here, then where the others begin in `letters`. */
const SHORT = 2 * PAIRS;
const LONG_HEAD = SHORT - 2;

/** Of each length up to SHORT, and of one more for all that are longer: which bits of the units count. */
const MASKS = Int32Array.from({ length: (SHORT + 2) * PAIRS }, (_, at) => {
  const length = Math.floor(at / PAIRS);
  const left = (length > SHORT ? LONG_HEAD : length) - 2 * (at % PAIRS);
  if (left >= 2) return -1;
  // Of half a pair, the unit that stands first in memory.
  return left === 1 ? (new Int32Array(Uint16Array.of(0xffff, 0).buffer)[0] as number) : 0;
});

/** The low bits of FNV alone are poor. */
function spread(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

export interface LexiconArrays {
  /** Of each slot, the number of a word, and above it the high bits of its hash; 0: free. */
  readonly slots: Int32Array;
  readonly entries: Int32Array;
  readonly letters: Uint16Array;
}

/** Whether the word that waits at `index` is that of its length with this number. */
function isSame(
  entries: Int32Array,
  letters: Uint16Array,
  { begins, lengths, units, pairs }: WordRow,
  index: number,
  word: number,
): boolean {
  const length = lengths[index] as number;
  const begin = begins[index] as number;
  const at = word * STRIDE + UNITS;
  const pair = begin >> 1;
  const mask = PAIRS * (length > SHORT ? SHORT + 1 : length);
  // In one go: a loop over words of all lengths costs more by its mispredicted ends.
  const differs =
    (((entries[at] as number) ^ (pairs[pair] as number)) & (MASKS[mask] as number)) |
    (((entries[at + 1] as number) ^ (pairs[pair + 1] as number)) & (MASKS[mask + 1] as number)) |
    (((entries[at + 2] as number) ^ (pairs[pair + 2] as number)) & (MASKS[mask + 2] as number)) |
    (((entries[at + 3] as number) ^ (pairs[pair + 3] as number)) & (MASKS[mask + 3] as number)) |
    (((entries[at + 4] as number) ^ (pairs[pair + 4] as number)) & (MASKS[mask + 4] as number)) |
    (((entries[at + 5] as number) ^ (pairs[pair + 5] as number)) & (MASKS[mask + 5] as number));
  if (differs !== 0) return false;
  return length <= SHORT || isSameRest(entries, letters, units, at, begin, length);
}

function isSameRest(
  entries: Int32Array,
  letters: Uint16Array,
  units: Uint16Array,
  at: number,
  begin: number,
  length: number,
): boolean {
  const rest = (entries[at + PAIRS - 1] as number) - LONG_HEAD;
  let same = LONG_HEAD;
  while (same < length && letters[rest + same] === units[begin + same]) same++;
  return same === length;
}

/** The number of the word that waits at `index`, from the place on where `hash` leads. */
function find(
  slots: Int32Array,
  entries: Int32Array,
  letters: Uint16Array,
  numberBits: number,
  row: WordRow,
  index: number,
  hash: number,
): number {
  const mask = slots.length - 1;
  const length = row.lengths[index] as number;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const value = slots[slot] as number;
    if (value === 0) return UNKNOWN;
    if (((value ^ hash) & ~numberBits) !== 0) continue;
    const word = value & numberBits;
    if ((entries[word * STRIDE + LENGTH] as number) >> 1 !== length) continue;
    if (isSame(entries, letters, row, index, word)) return word;
  }
}

/**
 * Returns what looks up the words that wait in `row`. A closure over one constant object, not a class: that is
 * faster (bench/README.md), where a thread makes it only once. Presumably V8 then compiles the tables in as
 * constants; the code it makes was not read. It takes what it reads into variables of its own, so that where several
 * are made it is about as fast as a method would be.
 */
export function createLookUp(arrays: LexiconArrays, row: WordRow): () => void {
  const own = {
    slots: arrays.slots,
    entries: arrays.entries,
    letters: arrays.letters,
    slotMask: arrays.slots.length - 1,
    bits: numberBits(arrays.entries.length / STRIDE),
    hashes: row.hashes,
    lengths: row.lengths,
    spreads: new Int32Array(BLOCK),
    guesses: new Int32Array(BLOCK),
  };

  /** Three passes, each of reads that wait for nothing but the pass before: slots, entries, units. */
  return function lookUp(): void {
    const { slots, entries, letters, slotMask, bits, hashes, lengths, spreads, guesses } = own;
    const { waiting, words, count } = row;
    for (let index = 0; index < waiting; index++) {
      const hash = spread(hashes[index] as number);
      spreads[index] = hash;
      guesses[index] = slots[hash & slotMask] as number;
    }
    for (let index = 0; index < waiting; index++) {
      const value = guesses[index] as number;
      const tag = (value ^ (spreads[index] as number)) & ~bits;
      const word = value & bits & ifZero(tag);
      const length = (entries[word * STRIDE + LENGTH] as number) >> 1;
      guesses[index] = word & ifZero(length ^ (lengths[index] as number));
    }
    for (let index = 0; index < waiting; index++) {
      const word = guesses[index] as number;
      words[count + index] =
        word !== UNKNOWN && isSame(entries, letters, row, index, word)
          ? word
          : find(slots, entries, letters, bits, row, index, spreads[index] as number);
    }
  };
}

/** Asked for single words, not in a loop over texts. */
export class Lexicon {
  readonly #arrays: LexiconArrays;
  readonly #numberBits: number;
  readonly #asked = new WordRow(() => () => undefined);

  constructor(arrays: LexiconArrays) {
    this.#arrays = arrays;
    this.#numberBits = numberBits(arrays.entries.length / STRIDE);
  }

  has(word: string): boolean {
    const row = this.#asked;
    row.begin(word.length);
    row.push(word, 0);
    const hash = spread(row.hashes[0] as number);
    const { slots, entries, letters } = this.#arrays;
    return find(slots, entries, letters, this.#numberBits, row, 0, hash) !== UNKNOWN;
  }
}

/** Takes in what it is asked for and has not. */
export class LexiconBuilder implements LexiconArrays {
  slots: Int32Array = new Int32Array(2048);
  entries: Int32Array = new Int32Array(1024 * STRIDE);
  letters: Uint16Array = new Uint16Array(4096);
  /** Of each word: its hash, and how often it was asked for. */
  #hashes = new Int32Array(1024);
  #uses = new Int32Array(1024);
  #lettersUsed = 0;
  #numberBits = numberBits(1024);
  /** How many words there are. */
  size = 0;

  /** Looks up the words that wait in `row`; what is new is taken in. */
  resolve(row: WordRow): void {
    for (let index = 0; index < row.waiting; index++) {
      const hash = spread(row.hashes[index] as number);
      const word =
        find(this.slots, this.entries, this.letters, this.#numberBits, row, index, hash) ||
        this.#add(row, index, hash);
      this.#uses[word] = (this.#uses[word] as number) + 1;
      row.words[row.count + index] = word;
    }
  }

  /**
   * The words by how often they were asked for, then by when first.
   * @returns beside the arrays the new number of each
   */
  finish(): { arrays: LexiconArrays; numbers: Int32Array } {
    const uses = this.#uses;
    const order = Int32Array.from({ length: this.size }, (_, index) => index + 1).sort(
      (a, b) => (uses[b] as number) - (uses[a] as number) || a - b,
    );
    const numbers = new Int32Array(this.size + 1);
    const entries = new Int32Array((this.size + 1) * STRIDE);
    // At most half full, so that few places are looked at.
    const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * this.size + 2)));
    entries.set([NONE, 2 * NONE]);
    for (const [index, before] of order.entries()) {
      const word = index + 1;
      numbers[before] = word;
      entries.set(this.entries.subarray(before * STRIDE, (before + 1) * STRIDE), word * STRIDE);
      put(slots, numberBits(this.size + 1), this.#hashes[before] as number, word);
    }
    // As long as they fill 32-bit integers.
    const letters = this.letters.subarray(0, this.#lettersUsed + (this.#lettersUsed & 1));
    return { arrays: { slots, entries, letters }, numbers };
  }

  #add(row: WordRow, index: number, hash: number): number {
    const word = ++this.size;
    if (word === this.#hashes.length) this.#grow();
    const length = row.lengths[index] as number;
    const begin = row.begins[index] as number;
    const isLong = length > SHORT;
    const inEntry = isLong ? LONG_HEAD : length;
    const entry = new Uint16Array(2 * STRIDE);
    entry.set(row.units.subarray(begin, begin + inEntry), 2 * UNITS);
    this.entries.set(new Int32Array(entry.buffer), word * STRIDE);
    this.entries[word * STRIDE + QUERY] = NONE;
    this.entries[word * STRIDE + LENGTH] = 2 * length;
    if (isLong) {
      const rest = row.units.subarray(begin + inEntry, begin + length);
      this.entries[(word + 1) * STRIDE - 1] = this.#keep(rest);
    }
    this.#hashes[word] = hash;
    put(this.slots, this.#numberBits, hash, word);
    return word;
  }

  /** Where the units now stand in `letters`. */
  #keep(units: Uint16Array): number {
    const begin = this.#lettersUsed;
    this.#lettersUsed += units.length;
    if (this.#lettersUsed >= this.letters.length) {
      const larger = new Uint16Array(2 * this.#lettersUsed);
      larger.set(this.letters);
      this.letters = larger;
    }
    this.letters.set(units, begin);
    return begin;
  }

  /** Makes room for twice as many words. */
  #grow(): void {
    const twice = (before: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(2 * before.length);
      larger.set(before);
      return larger;
    };
    this.#hashes = twice(this.#hashes);
    this.#uses = twice(this.#uses);
    this.entries = twice(this.entries);
    this.slots = new Int32Array(2 * this.slots.length);
    this.#numberBits = numberBits(this.#hashes.length);
    for (let word = 1; word < this.size; word++) {
      put(this.slots, this.#numberBits, this.#hashes[word] as number, word);
    }
  }
}

/** All bits where a value is 0, else none: a branch on what comes from memory would be mispredicted late. */
function ifZero(value: number): number {
  return ~((value | -value) >> 31);
}

/** The bits that hold any number below `count`. */
function numberBits(count: number): number {
  return 2 ** Math.ceil(Math.log2(count)) - 1;
}

function put(slots: Int32Array, numberBits: number, hash: number, word: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = (hash & ~numberBits) | word;
}
