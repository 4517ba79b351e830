/**
 * Where the rows of a text list begin and end, in bytes, without parsing them: so that a file is cut
 * into ranges at the speed of the disk, and a range is read without what comes before it.
 *
 * Rows are the same whether a file is read from its start or from any row on, up to any row: that is
 * what makes ranges possible (a test compares all of them).
 *
 * - `lines`: a row ends with a line feed
 * - `csv`, `tsv`: also, but not inside a quoted field (RFC 4180; a quote inside an unquoted field is
 *   text). A quote that does not close within `maxRowBytes` spoils its line and no more: the next row
 *   begins after the line feed that follows the row's beginning
 * - `array`: the elements of one JSON array
 */

export type RecordKind = 'lines' | 'csv' | 'tsv' | 'array';

export interface ListRecord {
  /** Offset of its first byte in the unpacked file. */
  readonly at: number;
  /** The row with its line end; empty for a bad one. */
  readonly bytes: Buffer;
  /** Why it is no row. */
  readonly bad?: string;
}

/** Longer rows are a lost quote or no list at all. */
export const MAX_ROW_BYTES = 1_000_000;

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const END_ARRAY = 0x5d;

/** Takes a file piece by piece and gives the rows that are whole. */
export class RecordSplitter {
  readonly #kind: RecordKind;
  readonly #maxRowBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** Offset in the file of the buffer's first byte. */
  #offset: number;
  /** Offset in the buffer from which the next row is looked for. */
  #at = 0;
  /** Offset in the buffer of the first quote that is not before #at; the buffer's length for none. */
  #quote = -1;
  /** Where a row began that is too long; what follows up to a line feed belongs to it. */
  #longFrom: number | undefined;
  /** A JSON array has been closed: only whitespace may follow. */
  #closed = false;

  /** @param offset in the file, of the first byte that will come: a row's first. */
  constructor(kind: RecordKind, offset = 0, maxRowBytes = MAX_ROW_BYTES) {
    this.#kind = kind;
    this.#offset = offset;
    this.#maxRowBytes = maxRowBytes;
  }

