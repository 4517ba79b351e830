/**
 * Words that are common in English captions: those that are whole tokens of CLIP's own vocabulary
 * (the paper, §2.4), which was learnt from such text. Some 30,000, foreign ones among them where
 * English captions use them (`café`, `rio`); as evidence that a text is English they weigh little one
 * by one and much together.
 */

import { readMerges } from '../core/clip-merges.js';

/** A merge whose result ends a word; letters beyond ASCII are spelt in bytes there and left out. */
const WHOLE_WORD = /^([a-z]+) ([a-z]+)<\/w>$/;

let words: ReadonlySet<string> | undefined;

/**
 * The words, in lower case; read once.
 * @throws WitError `environment` when the package that holds them is damaged
 */
export function englishWords(): ReadonlySet<string> {
  words ??= readWords();
  return words;
}

function readWords(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const merge of readMerges()) {
    const [, left, right] = WHOLE_WORD.exec(merge) ?? [];
    if (left !== undefined && right !== undefined) found.add(left + right);
  }
  return found;
}
