/** How rates, times and tasks read on a terminal. */

import { count } from '../stats/text.js';

/** `3 h 12 min`, `4 min 5 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${s} s`;
}

/** `56`, `5.6`. */
export function rate(perSecond: number): string {
  return perSecond >= 10 ? count(perSecond) : perSecond.toFixed(1);
}

/** `120 ms`, `2.1 s`, `12 s`. */
export function span(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** As many of `items` as fit into `width` columns, the first ones first. */
export function asManyAsFit(items: readonly string[], width: number, separator = ' · '): string {
  let line = '';
  for (const item of items) {
    const longer = line === '' ? item : line + separator + item;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}
