/** How two query lists differ: what only one has, and what changed in what both have. */

import { columnName } from '../core/record.js';
import { writeAtomically } from '../core/store.js';
import type { Query } from '../core/types.js';
import { byCodeUnits } from './choose.js';
import { queryKey } from './evidence.js';
import { bySeed, tally } from './inspect.js';

const MEASURES = ['unigramCount', 'bigramCount', 'pmi', 'views'] as const;
export type MeasureName = (typeof MEASURES)[number];

export interface Change {
  text: string;
  a: number;
  b: number;
}

export interface Difference {
  /** Queries of either list, of both, and of one alone. */
  a: number;
  b: number;
  common: number;
  onlyA: number;
  onlyB: number;
  /** Of those in A alone, how many B has with other capitals. */
  otherCase: number;
  /** Of the common ones, how many name other sources, or have another value of any measure. */
  changed: number;
  sources: { source: string; common: number; onlyA: number; onlyB: number }[];
  /** Of the common ones; the largest changes first: of counts by ratio, of PMI by difference. */
  measures: { measure: MeasureName; changed: number; largest: Change[] }[];
  /** Drawn by a seeded hash of the text. */
  samples: { onlyA: string[]; onlyB: string[] };
}

export interface DiffOptions {
  /** Of the samples. Default 0. */
  seed?: number;
  /** Samples and changes listed. Default 10. */
  samples?: number;
}

interface Sides {
  common: { a: Query; b: Query }[];
  onlyA: Query[];
  onlyB: Query[];
}

/** Compares two lists by text. */
export function diffLists(
  a: readonly Query[],
  b: readonly Query[],
  options: DiffOptions = {},
): Difference {
  const { seed = 0, samples = 10 } = options;
  const { common, onlyA, onlyB } = compare(a, b);
  const folded = new Set(b.map(({ text }) => queryKey(text, 'fold')));
  const some = (queries: Query[]): string[] =>
    bySeed(queries, seed)
      .slice(0, samples)
      .map(({ text }) => text);
  return {
    a: a.length,
    b: b.length,
    common: common.length,
    onlyA: onlyA.length,
    onlyB: onlyB.length,
    otherCase: onlyA.filter(({ text }) => folded.has(queryKey(text, 'fold'))).length,
    changed: common.filter(isChanged).length,
    sources: bySource({ common, onlyA, onlyB }),
    measures: MEASURES.map((measure) => changesOf(measure, common, samples)),
    samples: { onlyA: some(onlyA), onlyB: some(onlyB) },
  };
}

/** Columns of the table of all differences. */
const HEAD = [
  'difference',
  'text',
  'sources_a',
  'sources_b',
  ...MEASURES.flatMap((measure) => ['a', 'b'].map((side) => `${columnName(measure)}_${side}`)),
];

/**
 * Writes every difference as a line of tab-separated values: `only_a`, `only_b` or `changed`, the text, and
 * what each list says of it. Texts of lists hold no tabs.
 * @throws WitError `disk`.
 */
export async function writeDifferences(
  path: string,
  a: readonly Query[],
  b: readonly Query[],
): Promise<void> {
  const { common, onlyA, onlyB } = compare(a, b);
  const rows: { text: string; line: string }[] = [];
  const add = (difference: string, of: Query | undefined, other: Query | undefined): void => {
    const { text } = (of ?? other) as Query;
    const values = MEASURES.flatMap((measure) => [of?.[measure], other?.[measure]]);
    const sources = [of, other].map((query) => query?.sources.join(',') ?? '');
    const cells = [difference, text, ...sources, ...values.map((value) => String(value ?? ''))];
    rows.push({ text, line: cells.join('\t') });
  };
  for (const query of onlyA) add('only_a', query, undefined);
  for (const query of onlyB) add('only_b', undefined, query);
  for (const pair of common) if (isChanged(pair)) add('changed', pair.a, pair.b);
  rows.sort((one, other) => byCodeUnits(one.text, other.text));
  const lines = [HEAD.join('\t'), ...rows.map(({ line }) => line)];
  await writeAtomically(path, `${lines.join('\n')}\n`);
}

function compare(a: readonly Query[], b: readonly Query[]): Sides {
  const inB = new Map(b.map((query) => [query.text, query]));
  const sides: Sides = { common: [], onlyA: [], onlyB: [] };
  for (const query of a) {
    const other = inB.get(query.text);
    if (other === undefined) sides.onlyA.push(query);
    else sides.common.push({ a: query, b: other });
    inB.delete(query.text);
  }
  sides.onlyB.push(...inB.values());
  return sides;
}

function isChanged({ a, b }: { a: Query; b: Query }): boolean {
  if (MEASURES.some((measure) => a[measure] !== b[measure])) return true;
  return a.sources.length !== b.sources.length || a.sources.some((s) => !b.sources.includes(s));
}

/** A query counts for each of its sources; a common one for each that A names. */
function bySource({ common, onlyA, onlyB }: Sides): Difference['sources'] {
  const counts = [common.map(({ a }) => a), onlyA, onlyB].map(tally);
  const names = [...new Set(counts.flatMap((of) => [...of.keys()]))].sort(byCodeUnits);
  return names.map((source) => {
    const [both, a, b] = counts.map((of) => of.get(source) ?? 0) as [number, number, number];
    return { source, common: both, onlyA: a, onlyB: b };
  });
}

function changesOf(
  measure: MeasureName,
  common: Sides['common'],
  listed: number,
): Difference['measures'][number] {
  const changes: Change[] = [];
  for (const { a, b } of common) {
    const [before, after] = [a[measure], b[measure]];
    if (before === undefined || after === undefined || before === after) continue;
    changes.push({ text: a.text, a: before, b: after });
  }
  const size = ({ a, b }: Change): number =>
    measure === 'pmi' ? Math.abs(b - a) : Math.abs(Math.log((b + 1) / (a + 1)));
  changes.sort((one, other) => size(other) - size(one) || byCodeUnits(one.text, other.text));
  return { measure, changed: changes.length, largest: changes.slice(0, listed) };
}
