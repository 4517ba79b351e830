import { describe, expect, it } from 'vitest';
import { blockOrder, blocks, epochOrder, type RowGroupRef } from '../../src/train/plan.js';
import { permutation, seededRandom } from '../../src/train/random.js';

const list = (groups: readonly RowGroupRef[]) => ({ at: async (index: number) => groups[index] });

function makeGroups(sizes: readonly number[], groupsPerShard = 3): RowGroupRef[] {
  let rowStart = 0;
  return sizes.map((rows, i) => {
    if (i % groupsPerShard === 0) rowStart = 0;
    const group = { shard: Math.floor(i / groupsPerShard), rowStart, rows };
    rowStart += rows;
    return group;
  });
}

/** The first `count` samples from `from` on, as `epoch:shard/row`. */
async function order(
  groups: readonly RowGroupRef[],
  options: { seed: number; shuffleRowGroups: number },
  from: number,
  count: number,
): Promise<string[]> {
  const samples: string[] = [];
  for await (const block of blocks(list(groups), options, from)) {
    const rows = block.groups.flatMap(({ shard, rowStart, rows }) =>
      Array.from({ length: rows }, (_, i) => `${block.epoch}:${shard}/${rowStart + i}`),
    );
    const places = blockOrder(options.seed, block);
    for (let i = Math.max(0, from - block.start); i < block.rows; i++) {
      samples.push(rows[places[i] as number] as string);
      if (samples.length === count) return samples;
    }
  }
  return samples;
}

const GROUPS = makeGroups([5, 5, 3, 5, 5, 1, 4]);
const TOTAL = 28;
const OPTIONS = { seed: 7, shuffleRowGroups: 3 };

describe('the sample order', () => {
  it('holds every row exactly once an epoch', async () => {
    for (const shuffleRowGroups of [1, 2, 3, 7, 100]) {
      const samples = await order(GROUPS, { seed: 1, shuffleRowGroups }, 0, 4 * TOTAL);
      for (let epoch = 0; epoch < 4; epoch++) {
        const rows = samples.slice(epoch * TOTAL, (epoch + 1) * TOTAL);
        const all = GROUPS.flatMap(({ shard, rowStart, rows: n }) =>
          Array.from({ length: n }, (_, i) => `${epoch}:${shard}/${rowStart + i}`),
        );
        expect([...rows].sort()).toEqual(all.sort());
      }
    }
  });

  it('is the same from any position on', async () => {
    const whole = await order(GROUPS, OPTIONS, 0, 4 * TOTAL);
    for (let from = 0; from < 3 * TOTAL; from++) {
      expect(await order(GROUPS, OPTIONS, from, TOTAL)).toEqual(whole.slice(from, from + TOTAL));
    }
  });

  it('differs between epochs and between seeds', async () => {
    const rows = (samples: string[]): string => samples.map((s) => s.split(':')[1]).join();
    const whole = await order(GROUPS, OPTIONS, 0, 2 * TOTAL);
    expect(rows(whole.slice(0, TOTAL))).not.toBe(rows(whole.slice(TOTAL)));
    const other = await order(GROUPS, { ...OPTIONS, seed: 8 }, 0, TOTAL);
    expect(rows(other)).not.toBe(rows(whole.slice(0, TOTAL)));
  });

  it('takes row groups in shard order in epoch 0 and needs no later ones', async () => {
    const asked: number[] = [];
    const growing = {
      at: async (index: number) => {
        asked.push(index);
        return GROUPS[index];
      },
    };
    const plan = blocks(growing, OPTIONS, 0);
    const first = await plan.next();
    expect(asked).toEqual([0, 1, 2]);
    expect(first.value?.groups).toEqual(GROUPS.slice(0, 3));
    await plan.return(undefined);
    expect([...epochOrder(7, 0, 4)]).toEqual([0, 1, 2, 3]);
    expect([...epochOrder(7, 1, 40)]).not.toEqual([...epochOrder(7, 2, 40)]);
  });

  it('ends at once for an empty dataset', async () => {
    expect(await order([], OPTIONS, 0, 10)).toEqual([]);
  });
});

describe('seeded randomness', () => {
  it('is uniform: every permutation of three about equally often', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6_000; i++) {
      const key = permutation(3, seededRandom('uniform', i)).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Chi-squared with 5 degrees of freedom: 20.5 is the 99.9th percentile.
    const chi2 = [...counts.values()].reduce((sum, n) => sum + (n - 1_000) ** 2 / 1_000, 0);
    expect(chi2).toBeLessThan(20.5);
  });

  it('is fixed by its name alone', () => {
    const draw = (): number[] => {
      const random = seededRandom('a', 1);
      return [random.below(1e6), random.below(1e6), random.below(2 ** 32)];
    };
    expect(draw()).toEqual(draw());
    expect(seededRandom('a', 1).below(1e9)).not.toBe(seededRandom('a', 2).below(1e9));
  });
});
