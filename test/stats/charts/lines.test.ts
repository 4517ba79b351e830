import { describe, expect, it } from 'vitest';
import { lineChart } from '../../../src/stats/charts/lines.js';

const look = { description: 'd', xLabel: 'step', scale: 'linear' } as const;

describe('lineChart', () => {
  it('passes over values that cannot be drawn', () => {
    const points = [1, Number.NaN, 3, Number.POSITIVE_INFINITY].map((y, x) => ({ x, y }));
    const markup = String(lineChart({ ...look, lines: [{ tone: 'keep', points }] }));
    expect(markup).not.toMatch(/NaN|Infinity/);
    expect(markup.match(/class="line keep[^"]*" d="M[^"L]+L[^"L]+"/)).not.toBeNull();
  });

  it('draws a single point as a dot, and nothing as a sentence', () => {
    const one = lineChart({ ...look, lines: [{ tone: 'keep', points: [{ x: 5, y: 2 }] }] });
    expect(String(one)).toContain('<circle');
    expect(String(one)).not.toContain('NaN');
    expect(String(lineChart({ ...look, lines: [] }))).toContain('Nothing to show');
  });

  it('thins a long run and keeps its ends', () => {
    const points = Array.from({ length: 100_000 }, (_, x) => ({ x, y: 100_000 - x }));
    const markup = String(lineChart({ ...look, lines: [{ tone: 'keep', points }] }));
    expect(markup.length).toBeLessThan(20_000);
    expect(markup).toMatch(/d="M44 12L/);
    expect(markup).toMatch(/L392 180"/);
  });
});
