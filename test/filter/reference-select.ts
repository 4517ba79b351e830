/**
 * Selection by its definition: everything in memory at once, nothing clever. What src/filter/select.ts
 * must answer, whatever the order, the units and the partitions.
 */

import type { FilterConfig } from '../../src/config.js';
import { orderOf, rankOf } from '../../src/core/ids.js';
import type { Loss } from '../../src/core/reasons.js';
import type { Candidate, QueryUse, Reject, Selection, TextSource } from '../../src/core/types.js';
import { Draws } from '../../src/filter/cap.js';
import { judgeText } from '../../src/filter/judge.js';
import { QueryMatcher } from '../../src/filter/match.js';

export interface SelectResult {
  selections: Selection[];
  rejects: Reject[];
  perQuery: QueryUse[];
}

export function referenceSelect(
  candidates: readonly Candidate[],
  queries: readonly string[],
  config: FilterConfig,
  seed: number,
): SelectResult {
  const matcher = new QueryMatcher(queries);
  const context = { config, isKnown: (word: string) => matcher.knows(word) };
  const fates: (Loss | Selection)[] = [];
  const seen = new Set<string>();
  for (const candidate of candidates) {
    const { text, loss } = judgeText(candidate.text, context);
    const matches = [...matcher.match(text)];
    if (seen.has(candidate.id)) {
      const detail = 'same image URL and text as an earlier candidate';
      fates.push({ reason: 'duplicate_candidate', detail });
    } else if (loss !== undefined) fates.push(loss);
    else if (matches.length === 0) fates.push({ reason: 'no_query', detail: 'contains no query' });
    else {
      fates.push({
        ...candidate,
        text,
        queries: matches.map((query) => queries[query] as string),
        admittedBy: [],
        rank: rankOf(seed, candidate.id),
        otherTexts: [],
      });
    }
    seen.add(candidate.id);
  }
  const matched = fates.filter((fate) => 'queries' in fate);
  const draws = new Draws(seed, queries);
  const perQuery = queries.map((query, index) => {
    const own = matched.filter((each) => each.queries.includes(query));
    own.sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
    const admitted =
      config.capMode === 'hard'
        ? own.slice(0, config.cap)
        : own.filter((each) => {
            const draw = draws.at(index, Buffer.from(each.id, 'hex'), 0);
            return draw * own.length < config.cap;
          });
    for (const each of admitted) each.admittedBy.push(query);
    return { query, matched: own.length, admitted: admitted.length, selected: 0 };
  });

  const winners = new Map<string, Selection>();
  const admitted = matched.filter((each) => each.admittedBy.length > 0);
  for (const each of admitted.sort(byCaption)) {
    const winner = winners.get(each.imageUrl);
    if (winner === undefined) winners.set(each.imageUrl, each);
    else if (winner.text !== each.text && !winner.otherTexts.includes(each.text)) {
      winner.otherTexts.push(each.text);
    }
  }
  const rejects: Reject[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const fate = fates[index] as Loss | Selection;
    const lost = (loss: Loss) => rejects.push({ ...candidate, stage: 'select', ...loss });
    if (!('queries' in fate)) lost(fate);
    else if (fate.admittedBy.length === 0) {
      const n = fate.queries.length;
      const detail =
        config.capMode === 'hard'
          ? `each of its ${n} queries admits ${config.cap} lower ranks`
          : `none of its ${n} queries drew it`;
      lost({ reason: 'over_cap', detail });
    } else {
      const winner = winners.get(fate.imageUrl) as Selection;
      if (winner !== fate) {
        lost({
          reason: 'same_image_url',
          detail: `its text went to ${winner.id}`,
          sameAs: winner.id,
        });
      }
    }
  }
  const selections = [...winners.values()];
  selections.sort((a, b) => orderOf(seed, a.id) - orderOf(seed, b.id));
  for (const each of selections) {
    each.otherTexts.splice(16);
    for (const use of perQuery) if (each.queries.includes(use.query)) use.selected += 1;
  }
  return { selections, rejects, perQuery };
}

const SOURCES: readonly TextSource[] = ['alt', 'caption', 'list', 'search', 'title'];

function byCaption(a: Selection, b: Selection): number {
  return (
    b.queries.length - a.queries.length ||
    SOURCES.indexOf(a.textSource) - SOURCES.indexOf(b.textSource) ||
    b.text.length - a.text.length ||
    a.rank - b.rank ||
    (a.id < b.id ? -1 : 1)
  );
}
