/**
 * What judging a candidate leaves for the passes that follow, a few dozen bytes a row: its loss, or
 * what it matches and what the cap and the choice of captions need to know. One file a unit of
 * candidates, rows in their order.
 */

import { createHash } from 'node:crypto';
import type { FilterConfig } from '../../config.js';
import { rankOf } from '../../core/ids.js';
import { type Loss, REASONS, type Reason } from '../../core/reasons.js';
import { type Candidate, TEXT_SOURCES, type TextSource } from '../../core/types.js';
import { judgeText } from '../judge.js';
import { type MatchImage, QueryMatcher } from '../match.js';
import { ID_BYTES, idBytes } from './keys.js';

export type Judgement =
  | { readonly loss: Loss }
  | { readonly text: string; readonly matches: ArrayLike<number> };

/** What judging a candidate asks of it. */
export interface Judgeable
  extends Pick<Candidate, 'id' | 'imageUrl' | 'pageUrl' | 'text' | 'textSource'> {
  /** On how many images of its host its caption stands, where that is asked (rules/repeated.ts). */
  readonly onHost?: number;
}

/** Of a caption that the text rules pass. */
export const NO_QUERY: Loss = { reason: 'no_query', detail: 'contains no query' };

/** The text rules, then the queries. A pure function of the candidate. */
export type Judge = (candidate: Judgeable) => Judgement;

export function createJudge(image: MatchImage, config: FilterConfig): Judge {
  const matcher = new QueryMatcher(image);
  const isKnown = (word: string): boolean => matcher.knows(word);
  return (candidate) => {
    const { onHost = 1 } = candidate;
    const context = { config, isKnown, repeats: () => onHost };
    const { text, loss } = judgeText(candidate.text, context, candidate);
    if (loss !== undefined) return { loss };
    const matches = matcher.match(text);
    if (matches.length === 0) return { loss: NO_QUERY };
    return { text, matches };
  };
}

/** All that a row follows from, beside its candidate. */
export interface JudgeSetting {
  readonly image: MatchImage;
  readonly config: FilterConfig;
  readonly seed: number;
}

/** Judges batches of candidates and gives their rows as bytes of their own. */
export function judgeBatch({
  image,
  config,
  seed,
}: JudgeSetting): (batch: readonly Judgeable[]) => Uint8Array<ArrayBuffer> {
  const judge = createJudge(image, config);
  const encoder = new JudgedEncoder(seed);
  return (batch) => {
    for (const candidate of batch) encoder.add(candidate, judge(candidate));
    return encoder.take();
  };
}

const LOST = 0;
const MATCHED = 1;
const REASON_NAMES = Object.keys(REASONS) as Reason[];

/** Encodes rows, one after the other. */
export class JudgedEncoder {
  readonly #seed: number;
  #buffer = Buffer.alloc(1 << 12);
  #at = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  add(candidate: Judgeable, judgement: Judgement): void {
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
  }

  /** The rows since the last call. */
  take(): Uint8Array<ArrayBuffer> {
    const rows = new Uint8Array(this.#at);
    rows.set(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    return rows;
  }

  /** Makes room for so many more. */
  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.alloc(2 * (this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
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
