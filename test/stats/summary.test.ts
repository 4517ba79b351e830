import { describe, expect, it } from 'vitest';
import { collectStats, summarise } from '../../src/stats/index.js';
import { temporaryFolder, writeDataset } from './fixture.js';

describe('summarise', () => {
  it('fits a terminal and says what matters', async () => {
    const input = await writeDataset(
      await temporaryFolder(),
      [
        { url: 'https://a.example/1', text: 'a dog on the beach', queries: ['dog'] },
        { url: 'https://a.example/2', text: 'a dog', lost: ['select', 'over_cap'] },
        { url: 'https://a.example/3', text: 'one dog', lost: ['fetch', 'timeout'] },
        { url: 'https://a.example/4', text: 'two dogs', lost: ['fetch', 'blank'] },
      ],
      { uses: [{ query: 'dog', matched: 4, admitted: 3, selected: 3 }], cap: 3 },
    );
    const lines = summarise(await collectStats({ ...input, name: 'evil\x1b[31m' }), {
      training: {
        points: [
          { step: 1, loss: 5.5 },
          { step: 100, loss: 1.25 },
        ],
      },
      evaluation: [
        { name: 'held out', n: 9, classes: 9, top1: 0.312, chance: 1 / 9, nearestNeighbour: 0.118 },
      ],
    });
    expect(lines[0]).toMatch(/^evil�\[31m: 1 pair in 2 shards, /);
    expect(lines).toContain('  candidates             4  ██████████████████████████    100%');
    expect(lines).toContain('  kept                   1  ██████▌                      25.0%');
    expect(lines).toContain('  lost in select                        1');
    expect(lines).toContain('    over_cap                            1    100%');
    expect(lines).toContain('  queries   1 of 10 have a pair, 1 at the cap of 3');
    expect(lines).toContain('  training  100 steps, loss 5.5 → 1.25');
    expect(lines).toContain('    top-1 31.2% · neighbour 11.8% · chance 11.1%');
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(78);
      expect(line).toBe(line.trimEnd());
    }
  });
});
