/** Histograms: one column a bin, and where given a second set of bins as an outline over the first. */

import { type Html, html } from '../html.js';
import { count, decimal, ratio } from '../text.js';
import type { Bin, Distribution } from '../types.js';
import { axisTitle, drawing, PLOT, xAxis, yAxis } from './frame.js';
import { linearScale, px, type Scale } from './scale.js';

export interface HistogramOptions {
  /** The x axis: what is measured, with its unit. */
  readonly label: string;
  /** Drawn as an outline; must have the same bins. */
  readonly over?: Distribution;
  /** Names of bins that are no plain numbers: one for each bin, centred below it. */
  readonly names?: readonly string[];
}

export function histogram(distribution: Distribution, options: HistogramOptions): Html {
  const { bins } = distribution;
  if (distribution.count === 0) return html`<p class="none">Nothing to show yet.</p>`;
  const over = options.over?.bins ?? [];
  const most = Math.max(1, ...bins.map((bin) => bin.count), ...over.map((bin) => bin.count));
  const scale = linearScale([0, most], [PLOT.bottom, PLOT.top], 4);
  const y = { ...scale, ticks: scale.ticks.filter(Number.isInteger) };
  const column = (PLOT.right - PLOT.left) / bins.length;
  const columns = bins.map((bin, i) => {
    const top = y.at(bin.count);
    return html`<rect class="keep" x="${px(PLOT.left + i * column + 0.5)}" y="${px(top)}"
      width="${px(Math.max(0.5, column - 1))}" height="${px(PLOT.bottom - top)}"><title>${binTitle(
        bin,
        options.names?.[i],
        distribution.count,
        i === bins.length - 1,
      )}</title></rect>`;
  });
  const outline = over.length > 0 && html`<path class="outline" d="${steps(over, column, y.at)}"/>`;
  const first = bins[0] as Bin;
  const last = bins.at(-1) as Bin;
  const x =
    options.names === undefined
      ? xAxis(valueScale(first, last, column), { label: options.label, format: decimal })
      : html`<g class="axis">${options.names.map(
          (name, i) =>
            html`<text x="${px(PLOT.left + (i + 0.5) * column)}" y="${PLOT.bottom + 14}"
              text-anchor="middle">${name}</text>`,
        )}${axisTitle(options.label)}</g>`;
  return drawing(
    describe(distribution, options.label),
    html`${yAxis(y, count)}${columns}${outline}${x}`,
  );
}

/** Ticks stand at bin edges, but below the column where a bin holds a single integer. */
function valueScale(first: Bin, last: Bin, column: number): Scale {
  const edges = [PLOT.left, PLOT.right] as const;
  if (first.to - first.from > 1) return linearScale([first.from, last.to], edges, 6);
  const half = column / 2;
  return linearScale([first.from, last.from], [edges[0] + half, edges[1] - half], 6);
}

function binTitle(bin: Bin, name: string | undefined, total: number, open: boolean): string {
  // Bins of integers one wide hold one value.
  const whole = bin.to - bin.from === 1;
  const range =
    name ??
    (open
      ? `${decimal(bin.from)} or more`
      : whole
        ? decimal(bin.from)
        : `${decimal(bin.from)} to ${decimal(bin.to)}`);
  return `${range}: ${count(bin.count)} (${ratio(bin.count, total)})`;
}

/** The outline of the columns, as one line. */
function steps(bins: readonly Bin[], column: number, at: (n: number) => number): string {
  const corners = bins.map((bin, i) => {
    const top = px(at(bin.count));
    return `V${top}H${px(PLOT.left + (i + 1) * column)}`;
  });
  return `M${PLOT.left} ${PLOT.bottom}${corners.join('')}V${PLOT.bottom}`;
}

function describe(d: Distribution, label: string): string {
  return `Histogram of ${label}: ${count(d.count)} values from ${decimal(d.min)} to ${decimal(d.max)}, half of them at most ${decimal(d.median)}.`;
}
