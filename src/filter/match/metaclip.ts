/**
 * The words by which MetaCLIP compares (its published matching of v1, metaclip1/substr_matching.py): a text gets a
 * space on either side, its `, . ; : ? ! \`` are wrapped in spaces, tabs and line breaks become spaces, and
 * an entry matches where ` entry ` stands in the result.
 *
 * So the words are what stands between two spaces, the empty word between two neighbouring spaces
 * included: ` entry ` stands in a text if and only if the words of the entry stand in a row among the words
 * of the text. Entries are cut at spaces alone. What can then never be among a text's words (`St.`)
 * never matches, as there.
 */

import { HASH_START, hashOn, type WordTable } from './lexicon.js';
import type { FoundWords } from './words.js';

const BACKTICK = 0x60;
const PART_OF_WORD = 0;
const GAP = 1;
const WRAPPED = 2;
/** Of the units up to the backtick: what they are in a text. */
const KIND = Uint8Array.from({ length: BACKTICK + 1 }, (_, unit) => {
  const character = String.fromCharCode(unit);
  if (' \t\n\r'.includes(character)) return GAP;
  return ',.;:?!`'.includes(character) ? WRAPPED : PART_OF_WORD;
});

/** The words of a text, as `lexicon` finds them. */
export function readMetaclip(text: string, lexicon: WordTable, into: FoundWords): void {
  lexicon.makeRoom(text.length);
  const { units } = lexicon;
  // A mark stands for itself and ends a word.
  const found = into.room(2 * text.length + 1);
  let count = 0;
  let length = 0;
  let hash = HASH_START;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const kind = unit > BACKTICK ? PART_OF_WORD : (KIND[unit] as number);
    if (kind === PART_OF_WORD) {
      if (length < units.length) units[length] = unit;
      length++;
      hash = hashOn(hash, unit);
      continue;
    }
    found[count++] = lexicon.find(hash, length);
    if (kind === WRAPPED) {
      units[0] = unit;
      found[count++] = lexicon.find(hashOn(HASH_START, unit), 1);
    }
    length = 0;
    hash = HASH_START;
  }
  found[count++] = lexicon.find(hash, length);
  into.count = count;
}

/** The words of an entry of the list, as `lexicon` finds them. */
export function readMetaclipEntry(entry: string, lexicon: WordTable, into: FoundWords): void {
  const words = entry.split(' ');
  const found = into.room(words.length);
  into.count = words.length;
  for (const [at, word] of words.entries()) found[at] = lexicon.findText(word);
}
