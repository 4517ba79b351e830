/**
 * Which rows of words stand in a row of words? A trie whose first steps, from the root, are the
 * entries of the lexicon, and whose further steps are in one open-addressed table; in typed arrays that
 * threads can share.
 *
 * Every word of a text may begin a query, so each is followed as far as the trie goes: at most as many steps
 * as the longest query has words. These walks do not depend on each other, so the processor does not
 * wait for one to end before it begins the next; an automaton with suffix links takes fewer steps and more time.
 * First steps are looked up for all words of a block before any walk goes on, for the same reason.
 */

import * as lexicon from './lexicon.js';
import { BLOCK, NO_WORD } from './row.js';

// Copies: see lexicon.ts.
const { ENTRY, NONE, WORD_LENGTH, WORD_QUERY } = lexicon;
const UNKNOWN = NO_WORD;

/** 32-bit integers of a step: the node it begins at (0: free), its word. */
const STEP = 4;
const FROM = 0;
const WORD = 1;
/** Twice the node it leads to, and 1 where queries go on after it. */
const TO = 2;
/** The queries that end with it, see `queryField`. */
const QUERY = 3;

/** Bits of `stepBits` for each step, at least; for up to twice as many there is room. */
const BITS = 8;

/** What is found, up to so much, is told from what was found before by looking through that. */
const FEW = 64;

export interface TrieArrays {
  readonly entries: Int32Array;
  readonly steps: Int32Array;
  /**
   * A bit at the hash of each step. Most words that follow each other take no step: nine in ten of these are
   * told by this table, small enough to stay in the cache.
   */
  readonly stepBits: Int32Array;
  /** Of each query, the next one with the same words, or NONE; empty where there are none such. */
  readonly sameWords: Int32Array;
}

/**
 * The queries with one row of words: twice the first of them, and 1 where there are more, which `sameWords`
 * has. NONE where there are none.
 */
function queryField(query: number, more: boolean): number {
  return query * 2 + (more ? 1 : 0);
}

export class Trie {
  readonly #entries: Int32Array;
  readonly #steps: Int32Array;
  readonly #stepBits: Int32Array;
  readonly #sameWords: Int32Array;
  /** Of a block of words: those that a step may follow, and the first steps. */
  readonly #begins = new Int32Array(BLOCK);
  readonly #firstSteps = new Int32Array(BLOCK);
  /** What a block of words ends: query fields, the first `#fieldCount`. */
  #fields = new Int32Array(4 * BLOCK);
  #fieldCount = 0;
  /** Of each query, the last text with much in it that it was found in; made when there is one. */
  #foundIn: Uint32Array | undefined;
  readonly #queries: number;
  #fullTexts = 0;
  #count = 0;
  /** What the last reading found, up to the count it returned. */
  found = new Int32Array(256);

  constructor({ entries, steps, stepBits, sameWords }: TrieArrays, queries: number) {
    this.#entries = entries;
    this.#steps = steps;
    this.#sameWords = sameWords;
    this.#stepBits = stepBits;
    this.#queries = queries;
  }

  /**
   * Finds the queries among the first `count` of `words`, behind which stands NO_WORD: each once, in no
   * particular order.
   *
   * @returns how many it has written to `found`
   */
  read(words: Int32Array, count: number): number {
    this.#count = 0;
    let full = false;
    for (let from = 0; from < count; from += BLOCK) {
      this.#collect(words, from, Math.min(from + BLOCK, count));
      if (!full && (count > BLOCK || this.#fieldCount > FEW)) {
        full = true;
        this.#beginFullText();
      }
      this.#add(full);
    }
    return this.#count;
  }

  /** Puts into `fields` all that begins at one of the words from `from` to `to`. */
  #collect(words: Int32Array, from: number, to: number): void {
    const entries = this.#entries;
    const steps = this.#steps;
    const stepBits = this.#stepBits;
    const fields = this.#fields;
    const begins = this.#begins;
    const firstSteps = this.#firstSteps;
    // Written and then counted or not, without a branch that would be mispredicted.
    let fieldCount = 0;
    let beginCount = 0;
    let entry = (words[from] as number) * ENTRY;
    for (let at = from; at < to; at++) {
      const field = entries[entry + WORD_QUERY] as number;
      fields[fieldCount] = field;
      fieldCount += (field >>> 31) ^ 1;
      const word = words[at] as number;
      const next = words[at + 1] as number;
      const hash = hashOf(word, next);
      const bits = stepBits[bitsAt(hash, stepBits)] as number;
      begins[beginCount] = at;
      beginCount += (bits >>> (hash & 31)) & (entries[entry + WORD_LENGTH] as number) & 1;
      entry = next * ENTRY;
    }
    this.#fieldCount = fieldCount;
    for (let index = 0; index < beginCount; index++) {
      const at = begins[index] as number;
      firstSteps[index] = this.#step(words[at] as number, words[at + 1] as number);
    }
    for (let index = 0; index < beginCount; index++) {
      let at = (begins[index] as number) + 1;
      let step = firstSteps[index] as number;
      while (step !== NONE) {
        const field = steps[step + QUERY] as number;
        if (field !== NONE) this.#push(field);
        const to = steps[step + TO] as number;
        const next = words[++at] as number;
        step = (to & 1) === 0 || next === UNKNOWN ? NONE : this.#step(to >> 1, next);
      }
    }
  }

