/** The funnel as lines for a terminal: what came in, what went on, and every loss by reason. */

import type { Funnel } from '../core/dataset.js';

export function funnelLines(funnel: Funnel): string[] {
  const rows: [string, number][] = [
    ['pages', funnel.pages],
    ['candidates', funnel.candidates],
    ['selected', funnel.selected],
    ['kept', funnel.kept],
  ];
  const lines = rows.map(([name, n]) => `${name.padEnd(12)}${n.toLocaleString('en').padStart(12)}`);
  for (const [stage, reasons] of Object.entries(funnel.lost)) {
    const sorted = Object.entries(reasons).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const text = sorted.map(([reason, n]) => `${reason} ${n.toLocaleString('en')}`).join(', ');
    lines.push(`lost in ${stage}: ${text}`);
  }
  return lines;
}
