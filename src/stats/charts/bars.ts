/** Horizontal bars as a table: one row a name, the bar beside its number. Reads without the drawing. */

import { type Html, html } from '../html.js';
import { ratio } from '../text.js';
import type { Tone } from './frame.js';
import { px } from './scale.js';

export interface BarRow {
  readonly label: Html | string;
  /** 0 to 1 of the full width. */
  readonly share: number;
  /** A second, darker part of the same bar, from its left end; 0 to 1 of the full width. */
  readonly inner?: number;
  readonly tone?: Tone;
  /** Cells after the bar: the numbers. */
  readonly cells: readonly (Html | string)[];
}

/** @param heads column titles: the label's, then those of the cells. */
export function barTable(heads: readonly string[], rows: readonly BarRow[]): Html {
  if (rows.length === 0) return html`<p class="none">Nothing to show yet.</p>`;
  return html`<table class="bars"><thead><tr>
    <th scope="col">${heads[0]}</th>
    ${heads.slice(1).map((head) => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
    <tbody>${rows.map(
      (
        row,
      ) => html`<tr><th scope="row"><div class="named"><span>${row.label}</span>${bar(row)}</div></th>
      ${row.cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`,
    )}</tbody></table>`;
}

export function bar({ share, inner, tone = 'keep' }: Omit<BarRow, 'label' | 'cells'>): Html {
  return html`<svg class="bar ${tone}" viewBox="0 0 100 10" preserveAspectRatio="none"
    aria-hidden="true"><rect class="track" width="100" height="10"/>
    <rect class="${inner === undefined ? 'full' : 'pale'}" width="${px(width(share))}" height="10"/>
    ${inner !== undefined && html`<rect class="full" width="${px(width(inner))}" height="10"/>`}</svg>`;
}

/** Something, however small, is drawn for more than nothing. */
function width(share: number): number {
  return share <= 0 ? 0 : Math.max(0.6, Math.min(1, share) * 100);
}

/** Bars of counts with their share of `total`. */
export function countBars(
  head: string,
  rows: readonly { label: Html | string; count: number }[],
  total: number,
  options: { tone?: Tone; format: (n: number) => string },
): Html {
  const most = Math.max(1, ...rows.map((row) => row.count));
  return barTable(
    [head, 'count', 'share'],
    rows.map((row) => ({
      label: row.label,
      share: row.count / most,
      tone: options.tone ?? 'keep',
      cells: [options.format(row.count), ratio(row.count, total)],
    })),
  );
}
