/**
 * Why a candidate is in a dataset or not: what every rule says of it, which queries it matches and where
 * it stands among their matches, and what became of it. Everything is worked out from the dataset's
 * own files, in passes that hold one row group and the ids below one cap.
 */

import { join } from 'node:path';
import { rankOf } from '../core/ids.js';
import type { OutputFile } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import {
  type Candidate,
  pairFields,
  type QueryUse,
  queryUseFields,
  rejectFields,
  selectionFields,
} from '../core/types.js';
import {
  explainImage,
  explainText,
  judgeText,
  QueryMatcher,
  type RuleContext,
  type Verdict,
} from '../filter/index.js';
import { type JudgedDataset, ruleContext } from './judged-dataset.js';

export interface QueryStanding {
  readonly query: string;
  /** How many candidates match it, the text rules passed; absent before selection has run. */
  readonly matched?: number;
  /**
   * Of the candidate among them by rank, from 1. Above the cap it says only that: `cap + 1` stands for
   * any later place. Absent under a soft cap, where chance decides.
   */
  readonly place?: number;
  readonly cap: number;
}

export interface Fate {
  readonly stage: 'select' | 'fetch' | 'shard';
  /** `kept`, or the reason of its loss; `waiting` where nothing is known yet. */
  readonly outcome: string;
  readonly detail?: string;
  /** The evaluation set or scorer that refused it. */
  readonly by?: string;
  /** The candidate that stays, of duplicates and further captions of an image URL. */
  readonly sameAs?: string;
  /** The file that says so. */
  readonly file?: string;
}

export interface Explanation {
  readonly candidate: Candidate;
  /** Its caption as a pair gets it. */
  readonly text: string;
  readonly verdicts: readonly Verdict[];
  /** Seeded, uniform in [0, 1). */
  readonly rank: number;
  readonly queries: readonly QueryStanding[];
  /** Queries that admitted it; absent where it was not selected. */
  readonly admittedBy?: readonly string[];
  readonly fate: Fate;
  /** Of the image rules, where the image is in a shard. */
  readonly image?: readonly Verdict[];
  /** What scorers gave, where the image is in a shard. */
  readonly scores?: Readonly<Record<string, number>>;
}

/** Candidates that one URL may have here; more are not told. */
const MOST = 20;

/** @param wanted a candidate's id (the key of its pair), or an image URL with all of its texts */
export async function explainCandidates(
  dataset: JudgedDataset,
  wanted: { readonly key?: string; readonly url?: string },
  signal: AbortSignal,
): Promise<Explanation[]> {
  const found = await findCandidates(dataset, wanted, signal);
  if (found.length === 0) return [];
  const uses = await queryUses(dataset);
  const { config, manifest } = dataset;
  const context = await ruleContext(dataset, config.filter);
  const cap = manifest.cap ?? config.filter.cap;
  const explanations: Explanation[] = [];
  for (const candidate of found) {
    const { text, verdicts } = explainText(candidate.text, context, candidate);
    const matches = verdicts.every(({ passed }) => passed) ? dataset.matcher.match(text) : [];
    const names = matches.map((query) => dataset.queries[query]?.text as string);
    const places =
      config.filter.capMode === 'hard'
        ? await placesOf({ dataset, candidate, names, cap, context, signal })
        : [];
    explanations.push({
      candidate,
      text,
      verdicts,
      rank: rankOf(config.seed, candidate.id),
      queries: names.map((query, at) => ({
        query,
        ...(uses.has(query) && { matched: uses.get(query)?.matched as number }),
        ...(places[at] !== undefined && { place: places[at] }),
        cap,
      })),
      ...(await fateOf(dataset, candidate.id)),
    });
  }
  return explanations;
}

async function findCandidates(
  dataset: JudgedDataset,
  { key, url }: { readonly key?: string; readonly url?: string },
  signal: AbortSignal,
): Promise<Candidate[]> {
  const found = new Map<string, Candidate>();
  for await (const candidate of dataset.candidates()) {
    signal.throwIfAborted();
    if (candidate.id !== key && candidate.imageUrl !== url) continue;
    if (!found.has(candidate.id)) found.set(candidate.id, candidate);
    if (key !== undefined || found.size === MOST) break;
  }
  return [...found.values()];
}

