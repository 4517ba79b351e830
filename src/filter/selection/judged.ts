/**
 * What judging a candidate leaves for the passes that follow, a few dozen bytes a row: its loss, or
 * what it matches and what the cap and the choice of captions need to know. One file a unit of
 * candidates, rows in their order.
 */

import { createHash } from 'node:crypto';
import type { FilterConfig } from '../../config.js';
import { rankOf } from '../../core/ids.js';
import { type Loss, REASONS, type Reason } from '../../core/reasons.js';
import { type Candidate, type Query, TEXT_SOURCES, type TextSource } from '../../core/types.js';
import { judgeText } from '../judge.js';
import { QueryMatcher } from '../match.js';
import type { Repeats } from '../rules/repeated.js';
import { ID_BYTES, idBytes } from './keys.js';

export type Judgement =
  | { readonly loss: Loss }
  | { readonly text: string; readonly matches: ArrayLike<number> };

/** The text rules, then the queries. A pure function of the candidate. */
export type Judge = (candidate: Candidate) => Judgement;

export function createJudge(
  queries: readonly Query[],
  config: FilterConfig,
  repeats?: Repeats,
): Judge {
  const matcher = new QueryMatcher(
    queries.map((query) => query.text),
    config.matching,
  );
  const context = { config, isKnown: (word: string) => matcher.knows(word), repeats };
  return (candidate) => {
    const { text, loss } = judgeText(candidate.text, context, candidate);
    if (loss !== undefined) return { loss };
    const matches = matcher.match(text);
    if (matches.length === 0) return { loss: { reason: 'no_query', detail: 'contains no query' } };
    return { text, matches };
  };
}

const LOST = 0;
const MATCHED = 1;
const REASON_NAMES = Object.keys(REASONS) as Reason[];

/** Encodes one row. The bytes are good until the next call. */
export class JudgedEncoder {
  readonly #seed: number;
  #buffer = Buffer.alloc(1 << 12);
  #at = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  encode(candidate: Candidate, judgement: Judgement): Buffer {
    this.#at = 0;
    if ('loss' in judgement) {
      const { reason, detail } = judgement.loss;
      const bytes = Buffer.from(detail);
      this.#reserve(bytes.length + 16);
      this.#byte(LOST);
      this.#byte(REASON_NAMES.indexOf(reason));
      this.#varint(bytes.length);
      this.#at += bytes.copy(this.#buffer, this.#at);
    } else {
      const { text, matches } = judgement;
      this.#reserve(matches.length * 5 + 64);
      this.#byte(MATCHED);
      this.#at += idBytes(candidate.id).copy(this.#buffer, this.#at);
      const image = createHash('sha256').update(candidate.imageUrl).digest();
      this.#at += image.copy(this.#buffer, this.#at, 0, ID_BYTES);
      this.#at = this.#buffer.writeDoubleLE(rankOf(this.#seed, candidate.id), this.#at);
      this.#byte(TEXT_SOURCES.indexOf(candidate.textSource));
      this.#varint(text.length);
      this.#varint(matches.length);
      let before = 0;
      for (let i = 0; i < matches.length; i++) {
        const query = matches[i] as number;
        this.#varint(query - before);
        before = query;
      }
    }
    return this.#buffer.subarray(0, this.#at);
  }

  #reserve(bytes: number): void {
    if (bytes > this.#buffer.length) this.#buffer = Buffer.alloc(2 * bytes);
  }

  #byte(value: number): void {
    this.#buffer[this.#at++] = value;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }
}

/** Reads rows back one after another; the fields are those of the row that `next` came to. */
export class JudgedCursor {
  /** False where the row was lost already. */
  isMatched = false;
  /** Where in `bytes` the ids of the candidate and of its image URL begin, when it matched. */
  bytes: Buffer;
  idAt = 0;
  imageAt = 0;
  rank = 0;
  textSource: TextSource = 'alt';
  /** UTF-16 code units of the cleaned text. */
  textLength = 0;
  /** The first `matchCount` are the queries that it matches, ascending. */
  matches = new Uint32Array(64);
  matchCount = 0;
  #at = 0;
  #reason = 0;
  #detailAt = 0;
  #detailEnd = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Goes to the next row; false when there is none. */
  next(): boolean {
    if (this.#at >= this.bytes.length) return false;
    const bytes = this.bytes;
    this.isMatched = bytes[this.#at++] === MATCHED;
    if (!this.isMatched) {
      this.#reason = bytes[this.#at++] as number;
      const length = this.#varint();
      this.#detailAt = this.#at;
      this.#at += length;
      this.#detailEnd = this.#at;
      return true;
    }
    this.idAt = this.#at;
    this.imageAt = this.#at + ID_BYTES;
    this.#at += 2 * ID_BYTES;
    this.rank = bytes.readDoubleLE(this.#at);
    this.textSource = TEXT_SOURCES[bytes[this.#at + 8] as number] as TextSource;
    this.#at += 9;
    this.textLength = this.#varint();
    this.matchCount = this.#varint();
    if (this.matchCount > this.matches.length) this.matches = new Uint32Array(2 * this.matchCount);
    let query = 0;
    for (let i = 0; i < this.matchCount; i++) {
      query += this.#varint();
      this.matches[i] = query;
    }
    return true;
  }

  /** Why the row was lost. */
  loss(): Loss {
    const reason = REASON_NAMES[this.#reason] as Reason;
    return { reason, detail: this.bytes.toString('utf8', this.#detailAt, this.#detailEnd) };
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.#at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
}
