/**
 * Which queries does a text contain? All of them, overlapping ones too.
 *
 * - `normalized`, the default: a query matches where its words stand in a row, after Unicode normalisation
 *   and case folding (match/words.ts). The paper matches queries as substrings (§2.2); word bounds
 *   keep `cat` out of `category`.
 * - `metaclip`: as MetaCLIP's published code matches (match/metaclip.ts).
 */

import { buildImage, MatchImage, type Matching, READERS } from './match/image.js';
import { Lexicon, NONE } from './match/lexicon.js';
import { Trie } from './match/trie.js';
import { FoundWords } from './match/words.js';

export { MatchImage, type Matching } from './match/image.js';
export { tokenise } from './match/words.js';

export class QueryMatcher {
  readonly image: MatchImage;
  readonly #lexicon: Lexicon;
  readonly #known: Lexicon;
  readonly #trie: Trie;
  readonly #words = new FoundWords();

  /** @param queries texts, or what was built from them */
  constructor(queries: readonly string[] | MatchImage, matching: Matching = 'normalized') {
    const image = queries instanceof MatchImage ? queries : buildImage(queries, matching);
    this.image = image;
    this.#trie = new Trie(image, image.queries);
    this.#lexicon = new Lexicon(image.entries, image.letters);
    this.#known =
      image.matching === 'normalized'
        ? this.#lexicon
        : new Lexicon(image.knownEntries, image.knownLetters);
  }

  /** Indices of all queries that `text` contains, overlapping ones too; ascending, each once. */
  match(text: string): number[] {
    // `find` may put a larger array in the place of `found`.
    const count = this.find(text);
    return Array.from(this.found.subarray(0, count));
  }

  /** Writes to `found` what `match` gives, and returns how many they are. Makes no garbage. */
  find(text: string): number {
    const words = this.#words;
    READERS[this.image.matching](text, this.#lexicon, words);
    const count = this.#trie.read(words.words, words.count);
    return sortUnique(this.#trie.found, count);
  }

  /** The queries found last, up to the count that `find` returned; valid until it is called again. */
  get found(): Int32Array {
    return this.#trie.found;
  }

  /** Whether `word`, as `tokenise` gives it, stands in any query. */
  knows(word: string): boolean {
    return this.#known.findText(word) !== NONE;
  }
}

/** From here on the engine's sort is faster than insertion. */
const MANY = 64;

/** Sorts the first `count` of `values`, drops repetitions and returns how many are left. */
function sortUnique(values: Int32Array, count: number): number {
  if (count >= MANY) {
    values.subarray(0, count).sort();
  } else {
    for (let end = 1; end < count; end++) {
      const value = values[end] as number;
      let at = end;
      for (; at > 0 && (values[at - 1] as number) > value; at--) {
        values[at] = values[at - 1] as number;
      }
      values[at] = value;
    }
  }
  let unique = 0;
  for (let at = 0; at < count; at++) {
    if (at === 0 || values[at] !== values[at - 1]) values[unique++] = values[at] as number;
  }
  return unique;
}
