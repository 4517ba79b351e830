/**
 * Wikitext to prose, in two passes over bytes: one undoes XML's escapes and drops comments, one drops
 * markup. The rules are those of docs/queries.md, "From wikitext to words", and are numbered as
 * there. In the prose a line feed is a break, a space a space.
 *
 * What is opened and never closed is found once per page: the positions are remembered, so that
 * hostile markup costs linear time.
 */

import { decodeHTMLStrict, decodeXML } from 'entities';

/** Markup that was never closed; counted, and read as punctuation. */
export type MarkupLoss =
  | 'unclosed_comment'
  | 'unclosed_tag'
  | 'unclosed_template'
  | 'unclosed_table'
  | 'unclosed_file';

const DROPPED_ELEMENTS =
  'ref references math chem ce code tt kbd samp var source syntaxhighlight pre gallery timeline score graph ' +
  'hiero imagemap mapframe maplink indicator inputbox categorytree templatedata templatestyles includeonly ' +
  'table style script';
const INLINE_TAGS =
  'b i u s em strong small big sub sup span font abbr cite q del ins mark bdi bdo dfn strike time ' +
  'noinclude onlyinclude nowiki wbr';
const DROPPED = new Set(DROPPED_ELEMENTS.split(' '));
const INLINE = new Set(INLINE_TAGS.split(' '));

const BREAK = 0x0a;
const SPACE = 0x20;
const LESS = 0x3c;
const GREATER = 0x3e;
const AMPERSAND = 0x26;
const APOSTROPHE = 0x27;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const PIPE = 0x7c;
const COLON = 0x3a;
const SLASH = 0x2f;
const UNDERSCORE = 0x5f;
const DASH = 0x2d;
const EXCLAMATION = 0x21;
const SEMICOLON = 0x3b;
const LONGEST_NAME = 32;
const LONGEST_ENTITY = 40;

/** Bytes that matter to the first pass: escapes, and the ends of `<!--` and `-->`. */
const ESCAPE = tableOf('&->');
/** Bytes at which a rule of the second pass may begin. */
const MARKUP = tableOf("<{[]'&_:");
/** Bytes that end the target of a link (rule 7). */
const TARGET_END = tableOf('[]{}|<>\n\r');
/** Bytes that end a URL (rule 8), beside white space. */
const URL_END = tableOf('[]<>"{}| \t\n\v\f\r');
const CLOSING_TAG = Buffer.from('</');

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) table[byte] = 1;
  return table;
}

/** A tag, when a `<` begins one; `end` is behind its `>`. Filled anew by each `#readTag`. */
interface Tag {
  name: string;
  closing: boolean;
  selfClosed: boolean;
  end: number;
}

export class ProseReader {
  /** The prose of the last page read: `bytes[0, length)`. */
  bytes = new Uint8Array(1 << 20);
  length = 0;
  /** Losses since the beginning. */
  readonly lost: Partial<Record<MarkupLoss, number>> = {};

  readonly #namespaces: ReadonlySet<string>;
  readonly #entities = new Map<string, Uint8Array | null>();
  readonly #tag: Tag = { name: '', closing: false, selfClosed: false, end: 0 };
  #text: Buffer = Buffer.allocUnsafe(1 << 20);
  #textLength = 0;
  /** Openings of this page that nothing closes. */
  readonly #unclosed = new Set<number>();
  /** By element: behind which place of this page no tag closes it any more. */
  readonly #lastClosed = new Map<string, number>();

  /** @param namespaces names of the namespaces of rule 6, in small letters. */
  constructor(namespaces: Iterable<string>) {
    this.#namespaces = new Set(namespaces);
  }

