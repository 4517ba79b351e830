import { describe, expect, it } from 'vitest';
import { apportion, chooseQueries, DEFAULT_TARGETS } from '../../src/queries/choose.js';
import {
  type Entry,
  type Evidence,
  type Measures,
  QUERY_SOURCES,
  type QuerySource,
  queryKey,
} from '../../src/queries/evidence.js';

/** A small linear congruential generator: the cases are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function evidenceOf(
  entries: Record<QuerySource, Entry[]>,
  known: Record<string, Measures> = {},
): Evidence {
  const passed = Object.fromEntries(QUERY_SOURCES.map((s) => [s, entries[s].length]));
  return {
    entries,
    passed: passed as Record<QuerySource, number>,
    known: (key) => known[key],
  };
}

const entry = (text: string, score: number, measures: Measures = {}): Entry => ({
  text,
  score,
  measures,
});

/** Sources that overlap, with forms that differ by case, best first. */
function randomEvidence(next: (below: number) => number): Evidence {
  const words = ['a', 'b', 'c', 'd', 'e', 'f'];
  const text = (): string => {
    const plain = Array.from({ length: 1 + next(3) }, () => words[next(6)]).join('');
    return next(3) === 0 ? plain.toUpperCase() : plain;
  };
  const entries = Object.fromEntries(
    QUERY_SOURCES.map((source) => {
      const texts = [...new Set(Array.from({ length: next(60) }, text))];
      const scored = texts.map((t) => entry(t, next(9), { views: next(1000) }));
      scored.sort((a, b) => b.score - a.score || (a.text < b.text ? -1 : 1));
      return [source, scored];
    }),
  ) as Record<QuerySource, Entry[]>;
  return evidenceOf(entries, { abc: { bigramCount: 7 }, def: { pmi: 1.5, views: -1 } });
}

/** The rules, one after the other, with lists and searches: slow and plain. */
function slowly(
  evidence: Evidence,
  size: number | null,
  letterCase: 'fold' | 'keep',
  targets: Readonly<Record<QuerySource, number>>,
): Map<string, QuerySource> {
  const key = (e: Entry): string => queryKey(e.text, letterCase);
  const charged = new Map<string, QuerySource>();
  const further = (source: QuerySource): Entry[] =>
    evidence.entries[source].filter((e) => !charged.has(key(e)));
  if (size === null) {
    for (const s of QUERY_SOURCES) for (const e of further(s)) charged.set(key(e), s);
    return charged;
  }
  let share = apportion(
    size,
    QUERY_SOURCES.map((s) => targets[s]),
  );
  while (true) {
    for (const [i, s] of QUERY_SOURCES.entries()) {
      for (let n = 0; n < (share[i] as number); n++) {
        const best = further(s)[0];
        if (best !== undefined) charged.set(key(best), s);
      }
    }
    const more = QUERY_SOURCES.map((s) => further(s).length > 0);
    if (charged.size === size || !more.includes(true)) return charged;
    share = apportion(
      size - charged.size,
      QUERY_SOURCES.map((s, i) => (more[i] ? targets[s] : 0)),
    );
  }
}

