/**
 * Exact and near duplicates over a whole dataset. The first image added stays; a later one with the
 * same bytes, or with a dhash within `bits`, is a duplicate of it.
 *
 * Near ones are found by the pigeonhole principle: of two hashes that differ in at most `bits` bits, cut into
 * `bits / 2 + 1` bands, one band differs in one bit at most. So an image is looked for under each band as it is, and
 * under each band with one bit flipped: some 195 times. A band takes every n-th bit: neighbouring bits tell
 * much the same (many pictures have a white rim). Few long bands rather than many short ones: 64 bits
 * are seldom the same by chance, so hardly any image is compared with another that is not near.
 *
 * Where an image is looked for and not found, which is nearly always, no image is read: a filter of two bytes an
 * image and band says so. So images themselves, and which of them share a bucket, may be on disk. In
 * memory are 3 bytes an image for each band and for the bytes: 12 in all with 4 bits.
 */

import { createHash } from 'node:crypto';
import { DHASH_BITS } from './dhash.js';
import { BloomFilter } from './duplicates/bloom.js';
import { Records } from './duplicates/records.js';

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

export interface IndexOptions {
  /** Images that will be added, at most; beyond, looking them up takes longer. */
  readonly capacity: number;
  /** Where a file may be made for what does not fit in memory; it vanishes with the process. */
  readonly path: string;
  /** For the images' records, about; the file takes the rest. Default 1 GiB. */
  readonly memoryBytes?: number;
}

/**
 * Images that share a band with one another, at most. Pictures of nearly nothing, such as a thin drawing
 * on white, may share bands with very many; those beyond this many are looked for by their other bands only, so
 * that no image is ever compared with more than this many a band.
 */
const CROWD = 4_096;

/** 32-bit words of a record: dhash, key, and 96 bits of SHA-256, which 400 million images share by
 * chance once in 10¹² datasets. Then, for each table, the image before it in its bucket, plus one. */
const HASH_WORDS = DHASH_BITS / 32;
const KEY_WORDS = 4;
const SHA_WORDS = 3;
const KEY = HASH_WORDS;
const SHA = KEY + KEY_WORDS;
const BEFORE = SHA + SHA_WORDS;

/** Of records, unless set otherwise. */
export const MEMORY_BYTES = 2 ** 30;
/** So few that no file is made. */
const FEW: IndexOptions = { capacity: 100_000, path: '' };

export class DuplicateIndex {
  readonly #bits: number;
  readonly #records: Records;
  readonly #exact: Table;
  readonly #bands: readonly Band[];
  /** The image that is looked for or added. */
  readonly #image: Uint32Array;