async function queryUses({ dir, manifest }: JudgedDataset): Promise<Map<string, QueryUse>> {
  const uses = new Map<string, QueryUse>();
  if (manifest.files.queries === undefined) return uses;
  const path = join(dir, manifest.files.queries.path);
  for await (const use of readRecords(path, queryUseFields)) uses.set(use.query, use);
  return uses;
}

/** The candidate's place by rank among the matches of each query, from 1; `cap + 1` for any above the cap. */
async function placesOf(input: {
  dataset: JudgedDataset;
  candidate: Candidate;
  names: readonly string[];
  cap: number;
  context: RuleContext;
  signal: AbortSignal;
}): Promise<number[]> {
  const { dataset, candidate, names, cap, context, signal } = input;
  const { seed, filter } = dataset.config;
  const rank = rankOf(seed, candidate.id);
  /** By id, since a candidate may stand there twice; no more than the cap are needed. */
  const below = names.map(() => new Set<string>());
  if (names.length > 0) {
    const matcher = new QueryMatcher(names, filter.matching);
    for await (const other of dataset.candidates()) {
      signal.throwIfAborted();
      const otherRank = rankOf(seed, other.id);
      if (otherRank > rank || (otherRank === rank && other.id >= candidate.id)) continue;
      const { text, loss } = judgeText(other.text, context, other);
      if (loss !== undefined) continue;
      for (const query of matcher.match(text)) {
        const ids = below[query] as Set<string>;
        if (ids.size < cap) ids.add(other.id);
      }
    }
  }
  return below.map((ids) => ids.size + 1);
}

/** What the dataset's files say of an id, the last word first. */
async function fateOf(
  { dir, manifest, config }: JudgedDataset,
  id: string,
): Promise<Pick<Explanation, 'fate' | 'admittedBy' | 'image' | 'scores'>> {
  const { rejects, selected } = manifest.files;
  const columns = ['id', 'admittedBy'] as const;
  const selection = await firstOf(dir, selected, (path) =>
    rowWith(readRecords(path, selectionFields, { columns }), (row) => row.id === id),
  );
  const chosen = selection && { admittedBy: selection.row.admittedBy };
  const keys = ['key'] as const;
  const kept = await firstOf(dir, manifest.shards, (path) =>
    rowWith(readRecords(path, pairFields, { columns: keys }), ({ key }) => key === id),
  );
  if (kept !== undefined) {
    const pairs = readRecords(join(dir, kept.path), pairFields);
    const pair = await rowWith(pairs, ({ key }) => key === id);
    const image = pair && {
      image: await explainImage(pair, config.filter),
      ...(pair.scores !== undefined && { scores: JSON.parse(pair.scores) }),
    };
    return { fate: { stage: 'shard', outcome: 'kept', file: kept.path }, ...chosen, ...image };
  }
  const lost = await firstOf(dir, rejects, (path) =>
    rowWith(readRecords(path, rejectFields), (row) => row.id === id),
  );
  if (lost === undefined) {
    return { fate: { stage: chosen ? 'fetch' : 'select', outcome: 'waiting' }, ...chosen };
  }
  const { stage, reason, detail, by, sameAs } = lost.row;
  const fate = {
    stage: stage as Fate['stage'],
    outcome: reason,
    ...(detail !== undefined && { detail }),
    ...(by !== undefined && { by }),
    ...(sameAs !== undefined && { sameAs }),
    file: lost.path,
  };
  return { fate, ...chosen };
}

async function rowWith<T>(
  rows: AsyncIterable<T>,
  isWanted: (row: T) => boolean,
): Promise<T | undefined> {
  for await (const row of rows) if (isWanted(row)) return row;
  return undefined;
}

async function firstOf<T>(
  dir: string,
  files: readonly Pick<OutputFile, 'path'>[],
  look: (path: string) => Promise<T | undefined>,
): Promise<{ path: string; row: T } | undefined> {
  for (const { path } of files) {
    const row = await look(join(dir, path));
    if (row !== undefined) return { path, row };
  }
  return undefined;
}