  /** Whether a JSON array was closed as it should. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * The rows that `chunk` completes; with `last`, also the one that the file's end completes.
   * @throws Error for a JSON array that is none.
   */
  push(chunk: Buffer, last = false): ListRecord[] {
    this.#buffer =
      this.#at === this.#buffer.length
        ? chunk
        : Buffer.concat([this.#buffer.subarray(this.#at), chunk]);
    this.#offset += this.#at;
    this.#at = 0;
    this.#quote = -1;
    const found: ListRecord[] = [];
    for (;;) {
      const record = this.#kind === 'array' ? this.#element(last) : this.#row(last);
      if (record === undefined) return found;
      if (record !== 'blank') found.push(record);
    }
  }

  #row(last: boolean): ListRecord | 'blank' | undefined {
    const start = this.#at;
    if (this.#longFrom !== undefined) return this.#restOfLongRow(last);
    if (start === this.#buffer.length) return undefined;
    const end = this.#kind === 'lines' ? this.#lineEnd(start) : this.#quotedEnd(start, last);
    if (end !== undefined && end - start <= this.#maxRowBytes) return this.#give(start, end);
    const rest = this.#buffer.length;
    if (end === undefined && rest - start <= this.#maxRowBytes) {
      if (!last) return undefined;
      if (this.#kind === 'lines' || !this.#isOpen(start)) return this.#give(start, rest);
    }
    const line = this.#lineEnd(start) ?? (last ? rest : undefined);
    if (line !== undefined && line - start <= this.#maxRowBytes) {
      return this.#spoil(start, line, 'a quote that opens a field is never closed');
    }
    this.#longFrom = this.#offset + start;
    return this.#restOfLongRow(last);
  }

  #restOfLongRow(last: boolean): ListRecord | undefined {
    const end = this.#lineEnd(this.#at);
    this.#at = end ?? this.#buffer.length;
    if (end === undefined && !last) return undefined;
    const at = this.#longFrom as number;
    this.#longFrom = undefined;
    return { at, bytes: Buffer.alloc(0), bad: `longer than ${this.#maxRowBytes} bytes` };
  }

  #give(start: number, end: number): ListRecord | 'blank' {
    this.#at = end;
    const bytes = this.#buffer.subarray(start, end);
    return isBlank(bytes, this.#kind) ? 'blank' : { at: this.#offset + start, bytes };
  }

  #spoil(start: number, end: number, bad: string): ListRecord {
    this.#at = end;
    return { at: this.#offset + start, bytes: Buffer.alloc(0), bad };
  }

  /** After the next line feed. */
  #lineEnd(start: number): number | undefined {
    const at = this.#buffer.indexOf(LINE_FEED, start);
    return at < 0 ? undefined : at + 1;
  }

  /** After the line feed that ends the row; undefined where the buffer ends before it. */
  #quotedEnd(start: number, last: boolean): number | undefined {
    if (this.#quote < start) {
      const at = this.#buffer.indexOf(QUOTE, start);
      this.#quote = at < 0 ? this.#buffer.length : at;
    }
    const line = this.#lineEnd(start);
    if (line !== undefined && line <= this.#quote) return line;
    const end = this.#walk(start, last);
    return end === 'open' || end === 'ended' ? undefined : end;
  }

  #isOpen(start: number): boolean {
    return this.#walk(start, true) === 'open';
  }

  /** `open`: the buffer ends inside quotes; `ended`: it ends outside of them, before a line feed. */
  #walk(start: number, last: boolean): number | 'open' | 'ended' {
    const buffer = this.#buffer;
    const delimiter = this.#kind === 'tsv' ? TAB : COMMA;
    let atFieldStart = true;
    for (let at = start; at < buffer.length; at++) {
      const byte = buffer[at];
      if (byte === LINE_FEED) return at + 1;
      if (byte === QUOTE && atFieldStart) {
        for (;;) {
          at = buffer.indexOf(QUOTE, at + 1);
          if (at < 0) return 'open';
          if (at + 1 === buffer.length && !last) return 'open';
          if (buffer[at + 1] !== QUOTE) break;
          at += 1;
        }
        atFieldStart = false;
      } else {
        atFieldStart = byte === delimiter;
      }
    }
    return 'ended';
  }

  #element(last: boolean): ListRecord | undefined {
    const buffer = this.#buffer;
    let at = this.#at;
    for (; at < buffer.length; at++) {
      const byte = buffer[at] as number;
      if (isSpace(byte)) continue;
      if (this.#closed)
        throw new Error(`something follows the array, at byte ${this.#offset + at}`);
      if (byte === END_ARRAY) this.#closed = true;
      else if (byte !== COMMA) break;
    }
    this.#at = at;
    if (at === buffer.length) return undefined;
    let depth = 0;
    for (let end = at; end < buffer.length; end++) {
      const byte = buffer[end] as number;
      if (byte === QUOTE) {
        end = stringEnd(buffer, end);
        if (end < 0) break;
      } else if (OPEN.has(byte)) {
        depth += 1;
      } else if (depth > 0 && CLOSE.has(byte)) {
        depth -= 1;
      } else if (depth === 0 && (byte === COMMA || byte === END_ARRAY)) {
        this.#at = end;
        return { at: this.#offset + at, bytes: buffer.subarray(at, end) };
      }
    }
    if (buffer.length - at > this.#maxRowBytes) {
      throw new Error(
        `an element is longer than ${this.#maxRowBytes} bytes, at byte ${this.#offset + at}`,
      );
    }
    if (!last) return undefined;
    this.#at = buffer.length;
    return { at: this.#offset + at, bytes: buffer.subarray(at) };
  }
}

/** Offset of the quote that closes the JSON string opened at `start`; -1 where it is not there. */
function stringEnd(buffer: Buffer, start: number): number {
  let end = start;
  for (;;) {
    end = buffer.indexOf(QUOTE, end + 1);
    if (end < 0) return -1;
    let backslashes = 0;
    while (buffer[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

/** An empty line; where rows are lines, also one of spaces. */
function isBlank(bytes: Buffer, kind: RecordKind): boolean {
  if (kind === 'lines') return bytes.every(isSpace);
  return bytes[0] === LINE_FEED || (bytes[0] === RETURN && bytes[1] === LINE_FEED);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === RETURN || byte === TAB;
}