  /**
   * @param bits largest number of differing dhash bits; -1 looks for exact duplicates only
   * @param options default: for few images, in memory
   */
  constructor(bits: number, options: IndexOptions = FEW) {
    const { capacity, path, memoryBytes = MEMORY_BYTES } = options;
    this.#bits = bits;
    const bands = bits < 0 ? 0 : Math.floor(bits / 2) + 1;
    const words = BEFORE + 1 + bands;
    this.#records = new Records(words, { capacity, path, memoryBytes });
    this.#image = new Uint32Array(words);
    this.#exact = new Table(capacity);
    this.#bands = Array.from(
      { length: bands },
      (_, band) => new Band(band, bands, new Table(capacity)),
    );
  }

  /** The image that `image` duplicates; of several near ones, the one added first. */
  check(image: Omit<Fingerprint, 'key'>): Duplicate | undefined {
    const wanted = this.#image;
    readHex(image.sha256, wanted, SHA, SHA_WORDS);
    const exact = this.#findExact();
    if (exact >= 0) return { reason: 'duplicate_exact', key: this.#keyOf(exact) };
    if (this.#bits < 0) return undefined;
    readHex(image.dhash, wanted, 0, HASH_WORDS);
    let first = -1;
    for (const [index, band] of this.#bands.entries()) {
      const { table, bits } = band;
      band.hash(wanted);
      first = this.#findNear(index, table, band.a, band.b, first);
      if (this.#bits === 0) continue;
      for (const bit of bits) {
        const a = band.a ^ (FLIPS_A[bit] as number);
        const b = band.b ^ (FLIPS_B[bit] as number);
        first = this.#findNear(index, table, a, b, first);
      }
    }
    return first < 0 ? undefined : { reason: 'duplicate_near', key: this.#keyOf(first) };
  }

  add(image: Fingerprint): void {
    const record = this.#image;
    readHex(image.dhash, record, 0, HASH_WORDS);
    readHex(image.key, record, KEY, KEY_WORDS);
    readHex(image.sha256, record, SHA, SHA_WORDS);
    const number = this.#records.size;
    record[BEFORE] = this.#exact.add(number, record[SHA] as number, record[SHA + 1] as number);
    for (const [index, band] of this.#bands.entries()) {
      band.hash(record);
      const isIn = !this.#isCrowded(index, band);
      record[BEFORE + 1 + index] = isIn ? band.table.add(number, band.a, band.b) : 0;
    }
    this.#records.append(record);
  }

  /** Lets go of the file. */
  close(): void {
    this.#records.close();
  }

  #findExact(): number {
    const wanted = this.#image;
    let first = -1;
    let other = this.#exact.first(wanted[SHA] as number, wanted[SHA + 1] as number);
    while (other >= 0) {
      const page = this.#records.page(other);
      const start = this.#records.start(other);
      const at = start + SHA;
      const isSame =
        page[at] === wanted[SHA] &&
        page[at + 1] === wanted[SHA + 1] &&
        page[at + 2] === wanted[SHA + 2];
      // Later ones come first.
      if (isSame) first = other;
      other = (page[start + BEFORE] as number) - 1;
    }
    return first;
  }

  /** The first near image of a bucket, or `found` where that was added before it. */
  #findNear(index: number, table: Table, a: number, b: number, found: number): number {
    let first = found;
    let other = table.first(a, b);
    while (other >= 0) {
      const page = this.#records.page(other);
      const start = this.#records.start(other);
      if ((first < 0 || other < first) && this.#isNear(page, start)) first = other;
      other = (page[start + BEFORE + 1 + index] as number) - 1;
    }
    return first;
  }

  #isNear(page: Uint32Array, start: number): boolean {
    let differing = 0;
    for (let word = 0; word < HASH_WORDS; word++) {
      differing += ones((page[start + word] as number) ^ (this.#image[word] as number));
      if (differing > this.#bits) return false;
    }
    return true;
  }

  #isCrowded(index: number, band: Band): boolean {
    let alike = 0;
    let other = band.table.first(band.a, band.b);
    while (other >= 0) {
      const page = this.#records.page(other);
      const start = this.#records.start(other);
      if (band.isSame(page, start, this.#image)) alike += 1;
      other = (page[start + BEFORE + 1 + index] as number) - 1;
    }
    return alike >= CROWD;
  }

  #keyOf(image: number): string {
    const start = this.#records.start(image) + KEY;
    const words = this.#records.page(image).subarray(start, start + KEY_WORDS);
    return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  }
}

/** Images in a bucket, on average, when all are there. */
const LOAD = 4;

/** The last image of each bucket; the images lead from one to the one before it. */
class Table {
  readonly #filter: BloomFilter;
  readonly #heads: Uint32Array;

  constructor(capacity: number) {
    this.#filter = new BloomFilter(capacity);
    this.#heads = new Uint32Array(Math.max(1, Math.ceil(capacity / LOAD)));
  }

  /** Puts an image in its bucket. Returns the one that was the last there, plus one. */
  add(image: number, a: number, b: number): number {
    this.#filter.add(a, b);
    const bucket = this.#bucketOf(a);
    const before = this.#heads[bucket] as number;
    this.#heads[bucket] = image + 1;
    return before;
  }

  /** The last image of the bucket where one with this hash may be; -1 where there is none. */
  first(a: number, b: number): number {
    return this.#filter.has(a, b) ? (this.#heads[this.#bucketOf(a)] as number) - 1 : -1;
  }

  #bucketOf(a: number): number {
    return Math.floor((a >>> 0) * (this.#heads.length / 2 ** 32));
  }
}

/**
 * Hashes of bits (Zobrist): a word for each bit, of which those that are set are added without carry. So the hash
 * with one bit flipped is one operation away.
 */
const FLIPS_A = new Int32Array(DHASH_BITS);
const FLIPS_B = new Int32Array(DHASH_BITS);
for (let bit = 0; bit < DHASH_BITS; bit++) {
  const digest = createHash('sha256').update(`bit ${bit}`).digest();
  FLIPS_A[bit] = digest.readInt32LE(0);
  FLIPS_B[bit] = digest.readInt32LE(4);
}

class Band {
  readonly table: Table;
  readonly bits: readonly number[];
  /** What `hash` found. */
  a = 0;
  b = 0;
  readonly #mask = new Uint32Array(HASH_WORDS);

  constructor(band: number, bands: number, table: Table) {
    this.table = table;
    this.bits = Array.from({ length: DHASH_BITS }, (_, bit) => bit).filter(
      (bit) => bit % bands === band,
    );
    for (const bit of this.bits) {
      this.#mask[bit >> 5] = (this.#mask[bit >> 5] as number) | (1 << (bit & 31));
    }
  }

  /** Of a hash's words: 64 bits, in `a` and `b`. */
  hash(words: Uint32Array): void {
    this.a = 0;
    this.b = 0;
    for (const bit of this.bits) {
      if (((words[bit >> 5] as number) & (1 << (bit & 31))) === 0) continue;
      this.a ^= FLIPS_A[bit] as number;
      this.b ^= FLIPS_B[bit] as number;
    }
  }

  isSame(page: Uint32Array, start: number, words: Uint32Array): boolean {
    for (const [word, mask] of this.#mask.entries()) {
      const differing = (page[start + word] as number) ^ (words[word] as number);
      if ((differing & mask) !== 0) return false;
    }
    return true;
  }
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
