/**
 * What all drawn charts share: the size, the axes, the figure around them. Charts are SVG in strings;
 * colours come from classes of the style sheet, so they follow the light or dark scheme.
 */

import { type Html, html } from '../html.js';
import { px, type Scale } from './scale.js';

/** User units; the style sheet sets the text size so that it reads on a phone and on a desk. */
export const WIDTH = 400;
export const HEIGHT = 220;
export const PLOT = { left: 44, right: 392, top: 12, bottom: 180 } as const;

/** Colours by meaning: what stays, what goes, what it is compared with. */
export type Tone = 'keep' | 'lose' | 'mute';

export interface AxisLook {
  readonly label: string;
  readonly format: (value: number) => string;
}

export function xAxis(scale: Scale, look: AxisLook): Html {
  return html`<g class="axis">
    <line x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>
    ${scale.ticks.map(
      (tick) =>
        html`<text x="${px(scale.at(tick))}" y="${PLOT.bottom + 14}" text-anchor="middle">${look.format(tick)}</text>`,
    )}
    ${axisTitle(look.label)}</g>`;
}

/** The name of the x axis, at its right end. */
export function axisTitle(label: string): Html {
  return html`<text class="name" x="${PLOT.right}" y="${PLOT.bottom + 31}" text-anchor="end">${label}</text>`;
}

/** Grid lines with their values. The axis' name belongs in the figure's caption. */
export function yAxis(scale: Scale, format: AxisLook['format']): Html {
  return html`<g class="axis grid">${scale.ticks.map(
    (tick) => html`
    <line x1="${PLOT.left}" x2="${PLOT.right}" y1="${px(scale.at(tick))}" y2="${px(scale.at(tick))}"/>
    <text x="${PLOT.left - 6}" y="${px(scale.at(tick) + 3.5)}" text-anchor="end">${format(tick)}</text>`,
  )}</g>`;
}

/** @param description what a reader who does not see the drawing should know. */
export function drawing(description: string, content: Html, height = HEIGHT): Html {
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img"
    aria-label="${description}">${content}</svg>`;
}

export interface FigureParts {
  readonly title: string;
  /** A line under the title. */
  readonly note?: Html | string;
  readonly legend?: readonly (readonly [Tone, string])[];
  readonly body: Html;
  readonly wide?: boolean;
}

export function figure({ title, note, legend, body, wide }: FigureParts): Html {
  return html`<figure class="${wide === true ? 'wide' : 'narrow'}"><figcaption>
    <h3>${title}</h3>
    ${note !== undefined && html`<p class="note">${note}</p>`}
    ${
      legend !== undefined &&
      html`<ul class="legend">${legend.map(
        ([tone, label]) => html`<li class="${tone}">${label}</li>`,
      )}</ul>`
    }
    </figcaption>${body}</figure>`;
}
