/**
 * What other filter settings would make of a dataset: of its candidates by their texts, which needs no
 * pixels, and of the images that were fetched by their sizes, as far as these are known.
 */

import { join } from 'node:path';
import type { FilterConfig } from '../config.js';
import { readRecords } from '../core/parquet/reader.js';
import { type Candidate, pairFields, rejectFields } from '../core/types.js';
import {
  judgeText,
  NO_QUERY,
  objectionToSize,
  QueryMatcher,
  type RuleContext,
  SIZE_REASONS,
} from '../filter/index.js';
import { Draw } from '../stats/draw.js';
import { type JudgedDataset, ruleContext } from './judged-dataset.js';

export interface Sample {
  readonly key: string;
  readonly text: string;
  readonly detail?: string;
}

export interface Group {
  /** A reason, or `kept`. */
  readonly outcome: string;
  readonly count: number;
  /** Chosen by seeded rank. */
  readonly samples: readonly Sample[];
}

export interface Trial {
  /** Of all candidates, repeated ones included, by text rules and queries; the cap is not applied. */
  readonly texts: {
    readonly candidates: number;
    readonly groups: readonly Group[];
    /** Against the dataset's own rules. */
    readonly gained: number;
    readonly lost: number;
  };
  /** Of rows in the shards, by the rules on sizes; the other image rules are not tried. */
  readonly images: {
    readonly rows: number;
    readonly groups: readonly Group[];
    /** Images that were lost for their size and would not be. */
    readonly gained: number;
  };
}

interface TrialOptions {
  /** Of each outcome, at most. */
  readonly samples: number;
  readonly signal: AbortSignal;
}

export async function tryFilter(
  dataset: JudgedDataset,
  filter: FilterConfig,
  options: TrialOptions,
): Promise<Trial> {
  return {
    texts: await tryTexts(dataset, filter, options),
    images: await tryImages(dataset, filter, options),
  };
}

async function tryTexts(
  dataset: JudgedDataset,
  filter: FilterConfig,
  { samples, signal }: TrialOptions,
): Promise<Trial['texts']> {
  const { config } = dataset;
  const matcher =
    filter.matching === config.filter.matching
      ? dataset.matcher
      : new QueryMatcher(
          dataset.queries.map(({ text }) => text),
          filter.matching,
        );
  const before = await ruleContext(dataset, config.filter);
  const now =
    filter.maxRepeats === config.filter.maxRepeats
      ? { ...before, config: filter }
      : await ruleContext(dataset, filter);
  const judge = (candidate: Candidate, context: RuleContext, matching: QueryMatcher) => {
    const { text, loss } = judgeText(candidate.text, context, candidate);
    return { text, loss: loss ?? (matching.find(text) === 0 ? NO_QUERY : undefined) };
  };
  const groups = new Groups(samples, config.seed);
  let candidates = 0;
  let gained = 0;
  let lost = 0;
  for await (const candidate of dataset.candidates()) {
    if (candidates++ % 1_000 === 0) signal.throwIfAborted();
    const { text, loss } = judge(candidate, now, matcher);
    const detail = loss && { detail: loss.detail };
    groups.add(loss?.reason ?? 'kept', { key: candidate.id, text, ...detail });
    const wasKept = judge(candidate, before, dataset.matcher).loss === undefined;
    if (loss === undefined && !wasKept) gained += 1;
    if (loss !== undefined && wasKept) lost += 1;
  }
  return { candidates, groups: groups.all(), gained, lost };
}

async function tryImages(
  { dir, manifest, config }: JudgedDataset,
  filter: FilterConfig,
  { samples, signal }: TrialOptions,
): Promise<Trial['images']> {
  const groups = new Groups(samples, config.seed);
  let rows = 0;
  for (const { path } of manifest.shards) {
    signal.throwIfAborted();
    const columns = ['key', 'text', 'originalWidth', 'originalHeight'] as const;
    for await (const row of readRecords(join(dir, path), pairFields, { columns })) {
      rows += 1;
      const detail = `${row.originalWidth}×${row.originalHeight}`;
      const { key, text } = row;
      groups.add(objectionToSize(row, filter) ?? 'kept', { key, text, detail });
    }
  }
  let gained = 0;
  for (const { path } of manifest.files.rejects) {
    signal.throwIfAborted();
    const columns = ['reason', 'detail'] as const;
    for await (const row of readRecords(join(dir, path), rejectFields, { columns })) {
      const [, width, height] = /^(\d+)×(\d+)$/.exec(row.detail ?? '') ?? [];
      if (!SIZE_REASONS.has(row.reason) || width === undefined) continue;
      const size = { originalWidth: Number(width), originalHeight: Number(height) };
      if (objectionToSize(size, filter) === undefined) gained += 1;
    }
  }
  return { rows, groups: groups.all(), gained };
}

/** Counts by outcome, with a few samples of each. */
class Groups {
  readonly #most: number;
  readonly #seed: number;
  readonly #groups = new Map<string, { count: number; readonly draw: Draw<Sample> }>();

  constructor(most: number, seed: number) {
    this.#most = most;
    this.#seed = seed;
  }

  add(outcome: string, sample: Sample): void {
    const group = this.#groups.get(outcome) ?? { count: 0, draw: new Draw(this.#seed, this.#most) };
    this.#groups.set(outcome, group);
    group.count += 1;
    group.draw.offer(sample.key, () => sample);
  }

  /** Kept first, then the commonest. */
  all(): Group[] {
    return [...this.#groups]
      .map(([outcome, { count, draw }]) => ({ outcome, count, samples: draw.items() }))
      .sort(
        (a, b) =>
          Number(b.outcome === 'kept') - Number(a.outcome === 'kept') ||
          b.count - a.count ||
          (a.outcome < b.outcome ? -1 : 1),
      );
  }
}
