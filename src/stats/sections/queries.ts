/** How pairs are spread over queries, and what the cap changed. */

import { barTable } from '../charts/bars.js';
import { figure } from '../charts/frame.js';
import { lineChart } from '../charts/lines.js';
import { foreign, type Html, html } from '../html.js';
import { count, plural, ratio } from '../text.js';
import type { QueryRow, QueryStats, RankPoint, Stats } from '../types.js';
import type { Section } from './section.js';

export function queriesSection({ queries }: Stats): Section {
  return {
    id: 'queries',
    title: 'Pairs per query',
    about: about(queries),
    body: html`<div class="columns uneven">${longTail(queries)}${numbers(queries)}
      ${mostFrequent(queries)}${queries.tail.length > 0 && leastFrequent(queries.tail)}</div>`,
  };
}

function about(queries: QueryStats): string {
  const { count: all, matched, atCap, cap } = queries;
  const capped =
    atCap === 0
      ? `None has as many as the cap, ${count(cap)}.`
      : `${plural(atCap, 'query has', 'queries have')} at least as many as the cap of ${count(cap)}, which keeps the few frequent ones from drowning the rest: their share of all matches went from ${ratio(queries.atCapMatches, queries.matches)} to ${ratio(queries.atCapSelections, queries.selections)}.`;
  return `${count(matched)} of ${plural(all, 'query', 'queries')} match at least one candidate. ${capped}`;
}

function longTail({ curves, cap, atCap }: QueryStats): Html {
  const points = (curve: readonly RankPoint[]) => curve.map((p) => ({ x: p.rank, y: p.count }));
  return figure({
    title: 'The long tail',
    note: 'Pairs of each query, most frequent first; both axes are logarithmic. A frequent query has more pairs than it admits: those that others admitted.',
    legend: [
      ['lose', 'candidates that match'],
      ['keep', 'selected ones that match'],
      ['mute', 'admitted by the query'],
    ],
    body: lineChart({
      description: `Pairs per query by rank, before and after the cap of ${cap}.`,
      xLabel: 'rank of the query',
      scale: 'log',
      lines: [
        { tone: 'lose', points: points(curves.matched), filled: true },
        { tone: 'keep', points: points(curves.selected), filled: true },
        { tone: 'mute', points: points(curves.admitted) },
      ],
      rules: atCap > 0 ? [{ y: cap, label: `cap ${count(cap)}` }] : [],
    }),
  });
}

function numbers(queries: QueryStats): Html {
  const { count: all, matched, kept, selected, atCap, matches, selections } = queries;
  const facts: [string, string][] = [
    ['queries in the list', count(all)],
    ['with a candidate', `${count(matched)} · ${ratio(matched, all)}`],
    ['with a selected pair', `${count(selected)} · ${ratio(selected, all)}`],
    ['in the dataset', `${count(kept)} · ${ratio(kept, all)}`],
    ['without any pair', `${count(all - kept)} · ${ratio(all - kept, all)}`],
    ['at the cap (the head)', `${count(atCap)} · ${ratio(atCap, matched)}`],
    ['matches before the cap', count(matches)],
    ['of which in the head', ratio(queries.atCapMatches, matches)],
    ['admitted', `${count(queries.admissions)} · ${ratio(queries.admissions, matches)}`],
    ['matches of selected pairs', `${count(selections)} · ${ratio(selections, matches)}`],
    ['of which in the head', ratio(queries.atCapSelections, selections)],
  ];
  return html`<dl class="facts">${facts.map(
    ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
  )}</dl>`;
}

function mostFrequent({ head }: QueryStats): Html {
  const most = Math.max(1, ...head.map((row) => row.matched));
  return figure({
    title: 'Most frequent',
    note: 'The pale bar is candidates that match, the full one those that were selected, whichever query admitted them.',
    wide: true,
    body: barTable(
      ['query', 'matched', 'selected', 'in dataset'],
      head.map((row) => ({
        label: foreign(row.query, 60),
        share: row.matched / most,
        inner: row.selected / most,
        cells: [count(row.matched), count(row.selected), count(row.kept)],
      })),
    ),
  });
}

function leastFrequent(tail: readonly QueryRow[]): Html {
  return figure({
    title: 'Least frequent',
    note: 'With the candidates that match.',
    wide: true,
    body: html`<ul class="names">${tail.map(
      (row) => html`<li>${foreign(row.query, 60)}<span>${count(row.matched)}</span></li>`,
    )}</ul>`,
  });
}
