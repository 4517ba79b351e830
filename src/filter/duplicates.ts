/**
 * Exact and near duplicates over a whole dataset. The first image added stays; a later one with the
 * same bytes, or with a dhash within `bits`, is a duplicate of it.
 *
 * Near ones are found by the pigeonhole principle: cut into `bits + 1` bands, two hashes that differ
 * in at most `bits` bits agree in at least one band whole. So only images that share a band are
 * compared. A band takes every (bits + 1)-th bit: neighbouring bits tell much the same (many pictures
 * have a white rim), so bands of neighbours would put too many images together.
 *
 * What is kept of an image is numbers in typed arrays: 52 bytes, and 6 more for the table of exact
 * duplicates and for that of each band; 88 in all with 4 bits.
 */

import { Chains } from './chains.js';
import { DHASH_BITS } from './dhash.js';

export interface Fingerprint {
  /** 32 hex digits. */
  readonly key: string;
  /** 64 hex digits. */
  readonly sha256: string;
  /** 48 hex digits. */
  readonly dhash: string;
}

export interface Duplicate {
  readonly reason: 'duplicate_exact' | 'duplicate_near';
  /** Of the image that stays. */
  readonly key: string;
}

/**
 * Images that share a band with one another, at most. Pictures of nearly nothing, such as a thin drawing
 * on white, share bands with millions; those beyond this many are looked for by their other bands only, so
 * that no image is ever compared with more than this many a band.
 */
const CROWD = 4_096;

/** 32-bit words of a record: dhash, key, and 96 bits of SHA-256, which 400 million images share by
 * chance once in 10¹² datasets. */
const HASH_WORDS = DHASH_BITS / 32;
const KEY_WORDS = 4;
const SHA_WORDS = 3;
const KEY = HASH_WORDS;
const SHA = KEY + KEY_WORDS;
const RECORD = SHA + SHA_WORDS;
const CHUNK_BITS = 12;
const CHUNK_MASK = (1 << CHUNK_BITS) - 1;

export class DuplicateIndex {
  readonly #bits: number;
  readonly #chunks: Uint32Array[] = [];
  #size = 0;
  readonly #exact: Chains;
  /** The bits of each band, as words to mask a hash with. */
  readonly #masks: readonly Uint32Array[];
  readonly #bands: readonly Chains[];
  /** The image that is looked for. */
  readonly #wanted = new Uint32Array(RECORD);