  /** Where the step begins, or NONE. */
  #step(node: number, word: number): number {
    const steps = this.#steps;
    const hash = hashOf(node, word);
    const bits = this.#stepBits[bitsAt(hash, this.#stepBits)] as number;
    if (((bits >>> (hash & 31)) & 1) === 0) return NONE;
    const mask = steps.length / STEP - 1;
    let slot = hash & mask;
    for (;;) {
      const at = slot * STEP;
      const from = steps[at + FROM] as number;
      if (from === node && steps[at + WORD] === word) return at;
      if (from === 0) return NONE;
      slot = (slot + 1) & mask;
    }
  }

  #push(field: number): void {
    if (this.#fieldCount === this.#fields.length) this.#fields = twice(this.#fields);
    this.#fields[this.#fieldCount++] = field;
  }

  /** Adds the queries of `fields` that were not found before. */
  #add(full: boolean): void {
    const fields = this.#fields;
    const fieldCount = this.#fieldCount;
    for (let index = 0; index < fieldCount; index++) {
      const field = fields[index] as number;
      const query = field >> 1;
      if (full) {
        const foundIn = this.#foundIn as Uint32Array;
        if (foundIn[query] === this.#fullTexts) continue;
        foundIn[query] = this.#fullTexts;
      } else {
        let before = 0;
        while (before < index && fields[before] !== field) before++;
        if (before < index) continue;
      }
      this.#find(query);
      if ((field & 1) === 0) continue;
      let other = this.#sameWords[query] as number;
      for (; other !== NONE; other = this.#sameWords[other] as number) this.#find(other);
    }
  }

  #find(query: number): void {
    if (this.#count === this.found.length) this.found = twice(this.found);
    this.found[this.#count++] = query;
  }

  #beginFullText(): void {
    this.#foundIn ??= new Uint32Array(this.#queries);
    if (this.#fullTexts === 0xffff_ffff) {
      this.#foundIn.fill(0);
      this.#fullTexts = 0;
    }
    this.#fullTexts += 1;
  }
}

function twice(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * values.length);
  larger.set(values);
  return larger;
}

function hashOf(node: number, word: number): number {
  const h = Math.imul(node ^ Math.imul(word, 0x85ebca6b), 0x9e3779b1);
  return h ^ (h >>> 15);
}

/** Which integer of `stepBits` holds the bit of a hash. */
function bitsAt(hash: number, stepBits: Int32Array): number {
  return (hash >>> 5) & (stepBits.length - 1);
}

/**
 * Builds the trie of queries given as rows of words, and completes the entries of their words.
 *
 * @param words the numbers of the words of all queries, one query after the other: the nodes that they
 *   lead to from the root
 * @param ends where each query ends in `words`; a query without words never matches
 * @param entries of the lexicon
 */
export function buildTrie(words: Int32Array, ends: Int32Array, entries: Int32Array): TrieArrays {
  const mostSteps = ends.reduce(
    (sum, end, i) => sum + Math.max(0, end - (ends[i - 1] ?? 0) - 1),
    0,
  );
  // At most seven tenths full: four places are in a cache line, and few are looked for that are not there.
  const slots = 2 ** Math.ceil(Math.log2(1.4 * mostSteps + 8));
  const steps = new Int32Array(STEP * slots);
  const stepBits = new Int32Array(2 ** Math.ceil(Math.log2(BITS * mostSteps + 32)) / 32);
  let nodes = entries.length / ENTRY - 1;
  const sameWords = new Int32Array(ends.length).fill(NONE);
  let repeated = false;

  const descend = (node: number, word: number): number => {
    const hash = hashOf(node, word);
    let slot = hash & (slots - 1);
    for (; steps[slot * STEP + FROM] !== 0; slot = (slot + 1) & (slots - 1)) {
      const at = slot * STEP;
      if (steps[at + FROM] === node && steps[at + WORD] === word) return at;
    }
    steps.set([node, word, ++nodes * 2, NONE], slot * STEP);
    const at = bitsAt(hash, stepBits);
    stepBits[at] = (stepBits[at] as number) | (1 << (hash & 31));
    return slot * STEP;
  };

  let begin = 0;
  for (const [query, end] of ends.entries()) {
    if (end === begin) continue;
    let node = words[begin] as number;
    const entry = node * ENTRY;
    // Where it is said which queries end here, and whether others go on.
    let [array, ending, goesOn] = [entries, entry + WORD_QUERY, entry + WORD_LENGTH];
    for (let at = begin + 1; at < end; at++) {
      array[goesOn] = (array[goesOn] as number) | 1;
      const step = descend(node, words[at] as number);
      [array, ending, goesOn] = [steps, step + QUERY, step + TO];
      node = (steps[goesOn] as number) >> 1;
    }
    const before = array[ending] as number;
    if (before !== NONE) {
      sameWords[query] = before >> 1;
      repeated = true;
    }
    array[ending] = queryField(query, before !== NONE);
    begin = end;
  }
  return { entries, steps, stepBits, sameWords: repeated ? sameWords : new Int32Array(0) };
}
