/**
 * A *run*: what one part of a dump counted, sorted, in two files. Words are sorted by their bytes
 * (code point order) and numbered by that order; bigrams are sorted by the numbers of their two words, so
 * in all runs alike by the words themselves. Merging runs therefore never compares text of bigrams.
 *
 * ```
 * NAME.words  word count, then per word: bytes shared with the word before, further bytes, these, occurrences
 * NAME.pairs  bigrams, firsts; per first word: number minus the one before, bytes of its seconds,
 *             per second word: number minus the one before, occurrences
 * ```
 * All numbers as in varint.ts.
 */

import { NumberReader, NumberWriter } from '../../core/varint.js';
import type { PairList } from './pair-list.js';
import type { WordTable } from './word-table.js';

/** Writes the run BASE; `pairs` is sorted in place. */
export function writeRun(base: string, words: WordTable, pairs: PairList): void {
  const order = sortedNumbers(words);
  writeWords(`${base}.words`, words, order);
  const rank = new Uint32Array(words.size);
  for (let i = 0; i < order.length; i++) rank[order[i] as number] = i;
  pairs.rankAndSort(rank);
  writePairs(`${base}.pairs`, pairs);
}

function writeWords(path: string, words: WordTable, order: Uint32Array): void {
  const writer = new NumberWriter(path);
  try {
    const { bytes, starts } = words;
    const counts = words.occurrences();
    writer.number(order.length);
    let before = 0;
    let beforeLength = 0;
    for (const number of order) {
      const start = starts[number] as number;
      const length = bytes[start - 1] as number;
      const most = Math.min(length, beforeLength);
      let shared = 0;
      while (shared < most && bytes[start + shared] === bytes[before + shared]) shared++;
      writer.number(shared);
      writer.number(length - shared);
      writer.raw(bytes, start + shared, start + length);
      writer.number(counts[number] as number);
      before = start;
      beforeLength = length;
    }
    writer.commit();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function writePairs(path: string, pairs: PairList): void {
  const writer = new NumberWriter(path);
  try {
    const { firsts, seconds, size } = pairs;
    let distinct = 0;
    let groups = 0;
    for (let i = 0; i < size; i++) {
      const newFirst = i === 0 || firsts[i] !== firsts[i - 1];
      if (newFirst) groups++;
      if (newFirst || seconds[i] !== seconds[i - 1]) distinct++;
    }
    writer.number(distinct);
    writer.number(groups);
    const group = new GroupBuffer();
    let lastFirst = 0;
    for (let i = 0; i < size; ) {
      const first = firsts[i] as number;
      let last = 0;
      group.length = 0;
      while (i < size && firsts[i] === first) {
        const second = seconds[i] as number;
        let count = 0;
        while (i < size && seconds[i] === second && firsts[i] === first) {
          i++;
          count++;
        }
        group.number(second - last);
        group.number(count);
        last = second;
      }
      writer.number(first - lastFirst);
      writer.number(group.length);
      writer.raw(group.bytes, 0, group.length);
      lastFirst = first;
    }
    writer.commit();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** Numbers whose bytes must be known before they are written. */
class GroupBuffer {
  bytes = new Uint8Array(1 << 12);
  length = 0;

  /** Below 2^31. */
  number(value: number): void {
    if (this.length + 8 > this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }
}

/** The numbers of the words, in the order of the words' bytes. */
function sortedNumbers(words: WordTable): Uint32Array {
  const { bytes, starts, size } = words;
  // The first four bytes decide most comparisons: sorted by radix, then ties by what follows.
  const prefixes = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const start = starts[i] as number;
    const end = start + (bytes[start - 1] as number);
    let prefix = 0;
    for (let k = 0; k < 4; k++) {
      prefix = prefix * 256 + (start + k < end ? (bytes[start + k] as number) : 0);
    }
    prefixes[i] = prefix;
  }
  const order = radixOrder(prefixes);
  for (let i = 0; i < size; ) {
    const prefix = prefixes[order[i] as number];
    let end = i + 1;
    while (end < size && prefixes[order[end] as number] === prefix) end++;
    if (end - i > 1) {
      order.subarray(i, end).sort((a, b) => {
        let x = starts[a] as number;
        let y = starts[b] as number;
        const aEnd = x + (bytes[x - 1] as number);
        const bEnd = y + (bytes[y - 1] as number);
        x += 4;
        y += 4;
        while (x < aEnd && y < bEnd) {
          const difference = (bytes[x++] as number) - (bytes[y++] as number);
          if (difference !== 0) return difference;
        }
        return aEnd - x - (bEnd - y);
      });
    }
    i = end;
  }
  return order;
}

function radixOrder(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from(keys, (_, i) => i);
  let spare = new Uint32Array(keys.length);
  for (const shift of [0, 16]) {
    const places = new Uint32Array(65_537);
    for (const key of keys) {
      const place = ((key >>> shift) & 0xffff) + 1;
      places[place] = (places[place] as number) + 1;
    }
    for (let i = 1; i < places.length; i++) {
      places[i] = (places[i] as number) + (places[i - 1] as number);
    }
    for (let i = 0; i < order.length; i++) {
      const number = order[i] as number;
      const digit = ((keys[number] as number) >>> shift) & 0xffff;
      const place = places[digit] as number;
      places[digit] = place + 1;
      spare[place] = number;
    }
    [order, spare] = [spare, order];
  }
  return order;
}

/** Reads `NAME.words` word by word: `word[0, length)`. */
export class WordCursor {
  readonly word = new Uint8Array(128);
  length = 0;
  count = 0;
  /** The number of the present word in its run; -1 before the first. */
  number = -1;
  readonly size: number;
  readonly #reader: NumberReader;

  constructor(base: string, bufferBytes?: number) {
    this.#reader = new NumberReader(`${base}.words`, bufferBytes);
    this.size = this.#reader.number();
  }

  /** False at the end. */
  next(): boolean {
    if (this.number + 1 >= this.size) return false;
    this.number++;
    const reader = this.#reader;
    const shared = reader.number();
    const further = reader.number();
    reader.raw(this.word, shared, further);
    this.length = shared + further;
    this.count = reader.number();
    return true;
  }

  close(): void {
    this.#reader.close();
  }
}

/** Reads `NAME.pairs` in order, leaving out bigrams of which a word is not wanted. */
export class PairCursor {
  first = 0;
  second = 0;
  count = 0;
  readonly size: number;
  readonly #reader: NumberReader;
  readonly #numbers: Uint32Array;
  #groupsLeft: number;
  #bytesLeft = 0;
  #ownFirst = 0;
  #ownSecond = 0;

  /** @param numbers for each word of the run its number in all runs together, or UNWANTED. */
  constructor(base: string, numbers: Uint32Array, bufferBytes?: number) {
    this.#reader = new NumberReader(`${base}.pairs`, bufferBytes);
    this.#numbers = numbers;
    this.size = this.#reader.number();
    this.#groupsLeft = this.#reader.number();
  }

  /** False at the end. */
  next(): boolean {
    const reader = this.#reader;
    const numbers = this.#numbers;
    for (;;) {
      while (this.#bytesLeft === 0) {
        if (this.#groupsLeft === 0) return false;
        this.#groupsLeft--;
        this.#ownFirst += reader.number();
        this.#bytesLeft = reader.number();
        this.#ownSecond = 0;
        this.first = numbers[this.#ownFirst] as number;
        if (this.first === UNWANTED) {
          reader.skip(this.#bytesLeft);
          this.#bytesLeft = 0;
        }
      }
      const step = reader.number();
      const count = reader.number();
      this.#bytesLeft -= bytesOf(step) + bytesOf(count);
      this.#ownSecond += step;
      const second = numbers[this.#ownSecond] as number;
      if (second === UNWANTED) continue;
      this.second = second;
      this.count = count;
      return true;
    }
  }

  close(): void {
    this.#reader.close();
  }
}

/** The number of a word that no bigram of the result may have. */
export const UNWANTED = 0xffffffff;

function bytesOf(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
