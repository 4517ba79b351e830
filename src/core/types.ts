/**
 * The records that flow from stage to stage. Each stage knows the record before it and the record
 * after it, nothing else. See docs/dataset-format.md for the columns.
 */

import type { Reason } from './reasons.js';
import { double, image, int, long, optional, type RecordOf, string, strings } from './record.js';

export const STAGES = ['discover', 'select', 'fetch', 'shard'] as const;
export type StageName = (typeof STAGES)[number];

/** A search term, with every source it came from and that source's measure. */
export const queryFields = {
  text: string(),
  sources: strings(),
  /** Occurrences of the one-word text. */
  unigramCount: optional(long()),
  /** Occurrences of the two-word text. */
  bigramCount: optional(long()),
  /** Pointwise mutual information of the two words, in bits. */
  pmi: optional(double()),
  /** Views of the article, over all view files read. */
  views: optional(long()),
};
export type Query = RecordOf<typeof queryFields>;

export const TEXT_SOURCES = ['alt', 'caption', 'title', 'list', 'search'] as const;
export type TextSource = (typeof TEXT_SOURCES)[number];

/** An image URL with one text that was found beside it. No pixels yet. */
export const candidateFields = {
  /** Content id: see `candidateId` in ids.ts. */
  id: string(),
  imageUrl: string(),
  /** As found, before cleaning; empty when the image had none. */
  text: string(),
  textSource: string<TextSource>(),
  pageUrl: optional(string()),
  /** Which source found it: `web`, `list`, … */
  source: string(),
  license: optional(string()),
  /** Of the image's bytes, as its list states it: lower-case hex of MD5, SHA-1, SHA-256 or SHA-512. */
  expectedHash: optional(string()),
  /** A list's further columns as a JSON object, in the order in which the settings name them. */
  extra: optional(string()),
};
export type Candidate = RecordOf<typeof candidateFields>;

/** A candidate that matched queries and was admitted by at least one. Its text is cleaned. */
export const selectionFields = {
  ...candidateFields,
  /** Every query the text matches. */
  queries: strings(),
  /** The queries under whose cap it was admitted. */
  admittedBy: strings(),
  /** Seeded hash of the id, uniform in [0, 1). */
  rank: double(),
  /** Cleaned texts of other selected candidates with the same image URL. */
  otherTexts: strings(),
};
export type Selection = RecordOf<typeof selectionFields>;

/** One training example: pixels, text and where they came from. */
export const pairFields = {
  key: string(),
  text: string(),
  otherTexts: strings(),
  url: string(),
  pageUrl: optional(string()),
  queries: strings(),
  width: int(),
  height: int(),
  originalWidth: int(),
  originalHeight: int(),
  format: string(),
  /** Of the bytes as downloaded, lower-case hex. */
  sha256: string(),
  /** Colour difference hash of the stored pixels: 192 bits, hex. See src/filter/dhash.ts. */
  dhash: string(),
  /** ISO 8601, the dataset's snapshot time: the same for every row, so that rebuilding repeats bytes. */
  fetchedAt: string(),
  license: optional(string()),
  /** As in the candidate. */
  extra: optional(string()),
  /** What each scorer gave, as a JSON object by name, in the order of the settings. */
  scores: optional(string()),
  /** Last, so that readers of the other columns never touch it. */
  image: image(),
};
export type Pair = RecordOf<typeof pairFields>;

/** A candidate (or a page, in stage discover) that did not become a row, and why. */
export const rejectFields = {
  ...candidateFields,
  stage: string<StageName>(),
  reason: string<Reason>(),
  detail: optional(string()),
  /** Of another text or a duplicate of an image: the candidate that stays. */
  sameAs: optional(string()),
  /** The evaluation set or the scorer that refused it. */
  by: optional(string()),
};
export type Reject = RecordOf<typeof rejectFields>;

/** What the candidates held for one query (queries.parquet). */
export const queryUseFields = {
  query: string(),
  /** Candidates whose text passed the rules and matched. */
  matched: int(),
  /** Those of them that this query admitted under its cap. */
  admitted: int(),
  /** Selections whose text matches, whichever query admitted them. */
  selected: int(),
};
export type QueryUse = RecordOf<typeof queryUseFields>;
