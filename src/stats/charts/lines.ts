/** Line charts on linear or logarithmic axes, with level rules for what a line is compared with. */

import { type Html, html } from '../html.js';
import { decimal, shortCount } from '../text.js';
import { drawing, PLOT, type Tone, xAxis, yAxis } from './frame.js';
import { type Domain, linearScale, logScale, px, type Scale } from './scale.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly tone: Tone;
  /** Rising in x. */
  readonly points: readonly Point[];
  /** The raw values behind a smoothed line. */
  readonly faint?: boolean;
  /** Colours what lies under it. */
  readonly filled?: boolean;
}

export interface Rule {
  readonly y: number;
  readonly label: string;
}

export interface LineChart {
  readonly description: string;
  readonly xLabel: string;
  readonly scale: 'linear' | 'log';
  readonly lines: readonly Line[];
  readonly rules?: readonly Rule[];
}

/** More points than the drawing has pixels are thinned to about this many. */
const DRAWN_POINTS = 600;

export function lineChart({ description, xLabel, scale, lines, rules = [] }: LineChart): Html {
  const points = lines.flatMap((line) => line.points).filter(isDrawable);
  if (points.length === 0) return html`<p class="none">Nothing to show yet.</p>`;
  const make = scale === 'log' ? logScale : linearScale;
  const x = make(
    domain(
      points.map((p) => p.x),
      scale,
    ),
    [PLOT.left, PLOT.right],
  );
  const y = make(domain([...points.map((p) => p.y), ...rules.map((r) => r.y)], scale), [
    PLOT.bottom,
    PLOT.top,
  ]);
  return drawing(
    description,
    html`${lines.map((line) => line.filled === true && drawArea(line, x, y))}
      ${yAxis(y, scale === 'log' ? shortCount : decimal)}
      ${lines.map((line) => drawLine(line, x, y))}
      ${rules.map((rule) => drawRule(rule, y))}
      ${xAxis(x, { label: xLabel, format: shortCount })}`,
  );
}

function drawLine({ tone, points, faint }: Line, x: Scale, y: Scale): Html {
  const drawn = thin(points.filter(isDrawable));
  if (drawn.length === 1) {
    const [only] = drawn as [Point];
    return html`<circle class="dot ${tone}" cx="${px(x.at(only.x))}" cy="${px(y.at(only.y))}" r="3"/>`;
  }
  return html`<path class="line ${tone} ${faint === true && 'faint'}" d="${path(drawn, x, y)}"/>`;
}

/** The area under a line. It covers the areas drawn before it, so that colours do not mix. */
function drawArea({ tone, points }: Line, x: Scale, y: Scale): Html | false {
  const drawn = thin(points.filter(isDrawable));
  const [from, to] = [drawn[0], drawn.at(-1)];
  if (from === undefined || to === undefined) return false;
  const bottom = `L${px(x.at(to.x))} ${PLOT.bottom}L${px(x.at(from.x))} ${PLOT.bottom}Z`;
  const area = path(drawn, x, y) + bottom;
  return html`<path class="cover" d="${area}"/><path class="area ${tone}" d="${area}"/>`;
}

function path(points: readonly Point[], x: Scale, y: Scale): string {
  return points.map((p, i) => `${i === 0 ? 'M' : 'L'}${px(x.at(p.x))} ${px(y.at(p.y))}`).join('');
}

function drawRule(rule: Rule, y: Scale): Html {
  const at = y.at(rule.y);
  // Below the line where there is no room above it.
  const label = at < PLOT.top + 12 ? at + 12 : at - 5;
  return html`<g class="rule"><line x1="${PLOT.left}" x2="${PLOT.right}" y1="${px(at)}" y2="${px(at)}"/>
    <text x="${PLOT.right}" y="${px(label)}" text-anchor="end">${rule.label}</text></g>`;
}

/** A diverged run logs infinities; they end the line rather than the report. */
function isDrawable({ x, y }: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

function domain(values: readonly number[], scale: 'linear' | 'log'): Domain {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (scale === 'log') return [low, high > low ? high * 1.15 : low * 10];
  if (low === high) return [low - 1, high + 1];
  // Losses, rates and shares start at zero unless that would hide how they move.
  const base = low >= 0 && low < 0.6 * high ? 0 : low - 0.05 * (high - low);
  return [base, high];
}

function thin(points: readonly Point[]): readonly Point[] {
  if (points.length <= DRAWN_POINTS) return points;
  const every = (points.length - 1) / (DRAWN_POINTS - 1);
  return Array.from({ length: DRAWN_POINTS }, (_, i) => points[Math.round(i * every)] as Point);
}
