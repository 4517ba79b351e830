/** What the sources of a query list say, before the list is chosen. */

/**
 * The four sources, in the order in which a text that several of them bring is charged to one:
 * MetaCLIP's order, whose published sizes are the default targets and count each text once.
 */
export const QUERY_SOURCES = ['wordnet', 'unigram', 'bigram', 'title'] as const;
export type QuerySource = (typeof QUERY_SOURCES)[number];

/** What is known of one text, whichever source brought it. */
export interface Measures {
  /** Occurrences of the one-word text. */
  unigramCount?: number;
  /** Occurrences of the two-word text. */
  bigramCount?: number;
  /** Pointwise mutual information of the two words, base 2 (bits). */
  pmi?: number;
  /** Page views of the article, over all view files read. */
  views?: number;
}

/** A text that one source brings, having passed that source's threshold. */
export interface Entry {
  /** As it shall stand in the list: composed (NFC), single spaces. */
  text: string;
  /** The source's measure; the higher, the sooner it is kept. Ties go by the text's code units. */
  score: number;
  measures: Measures;
}

export interface Evidence {
  /** By source, each source's entries best first and without repetitions. */
  entries: Readonly<Record<QuerySource, readonly Entry[]>>;
  /** How many passed the source's threshold, where `entries` holds only the best of them. */
  passed: Readonly<Record<QuerySource, number>>;
  /** Whatever is known of a text beyond its own source's entry; `key` as by `queryKey`. */
  known(key: string): Measures | undefined;
}

/** Texts with the same key are one query. With `keep`, case tells queries apart. */
export function queryKey(text: string, letterCase: 'fold' | 'keep'): string {
  const composed = text.normalize('NFC').replace(/\s+/g, ' ').trim();
  return letterCase === 'fold' ? composed.toLowerCase() : composed;
}