  /** Reads the escaped text `source[start, end)` into `bytes` and `length`. */
  read(source: Uint8Array, start: number, end: number): void {
    this.#unclosed.clear();
    this.#lastClosed.clear();
    this.#anchor = 0;
    this.#anchorBlank = true;
    this.#unescape(source, start, end);
    // No rule makes text longer than twice its source: `&nGt;` (5 bytes) stands for 6.
    if (this.bytes.length < 2 * this.#textLength + 8) {
      this.bytes = new Uint8Array(4 * this.#textLength + 8);
    }
    this.#strip();
  }

  /** Rules 1 and 2. */
  #unescape(source: Uint8Array, start: number, end: number): void {
    // One byte more than the text, so that looks ahead by one need no check.
    if (this.#text.length < end - start + 4) this.#text = Buffer.allocUnsafe(2 * (end - start) + 4);
    const text = this.#text;
    let out = 0;
    let comment = -1;
    for (let at = start; at < end; at++) {
      let byte = source[at] as number;
      if (ESCAPE[byte] === 0) {
        text[out++] = byte;
        continue;
      }
      if (byte === AMPERSAND) {
        const stop = this.#xmlEntity(source, at, end);
        if (stop > 0) {
          out = append(text, this.#decoded as Uint8Array, out);
          byte = text[out - 1] as number;
          at = stop;
        } else {
          text[out++] = byte;
        }
      } else {
        text[out++] = byte;
      }
      if (comment === -1) {
        // `<!--` is complete at its last dash.
        if (
          byte === DASH &&
          text[out - 2] === DASH &&
          text[out - 3] === EXCLAMATION &&
          text[out - 4] === LESS &&
          out >= 4
        ) {
          comment = out - 4;
        }
      } else if (
        byte === GREATER &&
        text[out - 2] === DASH &&
        text[out - 3] === DASH &&
        out - comment >= 7
      ) {
        out = comment;
        comment = -1;
      }
    }
    if (comment !== -1) {
      out = comment;
      this.#count('unclosed_comment');
    }
    text[out] = 0;
    this.#textLength = out;
  }

  #decoded: Uint8Array | null = null;

  /** The index of the `;` of an entity of XML at `at`, whose meaning is then in `#decoded`; else 0. */
  #xmlEntity(source: Uint8Array, at: number, end: number): number {
    const c = source[at + 1];
    if (c === 0x6c && source[at + 2] === 0x74 && source[at + 3] === SEMICOLON) {
      this.#decoded = LESS_BYTES;
      return at + 3;
    }
    if (c === 0x67 && source[at + 2] === 0x74 && source[at + 3] === SEMICOLON) {
      this.#decoded = GREATER_BYTES;
      return at + 3;
    }
    if (spells(source, at + 1, QUOT)) {
      this.#decoded = QUOTE_BYTES;
      return at + 5;
    }
    if (spells(source, at + 1, AMP)) {
      this.#decoded = AMPERSAND_BYTES;
      return at + 4;
    }
    const stop = semicolon(source, at, end);
    if (stop === 0) return 0;
    const name = latin1(source, at, stop + 1);
    if (!/^&(?:lt|gt|amp|quot|apos|#\d+|#[xX][\da-fA-F]+);$/.test(name)) return 0;
    this.#decoded = this.#decode(name, 'xml', decodeXML);
    return stop;
  }

  /** What an entity stands for; null when it is none. */
  #decode(name: string, kind: 'xml' | 'html', decode: (text: string) => string): Uint8Array | null {
    const key = kind + name;
    let bytes = this.#entities.get(key);
    if (bytes === undefined) {
      const text = decode(name);
      bytes = text === name ? null : Buffer.from(text);
      // A page can invent names without end.
      if (this.#entities.size < 10_000) this.#entities.set(key, bytes);
    }
    return bytes;
  }

  #count(reason: MarkupLoss): void {
    this.lost[reason] = (this.lost[reason] ?? 0) + 1;
  }

  /** Rules 3 to 11. */
  #strip(): void {
    const text = this.#text;
    const length = this.#textLength;
    const bytes = this.bytes;
    let out = 0;
    let at = 0;
    while (at < length) {
      const byte = text[at] as number;
      if (MARKUP[byte] === 0) {
        bytes[out++] = byte;
        at++;
        continue;
      }
      const next = at + 1 < length ? (text[at + 1] as number) : 0;
      switch (byte) {
        case LESS: {
          if (!this.#readTag(at)) {
            bytes[out++] = byte;
            at++;
            break;
          }
          const { end } = this.#tag;
          const stop = this.#skipAngle(at);
          if (this.#skipped === 'text') out = this.#plainText(end, this.#elementContentEnd, out);
          else if (this.#skipped === 'space') bytes[out++] = SPACE;
          else if (this.#skipped === 'break') bytes[out++] = BREAK;
          this.#anchorBlank =
            this.#skipped === 'break' || (this.#skipped !== 'text' && this.#isBlankBefore(at));
          this.#anchor = stop;
          at = stop;
          break;
        }
        case OPEN_BRACE: {
          let stop = -1;
          if (next === OPEN_BRACE) stop = this.#endOfTemplate(at);
          else if (next === PIPE && this.#isBlankBefore(at)) stop = this.#endOfTable(at);
          if (stop !== -1) {
            bytes[out++] = BREAK;
            if (next === OPEN_BRACE) {
              this.#anchor = stop;
              this.#anchorBlank = true;
            }
            at = stop;
          } else {
            bytes[out++] = byte;
            at++;
            // Braces are read two at a time.
            if (next === OPEN_BRACE) {
              bytes[out++] = byte;
              at++;
            }
          }
          break;
        }
        case OPEN_BRACKET:
          if (next === OPEN_BRACKET) {
            const file = this.#startsFile(at) ? this.#endOfFile(at) : -1;
            if (file !== -1) {
              bytes[out++] = BREAK;
              at = file;
              break;
            }
            const stop = this.#endOfLinkStart(at);
            if (stop < 0) {
              // An interlanguage link, whole.
              bytes[out++] = BREAK;
              at = -stop;
            } else if (stop > 0) {
              at = stop;
            } else {
              bytes[out++] = byte;
              at++;
            }
            break;
          }
          bytes[out++] = byte;
          at++;
          if (
            (next === SLASH && text[at + 1] === SLASH) ||
            ((next | 0x20) === 0x6d &&
              MAILTO.test(text.toString('latin1', at, Math.min(at + 7, length))))
          ) {
            at = endOfUrl(text, at, length);
            bytes[out++] = BREAK;
          }
          break;
        case CLOSE_BRACKET:
          if (next === CLOSE_BRACKET) {
            at += 2;
          } else {
            bytes[out++] = byte;
            at++;
          }
          break;
        case APOSTROPHE: {
          let stop = at + 1;
          while (stop < length && text[stop] === APOSTROPHE) stop++;
          const run = stop - at;
          let kept = run === 1 || run === 4 ? 1 : Math.max(0, run - 5);
          for (; kept > 0; kept--) bytes[out++] = APOSTROPHE;
          at = stop;
          break;
        }
        case AMPERSAND: {
          const stop = this.#htmlEntity(at);
          if (stop > 0) {
            out = append(bytes, this.#decoded as Uint8Array, out);
            at = stop + 1;
          } else {
            bytes[out++] = byte;
            at++;
          }
          break;
        }
        case COLON: {
          const scheme = next === SLASH && text[at + 2] === SLASH ? schemeBefore(bytes, out) : 0;
          if (scheme > 0) {
            out -= scheme;
            at = endOfUrl(text, at + 3, length);
            bytes[out++] = BREAK;
          } else {
            bytes[out++] = byte;
            at++;
          }
          break;
        }
        default: {
          // An underscore.
          const stop = next === UNDERSCORE ? endOfMagicWord(text, at, length) : 0;
          bytes[out++] = stop > 0 ? BREAK : byte;
          at = stop > 0 ? stop : at + 1;
        }
      }
    }
    this.length = out;
  }

  /** Rule 3: reads the tag at `at` into `#tag`; false when the `<` is punctuation. */
  #readTag(at: number): boolean {
    const text = this.#text;
    const length = this.#textLength;
    const closing = text[at + 1] === SLASH;
    const nameStart = at + (closing ? 2 : 1);
    let cursor = nameStart;
    if (!isLetter(text[cursor] as number)) return false;
    while (cursor < length && isNameByte(text[cursor] as number)) cursor++;
    const nameEnd = cursor;
    const after = text[cursor] as number;
    if (after !== GREATER && after !== SLASH && !isSpace(after)) return false;
    while (cursor < length && text[cursor] !== GREATER && text[cursor] !== LESS) cursor++;
    if (cursor >= length || text[cursor] === LESS) return false;
    const tag = this.#tag;
    tag.closing = closing;
    tag.selfClosed = text[cursor - 1] === SLASH;
    tag.end = cursor + 1;
    // Longer names are no tag that any rule knows.
    const known = nameEnd - nameStart <= LONGEST_NAME;
    tag.name = known ? nameOf(text, nameStart, nameEnd) : '';
    return true;
  }

  /** Where the content of the element found by the last `#endOfElement` ends. */
  #elementContentEnd = 0;

  /**
   * Behind the element that the tag just read opens, when it is one that is dropped or `nowiki` and is
   * closed; else behind the tag.
   */
  #endOfElement(at: number): number {
    const { name, closing, selfClosed, end } = this.#tag;
    if (closing || selfClosed || !(DROPPED.has(name) || name === 'nowiki')) return end;
    if (end >= (this.#lastClosed.get(name) ?? Number.POSITIVE_INFINITY)) return end;
    const text = this.#text;
    const view = text.subarray(0, this.#textLength);
    for (
      let close = view.indexOf(CLOSING_TAG, end);
      close !== -1;
      close = view.indexOf(CLOSING_TAG, close + 2)
    ) {
      if (!this.#readTag(close) || this.#tag.name !== name) continue;
      this.#elementContentEnd = close;
      const stop = this.#tag.end;
      this.#readTag(at);
      return stop;
    }
    this.#readTag(at);
    this.#lastClosed.set(name, end);
    this.#count('unclosed_tag');
    return end;
  }

  /**
   * At a `<` within markup that is skipped: behind the element, tag or character. `#skipped` says
   * what it leaves: nothing, a space, a break, or other text.
   */
  #skipAngle(at: number): number {
    if (!this.#readTag(at)) {
      this.#skipped = 'text';
      return at + 1;
    }
    const { name, closing, end } = this.#tag;
    const stop = this.#endOfElement(at);
    if (name === 'nowiki' && stop > end) {
      this.#skipped = this.#elementContentEnd > end ? 'text' : 'nothing';
    } else if (INLINE.has(name)) this.#skipped = 'nothing';
    else this.#skipped = name === 'ref' && !closing ? 'space' : 'break';
    return stop;
  }

  #skipped: 'nothing' | 'space' | 'break' | 'text' = 'nothing';

  /** Rule 4: behind the `}}` of the template at `at`, or -1. */
  #endOfTemplate(at: number): number {
    if (this.#unclosed.has(at)) return -1;
    const text = this.#text;
    const length = this.#textLength;
    const open: number[] = [];
    let cursor = at;
    while (cursor < length) {
      const byte = text[cursor] as number;
      if (byte === OPEN_BRACE && text[cursor + 1] === OPEN_BRACE) {
        open.push(cursor);
        cursor += 2;
      } else if (byte === CLOSE_BRACE && text[cursor + 1] === CLOSE_BRACE) {
        open.pop();
        cursor += 2;
        if (open.length === 0) return cursor;
      } else if (byte === LESS) {
        cursor = this.#skipAngle(cursor);
      } else {
        cursor++;
      }
    }
    this.#leaveOpen(open, 'unclosed_template');
    return -1;
  }

  /** Behind the last tag or template, and whether its line was blank so far. */
  #anchor = 0;
  #anchorBlank = true;

  /** Rule 5: whether only white space and colons stand before `at` in its line. */
  #isBlankBefore(at: number): boolean {
    const text = this.#text;
    for (let before = at - 1; before >= this.#anchor; before--) {
      const byte = text[before] as number;
      if (byte === BREAK || byte === 0x0d) return true;
      if (!isSpace(byte) && byte !== COLON) return false;
    }
    return this.#anchorBlank;
  }

  /** Rule 5: behind the `|}` of the table at `at`, which stands at the start of a line, or -1. */
  #endOfTable(at: number): number {
    if (this.#unclosed.has(at)) return -1;
    const text = this.#text;
    const length = this.#textLength;
    const open: number[] = [];
    let cursor = at;
    // Whether only white space, or white space and colons, stand before this in its line.
    let blank = true;
    let indented = true;
    while (cursor < length) {
      const byte = text[cursor] as number;
      const next = text[cursor + 1] as number;
      if (byte === BREAK || byte === 0x0d) {
        blank = indented = true;
        cursor++;
      } else if (byte === OPEN_BRACE && next === OPEN_BRACE) {
        const stop = this.#endOfTemplate(cursor);
        blank = indented = stop !== -1;
        cursor = stop === -1 ? cursor + 2 : stop;
      } else if (byte === OPEN_BRACE && next === PIPE && indented) {
        open.push(cursor);
        blank = indented = false;
        cursor += 2;
      } else if (byte === PIPE && next === CLOSE_BRACE && blank) {
        open.pop();
        cursor += 2;
        if (open.length === 0) return cursor;
        blank = indented = false;
      } else if (byte === LESS) {
        cursor = this.#skipAngle(cursor);
        if (this.#skipped === 'break') blank = indented = true;
        if (this.#skipped === 'text') blank = indented = false;
      } else {
        if (byte === COLON) blank = false;
        else if (!isSpace(byte)) blank = indented = false;
        cursor++;
      }
    }
    this.#leaveOpen(open, 'unclosed_table');
    return -1;
  }

  /** Rule 6: whether the `[[` at `at` begins a link to a file or category. */
  #startsFile(at: number): boolean {
    const text = this.#text;
    let start = at + 2;
    while (text[start] === SPACE || text[start] === UNDERSCORE) start++;
    let end = start;
    const limit = Math.min(this.#textLength, start + 2 * LONGEST_NAME);
    while (end < limit && text[end] !== COLON && TARGET_END[text[end] as number] === 0) end++;
    if (text[end] !== COLON || end >= limit) return false;
    const name = text.toString('utf8', start, end).replace(/[ _]+/g, ' ').trim();
    return this.#namespaces.has(name.toLowerCase());
  }

  /** Rule 6: behind the `]]` of the file or category link at `at`, or -1. */
  #endOfFile(at: number): number {
    if (this.#unclosed.has(at)) return -1;
    const text = this.#text;
    const length = this.#textLength;
    const open: number[] = [];
    let cursor = at;
    while (cursor < length) {
      const byte = text[cursor] as number;
      const next = text[cursor + 1] as number;
      if (byte === OPEN_BRACKET && next === OPEN_BRACKET) {
        open.push(cursor);
        cursor += 2;
      } else if (byte === CLOSE_BRACKET && next === CLOSE_BRACKET) {
        open.pop();
        cursor += 2;
        if (open.length === 0) return cursor;
      } else if (byte === OPEN_BRACE && next === OPEN_BRACE) {
        const stop = this.#endOfTemplate(cursor);
        cursor = stop === -1 ? cursor + 2 : stop;
      } else if (byte === LESS) {
        cursor = this.#skipAngle(cursor);
      } else {
        cursor++;
      }
    }
    this.#leaveOpen(open, 'unclosed_file');
    return -1;
  }

  #leaveOpen(open: readonly number[], reason: MarkupLoss): void {
    for (const position of open) this.#unclosed.add(position);
    this.#count(reason);
  }

  /**
   * Rule 7: where the visible text of the link at `at` begins; minus the position behind it for an
   * interlanguage link; 0 when the `[[` is punctuation.
   */
  #endOfLinkStart(at: number): number {
    const text = this.#text;
    const length = this.#textLength;
    const start = at + 2;
    let end = start;
    while (end < length && TARGET_END[text[end] as number] === 0) end++;
    if (end === start || end >= length) return 0;
    if (text[end] === PIPE) return end + 1;
    if (text[end] !== CLOSE_BRACKET || text[end + 1] !== CLOSE_BRACKET) return 0;
    const colon = text.subarray(start, end).indexOf(COLON);
    if (colon > 0 && colon <= LONGEST_NAME) {
      const prefix = text.toString('latin1', start, start + colon);
      if (/^(?:[a-z]{2,3}(?:-[A-Za-z]+)*|simple)$/.test(prefix)) return -(end + 2);
    }
    return start;
  }

  /** The content of `nowiki`, in which only entities are undone; returns the prose's new length. */
  #plainText(start: number, end: number, out: number): number {
    const text = this.#text;
    let length = out;
    for (let at = start; at < end; at++) {
      const stop = text[at] === AMPERSAND ? this.#htmlEntity(at) : 0;
      if (stop > 0 && stop < end) {
        length = append(this.bytes, this.#decoded as Uint8Array, length);
        at = stop;
      } else {
        this.bytes[length++] = text[at] as number;
      }
    }
    return length;
  }

  /** Rule 11: the index of the `;` of an entity at `at`, whose meaning is then in `#decoded`; else 0. */
  #htmlEntity(at: number): number {
    const stop = semicolon(this.#text, at, this.#textLength);
    if (stop === 0) return 0;
    const name = this.#text.toString('latin1', at, stop + 1);
    this.#decoded = this.#decode(name, 'html', decodeHTMLStrict);
    return this.#decoded === null ? 0 : stop;
  }
}

const LESS_BYTES = new Uint8Array([LESS]);
const GREATER_BYTES = new Uint8Array([GREATER]);
const QUOTE_BYTES = Buffer.from('"');
const AMPERSAND_BYTES = Buffer.from('&');
const QUOT = Buffer.from('quot;');
const AMP = Buffer.from('amp;');

function spells(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
}

/** Puts `part` at `bytes[length …]`; returns the length with it. */
function append(bytes: Uint8Array, part: Uint8Array, length: number): number {
  for (let i = 0; i < part.length; i++) bytes[length + i] = part[i] as number;
  return length + part.length;
}

/** The index of the `;` that ends the name begun at `at`; 0 where none does. */
function semicolon(bytes: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + LONGEST_ENTITY);
  for (let cursor = at + 1; cursor < limit; cursor++) {
    const byte = bytes[cursor] as number;
    if (byte === SEMICOLON) return cursor > at + 1 ? cursor : 0;
    if (!isNameByte(byte) && byte !== 0x23) return 0;
  }
  return 0;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}

function isLetter(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a);
}

function isNameByte(byte: number): boolean {
  return isLetter(byte) || (byte >= 0x30 && byte <= 0x39);
}

/** The name of a tag in small letters, without making a string for the commonest. */
function nameOf(text: Buffer, start: number, end: number): string {
  if (
    end - start === 3 &&
    text[start] === 0x72 &&
    text[start + 1] === 0x65 &&
    text[start + 2] === 0x66
  ) {
    return 'ref';
  }
  return text.toString('latin1', start, end).toLowerCase();
}

const MAILTO = /^mailto:$/i;
const SCHEMES = ['https', 'http', 'ftp'].map((scheme) => Buffer.from(scheme));

/** Rule 8: how many bytes of a scheme end the prose, 0 for none. */
function schemeBefore(bytes: Uint8Array, length: number): number {
  for (const scheme of SCHEMES) {
    let same = length >= scheme.length;
    for (let i = 1; i <= scheme.length && same; i++) {
      // Bit 5 makes an ASCII letter small.
      same = ((bytes[length - i] as number) | 0x20) === scheme[scheme.length - i];
    }
    if (same) return scheme.length;
  }
  return 0;
}

function endOfUrl(text: Uint8Array, at: number, length: number): number {
  let cursor = at;
  while (cursor < length && URL_END[text[cursor] as number] === 0) cursor++;
  return cursor;
}

/** Rule 10: behind the magic word at `at`, or 0. */
function endOfMagicWord(text: Uint8Array, at: number, length: number): number {
  let cursor = at + 2;
  while (cursor < length && (text[cursor] as number) >= 0x41 && (text[cursor] as number) <= 0x5a) {
    cursor++;
  }
  if (cursor === at + 2) return 0;
  return text[cursor] === UNDERSCORE && text[cursor + 1] === UNDERSCORE ? cursor + 2 : 0;
}
