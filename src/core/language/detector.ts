/**
 * Which language is a text in? The method of eld (Nito-ELD 2.1, "medium"; Apache-2.0, see tables.ts), to the
 * same scores: bytes of UTF-8 of words in lower case, cut into n-grams of four with a stride of three, of which each
 * that is listed adds to the languages that it speaks for. Reads units and writes numbers: no garbage.
 */

import {
  GRAM,
  GRAM_SCORES,
  hashOfGram,
  type LanguageTables,
  languageTables,
  UNIT_APOSTROPHE,
  UNIT_CHARACTERS,
} from './tables.js';

/** UTF-16 units of a text that are looked at. */
const TEXT_UNITS = 1_000;
/** Bytes of words and the spaces between them after which no further word is begun, and after which all ends. */
const LAST_WORD = 350;
const LAST_LETTER = 380;
/** Characters of a word from which n-grams are cut, but that the last one goes to the word's end. */
const WORD_CHARACTERS = 70;
/** Added to every score, which are listed less this. */
const BASE_SCORE = 53;
/** The mean score of an n-gram at which the scaled score is a half. */
const HALF_SCORE = 25;

const SPACE = 0x20;
const SIGMA = 0x3a3;
const I_WITH_DOT = 0x130;
const COUNT = 3;

/** More than twice the n-grams that `LAST_LETTER` bytes can have. */
const SEEN = 512;

export class LanguageDetector {
  readonly #tables: LanguageTables;
  /** The characters of the word that is being read, up to `#length`. */
  readonly #word = new Uint8Array(LAST_LETTER + 8);
  #length = 0;
  /** Of the text so far. */
  #bytes = 0;
  readonly #totals: Int32Array;
  /** The n-grams of the text so far: their characters, and in which text they were seen. */
  readonly #seen = new Int32Array(2 * SEEN);
  readonly #seenIn = new Uint32Array(SEEN);
  #text = 0;
  #count = 0;
  /** The n-grams that are longer than any listed. */
  #longest: Set<string> | undefined;
  /** The text in lower case, where that of a letter depends on what is around it. */
  #lowered: string | undefined;

  constructor(tables = languageTables()) {
    this.#tables = tables;
    this.#totals = new Int32Array(tables.languages.length);
  }

  /** The likeliest language (ISO 639-1); empty where nothing speaks for any. */
  detect(text: string): string {
    this.#begin();
    this.#read(text);
    this.#endWord();
    let best = 0;
    let language = '';
    for (let at = 0; at < this.#totals.length; at++) {
      const total = this.#totals[at] as number;
      if (total > best) {
        best = total;
        language = this.#tables.languages[at] as string;
      }
    }
    return language;
  }

  /** The score that the text of the last `detect` has for a language, from 0 to less than 1. */
  score(language: string): number {
    const total = this.#totals[this.#tables.languages.indexOf(language)] ?? 0;
    if (total <= 0) return 0;
    const mean = total / this.#count;
    return mean / (mean + HALF_SCORE);
  }

