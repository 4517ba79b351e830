import { describe, expect, it } from 'vitest';
import { pointwiseMutualInformation, readFrequencyLists } from '../../src/queries/frequency.js';

const none = { minCount: 1, minBigramCount: 1, minPmi: null };

describe('readFrequencyLists', () => {
  it('reads all words and bigrams, with the counts of the corpus', async () => {
    const lists = await readFrequencyLists(none);
    expect(lists.unigrams.length).toBe(82_765);
    expect(lists.bigrams.length).toBe(242_342);
    expect(lists.unigrams[0]).toEqual({
      text: 'the',
      score: 23_135_851_162,
      measures: { unigramCount: 23_135_851_162 },
    });
    // Web 1T's count of "of the".
    expect(lists.known('of the')?.bigramCount).toBe(2_766_332_391);
    expect(lists.known('no such pair')).toBeUndefined();
    // True of counts of one corpus: no pair is more frequent than either of its words.
    const odd = lists.bigrams.filter(({ text, score, measures }) => {
      const words = text.split(' ').map((word) => lists.known(word)?.unigramCount as number);
      return score !== measures.pmi || (measures.bigramCount as number) > Math.min(...words);
    });
    expect(odd).toEqual([]);
  });

  it('lists the best first and only what passes', async () => {
    const all = await readFrequencyLists(none);
    const some = await readFrequencyLists({ minCount: 1e6, minBigramCount: 1e6, minPmi: 4 });
    expect(some.unigrams).toEqual(all.unigrams.filter(({ score }) => score >= 1e6));
    expect(some.bigrams).toEqual(
      all.bigrams.filter(
        ({ score, measures }) => score >= 4 && (measures.bigramCount as number) >= 1e6,
      ),
    );
    expect(some.bigrams.length).toBeGreaterThan(1000);
    for (const entries of [all.unigrams, all.bigrams]) {
      expect(entries).toEqual(
        [...entries].sort((a, b) => b.score - a.score || (a.text < b.text ? -1 : 1)),
      );
    }
    // What falls below a threshold is still known of texts that other sources bring.
    const rare = all.bigrams.find(({ score }) => score < 0)?.text as string;
    expect(some.known(rare)).toEqual(all.known(rare));
  });
});

describe('pointwiseMutualInformation', () => {
  it('is log2 of observed over expected', () => {
    // Independent words: 1/10 · 1/10 of 1,000.
    expect(pointwiseMutualInformation(10, 100, 100, 1000)).toBeCloseTo(0, 12);
    expect(pointwiseMutualInformation(80, 100, 100, 1000)).toBeCloseTo(3, 12);
    expect(pointwiseMutualInformation(1, 1, 1, 2 ** 40)).toBe(40);
  });
});