  /** @param bits largest number of differing dhash bits; -1 looks for exact duplicates only */
  constructor(bits: number) {
    this.#bits = bits;
    this.#exact = new Chains((image) => this.#chunkOf(image)[at(image) + SHA] as number);
    this.#masks = Array.from({ length: bits + 1 }, (_, band) => bandMask(band, bits + 1));
    this.#bands = this.#masks.map(
      (mask) => new Chains((image) => hashOf(this.#chunkOf(image), at(image), mask)),
    );
  }

  /** The image that `image` duplicates; of several near ones, the one added first. */
  check(image: Omit<Fingerprint, 'key'>): Duplicate | undefined {
    const wanted = this.#wanted;
    readHex(image.sha256, wanted, SHA, SHA_WORDS);
    const exact = this.#findExact();
    if (exact >= 0) return { reason: 'duplicate_exact', key: this.#keyOf(exact) };
    if (this.#bits < 0) return undefined;
    readHex(image.dhash, wanted, 0, HASH_WORDS);
    let first = this.#size;
    for (const [band, chains] of this.#bands.entries()) {
      const hash = hashOf(wanted, 0, this.#masks[band] as Uint32Array);
      for (let other = chains.first(hash); other >= 0; other = chains.next(other)) {
        if (other < first && this.#isNear(other)) first = other;
      }
    }
    return first === this.#size ? undefined : { reason: 'duplicate_near', key: this.#keyOf(first) };
  }

  add(image: Fingerprint): void {
    const index = this.#size++;
    if (index >> CHUNK_BITS === this.#chunks.length) {
      this.#chunks.push(new Uint32Array(RECORD << CHUNK_BITS));
    }
    const chunk = this.#chunkOf(index);
    const start = at(index);
    readHex(image.dhash, chunk, start, HASH_WORDS);
    readHex(image.key, chunk, start + KEY, KEY_WORDS);
    readHex(image.sha256, chunk, start + SHA, SHA_WORDS);
    this.#exact.add(index, chunk[start + SHA] as number);
    for (const [band, chains] of this.#bands.entries()) {
      const mask = this.#masks[band] as Uint32Array;
      const hash = hashOf(chunk, start, mask);
      if (!this.#isCrowded(chains, hash, chunk, start, mask)) chains.add(index, hash);
    }
  }

  #findExact(): number {
    const wanted = this.#wanted;
    let first = -1;
    let other = this.#exact.first(wanted[SHA] as number);
    for (; other >= 0; other = this.#exact.next(other)) {
      const chunk = this.#chunkOf(other);
      const start = at(other) + SHA;
      if (
        chunk[start] === wanted[SHA] &&
        chunk[start + 1] === wanted[SHA + 1] &&
        chunk[start + 2] === wanted[SHA + 2] &&
        (first < 0 || other < first)
      ) {
        first = other;
      }
    }
    return first;
  }

  #isNear(other: number): boolean {
    const chunk = this.#chunkOf(other);
    const start = at(other);
    let differing = 0;
    for (let word = 0; word < HASH_WORDS; word++) {
      differing += ones((chunk[start + word] as number) ^ (this.#wanted[word] as number));
      if (differing > this.#bits) return false;
    }
    return true;
  }

  #isCrowded(
    chains: Chains,
    hash: number,
    chunk: Uint32Array,
    start: number,
    mask: Uint32Array,
  ): boolean {
    let alike = 0;
    for (let other = chains.first(hash); other >= 0; other = chains.next(other)) {
      if (sameBand(this.#chunkOf(other), at(other), chunk, start, mask)) alike += 1;
    }
    return alike >= CROWD;
  }

  #keyOf(image: number): string {
    const start = at(image) + KEY;
    const words = this.#chunkOf(image).subarray(start, start + KEY_WORDS);
    return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  }

  #chunkOf(image: number): Uint32Array {
    return this.#chunks[image >>> CHUNK_BITS] as Uint32Array;
  }
}

/** Where an image's record begins in its chunk. */
function at(image: number): number {
  return (image & CHUNK_MASK) * RECORD;
}

function bandMask(band: number, bands: number): Uint32Array {
  const mask = new Uint32Array(HASH_WORDS);
  for (let bit = band; bit < DHASH_BITS; bit += bands) {
    mask[bit >> 5] = (mask[bit >> 5] as number) | (1 << (bit & 31));
  }
  return mask;
}

function hashOf(words: Uint32Array, start: number, mask: Uint32Array): number {
  let hash = 0;
  for (let word = 0; word < HASH_WORDS; word++) {
    hash = Math.imul(hash ^ ((words[start + word] as number) & (mask[word] as number)), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function sameBand(
  a: Uint32Array,
  aStart: number,
  b: Uint32Array,
  bStart: number,
  mask: Uint32Array,
): boolean {
  for (let word = 0; word < HASH_WORDS; word++) {
    const differing = (a[aStart + word] as number) ^ (b[bStart + word] as number);
    if ((differing & (mask[word] as number)) !== 0) return false;
  }
  return true;
}

function readHex(hex: string, into: Uint32Array, start: number, words: number): void {
  for (let word = 0; word < words; word++) {
    into[start + word] = Number.parseInt(hex.slice(word * 8, word * 8 + 8), 16);
  }
}

/** How many bits of a 32-bit word are set (Hacker's Delight, §5-1). */
function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
