import { describe, expect, it } from 'vitest';
import type { QueryAccount } from '../../src/core/query-account.js';
import type { Query } from '../../src/core/types.js';
import { inspectList } from '../../src/queries/inspect.js';
import { whyNeverInMetaclip } from '../../src/queries/metaclip.js';

const queries: Query[] = [
  { text: 'dog', sources: ['wordnet', 'unigram'] },
  { text: 'St. Louis', sources: ['wordnet', 'title'] },
  { text: 'U.S.', sources: ['title'] },
  { text: 'hot dog', sources: ['bigram'] },
  { text: 'naïve', sources: ['unigram'] },
  { text: '😀', sources: ['title'] },
];
const matching = {
  normalized: (text: string) => (/\p{L}/u.test(text) ? undefined : 'no letter'),
  metaclip: whyNeverInMetaclip,
};

describe('inspectList', () => {
  it('counts sources, overlaps, words and characters', () => {
    const account = { sources: [{ source: 'unigram', charged: 1 }] } as unknown as QueryAccount;
    const found = inspectList(queries, { matching, account });
    expect(found.size).toBe(6);
    expect(found.sources).toEqual([
      { source: 'title', listed: 3, alone: 2, charged: null },
      { source: 'unigram', listed: 2, alone: 1, charged: 1 },
      { source: 'wordnet', listed: 2, alone: 0, charged: null },
      { source: 'bigram', listed: 1, alone: 1, charged: null },
    ]);
    const shared = found.overlap.filter(({ count }) => count > 0);
    expect(shared).toEqual([
      { a: 'title', b: 'wordnet', count: 1 },
      { a: 'unigram', b: 'wordnet', count: 1 },
    ]);
    expect(found.words).toEqual([
      { from: 1, to: 2, count: 4 },
      { from: 2, to: 3, count: 2 },
    ]);
    // An emoji is one character, not two code units.
    expect(found.characters[0]).toEqual({ from: 1, to: 2, count: 1 });
    expect(found.characters.at(-1)).toEqual({ from: 9, to: 10, count: 1 });
  });

  it('says what can never match, why, and names examples', () => {
    const [normalized, metaclip] = inspectList(queries, { matching, samples: 1 }).matching;
    expect(normalized).toEqual({
      mode: 'normalized',
      never: 1,
      reasons: [{ reason: 'no letter', count: 1, examples: ['😀'] }],
    });
    expect(metaclip).toMatchObject({ mode: 'metaclip', never: 2, reasons: [{ count: 2 }] });
    expect(metaclip?.reasons[0]?.examples.length).toBe(1);
  });

  it('draws the same samples whatever the order, and others with another seed', () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ text: `q${i}`, sources: ['list'] }));
    const samples = (list: Query[], seed: number) =>
      inspectList(list, { matching: {}, seed, samples: 5 }).samples;
    expect(samples([...many].reverse(), 1)).toEqual(samples(many, 1));
    expect(samples(many, 1)[0]?.texts.length).toBe(5);
    expect(samples(many, 2)).not.toEqual(samples(many, 1));
  });
});
