import { describe, expect, it } from 'vitest';
import { rankOf } from '../../src/core/ids.js';
import { Draw } from '../../src/stats/draw.js';

const ids = Array.from({ length: 500 }, (_, i) => `id${i}`);

function drawn(seed: number, from: readonly string[]): string[] {
  const draw = new Draw<string>(seed, 20);
  for (const id of from) draw.offer(id, () => id);
  return draw.items();
}

describe('Draw', () => {
  it('does not depend on order, nor on an id being offered twice', () => {
    const once = drawn(1, ids);
    expect(once).toHaveLength(20);
    expect(drawn(1, [...ids].reverse())).toEqual(once);
    expect(drawn(1, [...ids, ...ids])).toEqual(once);
  });

  it('depends on the seed', () => {
    expect(drawn(2, ids)).not.toEqual(drawn(1, ids));
  });

  it('gives everything when there is less than was asked for', () => {
    expect(drawn(1, ids.slice(0, 3)).sort()).toEqual(['id0', 'id1', 'id2']);
  });

  it('does not draw the ids that the cap prefers', () => {
    const lowest = [...ids].sort((a, b) => rankOf(1, a) - rankOf(1, b)).slice(0, 20);
    const shared = drawn(1, ids).filter((id) => lowest.includes(id));
    // 20 of 500 twice: 0.8 expected in common.
    expect(shared.length).toBeLessThan(6);
  });
});