  #begin(): void {
    this.#totals.fill(0);
    this.#length = 0;
    this.#bytes = 0;
    this.#count = 0;
    this.#longest = undefined;
    this.#lowered = undefined;
    if (this.#text === 0xffff_ffff) {
      this.#seenIn.fill(0);
      this.#text = 0;
    }
    this.#text += 1;
  }

  /** Cuts the text into words. Apostrophes belong to them where a letter follows or the text ends; elsewhere they separate. */
  #read(text: string): void {
    const { units } = this.#tables;
    const end = Math.min(text.length, TEXT_UNITS);
    let apostrophes = 0;
    let separated = false;
    for (let at = 0; at < end; at++) {
      const unit = text.charCodeAt(at);
      let packed = units[unit] as number;
      if (packed === 0) {
        separated = true;
        apostrophes = 0;
        continue;
      }
      if ((packed & UNIT_APOSTROPHE) !== 0) {
        apostrophes += 1;
        if (at + 1 < end) continue;
      } else if (unit === SIGMA) {
        this.#lowered ??= lowered(text.slice(0, end), units);
        packed = units[this.#lowered.charCodeAt(at)] as number;
      }
      if (separated) {
        separated = false;
        if (!this.#space()) return;
      }
      const isLetter = (packed & UNIT_APOSTROPHE) === 0;
      for (; apostrophes > 0; apostrophes--) {
        const before = text.charCodeAt(at - apostrophes + (isLetter ? 0 : 1));
        if (!this.#add(units[before] as number)) return;
      }
      if (!isLetter) continue;
      if (unit === I_WITH_DOT) {
        // Two letters in lower case, between which the text may end.
        if (!this.#add((packed & 0xff) | (1 << UNIT_CHARACTERS))) return;
        packed = ((packed >>> 8) & 0xffff) | (2 << UNIT_CHARACTERS);
      }
      if (!this.#add(packed)) return;
    }
  }

  /** A space between words; false when the text ends here. None counts before the first word. */
  #space(): boolean {
    if (this.#bytes === 0) return true;
    this.#endWord();
    if (this.#bytes > LAST_WORD) return false;
    this.#bytes += 1;
    return true;
  }

  /** A letter, or a part of one; false when the text ends with it. */
  #add(packed: number): boolean {
    const characters = (packed >>> UNIT_CHARACTERS) & COUNT;
    for (let at = 0; at < characters; at++) {
      this.#word[this.#length++] = (packed >>> (8 * at)) & 0xff;
    }
    this.#bytes += characters;
    return this.#bytes <= LAST_LETTER;
  }

  #endWord(): void {
    const word = this.#word;
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    const cut = Math.min(length, WORD_CHARACTERS);
    let at = 0;
    for (; at + 4 < cut; at += 3) {
      if (at === 0) this.#gram(SPACE | (four(word, 0) << 8), word[3] as number);
      else this.#gram(four(word, at), 0);
    }
    if (at === 0) {
      // The whole word, of up to four characters, with a space before and one after it.
      word.fill(0, length, 4);
      const low = four(word, 0);
      const after = SPACE << (8 * ((length + 1) % 4));
      if (length < 3) this.#gram(SPACE | (low << 8) | after, 0);
      else if (length === 3) this.#gram(SPACE | (low << 8), SPACE);
      else this.#gram(SPACE | (low << 8), (word[3] as number) | (SPACE << 8));
      return;
    }
    const last = cut - 4;
    const beyond = length - cut;
    if (beyond === 0) this.#gram(four(word, last), SPACE);
    else if (beyond === 1) this.#gram(four(word, last), (word[cut] as number) | (SPACE << 8));
    else this.#longGram(last, length);
  }

  /** @param low and @param high the characters as in the tables */
  #gram(low: number, high: number): void {
    const hash = hashOfGram(low, high);
    const seen = this.#seen;
    const seenIn = this.#seenIn;
    let slot = hash & (SEEN - 1);
    while (seenIn[slot] === this.#text) {
      if (seen[2 * slot] === low && seen[2 * slot + 1] === high) return;
      slot = (slot + 1) & (SEEN - 1);
    }
    seenIn[slot] = this.#text;
    seen[2 * slot] = low;
    seen[2 * slot + 1] = high;
    this.#count += 1;
    const { grams, scores } = this.#tables;
    const slots = grams.length / GRAM;
    let place = hash & (slots - 1);
    for (;;) {
      const at = place * GRAM;
      const listed = grams[at] as number;
      if (listed === 0) return;
      const rest = grams[at + 1] as number;
      if (listed === low && (rest & 0xffff) === high) {
        const first = grams[at + 2] as number;
        const end = first + (rest >>> GRAM_SCORES);
        for (let score = first; score < end; score++) {
          const pair = scores[score] as number;
          const language = pair & 0xff;
          const total = this.#totals[language] as number;
          this.#totals[language] = total + (pair >> 8) + BASE_SCORE;
        }
        return;
      }
      place = (place + 1) & (slots - 1);
    }
  }

  /** One that no table holds, so that it only counts. */
  #longGram(begin: number, end: number): void {
    this.#longest ??= new Set();
    const gram = String.fromCharCode(...this.#word.subarray(begin, end));
    if (this.#longest.has(gram)) return;
    this.#longest.add(gram);
    this.#count += 1;
  }
}

/** The characters from `at`, the first in the lowest 8 bits. */
function four(word: Uint8Array, at: number): number {
  return (
    (word[at] as number) |
    ((word[at + 1] as number) << 8) |
    ((word[at + 2] as number) << 16) |
    ((word[at + 3] as number) << 24)
  );
}

/** A text in lower case, unit by unit, with one space for each unit that separates: for Unicode's Final_Sigma. */
function lowered(text: string, units: Uint32Array): string {
  let spaced = '';
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // The only letter that would become two.
    if (unit === I_WITH_DOT) spaced += 'I';
    else spaced += units[unit] === 0 ? ' ' : text[at];
  }
  return spaced.toLowerCase();
}
