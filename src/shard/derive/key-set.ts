/**
 * Keys that were seen, exactly: 128 bits each in a typed array, of which at most seven slots in ten are used. That is
 * 23 to 46 bytes a key, where a `Set` of strings takes more than a hundred.
 */

import { contentId } from '../../core/ids.js';

const KEY = /^[0-9a-f]{32}$/;
const WORDS = 4;
const MOST_USED = 0.7;

export class KeySet {
  #slots = new Uint32Array(1024 * WORDS);
  #used = 0;
  /** The key of all zeros would look like a free slot. */
  #hasZero = false;

  /** Adds a key; false when it was there. */
  add(key: string): boolean {
    const hex = KEY.test(key) ? key : contentId(key);
    const words = new Uint32Array(WORDS);
    for (let i = 0; i < WORDS; i++) words[i] = Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16);
    if (words.every((word) => word === 0)) {
      const isNew = !this.#hasZero;
      this.#hasZero = true;
      return isNew;
    }
    if (this.#used + 1 > (this.#slots.length / WORDS) * MOST_USED) this.#grow();
    return this.#insert(this.#slots, words);
  }

  #insert(slots: Uint32Array, words: Uint32Array): boolean {
    const mask = slots.length / WORDS - 1;
    for (let slot = mixed(words) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (isFree(slots, at)) {
        slots.set(words, at);
        this.#used += 1;
        return true;
      }
      if (words.every((word, i) => slots[at + i] === word)) return false;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    this.#used = 0;
    for (let at = 0; at < before.length; at += WORDS) {
      if (!isFree(before, at)) this.#insert(this.#slots, before.subarray(at, at + WORDS));
    }
  }
}

/** Keys of others need not be hashes: all bits count. The finaliser is MurmurHash3's. */
function mixed(words: Uint32Array): number {
  let hash = 0;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

function isFree(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0 && slots[at + 2] === 0 && slots[at + 3] === 0;
}
