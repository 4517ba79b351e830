/**
 * A dictionary from words (bytes) to numbers 0, 1, 2, … in the order of first occurrence, with a
 * count each. Open addressing over typed arrays: about 30 bytes and the word itself, where a Map of
 * strings takes over 100.
 */

import { hashOf } from '../dump/words.js';

/** Slots per word at most: past this load, looking up slows down. */
const LOAD = 0.5;

export class WordTable {
  /** Distinct words. */
  size = 0;
  /** By number. Exact up to 2^53. */
  counts = new Float64Array(1024);
  /** The words, one after the other: word `i` is `bytes[starts[i], starts[i + 1])`. */
  bytes = new Uint8Array(1 << 14);
  starts = new Uint32Array(1025);

  /** Pairs of (hash, number + 1); 0 marks a free slot. */
  #slots = new Int32Array(1 << 13);
  #mask = (1 << 12) - 1;

  /** The number of the word, which is added with count 0 where it is new. */
  add(word: Uint8Array, length: number, hash: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = spread(hash) & mask;
    for (;;) {
      const entry = slots[2 * slot + 1] as number;
      if (entry === 0) return this.#insert(slot, word, length, hash);
      if (slots[2 * slot] === hash && this.#equals(entry - 1, word, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
  }

  /** The number of the word, or -1. */
  find(word: Uint8Array, length = word.length, hash = hashOf(word, length)): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = spread(hash) & mask;
    for (;;) {
      const entry = slots[2 * slot + 1] as number;
      if (entry === 0) return -1;
      if (slots[2 * slot] === hash && this.#equals(entry - 1, word, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds `count` to a text's count. */
  addText(text: string, count: number): number {
    const word = Buffer.from(text);
    const number = this.add(word, word.length, hashOf(word, word.length));
    this.counts[number] = (this.counts[number] as number) + count;
    return number;
  }

  textOf(number: number): string {
    return Buffer.from(this.wordOf(number)).toString();
  }

  /** A view; valid until the next `add`. */
  wordOf(number: number): Uint8Array {
    return this.bytes.subarray(this.starts[number] as number, this.starts[number + 1] as number);
  }

  /** Forgets every word, keeping the memory. */
  clear(): void {
    this.counts.fill(0, 0, this.size);
    this.#slots.fill(0);
    this.size = 0;
  }

  #equals(number: number, word: Uint8Array, length: number): boolean {
    const start = this.starts[number] as number;
    if ((this.starts[number + 1] as number) - start !== length) return false;
    const bytes = this.bytes;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== word[i]) return false;
    return true;
  }

  #insert(slot: number, word: Uint8Array, length: number, hash: number): number {
    const number = this.size++;
    if (number === this.counts.length) this.counts = grown(this.counts, Float64Array);
    if (number + 1 === this.starts.length) this.starts = grown(this.starts, Uint32Array);
    const start = this.starts[number] as number;
    while (start + length > this.bytes.length) this.bytes = grown(this.bytes, Uint8Array);
    for (let i = 0; i < length; i++) this.bytes[start + i] = word[i] as number;
    this.starts[number + 1] = start + length;
    this.#slots[2 * slot] = hash;
    this.#slots[2 * slot + 1] = number + 1;
    if (this.size > LOAD * (this.#mask + 1)) this.#rehash();
    return number;
  }

  #rehash(): void {
    const old = this.#slots;
    const mask = 2 * this.#mask + 1;
    const slots = new Int32Array(2 * old.length);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      let slot = spread(old[i] as number) & mask;
      while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
      slots[2 * slot] = old[i] as number;
      slots[2 * slot + 1] = old[i + 1] as number;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** FNV's low bits are weak. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(
  array: T,
  make: new (length: number) => T,
): T {
  const larger = new make(2 * array.length);
  larger.set(array);
  return larger;
}
