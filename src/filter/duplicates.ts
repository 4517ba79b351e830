/**
 * Exact and near duplicates over a whole dataset. The first image added stays; a later one with the
 * same bytes, or with a dhash within `bits`, is a duplicate of it.
 *
 * Near ones are found by the pigeonhole principle: cut into `bits + 1` bands, two hashes that differ
 * in at most `bits` bits agree in at least one band whole. So only images that share a band are
 * compared, and none is missed.
 */

import { DHASH_BITS, hamming } from './dhash.js';

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

export class DuplicateIndex {
  readonly #bits: number;
  /** First bit of each band, and one past the last. */
  readonly #cuts: number[];
  readonly #bySha = new Map<string, string>();
  readonly #byBand = new Map<string, number[]>();
  readonly #keys: string[] = [];
  readonly #hashes: string[] = [];

  /** @param bits largest number of differing dhash bits; -1 looks for exact duplicates only */
  constructor(bits: number) {
    this.#bits = bits;
    const bands = bits + 1;
    this.#cuts = Array.from({ length: bands + 1 }, (_, i) => Math.round((i * DHASH_BITS) / bands));
  }

  /** The image that `image` duplicates; of several near ones, the one added first. */
  check(image: Omit<Fingerprint, 'key'>): Duplicate | undefined {
    const exact = this.#bySha.get(image.sha256);
    if (exact !== undefined) return { reason: 'duplicate_exact', key: exact };
    let first = Number.POSITIVE_INFINITY;
    for (const band of this.#bandsOf(image.dhash)) {
      for (const index of this.#byBand.get(band) ?? []) {
        if (index >= first) break;
        if (hamming(this.#hashes[index] as string, image.dhash) <= this.#bits) first = index;
      }
    }
    const key = this.#keys[first];
    return key === undefined ? undefined : { reason: 'duplicate_near', key };
  }

  add(image: Fingerprint): void {
    if (!this.#bySha.has(image.sha256)) this.#bySha.set(image.sha256, image.key);
    const index = this.#keys.push(image.key) - 1;
    this.#hashes.push(image.dhash);
    for (const band of this.#bandsOf(image.dhash)) {
      const members = this.#byBand.get(band);
      if (members === undefined) this.#byBand.set(band, [index]);
      else members.push(index);
    }
  }

  #bandsOf(dhash: string): string[] {
    if (this.#bits < 0) return [];
    const binary = [...dhash].map((digit) =>
      Number.parseInt(digit, 16).toString(2).padStart(4, '0'),
    );
    const text = binary.join('');
    return this.#cuts
      .slice(0, -1)
      .map((from, band) => `${band}:${text.slice(from, this.#cuts[band + 1])}`);
  }
}
