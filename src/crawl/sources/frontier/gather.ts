/**
 * Keys gathered in memory, each once, as bytes in one buffer: no string outlives the call that brings it,
 * so that the garbage collector has nothing to copy, and memory is what was taken at the start.
 */

import { keyBuffer, writeKey } from './keys.js';

/** Shorter runs are sorted by insertion. */
const SHORT = 12;
/** What stands behind a key's last byte. */
const END = -1;

export class KeyGatherer {
  readonly #most: number;
  readonly #bytes: Buffer;
  /** Where each key begins; the next one begins where it ends. */
  readonly #starts: Uint32Array;
  /** Open addressing, half full at most: a key's number, plus one. */
  readonly #table: Uint32Array;
  /** Keys gathered. */
  size = 0;

  /** @param keys and @param bytes to hold; the last key may go beyond. */
  constructor(keys: number, bytes: number) {
    this.#most = bytes;
    this.#bytes = Buffer.allocUnsafeSlow(bytes + keyBuffer().length);
    this.#starts = new Uint32Array(keys + 1);
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * keys + 2)));
  }

  get isFull(): boolean {
    return (
      this.size >= this.#starts.length - 1 || (this.#starts[this.size] as number) >= this.#most
    );
  }

  /** Takes a URL as `writeKey` does, unless it is there; there must be room. */
  add(href: string): void {
    const from = this.#starts[this.size] as number;
    const to = writeKey(href, this.#bytes, from);
    const slot = this.#slotOf(from, to);
    if (this.#table[slot] !== 0) return;
    this.#table[slot] = ++this.size;
    this.#starts[this.size] = to;
  }

  /** Hands over all keys in order, and forgets them. */
  drain(take: (key: Buffer, length: number) => void): void {
    const order = Uint32Array.from({ length: this.size }, (_, key) => key);
    this.#sort(order, 0, this.size, 0);
    const copy = keyBuffer();
    for (const key of order) {
      const from = this.#starts[key] as number;
      take(copy, this.#bytes.copy(copy, 0, from, this.#starts[key + 1]));
    }
    this.size = 0;
    this.#table.fill(0);
  }

  /** Of the key at `[from, to)`, or the free one for it. */
  #slotOf(from: number, to: number): number {
    const bytes = this.#bytes;
    const table = this.#table;
    const mask = table.length - 1;
    // FNV-1a, whose low bits the rotation mixes with the high ones.
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (; table[slot] !== 0; slot = (slot + 1) & mask) {
      const start = this.#starts[(table[slot] as number) - 1] as number;
      const end = this.#starts[table[slot] as number] as number;
      if (end - start !== to - from) continue;
      let i = from;
      while (i < to && bytes[i] === bytes[start + i - from]) i++;
      if (i === to) break;
    }
    return slot;
  }

  #at(key: number, depth: number): number {
    const at = (this.#starts[key] as number) + depth;
    return at < (this.#starts[key + 1] as number) ? (this.#bytes[at] as number) : END;
  }

  /**
   * Sorts `order[from, to)`, keys that agree in their first `depth` bytes: multikey quicksort (Bentley and
   * Sedgewick, SODA 1997), which looks at no byte that does not tell keys apart more often than it must.
   */
  #sort(order: Uint32Array, from: number, to: number, depth: number): void {
    while (to - from > SHORT) {
      const middle = this.#at(order[(from + to) >>> 1] as number, depth);
      let [below, above] = [from, to];
      for (let i = from; i < above; ) {
        const key = order[i] as number;
        const byte = this.#at(key, depth);
        const other = byte < middle ? below++ : byte > middle ? --above : -1;
        if (other === -1) i++;
        else {
          order[i] = order[other] as number;
          order[other] = key;
          if (byte < middle) i++;
        }
      }
      // The longest of three parts is the loop's, so that calls nest no deeper than log n.
      const parts = [
        { from, to: below, depth },
        { from: below, to: middle === END ? below : above, depth: depth + 1 },
        { from: above, to, depth },
      ].sort((a, b) => b.to - b.from - (a.to - a.from));
      for (const part of parts.slice(1)) this.#sort(order, part.from, part.to, part.depth);
      const [longest] = parts as [(typeof parts)[number]];
      ({ from, to, depth } = longest);
    }
    for (let i = from + 1; i < to; i++) {
      const key = order[i] as number;
      let at = i;
      for (; at > from && this.#isBefore(key, order[at - 1] as number, depth); at--) {
        order[at] = order[at - 1] as number;
      }
      order[at] = key;
    }
  }

  #isBefore(a: number, b: number, depth: number): boolean {
    for (let i = depth; ; i++) {
      const [one, two] = [this.#at(a, i), this.#at(b, i)];
      if (one !== two) return one < two;
      if (one === END) return false;
    }
  }
}
