/** The top of the page: what this dataset is, in one sentence and a row of figures. */

import { foreign, type Html, html } from '../html.js';
import { bytes, count, decimal, percent, plural, shortCount } from '../text.js';
import type { Extras, Stats } from '../types.js';

export function headerSection(stats: Stats, extras: Extras): Html {
  const { funnel, queries, provenance, captions } = stats;
  const figures: [value: string, label: string, result?: true][] = [
    [shortCount(funnel.kept), 'image–text pairs'],
    [shortCount(queries.kept), `of ${plural(queries.count, 'query', 'queries')} have a pair`],
    [
      provenance.keptHosts === null ? '1M+' : shortCount(provenance.keptHosts),
      'hosts the images come from',
    ],
    [bytes(stats.bytes), `in ${plural(stats.shards, 'shard')}`],
    [decimal(captions.words.median), 'words in the median caption'],
  ];
  for (const result of extras.evaluation ?? []) {
    figures.push([percent(result.top1), `zero-shot top-1, ${result.name}`, true]);
  }
  return html`<header>
    <p class="kicker">WebImageText dataset report</p>
    <h1>${foreign(stats.name)}</h1>
    <p class="lede">${lede(stats)}</p>
    ${
      !stats.complete &&
      html`<p class="warning">This dataset is still growing: the numbers below are what it held when
      this report was made.</p>`
    }
    <dl class="figures">${figures.map(
      ([value, label, result]) =>
        html`<div class="${result && 'result'}"><dt>${label}</dt><dd>${value}</dd></div>`,
    )}</dl></header>`;
}

function lede({ funnel, queries }: Stats): string {
  const from =
    funnel.pages > 0
      ? `${plural(funnel.candidates, 'candidate')} found on ${plural(funnel.pages, 'web page')}`
      : plural(funnel.candidates, 'listed candidate');
  return `${plural(funnel.kept, 'pair')} of an image and its text, chosen from ${from} by ${plural(
    queries.count,
    'query',
    'queries',
  )}, with at most ${count(queries.cap)} admitted by each.`;
}
