/** The fast reading of wikitext, in the shape in which the slow reference gives it. */

import { droppedNamespaces } from '../../../src/queries/dump/siteinfo.js';
import { ProseReader } from '../../../src/queries/dump/wikitext.js';
import { type WordOptions, WordReader } from '../../../src/queries/dump/words.js';

export const ENGLISH = droppedNamespaces('');

/** The prose of a text that is escaped as in a dump. */
export function proseOf(escaped: string, namespaces: readonly string[] = ENGLISH): string {
  const reader = new ProseReader(namespaces);
  const bytes = Buffer.from(escaped);
  reader.read(bytes, 0, bytes.length);
  return Buffer.from(reader.bytes.subarray(0, reader.length)).toString();
}

export function runsOf(prose: string, options: Partial<WordOptions> = {}): string[][] {
  const runs: string[][] = [];
  const reader = new WordReader(
    ({ size, bytes, starts, follows }) => {
      for (let i = 0; i < size; i++) {
        const word = Buffer.from(bytes.subarray(starts[i], starts[i + 1])).toString();
        if (follows[i] === 1) (runs.at(-1) as string[]).push(word);
        else runs.push([word]);
      }
    },
    { letterCase: 'fold', numbers: false, ...options },
  );
  const bytes = Buffer.from(prose);
  reader.read(bytes, bytes.length);
  return runs;
}

/** Escapes a text as a dump does. */
export function escaped(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
