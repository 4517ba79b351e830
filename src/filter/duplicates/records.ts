/**
 * Records of equal length, appended and read by number, of which only a part is in memory: where they may
 * become more than that, whole pages go to a file, and pages that are asked for come back. The file has no
 * name and goes with the process.
 */

import { closeSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, WitError } from '../../core/errors.js';
import { writeError } from '../../core/store.js';

/** Records of a page: a few kB. */
const PAGE_BITS = 6;
const PAGE_MASK = (1 << PAGE_BITS) - 1;

export interface RecordOptions {
  /** Records expected. More are kept in memory where these would fit. */
  readonly capacity: number;
  /** Of all pages that are in memory, about. */
  readonly memoryBytes: number;
  /** Where the file may be made. */
  readonly path: string;
}

export class Records {
  readonly #words: number;
  readonly #path: string;
  /** Where pages are in memory; without end when no file is needed. */
  readonly #places: number;
  /** By place: the page there, and its number. */
  readonly #pages: Uint32Array[] = [];
  readonly #numbers: number[] = [];
  readonly #file: number | undefined;
  #last: Uint32Array;
  #size = 0;

  /** @throws WitError `disk` when a file is needed and cannot be made. */
  constructor(words: number, { capacity, memoryBytes, path }: RecordOptions) {
    this.#words = words;
    this.#path = path;
    this.#last = this.#newPage();
    const pages = Math.ceil(capacity / (PAGE_MASK + 1));
    const most = Math.max(1, Math.floor(memoryBytes / this.#last.byteLength));
    const fits = pages <= most;
    this.#places = fits ? Number.POSITIVE_INFINITY : most;
    this.#file = fits ? undefined : openNameless(path);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a record. @throws WitError `disk`. */
  append(record: Uint32Array): void {
    const place = this.#size & PAGE_MASK;
    this.#last.set(record, place * this.#words);
    this.#size += 1;
    if (place < PAGE_MASK) return;
    const page = (this.#size - 1) >>> PAGE_BITS;
    if (this.#file !== undefined) this.#write(page, this.#last);
    const free = this.#pages[this.#placeOf(page)];
    this.#put(page, this.#last);
    this.#last = free ?? this.#newPage();
  }

  /**
   * The words among which record `number` stands, from `start(number)` on. Good until the next call.
   * @throws WitError `disk`.
   */
  page(number: number): Uint32Array {
    const page = number >>> PAGE_BITS;
    if (page === this.#size >>> PAGE_BITS) return this.#last;
    const place = this.#placeOf(page);
    if (this.#numbers[place] !== page) {
      const words = this.#pages[place] ?? this.#newPage();
      this.#read(page, words);
      this.#put(page, words);
    }
    return this.#pages[place] as Uint32Array;
  }

  start(number: number): number {
    return (number & PAGE_MASK) * this.#words;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #newPage(): Uint32Array {
    return new Uint32Array(this.#words << PAGE_BITS);
  }

  #placeOf(page: number): number {
    return page < this.#places ? page : page % this.#places;
  }

  #put(page: number, words: Uint32Array): void {
    const place = this.#placeOf(page);
    this.#pages[place] = words;
    this.#numbers[place] = page;
  }

  #write(page: number, { buffer, byteLength }: Uint32Array): void {
    const bytes = new Uint8Array(buffer, 0, byteLength);
    try {
      for (let at = 0; at < byteLength; ) {
        at += writeSync(this.#file as number, bytes, at, byteLength - at, page * byteLength + at);
      }
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  #read(page: number, { buffer, byteLength }: Uint32Array): void {
    const bytes = new Uint8Array(buffer, 0, byteLength);
    for (let at = 0; at < byteLength; ) {
      const read = readSync(
        this.#file as number,
        bytes,
        at,
        byteLength - at,
        page * byteLength + at,
      );
      if (read === 0)
        throw new WitError('disk', `${this.#path} ends before byte ${page * byteLength}`);
      at += read;
    }
  }
}

function openNameless(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'w+');
    rmSync(path);
    return file;
  } catch (cause) {
    if (cause instanceof WitError) throw cause;
    throw new WitError('disk', `Cannot make ${path}: ${messageOf(cause)}`, { cause });
  }
}
