import { describe, expect, it } from 'vitest';
import { Latency } from '../../../src/crawl/monitor/latency.js';
import { prng } from '../../filter/prng.js';

describe('Latency', () => {
  it('knows quantiles of a wide spread within 10 %', () => {
    const random = prng(7);
    const latency = new Latency();
    const all = Array.from({ length: 20_000 }, () => 2 ** (random() * 16 + 0.5));
    for (const ms of all) latency.add(ms);
    all.sort((a, b) => a - b);
    for (const q of [0.01, 0.5, 0.9, 0.99]) {
      const exact = (all[Math.ceil(q * all.length) - 1] as number) / 1000;
      const off = (latency.quantile(q) as number) / exact;
      expect(off, `${q}`).toBeGreaterThan(1 / 1.1);
      expect(off, `${q}`).toBeLessThan(1.1);
    }
  });

  it('counts exactly at every power of two, and loses nothing beyond the ends', () => {
    const latency = new Latency();
    const all = [0, 0.2, 1, 1.001, 2, 3.9, 4, 1_000, 131_072, 131_073, 1e9];
    for (const ms of all) latency.add(ms);
    for (const { seconds, count } of latency.cumulative()) {
      expect(count, `${seconds}`).toBe(all.filter((ms) => ms <= seconds * 1000).length);
    }
    expect(latency.count).toBe(all.length);
    expect(latency.seconds).toBeCloseTo(all.reduce((a, b) => a + b) / 1000);
  });

  it('forgets by and by, but not what the run counted', () => {
    const latency = new Latency();
    for (let i = 0; i < 100; i++) latency.add(10);
    latency.fade(0.01);
    for (let i = 0; i < 10; i++) latency.add(5_000);
    expect(latency.quantile(0.5)).toBeGreaterThan(4);
    expect(latency.cumulative().find(({ seconds }) => seconds > 0.01)?.count).toBe(100);
    expect(new Latency().quantile(0.5)).toBeUndefined();
  });
});
