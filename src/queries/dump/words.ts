/**
 * Prose to words: docs/queries.md, "From wikitext to words", *Words*. Works on UTF-8 bytes; the class of
 * a code point is looked up in tables that fill as code points are met.
 */

/** Receives words in order. A word is `bytes[0, length)`, hashed by `hashOf`; valid during the call. */
export interface WordSink {
  word(bytes: Uint8Array, length: number, hash: number): void;
  /** Ends a run: the next word does not follow the last one. */
  break(): void;
}

export interface WordOptions {
  letterCase: 'fold' | 'keep';
  /** Count numbers as words. */
  numbers: boolean;
}

/** Longer words (bytes of UTF-8) are not counted. */
export const LONGEST_WORD = 64;

/** Classes of code points. */
const OTHER = 0;
const WHITE = 1;
const LETTER = 2;
const MARK_OR_NUMBER = 3;
const APOSTROPHE = 4;
const HYPHEN = 5;
const FORMAT = 6;
const UNKNOWN = 255;

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

export class WordReader {
  /** How many words were too long. */
  overlong = 0;

  readonly #sink: WordSink;
  readonly #numbers: boolean;
  readonly #fold: boolean;
  /** Class by code point. */
  readonly #classes = new Uint8Array(0x110000).fill(UNKNOWN);
  /** Small letter by code point: itself a code point, or minus the index of more than one. */
  readonly #folded = new Int32Array(0x110000);
  readonly #expansions: number[][] = [[]];
  readonly #word = new Uint8Array(LONGEST_WORD + 16);

  constructor(sink: WordSink, options: WordOptions) {
    this.#sink = sink;
    this.#numbers = options.numbers;
    this.#fold = options.letterCase === 'fold';
    for (let code = 0; code < 128; code++) this.#classify(code);
  }

  /** Reads `bytes[0, length)`, well-formed UTF-8, as one text: no run goes beyond it. */
  read(bytes: Uint8Array, length: number): void {
    const classes = this.#classes;
    const folded = this.#folded;
    const word = this.#word;
    const sink = this.#sink;
    let size = 0;
    let hash = FNV_OFFSET;
    let hasLetter = false;
    /** The apostrophe or hyphen after the word, which belongs to it if a letter follows. */
    let joint = 0;
    let at = 0;
    while (at < length) {
      let code = bytes[at++] as number;
      if (code >= 0x80) {
        if (code < 0xe0) {
          code = ((code & 0x1f) << 6) | ((bytes[at++] as number) & 0x3f);
        } else if (code < 0xf0) {
          code =
            ((code & 0x0f) << 12) |
            (((bytes[at] as number) & 0x3f) << 6) |
            ((bytes[at + 1] as number) & 0x3f);
          at += 2;
        } else {
          code =
            ((code & 0x07) << 18) |
            (((bytes[at] as number) & 0x3f) << 12) |
            (((bytes[at + 1] as number) & 0x3f) << 6) |
            ((bytes[at + 2] as number) & 0x3f);
          at += 3;
        }
      }
      let kind = classes[code] as number;
      if (kind === UNKNOWN) kind = this.#classify(code);
      if (kind === LETTER || kind === MARK_OR_NUMBER) {
        if (joint !== 0) {
          if (size < LONGEST_WORD) word[size] = joint;
          size++;
          hash = Math.imul(hash ^ joint, FNV_PRIME);
          joint = 0;
        }
        if (kind === LETTER) hasLetter = true;
        const small = folded[code] as number;
        if (small < 0x80 && small > 0) {
          if (size < LONGEST_WORD) word[size] = small;
          size++;
          hash = Math.imul(hash ^ small, FNV_PRIME);
        } else {
          const stop = this.#appendWide(small, size);
          for (let i = size; i < stop && i < LONGEST_WORD; i++) {
            hash = Math.imul(hash ^ (word[i] as number), FNV_PRIME);
          }
          size = stop;
        }
        continue;
      }
      if (kind === FORMAT) continue;
      if ((kind === APOSTROPHE || kind === HYPHEN) && size > 0 && joint === 0) {
        joint = kind === APOSTROPHE ? 0x27 : 0x2d;
        continue;
      }
      // The word, if there is one, is over; so is the run, unless white space follows at once.
      const continues = kind === WHITE && joint === 0;
      if (size > 0) this.#end(size, hash, hasLetter);
      if (!continues) sink.break();
      size = 0;
      hash = FNV_OFFSET;
      hasLetter = false;
      joint = 0;
    }
    if (size > 0) this.#end(size, hash, hasLetter);
    sink.break();
  }

  #end(size: number, hash: number, hasLetter: boolean): void {
    if (size > LONGEST_WORD) {
      this.overlong++;
      this.#sink.break();
    } else if (hasLetter || this.#numbers) {
      this.#sink.word(this.#word, size, hash);
    } else {
      this.#sink.break();
    }
  }

  /** Appends code points beyond ASCII; returns the new size, which may exceed LONGEST_WORD. */
  #appendWide(small: number, size: number): number {
    if (small > 0) return appendCode(this.#word, small, size);
    let length = size;
    for (const code of this.#expansions[-small] as number[]) {
      length = appendCode(this.#word, code, length);
    }
    return length;
  }

  #classify(code: number): number {
    const character = String.fromCodePoint(code);
    const kind = classOf(character);
    this.#classes[code] = kind;
    const small = this.#fold ? character.toLowerCase() : character;
    const codes = [...small].map((part) => part.codePointAt(0) as number);
    if (codes.length === 1) this.#folded[code] = codes[0] as number;
    else this.#folded[code] = 1 - this.#expansions.push(codes);
    return kind;
  }
}

function classOf(character: string): number {
  if (/[\n\r\v\f\u0085\u2028\u2029]/.test(character)) return OTHER;
  if (/\p{White_Space}/u.test(character)) return WHITE;
  if (/\p{L}/u.test(character)) return LETTER;
  if (/[\p{M}\p{N}]/u.test(character)) return MARK_OR_NUMBER;
  if (/['\u2019]/.test(character)) return APOSTROPHE;
  if (/[-\u2010\u2011]/.test(character)) return HYPHEN;
  return /\p{Cf}/u.test(character) ? FORMAT : OTHER;
}

/** Writes one code point as UTF-8 where it fits; returns the size with it. */
function appendCode(word: Uint8Array, code: number, size: number): number {
  const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (size + length > LONGEST_WORD) return LONGEST_WORD + 1;
  if (length === 1) {
    word[size] = code;
  } else {
    const lead = [0, 0, 0xc0, 0xe0, 0xf0][length] as number;
    word[size] = lead | (code >> (6 * (length - 1)));
    for (let i = 1; i < length; i++) {
      word[size + i] = 0x80 | ((code >> (6 * (length - 1 - i))) & 0x3f);
    }
  }
  return size + length;
}

/** The hash that a `WordSink` gets (FNV-1a, 32 bits). */
export function hashOf(bytes: Uint8Array, length: number): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME);
  return hash;
}
