import { describe, expect, it } from 'vitest';
import { linearScale, logScale } from '../../../src/stats/charts/scale.js';

describe('linearScale', () => {
  it('maps the domain onto the range, also when it falls', () => {
    const scale = linearScale([0, 10], [180, 20]);
    expect([scale.at(0), scale.at(5), scale.at(10)]).toEqual([180, 100, 20]);
  });

  it('has round ticks within the domain, without rounding dust', () => {
    expect(linearScale([0, 1], [0, 1], 10).ticks).toEqual([
      0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
    ]);
    expect(linearScale([3, 97], [0, 1]).ticks).toEqual([20, 40, 60, 80]);
    expect(linearScale([-1, 1], [0, 1], 4).ticks).toEqual([-1, -0.5, 0, 0.5, 1]);
  });

  it('survives an empty domain', () => {
    expect(Number.isFinite(linearScale([4, 4], [0, 100]).at(4))).toBe(true);
  });
});

describe('logScale', () => {
  it('has equal steps for equal factors and ticks at powers of ten', () => {
    const scale = logScale([1, 1000], [0, 300]);
    expect(scale.ticks).toEqual([1, 10, 100, 1000]);
    expect(scale.at(10)).toBeCloseTo(100);
    expect(scale.at(100)).toBeCloseTo(200);
  });

  it('thins many powers', () => {
    expect(logScale([1, 1e12], [0, 1]).ticks.length).toBeLessThanOrEqual(7);
  });
});
