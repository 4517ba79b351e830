import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Query } from '../../src/core/types.js';
import { diffLists, writeDifferences } from '../../src/queries/diff.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-diff-'));
});
afterAll(() => rm(dir, { recursive: true }));

const a: Query[] = [
  { text: 'Paris', sources: ['wordnet'] },
  { text: 'dog', sources: ['unigram', 'wordnet'], unigramCount: 10 },
  { text: 'hot dog', sources: ['bigram'], bigramCount: 5, pmi: 3 },
  { text: 'same', sources: ['unigram'], unigramCount: 3 },
  { text: 'zoo', sources: ['unigram'], unigramCount: 100 },
];
const b: Query[] = [
  { text: 'dog', sources: ['wordnet', 'unigram'], unigramCount: 1000 },
  { text: 'hot dog', sources: ['bigram', 'title'], bigramCount: 5, pmi: 3, views: 80 },
  { text: 'new', sources: ['title'], views: 9 },
  { text: 'paris', sources: ['unigram'], unigramCount: 7 },
  { text: 'same', sources: ['unigram'], unigramCount: 3 },
  { text: 'zoo', sources: ['unigram'], unigramCount: 101 },
];

describe('diffLists', () => {
  it('counts what is common and what is not, by source', () => {
    const found = diffLists(a, b);
    expect(found).toMatchObject({ a: 5, b: 6, common: 4, onlyA: 1, onlyB: 2, otherCase: 1 });
    expect(found.changed).toBe(3);
    expect(found.sources).toEqual([
      { source: 'bigram', common: 1, onlyA: 0, onlyB: 0 },
      { source: 'title', common: 0, onlyA: 0, onlyB: 1 },
      { source: 'unigram', common: 3, onlyA: 0, onlyB: 1 },
      { source: 'wordnet', common: 1, onlyA: 1, onlyB: 0 },
    ]);
    expect(found.samples).toEqual({ onlyA: ['Paris'], onlyB: expect.any(Array) });
    expect([...found.samples.onlyB].sort()).toEqual(['new', 'paris']);
  });

  it('lists the largest changes of each measure first', () => {
    const { measures } = diffLists(a, b, { samples: 1 });
    expect(measures[0]).toEqual({
      measure: 'unigramCount',
      changed: 2,
      largest: [{ text: 'dog', a: 10, b: 1000 }],
    });
    expect(measures.slice(1).map(({ changed }) => changed)).toEqual([0, 0, 0]);
  });

  it('finds nothing between a list and itself, and swaps its sides with its arguments', () => {
    expect(diffLists(a, a)).toMatchObject({ common: 5, onlyA: 0, onlyB: 0, changed: 0 });
    const there = diffLists(a, b);
    const back = diffLists(b, a);
    expect([back.onlyA, back.onlyB, back.changed]).toEqual([
      there.onlyB,
      there.onlyA,
      there.changed,
    ]);
  });

  it('writes every difference as a line', async () => {
    const path = join(dir, 'differences.tsv');
    await writeDifferences(path, a, b);
    const rows = (await readFile(path, 'utf8')).slice(0, -1).split('\n');
    const cells = rows.map((row) => row.split('\t'));
    expect(new Set(cells.map((row) => row.length))).toEqual(new Set([12]));
    expect(rows[0]).toBe(
      'difference\ttext\tsources_a\tsources_b\tunigram_count_a\tunigram_count_b\tbigram_count_a\tbigram_count_b\tpmi_a\tpmi_b\tviews_a\tviews_b',
    );
    expect(cells.slice(1).map(([difference, text]) => `${difference} ${text}`)).toEqual([
      'only_a Paris',
      'changed dog',
      'changed hot dog',
      'only_b new',
      'only_b paris',
      'changed zoo',
    ]);
    expect(cells[3]).toEqual([
      'changed',
      'hot dog',
      'bigram',
      'bigram,title',
      '',
      '',
      '5',
      '5',
      '3',
      '3',
      '',
      '80',
    ]);
  });
});
