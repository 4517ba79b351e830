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

/** Reads one text after the other. */
export interface Trie {
  /**
   * Finds the queries among the first `count` of `words`, behind which stands NO_WORD: each once, in no
   * particular order.
   *
   * @returns how many there are
   */
  read(words: Int32Array, count: number): number;
  /** What the last reading found, up to the count it returned. */
  found(): Int32Array;
}

/** Made of closures, not a class: see `createLookUp`. */
export function createTrie(
  { entries, steps, stepBits, sameWords }: TrieArrays,
  queries: number,
): Trie {
  const own = {
    entries,
    steps,
    stepBits,
    /** Of a block of words: those that a step may follow, and the first steps. */
    begins: new Int32Array(BLOCK),
    firstSteps: new Int32Array(BLOCK),
  };
  /** What a block of words ends: query fields, the first `fieldCount`. */
  let fields = new Int32Array(4 * BLOCK);
  let fieldCount = 0;
  /** Of each query, the last text with much in it that it was found in; made when there is one. */
  let foundIn = new Uint32Array(0);
  let fullTexts = 0;
  let found = new Int32Array(256);
  let foundCount = 0;

  function read(words: Int32Array, count: number): number {
    foundCount = 0;
    let full = false;
    for (let from = 0; from < count; from += BLOCK) {
      const to = Math.min(from + BLOCK, count);
      collect(words, from, to);
      if (!full && (count > BLOCK || fieldCount > FEW)) {
        full = true;
        beginFullText();
      }
      if (full) dropFoundBefore();
      else dropRepeatedOfFew();
      add();
    }
    return foundCount;
  }

  /** Puts into `fields` all that begins at one of the words from `from` to `to`. */
  function collect(words: Int32Array, from: number, to: number): void {
    const { entries, steps, stepBits, begins, firstSteps } = own;
    // Written and then counted or not, without a branch that would be mispredicted.
    let out = fields;
    let outCount = 0;
    let beginCount = 0;
    let word = words[from] as number;
    for (let at = from; at < to; at++) {
      const entry = word * ENTRY;
      const field = entries[entry + WORD_QUERY] as number;
      out[outCount] = field;
      outCount += (field >>> 31) ^ 1;
      const next = words[at + 1] as number;
      const hash = hashOf(word, next);
      const bits = stepBits[bitsAt(hash, stepBits)] as number;
      begins[beginCount] = at;
      beginCount += (bits >>> (hash & 31)) & (entries[entry + WORD_LENGTH] as number) & 1;
      word = next;
    }
    for (let index = 0; index < beginCount; index++) {
      const at = begins[index] as number;
      firstSteps[index] = findStep(steps, stepBits, words[at] as number, words[at + 1] as number);
    }
    for (let index = 0; index < beginCount; index++) {
      let at = (begins[index] as number) + 1;
      let step = firstSteps[index] as number;
      while (step !== NONE) {
        const field = steps[step + QUERY] as number;
        if (outCount === out.length) out = twice(out);
        out[outCount] = field;
        outCount += (field >>> 31) ^ 1;
        const to = steps[step + TO] as number;
        const next = words[++at] as number;
        step = (to & 1) === 0 || next === UNKNOWN ? NONE : findStep(steps, stepBits, to >> 1, next);
      }
    }
    fields = out;
    fieldCount = outCount;
  }

  /** Keeps each of `fields` once, by looking through those before. */
  function dropRepeatedOfFew(): void {
    const all = fields;
    const count = fieldCount;
    let kept = 0;
    for (let index = 0; index < count; index++) {
      const field = all[index] as number;
      let before = 0;
      while (before < kept && all[before] !== field) before++;
      if (before === kept) all[kept++] = field;
    }
    fieldCount = kept;
  }

  /** Keeps of `fields` what was not found before in the text. */
  function dropFoundBefore(): void {
    let kept = 0;
    for (let index = 0; index < fieldCount; index++) {
      const field = fields[index] as number;
      if (foundIn[field >> 1] === fullTexts) continue;
      foundIn[field >> 1] = fullTexts;
      fields[kept++] = field;
    }
    fieldCount = kept;
  }

  /** Adds the queries of `fields` to what was found. */
  function add(): void {
    const all = fields;
    const count = fieldCount;
    while (foundCount + count > found.length) found = twice(found);
    const out = found;
    let outCount = foundCount;
    let repeated = 0;
    for (let index = 0; index < count; index++) {
      const field = all[index] as number;
      out[outCount++] = field >> 1;
      repeated |= field & 1;
    }
    foundCount = outCount;
    if (repeated !== 0) addOthers();
  }

  /** Adds the queries with the same words as those of `fields`. */
  function addOthers(): void {
    for (let index = 0; index < fieldCount; index++) {
      const field = fields[index] as number;
      if ((field & 1) === 0) continue;
      let other = sameWords[field >> 1] as number;
      for (; other !== NONE; other = sameWords[other] as number) {
        if (foundCount === found.length) found = twice(found);
        found[foundCount++] = other;
      }
    }
  }

  function beginFullText(): void {
    if (foundIn.length === 0) foundIn = new Uint32Array(queries);
    if (fullTexts === 0xffff_ffff) {
      foundIn.fill(0);
      fullTexts = 0;
    }
    fullTexts += 1;
  }

  return { read, found: () => found };
}

function twice(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** Where the step begins, or NONE. */
function findStep(steps: Int32Array, stepBits: Int32Array, node: number, word: number): number {
  const hash = hashOf(node, word);
  const bits = stepBits[bitsAt(hash, stepBits)] as number;
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
