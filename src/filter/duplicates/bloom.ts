/**
 * A Bloom filter for hundreds of millions of items, whose number is known beforehand: two bytes an item, and
 * one that was never added is taken for one that was about once in a thousand. It is blocked (Putze, Sanders
 * and Singler 2007): the bits of an item lie in one cache line.
 */

const BITS_PER_ITEM = 16;
const BLOCK_BITS = 512;
const BLOCK_WORDS = BLOCK_BITS / 32;
/** Bits of an item. */
const TESTS = 7;
/** Of an array, so that no single one is larger than the engine allows. */
const CHUNK_BLOCKS = 1 << 16;

export class BloomFilter {
  readonly #chunks: Uint32Array[];
  readonly #blocks: number;

  /** @param capacity items for which it is made; beyond, it errs more often */
  constructor(capacity: number) {
    this.#blocks = Math.max(1, Math.ceil((capacity * BITS_PER_ITEM) / BLOCK_BITS));
    this.#chunks = [];
    for (let left = this.#blocks; left > 0; left -= CHUNK_BLOCKS) {
      this.#chunks.push(new Uint32Array(Math.min(left, CHUNK_BLOCKS) * BLOCK_WORDS));
    }
  }

  /** @param a and `b`: 32 bits each of the item's hash */
  add(a: number, b: number): void {
    const block = Math.floor((a >>> 0) * (this.#blocks / 2 ** 32));
    const words = this.#chunks[Math.floor(block / CHUNK_BLOCKS)] as Uint32Array;
    const start = (block % CHUNK_BLOCKS) * BLOCK_WORDS;
    let bit = b;
    let step = b >>> 9;
    for (let test = 0; test < TESTS; test++) {
      const at = start + ((bit >>> 5) & (BLOCK_WORDS - 1));
      words[at] = (words[at] as number) | (1 << (bit & 31));
      bit += step | 1;
      step += b >>> 18;
    }
  }

  /** Whether the item may have been added; never false of one that was. */
  has(a: number, b: number): boolean {
    const block = Math.floor((a >>> 0) * (this.#blocks / 2 ** 32));
    const words = this.#chunks[Math.floor(block / CHUNK_BLOCKS)] as Uint32Array;
    const start = (block % CHUNK_BLOCKS) * BLOCK_WORDS;
    let bit = b;
    let step = b >>> 9;
    for (let test = 0; test < TESTS; test++) {
      const at = start + ((bit >>> 5) & (BLOCK_WORDS - 1));
      if (((words[at] as number) & (1 << (bit & 31))) === 0) return false;
      bit += step | 1;
      step += b >>> 18;
    }
    return true;
  }
}
