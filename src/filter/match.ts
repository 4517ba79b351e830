/**
 * Which queries does a caption contain? Queries and captions are normalised (NFKC, lower case) and cut
 * into words; a query matches where its words stand in a row. So `(cat)`, `'dog'`, `dog's`, `U.S.` and
 * `St. Louis` match, and doubled spaces do not matter. In scripts without spaces between words, each
 * character counts as a word, so a query matches as a substring.
 *
 * The paper matches queries as substrings of the text (§2.2); word bounds keep `cat` out of
 * `category`.
 *
 * A token trie over word ids: words in a Map, edges in an open-addressed table of typed arrays. Exact:
 * a word is compared as a string, an edge as (node, word).
 */

/** Characters that are words by themselves; ー (U+30FC) belongs to kana, though Unicode shares it. */
const ALONE =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u30fc\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}';
/** A word begins with a letter or digit; marks belong to what they stand on. */
const TOKEN = new RegExp(
  `[${ALONE}]|(?![${ALONE}])[\\p{L}\\p{N}](?:(?![${ALONE}])[\\p{L}\\p{Mn}\\p{Mc}\\p{N}])*`,
  'gu',
);
/** Parts of words that show nothing: soft hyphens, joiners, variation selectors. */
const INVISIBLE = /\p{Cf}|\p{Variation_Selector}/gu;
const PLAIN_ASCII = /^[\0-\x7f]*$/;
const PLAIN_TOKEN = /[a-z0-9]+/g;

const ROOT = 0;
const NONE = -1;

/** The words of a text, as they are compared. */
export function tokenise(text: string): string[] {
  const lower = text.toLowerCase();
  if (PLAIN_ASCII.test(lower)) return lower.match(PLAIN_TOKEN) ?? [];
  // Upper case first: it folds what lower case alone keeps apart (ß and SS, final sigma).
  const folded = text.replace(INVISIBLE, '').normalize('NFKC').toUpperCase().toLowerCase();
  // Folding may take a letter apart (ŉ, ǰ).
  return folded.normalize('NFKC').match(TOKEN) ?? [];
}

export class QueryMatcher {
  readonly #words = new Map<string, number>();
  /** Edge table: parallel arrays, open addressing; `#edgeNode` is NONE where a slot is free. */
  #edgeNode = new Int32Array(1024).fill(NONE);
  #edgeWord = new Int32Array(1024);
  #edgeTo = new Int32Array(1024);
  #edges = 0;
  #nodes = 1;
  /** First query that ends at a node, and the next query with the same words. */
  #endsAt = new Int32Array(1024).fill(NONE);
  readonly #sameWords: Int32Array;

  constructor(queries: readonly string[]) {
    this.#sameWords = new Int32Array(queries.length).fill(NONE);
    for (const [index, query] of queries.entries()) this.#insert(index, tokenise(query));
  }

  /** Indices of all queries that `text` contains, overlapping ones too; ascending, each once. */
  match(text: string): number[] {
    const words = tokenise(text).map((word) => this.#words.get(word) ?? NONE);
    const found = new Set<number>();
    for (let start = 0; start < words.length; start++) {
      let node = ROOT;
      for (let at = start; at < words.length; at++) {
        node = this.#follow(node, words[at] as number);
        if (node === NONE) break;
        let query = this.#endsAt[node] as number;
        for (; query !== NONE; query = this.#sameWords[query] as number) found.add(query);
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Whether `word`, as `tokenise` gives it, stands in any query. */
  knows(word: string): boolean {
    return this.#words.has(word);
  }

  #insert(query: number, words: readonly string[]): void {
    // Nothing but punctuation: can never match.
    if (words.length === 0) return;
    let node = ROOT;
    for (const word of words) {
      let id = this.#words.get(word);
      if (id === undefined) {
        id = this.#words.size;
        this.#words.set(word, id);
      }
      node = this.#descend(node, id);
    }
    this.#sameWords[query] = this.#endsAt[node] as number;
    this.#endsAt[node] = query;
  }

  #slot(node: number, word: number): number {
    const mask = this.#edgeNode.length - 1;
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(word, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (
      this.#edgeNode[slot] !== NONE &&
      (this.#edgeNode[slot] !== node || this.#edgeWord[slot] !== word)
    ) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #follow(node: number, word: number): number {
    if (word === NONE) return NONE;
    const slot = this.#slot(node, word);
    return this.#edgeNode[slot] === NONE ? NONE : (this.#edgeTo[slot] as number);
  }

  #descend(node: number, word: number): number {
    const known = this.#follow(node, word);
    if (known !== NONE) return known;
    if (this.#edges * 2 >= this.#edgeNode.length) this.#grow();
    const to = this.#nodes++;
    if (to >= this.#endsAt.length) {
      const larger = new Int32Array(this.#endsAt.length * 2).fill(NONE);
      larger.set(this.#endsAt);
      this.#endsAt = larger;
    }
    this.#place(node, word, to);
    return to;
  }

  #place(node: number, word: number, to: number): void {
    const slot = this.#slot(node, word);
    this.#edgeNode[slot] = node;
    this.#edgeWord[slot] = word;
    this.#edgeTo[slot] = to;
    this.#edges += 1;
  }

  #grow(): void {
    const before = { node: this.#edgeNode, word: this.#edgeWord, to: this.#edgeTo };
    const size = before.node.length * 2;
    this.#edgeNode = new Int32Array(size).fill(NONE);
    this.#edgeWord = new Int32Array(size);
    this.#edgeTo = new Int32Array(size);
    this.#edges = 0;
    for (const [slot, node] of before.node.entries()) {
      if (node === NONE) continue;
      this.#place(node, before.word[slot] as number, before.to[slot] as number);
    }
  }
}
