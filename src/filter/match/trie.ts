/**
 * Which rows of words stand in a row of words? A trie whose first steps, from the root, are the
 * entries of the lexicon, and whose further steps are in one open-addressed table; in typed arrays that
 * threads can share.
 *
 * Every word of a text may begin a query, so each is followed as far as the trie goes: at most as many steps
 * as the longest query has words. These walks do not depend on each other, so the processor does not
 * wait for one to end before it begins the next; an automaton with suffix links takes fewer steps and more time.
 */

import { ENTRY, NONE, WORD_LENGTH, WORD_NODE, WORD_QUERY } from './lexicon.js';

/** 32-bit integers of a step: the node it begins at (0: free), its word's node. */
const STEP = 4;
const FROM = 0;
const WORD = 1;
/** Twice the node it leads to, and 1 where queries go on after it. */
const TO = 2;
/** The queries that end with it, see `queryField`. */
const QUERY = 3;

/** Bits of `stepBits` for each step that there is room for. */
const BITS = 8;

/** Texts of more words than this are matched with a list of what is found already. */
const LONG_TEXT = 64;

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
  /** Of each query, the last long text that it was found in; made when there is one. */
  #foundIn: Uint32Array | undefined;
  readonly #queries: number;
  #longTexts = 0;
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
   * Finds the queries among the first `count` of `words` (entries of the lexicon, or NONE): in no
   * particular order, and in short texts perhaps several times.
   *
   * @returns how many it has written to `found`
   */
  read(words: Int32Array, count: number): number {
    const entries = this.#entries;
    const steps = this.#steps;
    const long = count > LONG_TEXT;
    if (long) this.#beginLongText();
    this.#count = 0;
    for (let first = 0; first < count; first++) {
      const entry = words[first] as number;
      if (entry === NONE) continue;
      const query = entries[entry + WORD_QUERY] as number;
      if (query !== NONE) this.#add(query, long);
      if (((entries[entry + WORD_LENGTH] as number) & 1) === 0) continue;
      let node = entries[entry + WORD_NODE] as number;
      for (let at = first + 1; at < count; at++) {
        const next = words[at] as number;
        if (next === NONE) break;
        const step = this.#step(node, entries[next + WORD_NODE] as number);
        if (step === NONE) break;
        const ending = steps[step + QUERY] as number;
        if (ending !== NONE) this.#add(ending, long);
        const to = steps[step + TO] as number;
        if ((to & 1) === 0) break;
        node = to >> 1;
      }
    }
    return this.#count;
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

  #add(field: number, long: boolean): void {
    let query = field >> 1;
    if (long) {
      const foundIn = this.#foundIn as Uint32Array;
      if (foundIn[query] === this.#longTexts) return;
      foundIn[query] = this.#longTexts;
    }
    this.#push(query);
    if ((field & 1) === 0) return;
    query = this.#sameWords[query] as number;
    for (; query !== NONE; query = this.#sameWords[query] as number) this.#push(query);
  }

  #push(query: number): void {
    if (this.#count === this.found.length) {
      const larger = new Int32Array(2 * this.found.length);
      larger.set(this.found);
      this.found = larger;
    }
    this.found[this.#count++] = query;
  }

  #beginLongText(): void {
    this.#foundIn ??= new Uint32Array(this.#queries);
    if (this.#longTexts === 0xffff_ffff) {
      this.#foundIn.fill(0);
      this.#longTexts = 0;
    }
    this.#longTexts += 1;
  }
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
 * @param words nodes of the words of all queries, one query after the other
 * @param ends where each query ends in `words`; a query without words never matches
 * @param entries of the lexicon
 * @param size words of the lexicon
 */
export function buildTrie(
  words: Int32Array,
  ends: Int32Array,
  entries: Int32Array,
  size: number,
): TrieArrays {
  const entryOf = new Int32Array(size + 1);
  for (let at = 0; at < entries.length; at += ENTRY)
    entryOf[entries[at + WORD_NODE] as number] = at;
  const mostSteps = ends.reduce(
    (sum, end, i) => sum + Math.max(0, end - (ends[i - 1] ?? 0) - 1),
    0,
  );
  // At most half full, so that few places are looked at.
  const slots = 2 ** Math.ceil(Math.log2(2 * mostSteps + 8));
  const steps = new Int32Array(STEP * slots);
  const stepBits = new Int32Array((BITS * slots) / 32);
  let nodes = size;
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
    const entry = entryOf[words[begin] as number] as number;
    let node = entries[entry + WORD_NODE] as number;
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
