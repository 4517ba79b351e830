/**
 * Work files of numbers of seven bits a byte (LEB128), lowest first, and raw bytes. Written to a
 * temporary name and committed whole; read in one pass with a small buffer. Both ends are synchronous:
 * they move millions of small items, for which asynchronous calls are too dear.
 */

import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { WitError } from './errors.js';
import { writeError } from './store.js';

const BUFFER_BYTES = 1 << 18;
/** Room for a few numbers of up to 53 bits, between two checks of the buffer. */
const MARGIN = 64;

export class NumberWriter {
  /** Bytes written. */
  bytes = 0;
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES + MARGIN);
  #length = 0;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
    try {
      this.#file = openSync(this.#temporary, 'w');
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** A whole number in [0, 2^53). */
  number(value: number): void {
    const buffer = this.#buffer;
    let length = this.#length;
    let rest = value;
    while (rest > 0x7fffffff) {
      buffer[length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      buffer[length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[length++] = rest;
    this.#length = length;
    if (length >= BUFFER_BYTES) this.#flush();
  }

  raw(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > MARGIN / 2) {
      this.#flush();
      this.#write(bytes.subarray(start, end));
      return;
    }
    for (let at = start; at < end; at++) this.#buffer[this.#length++] = bytes[at] as number;
    if (this.#length >= BUFFER_BYTES) this.#flush();
  }

  /** Gives the file its name; flushed to disk, unless it is of this run alone. */
  commit(flushed = true): void {
    try {
      this.#flush();
      if (flushed) fsyncSync(this.#file);
      closeSync(this.#file);
      renameSync(this.#temporary, this.#path);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  abort(): void {
    closeSync(this.#file);
    rmSync(this.#temporary, { force: true });
  }

  #flush(): void {
    if (this.#length > 0) this.#write(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
    this.bytes += bytes.length;
  }
}

export class NumberReader {
  readonly #path: string;
  readonly #file: number;
  readonly #buffer: Buffer;
  /** Valid bytes of the buffer, and the place read next. */
  #length = 0;
  #at = 0;
  #ended = false;

  constructor(path: string, bufferBytes = BUFFER_BYTES) {
    this.#path = path;
    this.#buffer = Buffer.allocUnsafe(bufferBytes);
    try {
      this.#file = openSync(path, 'r');
    } catch (cause) {
      throw new WitError('missing_file', `Cannot read ${path}`, { cause, hint: REMEDY });
    }
  }

  /** @throws WitError `bad_file` at the end of the file. */
  number(): number {
    if (this.#length - this.#at < MARGIN && !this.#ended) this.#refill();
    const buffer = this.#buffer;
    let at = this.#at;
    let byte = buffer[at++] as number;
    if (byte < 0x80 && at <= this.#length) {
      this.#at = at;
      return byte;
    }
    let value = byte & 0x7f;
    let scale = 128;
    while (byte >= 0x80) {
      if (at >= this.#length) throw this.#truncated();
      byte = buffer[at++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    if (at > this.#length) throw this.#truncated();
    this.#at = at;
    return value;
  }

  /** Copies the next `count` bytes to `target[offset …]`. */
  raw(target: Uint8Array, offset: number, count: number): void {
    if (this.#length - this.#at < MARGIN && !this.#ended) this.#refill();
    let left = count;
    let to = offset;
    while (left > this.#length - this.#at) {
      const copied = this.#buffer.copy(target, to, this.#at, this.#length);
      left -= copied;
      to += copied;
      this.#at = this.#length;
      if (this.#ended) throw this.#truncated();
      this.#refill();
    }
    for (let i = 0; i < left; i++) target[to + i] = this.#buffer[this.#at + i] as number;
    this.#at += left;
  }

  skip(count: number): void {
    let left = count;
    while (left > this.#length - this.#at) {
      left -= this.#length - this.#at;
      this.#at = this.#length;
      if (this.#ended) throw this.#truncated();
      this.#refill();
    }
    this.#at += left;
  }

  close(): void {
    closeSync(this.#file);
  }

  #refill(): void {
    this.#buffer.copyWithin(0, this.#at, this.#length);
    this.#length -= this.#at;
    this.#at = 0;
    const read = readSync(
      this.#file,
      this.#buffer,
      this.#length,
      this.#buffer.length - this.#length,
      null,
    );
    this.#length += read;
    if (read === 0) this.#ended = true;
    else if (this.#length < MARGIN) this.#refill();
  }

  #truncated(): WitError {
    return new WitError('bad_file', `${this.#path} ends too early`, { hint: REMEDY });
  }
}

const REMEDY =
  'Delete its folder and run the same command again: what stood there is worked out anew.';
