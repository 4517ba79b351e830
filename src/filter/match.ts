/**
 * Which queries does a text contain? All of them, overlapping ones too.
 *
 * - `normalized`, the default: a query matches where its words stand in a row, after Unicode normalisation
 *   and case folding (match/words.ts). The paper matches queries as substrings (§2.2); word bounds
 *   keep `cat` out of `category`.
 * - `metaclip`: as MetaCLIP's published code matches (match/metaclip.ts).
 */

import { buildImage, MatchImage, type Matching, READERS } from './match/image.js';
import { createLookUp, Lexicon } from './match/lexicon.js';
import { WordRow } from './match/row.js';
import { createTrie, type Trie } from './match/trie.js';

export { MatchImage, type Matching } from './match/image.js';
export { tokenise } from './match/words.js';

export class QueryMatcher {
  readonly image: MatchImage;
  /**
   * Writes to `found` what `match` gives, in no particular order, and returns how many they are. Makes no
   * garbage.
   */
  readonly find: (text: string) => number;
  readonly #known: Lexicon;
  readonly #trie: Trie;

  /** @param queries texts, or what was built from them */
  constructor(queries: readonly string[] | MatchImage, matching: Matching = 'normalized') {
    const image = queries instanceof MatchImage ? queries : buildImage(queries, matching);
    this.image = image;
    const row = new WordRow((waiting) => createLookUp(image, waiting));
    const trie = createTrie(image, image.queries);
    const read = READERS[image.matching];
    // A closure: see `createLookUp`.
    this.find = (text) => {
      read(text, row);
      row.finish();
      return trie.read(row.words, row.count);
    };
    this.#trie = trie;
    this.#known = new Lexicon(image.matching === 'normalized' ? image : image.known);
  }

  /** Indices of all queries that `text` contains, overlapping ones too; ascending, each once. */
  match(text: string): number[] {
    // `find` may put a larger array in the place of `found`.
    const count = this.find(text);
    return Array.from(this.found.subarray(0, count).sort());
  }

  /** The queries found last, up to the count that `find` returned; valid until it is called again. */
  get found(): Int32Array {
    return this.#trie.found();
  }

  /** Whether `word`, as `tokenise` gives it, stands in any query. */
  knows(word: string): boolean {
    return this.#known.has(word);
  }
}
