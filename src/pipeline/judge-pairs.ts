/**
 * What is decided on pairs beyond the image rules, in their order and before duplicates: whether an
 * image is one of an evaluation set, and whether the scores are within their limits.
 */

import type { EvaluationSets } from './evaluation-sets.js';
import type { Outcome } from './fetch-one.js';
import type { Scored, Scorers } from './scorers.js';

export interface PairJudges {
  readonly evaluation: EvaluationSets;
  readonly scorers: Scorers;
}

/** Pairs scored at once, at most. */
const BATCH = 32;

interface Judged {
  readonly part: {
    readonly index: number;
    /** Where every pair of the part stands until the part is committed. */
    readonly log: { read(row: number): Promise<Outcome | undefined> };
  };
  readonly row: number;
  readonly outcome: Outcome;
}

/**
 * Passes items on in their order, pairs that will not do as losses, others with their scores. Where there
 * are scorers, pairs wait for a batch to fill; a batch never crosses a part, so it is the same in every run.
 */
export async function* judgePairs<Item extends Judged>(
  items: AsyncIterable<Item>,
  { evaluation, scorers }: PairJudges,
): AsyncGenerator<Item> {
  const clean = withoutOverlap(items, evaluation);
  if (scorers.isEmpty) yield* clean;
  else if (scorers.haveShares) yield* keepTop(score(clean, scorers), scorers);
  else for await (const { item } of score(clean, scorers)) yield item;
}

async function* withoutOverlap<Item extends Judged>(
  items: AsyncIterable<Item>,
  evaluation: EvaluationSets,
): AsyncGenerator<Item> {
  for await (const item of items) {
    const loss = 'pair' in item.outcome ? evaluation.check(item.outcome.pair) : undefined;
    yield loss === undefined ? item : { ...item, outcome: { loss } };
  }
}

interface ScoredItem<Item> {
  readonly item: Item;
  /** Of a pair that is within all limits so far. */
  readonly scored?: Scored;
}

async function* score<Item extends Judged>(
  items: AsyncIterable<Item>,
  scorers: Scorers,
): AsyncGenerator<ScoredItem<Item>> {
  let waiting: Item[] = [];
  let pairs = 0;
  const judge = async (): Promise<ScoredItem<Item>[]> => {
    const batch = waiting;
    waiting = [];
    pairs = 0;
    const all = (
      await scorers.judge(batch.flatMap(({ outcome }) => ('pair' in outcome ? outcome.pair : [])))
    ).values();
    return batch.map((item) => {
      if (!('pair' in item.outcome)) return { item };
      const scored = all.next().value as Scored;
      const { loss } = scored;
      if (loss !== undefined) return { item: { ...item, outcome: { loss } } };
      return { item: withScores(item, item.outcome, scored), scored };
    });
  };
  for await (const item of items) {
    if (waiting[0] !== undefined && waiting[0].part.index !== item.part.index) yield* await judge();
    waiting.push(item);
    if ('pair' in item.outcome && ++pairs === BATCH) yield* await judge();
  }
  yield* await judge();
}

function withScores<Item extends Judged>(
  item: Item,
  { pair }: Extract<Outcome, { pair: unknown }>,
  { scores }: Scored,
): Item {
  return { ...item, outcome: { pair: { ...pair, scores: JSON.stringify(scores) } } };
}

/**
 * Holds a part back until all of its pairs are scored. Their images are let go of meanwhile: they stand in
 * the part's log.
 */
async function* keepTop<Item extends Judged>(
  items: AsyncIterable<ScoredItem<Item>>,
  scorers: Scorers,
): AsyncGenerator<Item> {
  let held: ScoredItem<Item>[] = [];
  const release = async function* (): AsyncGenerator<Item> {
    const part = held;
    held = [];
    const losses = scorers.belowTop(part.flatMap(({ scored }) => scored ?? [])).values();
    for (const { item, scored } of part) {
      const loss = scored && losses.next().value;
      if (scored === undefined) yield item;
      else if (loss !== undefined) yield { ...item, outcome: { loss } };
      else yield withScores(item, await logged(item), scored);
    }
  };
  for await (const { item, scored } of items) {
    if (held[0] !== undefined && held[0].item.part.index !== item.part.index) yield* release();
    if (scored === undefined) held.push({ item });
    else held.push({ item: { ...item, outcome: NOT_HERE }, scored });
  }
  yield* release();
}

/** Stands for a pair that is in the log. */
const NOT_HERE: Outcome = { loss: { reason: 'score_below', detail: '' } };

async function logged({ part, row }: Judged): Promise<Extract<Outcome, { pair: unknown }>> {
  const outcome = await part.log.read(row);
  if (outcome === undefined || !('pair' in outcome)) {
    throw new Error(`row ${row} of part ${part.index} is not in its log`);
  }
  return outcome;
}
