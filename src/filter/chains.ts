/**
 * A hash table of whole numbers from 0 up, for hundreds of millions of them: six bytes each, no objects,
 * and never a pause. It grows by linear hashing (Litwin 1980): one bucket at a time is split in two.
 */

/** Numbers in a chain, on average. */
const LOAD = 2;
const CHUNK_BITS = 14;
const CHUNK_MASK = (1 << CHUNK_BITS) - 1;

export class Chains {
  readonly #hashOf: (number: number) => number;
  /** The first number of each bucket's chain, plus one; 0 where it is empty. */
  readonly #heads = new Words();
  /** The number after a number in its chain, plus one. */
  readonly #next = new Words();
  #size = 0;
  #buckets = 1;
  /** The largest power of two that is not above the number of buckets. */
  #whole = 1;

  /** @param hashOf gives 32 bits, the same each time, of a number that was added */
  constructor(hashOf: (number: number) => number) {
    this.#hashOf = hashOf;
  }

  add(number: number, hash: number): void {
    this.#link(this.#bucketOf(hash), number);
    this.#size += 1;
    if (this.#size > LOAD * this.#buckets) this.#split();
  }

  /** A first number of those that may have this hash, or -1. */
  first(hash: number): number {
    return this.#heads.get(this.#bucketOf(hash)) - 1;
  }

  /** The number after `number`, or -1. */
  next(number: number): number {
    return this.#next.get(number) - 1;
  }

  #bucketOf(hash: number): number {
    const bucket = (hash & (2 * this.#whole - 1)) >>> 0;
    return bucket < this.#buckets ? bucket : bucket - this.#whole;
  }

  #link(bucket: number, number: number): void {
    this.#next.set(number, this.#heads.get(bucket));
    this.#heads.set(bucket, number + 1);
  }

  /** Numbers of one bucket go to a new one when their hash has the next bit. */
  #split(): void {
    const from = this.#buckets - this.#whole;
    this.#buckets += 1;
    let number = this.#heads.get(from) - 1;
    this.#heads.set(from, 0);
    while (number >= 0) {
      const next = this.next(number);
      this.#link(this.#bucketOf(this.#hashOf(number)), number);
      number = next;
    }
    if (this.#buckets === 2 * this.#whole) this.#whole *= 2;
  }
}

/** An array of 32-bit words that grows without being copied. */
class Words {
  readonly #chunks: Uint32Array[] = [];

  get(at: number): number {
    return this.#chunks[at >>> CHUNK_BITS]?.[at & CHUNK_MASK] ?? 0;
  }

  set(at: number, word: number): void {
    const chunk = at >>> CHUNK_BITS;
    while (this.#chunks.length <= chunk) this.#chunks.push(new Uint32Array(CHUNK_MASK + 1));
    (this.#chunks[chunk] as Uint32Array)[at & CHUNK_MASK] = word;
  }
}
