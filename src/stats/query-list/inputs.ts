/** What the list was made from, and what was lost on the way. */

import type { QueryAccount } from '../../core/query-account.js';
import { countBars } from '../charts/bars.js';
import { figure } from '../charts/frame.js';
import { foreign, type Html, html } from '../html.js';
import type { Section } from '../sections/section.js';
import { bytes, count } from '../text.js';
import { plainWords } from './wording.js';

export function inputsSection(account: QueryAccount): Section {
  return {
    id: 'inputs',
    title: 'What it was made from',
    about: 'The same files and settings give the same list, byte for byte.',
    body: html`<div class="columns">${files(account)}${read(account)}${losses(account)}</div>`,
  };
}

/** Months of hourly files are thousands: those of a kind beyond this many are summed up. */
const LISTED = 12;

function files({ inputs }: QueryAccount): Html {
  const rest = inputs.slice(LISTED);
  const restBytes = rest.reduce((sum, input) => sum + (input.bytes ?? 0), 0);
  return figure({
    title: 'Inputs',
    wide: true,
    body: html`<ul class="inputs">
      ${inputs.slice(0, LISTED).map(
        ({ name, bytes: size, license }) => html`<li>${foreign(name, 120)}
        <small>${size !== undefined && `${bytes(size)}, `}${license ?? 'licence not stated'}</small></li>`,
      )}
      ${
        rest.length > 0 &&
        html`<li>and ${count(rest.length)} more <small>${bytes(restBytes)}</small></li>`
      }</ul>`,
  });
}

function read({ read: counts }: QueryAccount): Html {
  return figure({
    title: 'Read',
    body: html`<dl class="facts">${Object.entries(counts).map(
      ([name, value]) => html`<dt>${plainWords(name)}</dt><dd>${count(value)}</dd>`,
    )}</dl>`,
  });
}

function losses({ lost }: QueryAccount): Html {
  const rows = Object.entries(lost)
    .filter(([, n]) => n > 0)
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([reason, n]) => ({ label: plainWords(reason), count: n }));
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  return figure({
    title: 'Lost',
    body:
      total === 0
        ? html`<p class="none">Nothing was lost while reading.</p>`
        : countBars('reason', rows, total, { tone: 'lose', format: count }),
  });
}
