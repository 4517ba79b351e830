/**
 * The account of a query list: what it was made from, how, and what came of it. Written beside the
 * list as LIST.json, drawn as LIST.html. It holds no time and no path outside the inputs' names, so
 * the same inputs give the same bytes.
 */

/** One file that was read. */
export interface AccountInput {
  kind: 'dump' | 'pageviews' | 'package';
  /** File name without its folder, or package name with its version. */
  name: string;
  bytes?: number;
  /** Licence of the data, where it is known. */
  license?: string;
}

/** One bar of a histogram: values in [from, to). */
export interface AccountBin {
  from: number;
  to: number;
  count: number;
}

export interface QueryAccount {
  schema: 1;
  inputs: AccountInput[];
  /** The resolved settings of the build. */
  settings: Record<string, unknown>;
  /** What was read from the dump: pages, articles, redirects, words, distinct words, … */
  read: Record<string, number>;
  /** What was lost while reading, by reason (`corrupt_block`, `bad_utf8`, `unclosed_template`, …). */
  lost: Record<string, number>;
  /** By source: passed its threshold, target, charged to it in the list, in the list at all. */
  sources: {
    source: string;
    passed: number;
    target: number | null;
    charged: number;
    listed: number;
    /** Places of its target that it could not fill, and places that others left it. */
    left: number;
    gained: number;
    /** The lowest score charged to it, and what the score is (`occurrences`, `PMI (bits)`, …). */
    cut: number | null;
    measure: string;
  }[];
  /** Pairs of sources and how many queries of the list both brought. */
  overlap: { a: string; b: string; count: number }[];
  size: number;
  /** Distinct words by how often they occur, in doubling bins. */
  unigramCounts: AccountBin[];
  /** Rank and count of words, at logarithmically spaced ranks: the Zipf plot. */
  unigramRanks: { rank: number; count: number }[];
  /** Bigrams of at least the minimum count, by PMI. */
  pmi: AccountBin[];
  /** Article titles by views, in doubling bins. */
  views: AccountBin[];
}
