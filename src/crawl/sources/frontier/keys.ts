/**
 * URLs as sort keys, and sorted files of them. A key is the URL without its scheme, then one byte for
 * the scheme, so that all pages of a host stand together, whether http or https. URLs are ASCII
 * (the URL standard escapes everything else), so keys are too, and their order by bytes is the same
 * on every machine.
 *
 * A file holds, for each key: how many bytes it shares with the one before, how many follow, these;
 * then what its user puts there. Two zeros end it.
 */

import { NumberReader, NumberWriter } from '../../../core/varint.js';
import { MAX_URL_LENGTH } from '../../net/guard.js';

/** Below every byte of a URL, so that a key comes before those that it begins. */
const HTTP = 1;
const HTTPS = 2;

/**
 * Writes the key of a URL at `at` and returns where it ends.
 * @param href as `URL.href` spells it, of at most MAX_URL_LENGTH, without a fragment
 */
export function writeKey(href: string, into: Buffer, at: number): number {
  const isHttps = href.startsWith('https:');
  const end = at + into.write(href.slice(isHttps ? 8 : 7), at, 'latin1');
  into[end] = isHttps ? HTTPS : HTTP;
  return end + 1;
}

/** Sorted keys, one after another. */
export interface KeyStream {
  /** The present key is `key[0, length)`. */
  readonly key: Buffer;
  readonly length: number;
  /** False at the end. */
  next(): boolean;
  close(): void;
}

/** The URL of the present key. */
export function hrefOf({ key, length }: KeyStream): string {
  const scheme = key[length - 1] === HTTPS ? 'https://' : 'http://';
  return scheme + key.toString('latin1', 0, length - 1);
}

/** Length of the part of the present key that names host and port, the slash behind it included. */
export function hostLength({ key, length }: KeyStream): number {
  const slash = key.indexOf(0x2f);
  return slash === -1 || slash >= length ? length : slash + 1;
}

/** Below zero when `a[0, aLength)` comes before `b[0, bLength)`. */
export function compareKeys(a: Buffer, aLength: number, b: Buffer, bLength: number): number {
  const most = Math.min(aLength, bLength);
  for (let i = 0; i < most; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Room for any key. */
export function keyBuffer(): Buffer {
  return Buffer.alloc(MAX_URL_LENGTH + 1);
}

/** Writes a sorted file. */
export class KeyWriter {
  readonly #writer: NumberWriter;
  readonly #last = keyBuffer();
  #lastLength = 0;
  /** Keys written. */
  size = 0;

  constructor(path: string) {
    this.#writer = new NumberWriter(path);
  }

  /** Keys must come in order, each once. */
  add(key: Buffer, length: number): void {
    const last = this.#last;
    const most = Math.min(length, this.#lastLength);
    let shared = 0;
    while (shared < most && key[shared] === last[shared]) shared++;
    this.#writer.number(shared);
    this.#writer.number(length - shared);
    this.#writer.raw(key, shared, length);
    for (let i = shared; i < length; i++) last[i] = key[i] as number;
    this.#lastLength = length;
    this.size++;
  }

  /** A number that goes with the key just added; the reader must ask for it. */
  number(value: number): void {
    this.#writer.number(value);
  }

  /** Ends the file and gives it its name; flushed to disk, unless it is of this run alone. */
  commit(flushed = true): void {
    this.#writer.number(0);
    this.#writer.number(0);
    this.#writer.commit(flushed);
  }

  abort(): void {
    this.#writer.abort();
  }
}

/** Reads a sorted file. */
export class KeyCursor implements KeyStream {
  readonly key = keyBuffer();
  length = 0;
  readonly #reader: NumberReader;

  constructor(path: string, bufferBytes?: number) {
    this.#reader = new NumberReader(path, bufferBytes);
  }

  next(): boolean {
    const shared = this.#reader.number();
    const further = this.#reader.number();
    if (further === 0) {
      this.length = 0;
      return false;
    }
    this.#reader.raw(this.key, shared, further);
    this.length = shared + further;
    return true;
  }

  /** The number that goes with the present key. */
  number(): number {
    return this.#reader.number();
  }

  close(): void {
    this.#reader.close();
  }
}
