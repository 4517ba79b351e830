import { describe, expect, it } from 'vitest';
import {
  bytes,
  cut,
  decimal,
  duration,
  percent,
  plural,
  ratio,
  shortCount,
} from '../../src/stats/text.js';

describe('percent', () => {
  it.each([
    [0, '0%'],
    [1, '100%'],
    [0.51351, '51.4%'],
    [0.00512, '0.51%'],
    [0.00001, '<0.01%'],
    [0.99999, '>99.9%'],
  ])('%f is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });

  it('has a dash for a share of nothing', () => {
    expect(ratio(0, 0)).toBe('–');
  });
});

describe('numbers', () => {
  it('shortens from a million on', () => {
    expect([999_999, 1_234_567, 4.2e9].map(shortCount)).toEqual(['999,999', '1.23M', '4.2B']);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [999_600, '1.00 MB'],
    [12_345_678, '12.3 MB'],
    [3.2e12, '3.20 TB'],
  ])('%d bytes are %s', (n, text) => {
    expect(bytes(n)).toBe(text);
  });

  it('keeps about three digits of decimals', () => {
    expect([0, 3, 1234, 1.23456, 0.05, 0.0002].map(decimal)).toEqual([
      '0',
      '3',
      '1,234',
      '1.23',
      '0.05',
      '2e-4',
    ]);
  });

  it('knows one from many', () => {
    expect([plural(1, 'query', 'queries'), plural(0, 'page')]).toEqual(['1 query', '0 pages']);
  });
});

describe('cut', () => {
  it('leaves what fits', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('👩👩👩', 3)).toBe('👩👩👩');
  });

  it('never splits a code point', () => {
    expect(cut('👩👩👩👩', 3)).toBe('👩👩👩…');
    expect(cut(`a${'👩'.repeat(600_000)}`, 2)).toBe('a👩…');
  });
});

describe('duration', () => {
  it.each([
    [0.4, '0 s'],
    [59, '59 s'],
    [61, '1 min 1 s'],
    [7_260, '2 h 1 min'],
  ])('%d s is %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});