describe('chooseQueries', () => {
  it('chooses what the rules say, one place at a time', () => {
    for (let seed = 0; seed < 300; seed++) {
      const next = numbers(seed);
      const evidence = randomEvidence(next);
      const size = next(6) === 0 ? null : 1 + next(120);
      const letterCase = next(2) === 0 ? 'fold' : 'keep';
      const targets =
        next(2) === 0
          ? DEFAULT_TARGETS
          : { wordnet: 1 + next(5), unigram: 1 + next(5), bigram: 1 + next(5), title: 1 + next(5) };
      const { queries, account } = chooseQueries(evidence, { size, letterCase, targets });
      const expected = slowly(evidence, size, letterCase, targets);

      const keys = queries.map(({ text }) => queryKey(text, letterCase));
      expect([...keys].sort(), `seed ${seed}`).toEqual([...expected.keys()].sort());
      expect(queries.map(({ text }) => text)).toEqual([...queries.map((q) => q.text)].sort());
      for (const row of account.sources) {
        const own = [...expected.values()].filter((source) => source === row.source);
        expect(row.charged, `seed ${seed}, ${row.source}`).toBe(own.length);
        expect(row.listed).toBe(queries.filter((q) => q.sources.includes(row.source)).length);
        if (row.target !== null) expect(row.charged).toBe(row.target - row.left + row.gained);
      }
      for (const { a, b, count } of account.overlap) {
        const both = queries.filter(({ sources }) => sources.includes(a) && sources.includes(b));
        expect(count).toBe(both.length);
      }
      // Every source that brought a text is named, also one under whose own cut it fell.
      for (const query of queries) {
        const key = queryKey(query.text, letterCase);
        const brought = QUERY_SOURCES.filter((source) =>
          evidence.entries[source].some((e) => queryKey(e.text, letterCase) === key),
        );
        expect(query.sources).toEqual(brought);
      }
      expect(account.size).toBe(queries.length);
      if (size !== null) expect(queries.length).toBeLessThanOrEqual(size);
      expect(chooseQueries(evidence, { size, letterCase, targets })).toEqual({ queries, account });
    }
  });

  it('charges a text once, in the order of the sources, and says what fell short', () => {
    const evidence = evidenceOf({
      wordnet: [entry('New York', 9), entry('dog', 5), entry('aardvark', 0)],
      unigram: [entry('the', 100), entry('dog', 50), entry('zoo', 10)],
      bigram: [entry('new york', 12), entry('hot dog', 11)],
      title: [entry('Dog', 1000), entry('Zoo', 900)],
    });
    const targets = { wordnet: 2, unigram: 1, bigram: 1, title: 2 };
    const { queries, account } = chooseQueries(evidence, { size: 6, letterCase: 'fold', targets });
    expect(queries).toEqual([
      { text: 'Dog', sources: ['wordnet', 'unigram', 'title'] },
      { text: 'New York', sources: ['wordnet', 'bigram'] },
      { text: 'Zoo', sources: ['unigram', 'title'] },
      { text: 'aardvark', sources: ['wordnet'] },
      { text: 'hot dog', sources: ['bigram'] },
      { text: 'the', sources: ['unigram'] },
    ]);
    // Title's one text left, Zoo, is its own; the place it cannot fill goes to WordNet.
    expect(account.sources.map(({ charged, left, gained }) => [charged, left, gained])).toEqual([
      [3, 0, 1],
      [1, 0, 0],
      [1, 0, 0],
      [1, 1, 0],
    ]);
    expect(account.sources.map(({ cut }) => cut)).toEqual([0, 100, 11, 900]);
  });

  it('shows the title form, else that of WordNet, and gathers every measure', () => {
    const evidence = evidenceOf(
      {
        wordnet: [entry('Iphone', 1), entry('Paris', 1)],
        unigram: [entry('iphone', 9, { unigramCount: 9 }), entry('paris', 5, { unigramCount: 5 })],
        bigram: [],
        title: [entry('iPhone', 70, { views: 70 }), entry('IPHONE', 60, { views: 60 })],
      },
      { iphone: { unigramCount: 9, pmi: 2 } },
    );
    const folded = chooseQueries(evidence, { size: null, letterCase: 'fold' });
    expect(folded.queries).toEqual([
      { text: 'Paris', sources: ['wordnet', 'unigram'], unigramCount: 5 },
      {
        text: 'iPhone',
        sources: ['wordnet', 'unigram', 'title'],
        unigramCount: 9,
        pmi: 2,
        views: 70,
      },
    ]);
    const kept = chooseQueries(evidence, { size: null, letterCase: 'keep' });
    expect(kept.queries.map(({ text }) => text)).toEqual([
      'IPHONE',
      'Iphone',
      'Paris',
      'iPhone',
      'iphone',
      'paris',
    ]);
  });
});

describe('apportion', () => {
  it('gives MetaCLIP sizes for 500,000, and exact sums for any size', () => {
    const parts = QUERY_SOURCES.map((source) => DEFAULT_TARGETS[source]);
    expect(apportion(500_000, parts)).toEqual(parts);
    const next = numbers(1);
    for (let round = 0; round < 500; round++) {
      const total = next(2_000_000);
      const weights = Array.from({ length: 4 }, () => next(300_000));
      const shares = apportion(total, weights);
      const sum = weights.reduce((a, b) => a + b, 0);
      if (sum === 0) continue;
      expect(shares.reduce((a, b) => a + b, 0)).toBe(total);
      for (const [i, share] of shares.entries()) {
        expect(Math.abs(share - (total * (weights[i] as number)) / sum)).toBeLessThan(1);
      }
    }
  });
});
