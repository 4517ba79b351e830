/**
 * Exact and near duplicates over a whole dataset. The first image added stays; a later one with the
 * same bytes, or with a dhash within `bits`, is a duplicate of it.
 *
 * Near ones are found by the pigeonhole principle: cut into `bits + 1` bands, two hashes that differ
 * in at most `bits` bits agree in at least one band whole. So only images that share a band are
 * compared, and none is missed. A band takes every (bits + 1)-th bit: neighbouring bits tell much the
 * same (many pictures have a white rim), so bands of neighbours would put too many images together.
 */

import { DHASH_BITS } from './dhash.js';

export interface Fingerprint {
  readonly key: string;
  readonly sha256: string;
  readonly dhash: string;
}

export interface Duplicate {
  readonly reason: 'duplicate_exact' | 'duplicate_near';
  /** Of the image that stays. */
  readonly key: string;
}

/** 32-bit words of a hash. */
const WORDS = DHASH_BITS / 32;

export class DuplicateIndex {
  readonly #bits: number;
  readonly #bySha = new Map<string, string>();
  /** Images by band, in the order they were added. */
  readonly #byBand = new Map<string, number[]>();
  readonly #keys: string[] = [];
  /** The hashes, WORDS each. */
  #hashes = new Uint32Array(1024 * WORDS);

  /** @param bits largest number of differing dhash bits; -1 looks for exact duplicates only */
  constructor(bits: number) {
    this.#bits = bits;
  }

  /** The image that `image` duplicates; of several near ones, the one added first. */
  check(image: Omit<Fingerprint, 'key'>): Duplicate | undefined {
    const exact = this.#bySha.get(image.sha256);
    if (exact !== undefined) return { reason: 'duplicate_exact', key: exact };
    if (this.#bits < 0) return undefined;
    const hash = wordsOf(image.dhash);
    let first = this.#keys.length;
    for (const band of this.#bandsOf(hash)) {
      for (const index of this.#byBand.get(band) ?? []) {
        if (index >= first) break;
        if (this.#isNear(index, hash)) first = index;
      }
    }
    const key = this.#keys[first];
    return key === undefined ? undefined : { reason: 'duplicate_near', key };
  }

  add(image: Fingerprint): void {
    if (!this.#bySha.has(image.sha256)) this.#bySha.set(image.sha256, image.key);
    if (this.#bits < 0) return;
    const hash = wordsOf(image.dhash);
    const index = this.#keys.push(image.key) - 1;
    if ((index + 1) * WORDS > this.#hashes.length) {
      const larger = new Uint32Array(this.#hashes.length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes.set(hash, index * WORDS);
    for (const band of this.#bandsOf(hash)) {
      const members = this.#byBand.get(band);
      if (members === undefined) this.#byBand.set(band, [index]);
      else members.push(index);
    }
  }

  #isNear(index: number, hash: Uint32Array): boolean {
    let differing = 0;
    for (let word = 0; word < WORDS; word++) {
      differing += ones((this.#hashes[index * WORDS + word] as number) ^ (hash[word] as number));
      if (differing > this.#bits) return false;
    }
    return true;
  }

  /** A name for the bits of each band: the band's number, then 16 bits a character. */
  #bandsOf(hash: Uint32Array): string[] {
    const bands = this.#bits + 1;
    const names: string[] = [];
    for (let band = 0; band < bands; band++) {
      let name = String.fromCharCode(band);
      let piece = 1;
      for (let bit = band; bit < DHASH_BITS; bit += bands) {
        piece = (piece << 1) | (((hash[bit >> 5] as number) >>> (bit & 31)) & 1);
        if (piece >= 0x8000) {
          name += String.fromCharCode(piece);
          piece = 1;
        }
      }
      names.push(name + String.fromCharCode(piece));
    }
    return names;
  }
}

function wordsOf(dhash: string): Uint32Array {
  const words = new Uint32Array(WORDS);
  for (let word = 0; word < WORDS; word++) {
    words[word] = Number.parseInt(dhash.slice(word * 8, word * 8 + 8), 16);
  }
  return words;
}

/** How many bits of a 32-bit word are set (Hacker's Delight, §5-1). */
function ones(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
