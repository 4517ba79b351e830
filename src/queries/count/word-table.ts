/**
 * A dictionary from words (bytes) to numbers 0, 1, 2, … in the order of first occurrence, which counts
 * occurrences. Open addressing over typed arrays: about 50 bytes and the word itself, where a Map of
 * strings takes over 100. A slot holds all that a repeated word needs but its bytes, so that counting a
 * word touches two lines of the cache.
 */

import { hashOf, type WordBatch } from '../dump/words.js';

/** Slots per word at most: past this load, looking up slows down. */
const LOAD = 0.7;

/** Bytes of a word: MediaWiki's titles have at most 255. */
const LONGEST = 255;

export class WordTable {
  /** Distinct words. */
  size = 0;
  /** The words, each behind a byte that holds its length; word `i` begins at `starts[i]`. */
  bytes = new Uint8Array(1 << 14);
  starts = new Uint32Array(1024);
  /** Bytes in use. */
  #length = 0;

  /** Four a word: its hash, number + 1 (0 marks a free slot), where its bytes start, occurrences. */
  #slots = new Uint32Array(1 << 14);
  #mask = (1 << 12) - 1;

  /** The number of the word, which is added where it is new; an occurrence more of it. */
  add(word: Uint8Array, length: number, hash: number): number {
    return this.#add(word, 0, length, hash);
  }

  /** Adds each word of the batch; `numbers` gets the words' numbers. */
  addBatch(batch: WordBatch, numbers: Uint32Array): void {
    const { size, bytes, starts, hashes } = batch;
    // The sum is kept until it is overwritten, or the reads would be optimised away.
    numbers[0] = this.#touch(hashes, size);
    for (let i = 0; i < size; i++) {
      const start = starts[i] as number;
      const length = (starts[i + 1] as number) - start;
      numbers[i] = this.#add(bytes, start, length, hashes[i] as number);
    }
  }

  /**
   * Reads what adding will read. These reads do not depend on each other, so the processor waits for
   * many of them at once; adding one word after the other, it would wait for each.
   */
  #touch(hashes: Int32Array, size: number): number {
    const slots = this.#slots;
    const bytes = this.bytes;
    const mask = this.#mask;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      sum += slots[4 * (spread(hashes[i] as number) & mask)] as number;
    }
    for (let i = 0; i < size; i++) {
      sum += bytes[slots[4 * (spread(hashes[i] as number) & mask) + 2] as number] as number;
    }
    return sum;
  }

  #add(source: Uint8Array, from: number, length: number, hash: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const unsigned = hash >>> 0;
    let at = 4 * (spread(hash) & mask);
    for (;;) {
      const entry = slots[at + 1] as number;
      if (entry === 0) return this.#insert(at, source, from, length, unsigned);
      if (slots[at] === unsigned && this.#equals(slots[at + 2] as number, source, from, length)) {
        slots[at + 3] = (slots[at + 3] as number) + 1;
        return entry - 1;
      }
      at = (at + 4) & (4 * mask + 3);
    }
  }

  /** The number of the word, or -1. */
  find(word: Uint8Array, length = word.length, hash = hashOf(word, length)): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const unsigned = hash >>> 0;
    let at = 4 * (spread(hash) & mask);
    for (;;) {
      const entry = slots[at + 1] as number;
      if (entry === 0) return -1;
      if (slots[at] === unsigned && this.#equals(slots[at + 2] as number, word, 0, length)) {
        return entry - 1;
      }
      at = (at + 4) & (4 * mask + 3);
    }
  }

  addText(text: string): number {
    const word = Buffer.from(text);
    return this.add(word, word.length, hashOf(word, word.length));
  }

  /** Occurrences by number: how often each was added. */
  occurrences(): Uint32Array {
    const counts = new Uint32Array(this.size);
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += 4) {
      const entry = slots[at + 1] as number;
      if (entry !== 0) counts[entry - 1] = slots[at + 3] as number;
    }
    return counts;
  }

  textOf(number: number): string {
    return Buffer.from(this.wordOf(number)).toString();
  }

  /** A view; valid until the next `add`. */
  wordOf(number: number): Uint8Array {
    const start = this.starts[number] as number;
    return this.bytes.subarray(start, start + (this.bytes[start - 1] as number));
  }

  /** Forgets every word, keeping the memory. */
  clear(): void {
    this.#slots.fill(0);
    this.size = 0;
    this.#length = 0;
  }

  /** Whether the word stands at `start`, behind its length. */
  #equals(start: number, source: Uint8Array, from: number, length: number): boolean {
    const bytes = this.bytes;
    if (bytes[start - 1] !== length) return false;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== source[from + i]) return false;
    return true;
  }

  #insert(at: number, source: Uint8Array, from: number, length: number, hash: number): number {
    if (length > LONGEST) throw new Error(`a word of ${length} bytes: at most ${LONGEST}`);
    const number = this.size++;
    if (number === this.starts.length) this.starts = grown(this.starts, Uint32Array);
    const start = this.#length + 1;
    while (start + length > this.bytes.length) this.bytes = grown(this.bytes, Uint8Array);
    this.bytes[start - 1] = length;
    for (let i = 0; i < length; i++) this.bytes[start + i] = source[from + i] as number;
    this.#length = start + length;
    this.starts[number] = start;
    const slots = this.#slots;
    slots[at] = hash;
    slots[at + 1] = number + 1;
    slots[at + 2] = start;
    slots[at + 3] = 1;
    if (this.size > LOAD * (this.#mask + 1)) this.#rehash();
    return number;
  }

  #rehash(): void {
    const old = this.#slots;
    const mask = 2 * this.#mask + 1;
    const slots = new Uint32Array(2 * old.length);
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + 1] === 0) continue;
      let to = 4 * (spread(old[from] as number) & mask);
      while (slots[to + 1] !== 0) to = (to + 4) & (4 * mask + 3);
      for (let i = 0; i < 4; i++) slots[to + i] = old[from + i] as number;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** FNV's low bits are weak. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}

function grown<T extends Uint8Array | Uint32Array>(array: T, make: new (length: number) => T): T {
  const larger = new make(2 * array.length);
  larger.set(array);
  return larger;
}
