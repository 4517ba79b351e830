/** Histograms of an account's bins, with the cut below which nothing was charged to the source. */

import type { AccountBin } from '../../core/query-account.js';
import { axisTitle, drawing, PLOT, yAxis } from '../charts/frame.js';
import { linearScale, px } from '../charts/scale.js';
import { type Html, html } from '../html.js';
import { count, ratio, shortCount } from '../text.js';

export interface BinChart {
  /** Equal steps on the axis, whatever the bins' edges. */
  readonly bins: readonly AccountBin[];
  /** The x axis: what is measured, with its unit. */
  readonly label: string;
  /** What a reader who does not see the drawing should know. */
  readonly description: string;
  /** Values of an edge as text. */
  readonly format: (value: number) => string;
  /** Columns below it are pale; the one that it falls into is not. */
  readonly cut?: { readonly at: number; readonly label: string };
}

/** About as many edges as have room for their value. */
const TICKS = 7;

export function binChart({ bins: all, label, description, format, cut }: BinChart): Html {
  const total = all.reduce((sum, bin) => sum + bin.count, 0);
  if (total === 0) return html`<p class="none">Nothing to show.</p>`;
  // Nothing is as rare as the first doublings in lists that others have cut.
  const bins = all.slice(all.findIndex((bin) => bin.count > 0));
  const most = Math.max(...bins.map((bin) => bin.count));
  const y = linearScale([0, most], [PLOT.bottom, PLOT.top], 4);
  const width = (PLOT.right - PLOT.left) / bins.length;
  const edge = (index: number): number => PLOT.left + index * width;
  const columns = bins.map((bin, i) => {
    const top = y.at(bin.count);
    const tone = cut !== undefined && bin.to <= cut.at ? 'below' : 'keep';
    const title = `${format(bin.from)} to ${format(bin.to)}: ${count(bin.count)} (${ratio(bin.count, total)})`;
    return html`<rect class="${tone}" x="${px(edge(i) + 0.5)}" y="${px(top)}"
      width="${px(Math.max(0.5, width - 1))}" height="${px(PLOT.bottom - top)}"><title>${title}</title></rect>`;
  });
  const every = Math.max(1, Math.ceil(bins.length / TICKS));
  const first = bins[0] as AccountBin;
  const edges = [first.from, ...bins.map((bin) => bin.to)];
  // Ticks stand at round values where the bins have any: PMI 0, 5, 10, not 3, 8, 13.
  const phase = edges.findIndex((value) => value % every === 0);
  const ticks = edges
    .map((value, i) => ({ value, i }))
    .filter(({ i }) => i % every === Math.max(0, phase) % every);
  return drawing(
    description,
    html`${yAxis({ ...y, ticks: y.ticks.filter(Number.isInteger) }, shortCount)}${columns}
      <g class="axis"><line x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>
      ${ticks.map(
        ({ value, i }) => html`<text x="${px(edge(i))}" y="${PLOT.bottom + 14}"
          text-anchor="middle">${format(value)}</text>`,
      )}${axisTitle(label)}</g>
      ${cut !== undefined && cutLine(cut, bins, edge)}`,
  );
}

/** Stands where the cut falls within its bin; its label keeps inside of the drawing. */
function cutLine(
  { at, label }: { at: number; label: string },
  bins: readonly AccountBin[],
  edge: (index: number) => number,
): Html | false {
  const index = bins.findIndex((bin) => at >= bin.from && at < bin.to);
  const bin = bins[index];
  if (bin === undefined) return false;
  const x = edge(index + (at - bin.from) / (bin.to - bin.from));
  const before = x > (PLOT.left + PLOT.right) / 2;
  return html`<g class="rule"><line x1="${px(x)}" x2="${px(x)}" y1="${PLOT.top - 8}" y2="${PLOT.bottom}"/>
    <text x="${px(before ? x - 5 : x + 5)}" y="${PLOT.top}" text-anchor="${before ? 'end' : 'start'}">${label}</text></g>`;
}
