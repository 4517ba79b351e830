/** Every loss by stage and reason, each with a few examples behind a disclosure. */

import { bar } from '../charts/bars.js';
import { foreign, type Html, html, link } from '../html.js';
import { count, plural, ratio } from '../text.js';
import type { LossCount, LossSample, StageLosses, Stats } from '../types.js';
import { REASON_WORDS, STAGE_WORDS } from '../wording.js';
import type { Section } from './section.js';

export function lossesSection({ losses }: Stats): Section | undefined {
  if (losses.length === 0) return undefined;
  const total = losses.reduce((sum, stage) => sum + stage.count, 0);
  return {
    id: 'losses',
    title: 'What was lost, and why',
    about: `${plural(total, 'loss', 'losses')}, each recorded with its reason in rejects/. Open a reason for examples, drawn at random.`,
    body: html`<div class="losses">${losses.map(stageLosses)}</div>`,
  };
}

function stageLosses({ stage, count: total, reasons }: StageLosses): Html {
  const words = STAGE_WORDS[stage];
  const most = Math.max(...reasons.map((reason) => reason.count));
  return html`<div><div class="stagehead"><h3>${words.title}</h3>
    <p class="note"><span class="total">−${count(total)}</span> ${words.about}</p></div>
    ${reasons.map((reason) => reasonLosses(reason, total, most))}</div>`;
}

function reasonLosses(loss: LossCount, total: number, most: number): Html {
  return html`<details><summary><span class="reason">${REASON_WORDS[loss.reason]}
    <code>${loss.reason}</code></span>${bar({ share: loss.count / most, tone: 'lose' })}
    <span class="number">${count(loss.count)} · ${ratio(loss.count, total)}</span></summary>
    ${loss.by !== undefined && html`<p class="note">${loss.by.map(({ name, count: n }) => html`<span class="by">${foreign(name, 80)} <span class="number">${count(n)}</span></span> `)}</p>`}
    <ul class="examples">${loss.samples.map(example)}</ul></details>`;
}

function example({ text, url, pageUrl, detail }: LossSample): Html {
  return html`<li>${text !== '' && html`“${foreign(text)}”`}
    ${detail !== undefined && detail !== '' && html`<span class="detail">${foreign(detail, 160)}</span>`}
    ${url !== '' && html`<span class="url">${link(url, 90)}</span>`}
    ${pageUrl !== undefined && pageUrl !== url && html`<span class="url">on ${link(pageUrl, 90)}</span>`}
  </li>`;
}
