/**
 * From what the sources say to the list: which texts are kept, and to which source each is charged.
 *
 * Sources are filled in the order of QUERY_SOURCES. Each takes its best entries, passing over texts that
 * are in the list already, until its target is reached; so a text counts once, as in MetaCLIP's sizes.
 * Places that a source cannot fill go to the sources that have more, in proportion to their targets, and
 * these go on where they stopped. Everything here is a pure function of its input.
 */

import type { QueryAccount } from '../core/query-account.js';
import type { Query } from '../core/types.js';
import {
  type Entry,
  type Evidence,
  type Measures,
  QUERY_SOURCES,
  type QuerySource,
  queryKey,
} from './evidence.js';

/** Sizes by source of the list that MetaCLIP describes (arXiv 2309.16671, table 1): 500,000 in all. */
export const DEFAULT_TARGETS: Readonly<Record<QuerySource, number>> = {
  wordnet: 86_654,
  unigram: 251_465,
  bigram: 100_646,
  title: 61_235,
};

/** What each source's score is. */
const MEASURE: Readonly<Record<QuerySource, string>> = {
  wordnet: 'sense tags',
  unigram: 'occurrences',
  bigram: 'PMI (bits)',
  title: 'page views',
};

/** Whose form of a text is shown: a title has its capitals by rule, a counted word has lost them. */
const DISPLAY_ORDER: readonly QuerySource[] = ['title', 'wordnet', 'unigram', 'bigram'];

export interface ChooseOptions {
  /** Queries in the list; null keeps all. */
  size: number | null;
  letterCase: 'fold' | 'keep';
  /** Proportions of the sources, scaled so that they sum to `size`. */
  targets?: Readonly<Record<QuerySource, number>>;
}

export interface Choice {
  /** Sorted by code units. */
  queries: Query[];
  account: Pick<QueryAccount, 'sources' | 'overlap' | 'size'>;
}

/** A text of the list while it is being made. */
interface Place {
  /** By index in QUERY_SOURCES; -1 while no source has brought it into the list. */
  chargedTo: number;
  /** Each source's entry of this text. */
  readonly entries: (Entry | undefined)[];
}

/** The list of `size` queries that the evidence gives. */
export function chooseQueries(evidence: Evidence, options: ChooseOptions): Choice {
  const { size, letterCase } = options;
  const places = new Map<string, Place>();
  const ranked = QUERY_SOURCES.map((source, index) =>
    gather(evidence.entries[source], index, places, letterCase),
  );
  const weights = QUERY_SOURCES.map((source) => (options.targets ?? DEFAULT_TARGETS)[source]);
  fill(ranked, size, weights);

  const listed = [...places].filter(([, place]) => place.chargedTo !== -1);
  const queries = listed
    .map(([key, place]) => queryOf(place, evidence.known(key)))
    .sort((a, b) => byCodeUnits(a.text, b.text));
  const kept = listed.map(([, place]) => place);
  const targets = size === null ? undefined : apportion(size, weights);
  return { queries, account: describe(evidence, kept, targets) };
}

/** A source's texts, best first, each with the place it shares with other sources. */
function gather(
  entries: readonly Entry[],
  source: number,
  places: Map<string, Place>,
  letterCase: 'fold' | 'keep',
): Place[] {
  const ranked: Place[] = [];
  for (const entry of entries) {
    const key = queryKey(entry.text, letterCase);
    let place = places.get(key);
    if (place === undefined) {
      place = { chargedTo: -1, entries: [] };
      places.set(key, place);
    }
    // Titles that differ by case alone: the better one stands for both.
    if (place.entries[source] !== undefined) continue;
    place.entries[source] = entry;
    ranked.push(place);
  }
  return ranked;
}

