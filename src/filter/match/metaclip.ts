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

import type { WordRow } from './row.js';
import * as rows from './row.js';

// Copies: see lexicon.ts.
const { even, HASH_START, hashOn } = rows;

const PART_OF_WORD = 0;
const GAP = 1;
const WRAPPED = 2;
/** Of each UTF-16 unit: what it is in a text. */
const KIND = new Uint8Array(0x1_0000);
for (const unit of [' ', '\t', '\n', '\r']) KIND[unit.charCodeAt(0)] = GAP;
for (const unit of [',', '.', ';', ':', '?', '!', '`']) KIND[unit.charCodeAt(0)] = WRAPPED;

/** Cuts a text into its words, of which the last still wait: see `WordRow.finish`. */
export function readMetaclip(text: string, row: WordRow): void {
  row.begin(text.length);
  const { units } = row;
  let begin = 0;
  let end = 0;
  let hash = HASH_START;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const kind = KIND[unit] as number;
    if (kind === PART_OF_WORD) {
      units[end++] = unit;
      hash = hashOn(hash, unit);
      continue;
    }
    row.close(hash, begin, end - begin);
    begin = even(end);
    // A mark ends a word and stands for itself.
    if (kind === WRAPPED) {
      units[begin] = unit;
      row.close(hashOn(HASH_START, unit), begin, 1);
      begin += 2;
    }
    end = begin;
    hash = HASH_START;
  }
  row.close(hash, begin, end - begin);
}

/** Cuts an entry of the list into its words. */
export function readMetaclipEntry(entry: string, row: WordRow): void {
  row.begin(entry.length);
  let begin = 0;
  for (const word of entry.split(' ')) begin = row.push(word, begin);
}
