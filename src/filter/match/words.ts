/**
 * Cuts texts and queries into the words by which they are compared.
 *
 * In mode `normalized`, words are runs of letters, digits and their marks after NFKC and case folding. So
 * `(cat)`, `'dog'`, `dog's`, `U.S.` and `St. Louis` match, and doubled spaces do not matter. In scripts
 * without spaces between words, each character counts as a word, so a query matches as a substring.
 *
 * `tokenise` says it for any text. `readNormalized` gives the same words, as found, without making a
 * string: most characters can be folded one by one, by a table. A part of a text that holds any other is
 * handed to `tokenise`.
 */

import type { WordRow } from './row.js';
import * as rows from './row.js';

// Copies: see lexicon.ts.
const { even, HASH_START, hashOn } = rows;

/** Characters that are words by themselves; ー (U+30FC) belongs to kana, though Unicode shares it. */
const ALONE_SCRIPTS =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u30fc\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
/** A word begins with a letter or digit; marks belong to what they stand on. */
const TOKEN = new RegExp(
  `[${ALONE_SCRIPTS}]|(?![${ALONE_SCRIPTS}])[\\p{L}\\p{N}](?:(?![${ALONE_SCRIPTS}])[\\p{L}\\p{Mn}\\p{Mc}\\p{N}])*`,
  'gu',
);
/** Parts of words that show nothing: soft hyphens, joiners, variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}/gu;
/**
 * More marks in a row than any language has (UAX #15, Stream-Safe Text Format). Composition sorts marks, in
 * quadratic time, so what is beyond is dropped.
 */
const MARK_PILE = /(\p{M}{30})\p{M}+/gu;
/** ™ and ℠ label a word; NFKC would make them letters of it. */
const LABEL = /[\u2120\u2122]/g;
const PLAIN_ASCII = /^[\0-\x7f]*$/;
const PLAIN_TOKEN = /[a-z0-9]+/g;

/** The words of a text, as they are compared. */
export function tokenise(text: string): string[] {
  const lower = text.toLowerCase();
  if (PLAIN_ASCII.test(lower)) return lower.match(PLAIN_TOKEN) ?? [];
  return fold(text.replace(INVISIBLE, '').replace(MARK_PILE, '$1')).match(TOKEN) ?? [];
}

function fold(text: string): string {
  // Upper case first: it folds what lower case alone keeps apart (ß and SS).
  const folded = text.replace(LABEL, ' ').normalize('NFKC').toUpperCase().toLowerCase();
  // Whether a sigma is final depends on what follows; folding may take a letter apart (ŉ, ǰ).
  return folded.replaceAll('ς', 'σ').normalize('NFKC');
}

/** What a character is to `readNormalized`, unless it is part of a word: then what it folds to. */
const SEPARATOR = 1;
/** Folds to what depends on its neighbours, or to several units. */
const HARD = 2;
/** A word by itself. */
const ALONE = 3;
/** As if it were not there. */
const INVISIBLE_UNIT = 4;

let table: Uint16Array | undefined;

/** Of each UTF-16 unit: SEPARATOR, HARD, ALONE, INVISIBLE_UNIT or what it folds to. */
function foldTable(): Uint16Array {
  table ??= Uint16Array.from({ length: 0x1_0000 }, (_, unit) =>
    foldCharacter(String.fromCharCode(unit)),
  );
  return table;
}

/** Of each character beyond the BMP that was met: SEPARATOR, INVISIBLE_UNIT, or HARD for all others. */
const PAIRS = new Uint8Array(0x10_0000);

/** What two units are together: most emoji separate words, and people write many. */
function foldPair(high: number, low: number): number {
  if ((high & 0xfc00) !== 0xd800 || (low & 0xfc00) !== 0xdc00) return HARD;
  const at = ((high & 0x3ff) << 10) | (low & 0x3ff);
  const known = PAIRS[at] as number;
  if (known !== 0) return known;
  const folded = foldCharacter(String.fromCharCode(high, low));
  const kind = folded === SEPARATOR || folded === INVISIBLE_UNIT ? folded : HARD;
  PAIRS[at] = kind;
  return kind;
}

/** Marks and conjoining jamo compose with what stands before them; surrogates are half a character. */
const DEPENDENT =
  /[\p{M}\p{Cf}\p{Surrogate}\p{Variation_Selector}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u;
const IS_INVISIBLE = new RegExp(`^(?:${INVISIBLE.source})$`, 'u');
const IS_ALONE = new RegExp(`^[${ALONE_SCRIPTS}]$`, 'u');

function foldCharacter(character: string): number {
  if (IS_INVISIBLE.test(character)) return INVISIBLE_UNIT;
  if (DEPENDENT.test(character)) return HARD;
  const folded = fold(character);
  if (DEPENDENT.test(folded)) return HARD;
  if (folded.match(TOKEN) === null) return SEPARATOR;
  if (folded.length > 1) return HARD;
  if (IS_ALONE.test(folded)) return folded === character ? ALONE : HARD;
  return folded.charCodeAt(0);
}

/** Cuts a text into the words of `tokenise(text)`, of which the last still wait: see `WordRow.finish`. */
export function readNormalized(text: string, row: WordRow): void {
  const folds = foldTable();
  row.begin(text.length);
  let { units } = row;
  // What stands between two separators of ASCII is folded alike with and without its neighbours.
  let part = 0;
  let partBegin = 0;
  let totalBefore = 0;
  let begin = 0;
  let end = 0;
  let hash = HASH_START;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    let unit = folds[code] as number;
    if (unit > INVISIBLE_UNIT) {
      units[end++] = unit;
      hash = hashOn(hash, unit);
      continue;
    }
    if (unit === HARD) {
      unit = foldPair(code, text.charCodeAt(at + 1));
      if (unit !== HARD) at += 1;
    }
    if (unit === INVISIBLE_UNIT) continue;
    if (unit === HARD) {
      const partEnd = endOfPart(text, at, folds);
      row.truncate(totalBefore);
      begin = partBegin;
      for (const word of tokenise(text.slice(part, partEnd))) begin = row.push(word, begin);
      row.makeRoom(begin, text.length - partEnd);
      ({ units } = row);
      at = partEnd - 1;
      end = begin;
      hash = HASH_START;
      continue;
    }
    if (end > begin) {
      row.close(hash, begin, end - begin);
      begin = even(end);
      end = begin;
      hash = HASH_START;
    }
    if (unit === ALONE) {
      units[begin] = code;
      row.close(hashOn(HASH_START, code), begin, 1);
      begin += 2;
      end = begin;
    } else if (code < 0x80) {
      part = at + 1;
      partBegin = begin;
      totalBefore = row.total;
    }
  }
  if (end > begin) row.close(hash, begin, end - begin);
}

function endOfPart(text: string, from: number, folds: Uint16Array): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80 && folds[code] === SEPARATOR) return at;
  }
  return text.length;
}