/** Charges places to sources until the list has its size or the sources are used up. */
function fill(ranked: readonly Place[][], size: number | null, weights: readonly number[]): void {
  const next = ranked.map(() => 0);
  /** A source's best text that is not in the list yet. */
  const best = (source: number): Place | undefined => {
    const places = ranked[source] as Place[];
    let at = next[source] as number;
    while (at < places.length && places[at]?.chargedTo !== -1) at += 1;
    next[source] = at;
    return places[at];
  };
  /** Brings up to `wanted` further texts into the list; returns how many. */
  const take = (source: number, wanted: number): number => {
    let taken = 0;
    for (; taken < wanted; taken++) {
      const place = best(source);
      if (place === undefined) break;
      place.chargedTo = source;
    }
    return taken;
  };
  if (size === null) {
    for (const source of ranked.keys()) take(source, Number.POSITIVE_INFINITY);
    return;
  }
  let left = size;
  let shares = apportion(size, weights);
  // Each round fills all that is left or uses a source up, so there are few.
  for (;;) {
    for (const source of ranked.keys()) left -= take(source, shares[source] as number);
    const hasMore = ranked.map((_, source) => best(source) !== undefined);
    const wanting = weights.map((weight, source) => (hasMore[source] ? weight : 0));
    // A source whose target is 0 is given no places at all.
    if (left <= 0 || !wanting.some((weight) => weight > 0)) return;
    shares = apportion(left, wanting);
  }
}

/**
 * `total` in whole parts in proportion to `parts` (largest remainders; equal ones go to the earlier
 * part). The sum is exact.
 */
export function apportion(total: number, parts: readonly number[]): number[] {
  const sum = parts.reduce((all, part) => all + part, 0);
  if (sum === 0) return parts.map(() => 0);
  // Products stay below 2^53 for totals and sums below 9e7; remainders are exact integers.
  const shares = parts.map((part) => Math.floor((total * part) / sum));
  const remainders = parts.map((part) => (total * part) % sum);
  let left = total - shares.reduce((all, share) => all + share, 0);
  const order = [...parts.keys()].sort(
    (a, b) => (remainders[b] as number) - (remainders[a] as number) || a - b,
  );
  for (const index of order) {
    if (left-- <= 0) break;
    shares[index] = (shares[index] as number) + 1;
  }
  return shares;
}

function queryOf({ entries }: Place, known: Measures | undefined): Query {
  const shown = DISPLAY_ORDER.map((source) => entries[QUERY_SOURCES.indexOf(source)]);
  const query: Query = {
    text: (shown.find((entry) => entry !== undefined) as Entry).text,
    sources: QUERY_SOURCES.filter((_, index) => entries[index] !== undefined),
  };
  const measures: Measures = Object.assign({}, known, ...entries.map((entry) => entry?.measures));
  if (measures.unigramCount !== undefined) query.unigramCount = measures.unigramCount;
  if (measures.bigramCount !== undefined) query.bigramCount = measures.bigramCount;
  if (measures.pmi !== undefined) query.pmi = measures.pmi;
  if (measures.views !== undefined) query.views = measures.views;
  return query;
}

function describe(
  evidence: Evidence,
  kept: readonly Place[],
  targets: readonly number[] | undefined,
): Choice['account'] {
  const has = (place: Place, source: number): boolean => place.entries[source] !== undefined;
  const count = (wanted: (place: Place) => boolean): number => {
    let found = 0;
    for (const place of kept) if (wanted(place)) found += 1;
    return found;
  };
  const sources = QUERY_SOURCES.map((source, index) => {
    const charged = count((place) => place.chargedTo === index);
    const target = targets?.[index] ?? null;
    let cut: number | null = null;
    for (const place of kept) {
      if (place.chargedTo !== index) continue;
      const { score } = place.entries[index] as Entry;
      cut = cut === null ? score : Math.min(cut, score);
    }
    return {
      source,
      passed: evidence.passed[source],
      target,
      charged,
      listed: count((place) => has(place, index)),
      left: target === null ? 0 : Math.max(0, target - charged),
      gained: target === null ? 0 : Math.max(0, charged - target),
      cut,
      measure: MEASURE[source],
    };
  });
  const overlap = QUERY_SOURCES.flatMap((a, i) =>
    QUERY_SOURCES.slice(i + 1).map((b, j) => ({
      a,
      b,
      count: count((place) => has(place, i) && has(place, i + 1 + j)),
    })),
  );
  return { sources, overlap, size: kept.length };
}

export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
