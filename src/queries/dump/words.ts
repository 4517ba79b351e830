/**
 * Prose to words: docs/queries.md, "From wikitext to words", *Words*. Works on UTF-8 bytes; the class of
 * a code point is looked up in tables that fill as code points are met.
 */

/**
 * Words in the order of the text, some hundred at a time: whoever counts them can then look ahead, and
 * wait for memory once instead of at every word. Word `i` is `bytes[starts[i], starts[i + 1])`.
 */
export interface WordBatch {
  size: number;
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  /** By `hashOf`. */
  readonly hashes: Int32Array;
  /** 1 where the word follows the one before it in a run, 0 where a run begins. */
  readonly follows: Uint8Array;
}

/** Words in one batch, at most. */
const BATCH = 512;

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
const MARK = 3;
const APOSTROPHE = 4;
const HYPHEN = 5;
const FORMAT = 6;
const NUMBER = 7;
const UNKNOWN = 255;

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

export class WordReader {
  /** How many words were too long. */
  overlong = 0;

  readonly #sink: (batch: WordBatch) => void;
  readonly #batch: WordBatch = {
    size: 0,
    bytes: new Uint8Array((BATCH + 1) * (LONGEST_WORD + 1)),
    starts: new Uint32Array(BATCH + 1),
    hashes: new Int32Array(BATCH),
    follows: new Uint8Array(BATCH),
  };
  /** Whether the next word follows the last. */
  #follows = 0;
  readonly #numbers: boolean;
  readonly #fold: boolean;
  /** Class by code point. */
  readonly #classes = new Uint8Array(0x110000).fill(UNKNOWN);
  /** Small letter by code point: itself a code point, or minus the index of more than one. */
  readonly #folded = new Int32Array(0x110000);
  readonly #expansions: number[][] = [[]];
  /** Small letter by byte, for the letters of ASCII; 0 for all else. */
  readonly #letters = new Uint8Array(256);

  /** @param sink gets each batch; it is valid during the call. */
  constructor(sink: (batch: WordBatch) => void, options: WordOptions) {
    this.#sink = sink;
    this.#numbers = options.numbers;
    this.#fold = options.letterCase === 'fold';
    for (let code = 0; code < 128; code++) {
      if (this.#classify(code) === LETTER) this.#letters[code] = this.#folded[code] as number;
    }
  }

  /** Reads `bytes[0, length)`, well-formed UTF-8, as one text: no run goes beyond it. */
  read(bytes: Uint8Array, length: number): void {
    const classes = this.#classes;
    const folded = this.#folded;
    const numbers = this.#numbers;
    const letters = this.#letters;
    const word = this.#batch.bytes;
    /** Where the present word begins in the batch, and its bytes so far. */
    let start = this.#batch.starts[this.#batch.size] as number;
    let size = 0;
    let hash = FNV_OFFSET;
    /** Whether it holds what makes it a word. */
    let counts = false;
    /** The apostrophe or hyphen after the word, which belongs to it if a letter follows. */
    let joint = 0;
    let at = 0;
    while (at < length) {
      let code = bytes[at++] as number;
      // ASCII letters, most of any text, take a way of their own.
      let letter = letters[code] as number;
      if (letter !== 0) {
        if (joint !== 0) {
          if (size < LONGEST_WORD) word[start + size] = joint;
          size++;
          hash = Math.imul(hash ^ joint, FNV_PRIME);
          joint = 0;
        }
        counts = true;
        for (;;) {
          if (size < LONGEST_WORD) word[start + size] = letter;
          size++;
          hash = Math.imul(hash ^ letter, FNV_PRIME);
          if (at === length) break;
          letter = letters[bytes[at] as number] as number;
          if (letter === 0) break;
          at++;
        }
        continue;
      }
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
      if (kind === LETTER || kind === MARK || kind === NUMBER) {
        if (joint !== 0) {
          if (size < LONGEST_WORD) word[start + size] = joint;
          size++;
          hash = Math.imul(hash ^ joint, FNV_PRIME);
          joint = 0;
        }
        if (kind === LETTER || (numbers && kind === NUMBER)) counts = true;
        const small = folded[code] as number;
        if (small < 0x80 && small > 0) {
          if (size < LONGEST_WORD) word[start + size] = small;
          size++;
          hash = Math.imul(hash ^ small, FNV_PRIME);
        } else {
          const stop = this.#appendWide(small, start, size);
          for (let i = size; i < stop && i < LONGEST_WORD; i++) {
            hash = Math.imul(hash ^ (word[start + i] as number), FNV_PRIME);
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
      if (size > 0) start = this.#end(start, size, hash, counts);
      if (!continues) this.#follows = 0;
      size = 0;
      hash = FNV_OFFSET;
      counts = false;
      joint = 0;
    }
    if (size > 0) this.#end(start, size, hash, counts);
    this.#follows = 0;
    this.#flush();
  }

  /** Ends the word at `start`; returns where the next one begins. */
  #end(start: number, size: number, hash: number, counts: boolean): number {
    if (size > LONGEST_WORD || !counts) {
      if (size > LONGEST_WORD) this.overlong++;
      this.#follows = 0;
      return start;
    }
    const batch = this.#batch;
    const index = batch.size++;
    batch.hashes[index] = hash;
    batch.follows[index] = this.#follows;
    batch.starts[index + 1] = start + size;
    this.#follows = 1;
    if (batch.size < BATCH) return start + size;
    this.#flush();
    return 0;
  }

  #flush(): void {
    if (this.#batch.size > 0) this.#sink(this.#batch);
    this.#batch.size = 0;
  }

  /** Appends code points beyond ASCII; returns the new size, which may exceed LONGEST_WORD. */
  #appendWide(small: number, start: number, size: number): number {
    if (small > 0) return appendCode(this.#batch.bytes, small, start, size);
    let length = size;
    for (const code of this.#expansions[-small] as number[]) {
      length = appendCode(this.#batch.bytes, code, start, length);
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
  if (/\p{M}/u.test(character)) return MARK;
  if (/\p{N}/u.test(character)) return NUMBER;
  if (/['\u2019]/.test(character)) return APOSTROPHE;
  if (/[-\u2010\u2011]/.test(character)) return HYPHEN;
  return /\p{Cf}/u.test(character) ? FORMAT : OTHER;
}

/** Writes one code point as UTF-8 where it fits; returns the size with it. */
function appendCode(bytes: Uint8Array, code: number, start: number, size: number): number {
  const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  if (size + length > LONGEST_WORD) return LONGEST_WORD + 1;
  const at = start + size;
  if (length === 1) {
    bytes[at] = code;
  } else {
    const lead = [0, 0, 0xc0, 0xe0, 0xf0][length] as number;
    bytes[at] = lead | (code >> (6 * (length - 1)));
    for (let i = 1; i < length; i++) {
      bytes[at + i] = 0x80 | ((code >> (6 * (length - 1 - i))) & 0x3f);
    }
  }
  return size + length;
}

/** The hash that words come with (FNV-1a, 32 bits). */
export function hashOf(bytes: Uint8Array, length: number): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME);
  return hash;
}
