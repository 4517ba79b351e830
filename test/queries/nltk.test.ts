/**
 * The whole way from a compressed dump to counts, against programs that share nothing with it: the
 * reference's words, counted by NLTK.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realPages } from '../../bench/real-pages.js';
import { writeSyntheticDump } from '../../bench/synthetic-dump.js';
import { SyntheticPages } from '../../bench/synthetic-pages.js';
import { queryBuildSchema } from '../../src/config.js';
import { silent } from '../../src/core/events.js';
import type { Query } from '../../src/core/types.js';
import { buildQueryList } from '../../src/queries/build.js';
import { type NltkCounts, nltkCounts } from './nltk.js';
import { referencePages, referenceProse, referenceRuns } from './reference.js';

const SEED = 7;
const SIZE = 4e6;

let folder: string;
let nltk: NltkCounts;
let queries: Query[];
let read: Record<string, number>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wit-nltk-'));
  const dump = join(folder, 'dump.xml.bz2');
  const { pages: count } = await writeSyntheticDump({ path: dump, size: SIZE, seed: SEED });

  const pages = new SyntheticPages(realPages(), SEED);
  const elements = Array.from({ length: count }, (_, index) => pages.page(index).toString());
  const { pages: articles, namespaces } = referencePages(pages.header + elements.join(''));
  const texts = articles.flatMap(({ text }) => text ?? []);
  nltk = nltkCounts(texts.flatMap((text) => referenceRuns(referenceProse(text, namespaces))));

  const all = { minCount: 1, minBigramCount: 1, minPmi: null, size: null };
  const config = queryBuildSchema.parse({ dump: [dump], workers: 2, ...all });
  const watch = { emit: silent, signal: new AbortController().signal };
  // Parts smaller than a bzip2 block's text: many runs to merge, and pages that cross their edges.
  const sizes = { bzip2: 200_000, unpacked: 500_000 };
  const built = await buildQueryList({ config, out: join(folder, 'list.parquet') }, watch, sizes);
  queries = built.queries;
  read = built.account.read;
});
afterAll(() => rm(folder, { recursive: true }));

/** Of a source, by the text in small letters: one that is WordNet's too is listed as it stands there. */
const of = (source: string): Map<string, Query> => {
  const found = queries.filter(({ sources }) => sources.includes(source));
  const small = (text: string) => [...text].map((letter) => letter.toLowerCase()).join('');
  return new Map(found.map((query) => [small(query.text), query]));
};

describe('counts of a dump', () => {
  it('has as many words as NLTK', () => {
    expect(nltk.words).toBeGreaterThan(100_000);
    expect(read.words).toBe(nltk.words);
  });

  it("has NLTK's count of every word", () => {
    const ours = [...of('unigram')].map(([word, { unigramCount }]) => [word, unigramCount]);
    expect(new Map(ours as [string, number][])).toEqual(nltk.unigrams);
  });

  it("has NLTK's count of every bigram, and its PMI", () => {
    const ours = of('bigram');
    expect(ours.size).toBe(nltk.bigrams.size);
    for (const [text, { bigramCount, pmi }] of ours) {
      const expected = nltk.bigrams.get(text);
      expect(bigramCount, text).toBe(expected?.count);
      expect(Math.abs((pmi ?? Number.NaN) - (expected?.pmi ?? 0)), text).toBeLessThan(1e-9);
    }
  });
});
