/** What a query list holds: sizes by source, lengths, overlaps, samples, and what can never match. */

import { rankOf } from '../core/ids.js';
import type { AccountBin, QueryAccount } from '../core/query-account.js';
import type { Query } from '../core/types.js';
import { byCodeUnits } from './choose.js';
import { evenBins } from './plots.js';

/** Under a way of matching, why no text can ever match an entry; undefined when some can. */
export type WhyNever = (text: string) => string | undefined;

export interface InspectOptions {
  /** By name, the ways of matching that are asked. */
  matching: Readonly<Record<string, WhyNever>>;
  /** The account beside the list, where there is one: it knows what is charged to whom. */
  account?: QueryAccount | undefined;
  /** Of the samples. Default 0. */
  seed?: number;
  /** Samples of each source, and examples of each reason. Default 10. */
  samples?: number;
}

export interface Inspection {
  size: number;
  sources: {
    source: string;
    /** Queries that name it, and those that name it alone. */
    listed: number;
    alone: number;
    /** Queries charged to it; null without an account. */
    charged: number | null;
  }[];
  /** Pairs of sources and how many queries name both. */
  overlap: { a: string; b: string; count: number }[];
  /** Words apart by spaces, and characters as code points. */
  words: AccountBin[];
  characters: AccountBin[];
  matching: {
    mode: string;
    never: number;
    reasons: { reason: string; count: number; examples: string[] }[];
  }[];
  /** Drawn by a seeded hash of the text: the same list gives the same samples. */
  samples: { source: string; texts: string[] }[];
}

export function inspectList(queries: readonly Query[], options: InspectOptions): Inspection {
  const { seed = 0, samples = 10, account } = options;
  const drawn = bySeed(queries, seed);
  const names = sourceNames(queries);
  const charged = new Map(account?.sources.map((row) => [row.source, row.charged]));
  const counts = tally(queries);
  return {
    size: queries.length,
    sources: names.map((source) => ({
      source,
      listed: counts.get(source) ?? 0,
      alone: queries.filter(({ sources }) => sources.length === 1 && sources[0] === source).length,
      charged: charged.get(source) ?? null,
    })),
    overlap: names.flatMap((a, i) =>
      names.slice(i + 1).map((b) => ({
        a,
        b,
        count: queries.filter(({ sources }) => sources.includes(a) && sources.includes(b)).length,
      })),
    ),
    words: evenBins(
      queries.map(({ text }) => text.split(' ').length),
      1,
    ),
    characters: evenBins(
      queries.map(({ text }) => [...text].length),
      1,
    ),
    matching: Object.entries(options.matching).map(([mode, whyNever]) =>
      neverMatching(mode, whyNever, drawn, samples),
    ),
    samples: names.map((source) => ({
      source,
      texts: drawn
        .filter(({ sources }) => sources.includes(source))
        .slice(0, samples)
        .map(({ text }) => text),
    })),
  };
}

function neverMatching(
  mode: string,
  whyNever: WhyNever,
  drawn: readonly Query[],
  examples: number,
): Inspection['matching'][number] {
  const reasons = new Map<string, { reason: string; count: number; examples: string[] }>();
  let never = 0;
  for (const { text } of drawn) {
    const reason = whyNever(text);
    if (reason === undefined) continue;
    never += 1;
    const row = reasons.get(reason) ?? { reason, count: 0, examples: [] };
    reasons.set(reason, row);
    row.count += 1;
    if (row.examples.length < examples) row.examples.push(text);
  }
  const rows = [...reasons.values()];
  rows.sort((a, b) => b.count - a.count || byCodeUnits(a.reason, b.reason));
  return { mode, never, reasons: rows };
}

/** In a random order that the seed and the texts decide. */
export function bySeed(queries: readonly Query[], seed: number): Query[] {
  return queries
    .map((query) => ({ query, rank: rankOf(seed, query.text) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ query }) => query);
}

/** Queries by source; one with several counts for each. */
export function tally(queries: readonly Query[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { sources } of queries) {
    for (const source of sources) counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return counts;
}

/** As found, most first. */
function sourceNames(queries: readonly Query[]): string[] {
  return [...tally(queries)]
    .sort((a, b) => b[1] - a[1] || byCodeUnits(a[0], b[0]))
    .map(([source]) => source);
}
