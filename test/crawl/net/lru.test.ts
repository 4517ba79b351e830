import { describe, expect, it } from 'vitest';
import { LruMap } from '../../../src/crawl/net/lru.js';

describe('LruMap', () => {
  it('forgets what was used longest ago', () => {
    const map = new LruMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
    map.set('a', 4);
    expect([map.get('a'), map.size]).toEqual([4, 2]);
  });

  it('takes away only the value that was meant', () => {
    const map = new LruMap<string, number>(2);
    map.set('a', 1);
    map.deleteIf('a', 2);
    expect(map.get('a')).toBe(1);
    map.deleteIf('a', 1);
    expect(map.get('a')).toBeUndefined();
  });

  it('names a size that makes no sense', () => {
    expect(() => new LruMap(0)).toThrow('got 0');
  });
});
