/**
 * Which candidates are worth downloading: text rules, query matching and the cap, on text alone.
 *
 * Two passes over the candidates, since whether a query admits a match depends on all its matches.
 * The first judges texts and counts matches; the second decides. Every candidate has exactly one fate:
 * it is selected, or rejected for one reason.
 */

import type { FilterConfig } from '../config.js';
import type { Emit } from '../core/events.js';
import { orderOf, rankOf } from '../core/ids.js';
import type { Loss } from '../core/reasons.js';
import type { Candidate, Query, QueryUse, Reject, Selection, TextSource } from '../core/types.js';
import { CapCounter } from './cap.js';
import { QueryMatcher } from './match.js';
import { judgeText } from './rules.js';
import { cleanText } from './text.js';

export interface SelectResult {
  /** In a random order, fixed by the seed. */
  readonly selections: Selection[];
  /** In the order of the candidates. */
  readonly rejects: Reject[];
  /** For every query, in list order. */
  readonly perQuery: QueryUse[];
}

/** A candidate that passed the text rules: the queries that it matches. */
interface Matched {
  readonly matches: readonly number[];
  readonly rank: number;
}

/**
 * @param read gives the candidates from the beginning, in the same order each time
 * @throws only the signal's reason
 */
export async function selectCandidates(
  read: () => AsyncIterable<Candidate>,
  queries: readonly Query[],
  config: FilterConfig,
  seed: number,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<SelectResult> {
  const matcher = new QueryMatcher(queries.map((query) => query.text));
  const cap = new CapCounter(config.cap, queries.length);
  const context = { config, isKnown: (word: string) => matcher.knows(word) };
  const judge = (candidate: Candidate): Matched | Loss => {
    const { text, loss } = judgeText(candidate.text, context);
    if (loss !== undefined) return loss;
    const matches = matcher.match(text);
    if (matches.length === 0) return { reason: 'no_query', detail: 'contains no query' };
    return { matches, rank: rankOf(seed, candidate.id) };
  };

  emit({ type: 'begin', task: 'select', unit: 'candidates' });
  // Judging costs most, so its result is kept for the second pass; texts are not.
  const judgements: (Matched | Loss)[] = [];
  for await (const candidate of firstOnly(read(), () => {})) {
    if (judgements.length % 1_000 === 0) {
      signal.throwIfAborted();
      emit({ type: 'progress', task: 'select', done: judgements.length, note: 'matching' });
    }
    const judged = judge(candidate);
    judgements.push(judged);
    if ('reason' in judged) continue;
    for (const query of judged.matches) cap.add(query, judged.rank, candidate.id);
  }

  const selected: Selection[] = [];
  const rejects: (Reject & { at: number })[] = [];
  const positions = new Map<string, number>();
  let at = 0;
  let unique = 0;
  const reject = (candidate: Candidate, loss: Loss, position: number): void => {
    rejects.push({ ...candidate, stage: 'select', ...loss, at: position });
    emit({ type: 'loss', stage: 'select', reason: loss.reason, count: 1 });
  };
  const repeated = (candidate: Candidate): void => {
    const detail = 'same image URL and text as an earlier candidate';
    reject(candidate, { reason: 'duplicate_candidate', detail }, at++);
  };
  for await (const candidate of firstOnly(read(), repeated)) {
    if (at % 1_000 === 0) signal.throwIfAborted();
    const judged = judgements[unique++] as Matched | Loss;
    if ('reason' in judged) {
      reject(candidate, judged, at++);
      continue;
    }
    const { matches, rank } = judged;
    const admitted = matches.filter((query) => cap.admits(query, rank, candidate.id));
    if (admitted.length === 0) {
      const detail = `each of its ${matches.length} queries admits ${config.cap} lower ranks`;
      reject(candidate, { reason: 'over_cap', detail }, at++);
      continue;
    }
    const names = (indices: readonly number[]): string[] =>
      indices.map((index) => (queries[index] as Query).text);
    positions.set(candidate.id, at++);
    selected.push({
      ...candidate,
      text: cleanText(candidate.text),
      queries: names(matches),
      admittedBy: names(admitted),
      rank,
      otherTexts: [],
    });
  }

  const { winners, losers } = onePerImage(selected);
  for (const { selection, winner } of losers) {
    const { queries: _q, admittedBy: _a, rank: _r, otherTexts: _o, ...candidate } = selection;
    const detail = `its text went to ${winner.id}`;
    reject(candidate, { reason: 'same_image_url', detail }, positions.get(selection.id) as number);
  }
  rejects.sort((a, b) => a.at - b.at);
  const order = new Map(winners.map(({ id }) => [id, orderOf(seed, id)]));
  winners.sort(
    (a, b) => Number(order.get(a.id)) - Number(order.get(b.id)) || (a.id < b.id ? -1 : 1),
  );
  emit({ type: 'end', task: 'select', done: at });
  return {
    selections: winners,
    rejects: rejects.map(({ at: _at, ...rest }) => rest),
    perQuery: queries.map(({ text }, index) => ({ query: text, ...cap.use(index) })),
  };
}

/** Passes on the first candidate of each id; hands the others to `repeated`. */
async function* firstOnly(
  candidates: AsyncIterable<Candidate>,
  repeated: (candidate: Candidate) => void,
): AsyncGenerator<Candidate> {
  const seen = new Set<string>();
  for await (const candidate of candidates) {
    if (seen.has(candidate.id)) {
      repeated(candidate);
    } else {
      seen.add(candidate.id);
      yield candidate;
    }
  }
}

/** Texts written for the image come before texts written about the page. */
const SOURCE_ORDER: readonly TextSource[] = ['alt', 'caption', 'list', 'search', 'title'];

/** A logo may have a thousand alts; the texts left out are in rejects/. */
const MAX_OTHER_TEXTS = 16;

/**
 * One selection an image URL: the best caption, with the others' texts in `otherTexts`. Best means
 * most matched queries, then alt, caption, list, search, title, then longer, then lower rank.
 */
function onePerImage(selected: readonly Selection[]): {
  winners: Selection[];
  losers: { selection: Selection; winner: Selection }[];
} {
  const byUrl = new Map<string, Selection[]>();
  for (const selection of selected) {
    const group = byUrl.get(selection.imageUrl);
    if (group === undefined) byUrl.set(selection.imageUrl, [selection]);
    else group.push(selection);
  }
  const winners: Selection[] = [];
  const losers: { selection: Selection; winner: Selection }[] = [];
  for (const group of byUrl.values()) {
    const [best, ...others] = group.sort(byCaption) as [Selection, ...Selection[]];
    const texts = new Set(others.map((other) => other.text));
    texts.delete(best.text);
    const winner = { ...best, otherTexts: [...texts].slice(0, MAX_OTHER_TEXTS) };
    winners.push(winner);
    losers.push(...others.map((selection) => ({ selection, winner })));
  }
  return { winners, losers };
}

function byCaption(a: Selection, b: Selection): number {
  return (
    b.queries.length - a.queries.length ||
    SOURCE_ORDER.indexOf(a.textSource) - SOURCE_ORDER.indexOf(b.textSource) ||
    b.text.length - a.text.length ||
    a.rank - b.rank ||
    (a.id < b.id ? -1 : 1)
  );
}
