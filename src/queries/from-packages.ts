/**
 * Evidence without a dump: WordNet's lemmas and the frequency lists, as packages carry them, and
 * titles where view files are given. The counts are those of the web of 2006 rather than of Wikipedia.
 */

import type { QueryBuildConfig } from '../config.js';
import type { Emit } from '../core/events.js';
import type { Gathered } from './finish.js';
import { readFrequencyLists } from './frequency.js';
import { doublingBins, evenBins, rankPoints } from './plots.js';
import { rankTitles } from './rank-titles.js';
import { readWordNet } from './wordnet.js';

const TASK = 'read packages';

/** @throws WitError `bad_file` when a package is damaged. */
export async function gatherFromPackages(
  config: QueryBuildConfig,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<Gathered> {
  emit({ type: 'begin', task: TASK, total: 2, unit: 'packages' });
  const wordnet = await readWordNet({ lemmas: config.lemmas, letterCase: config.case });
  signal.throwIfAborted();
  emit({ type: 'progress', task: TASK, done: 1, note: wordnet.input.name });
  const lists = await readFrequencyLists(config);
  signal.throwIfAborted();
  emit({ type: 'end', task: TASK, done: 2 });
  const titles = await rankTitles(config, 'en', [], { emit, signal });
  return {
    evidence: {
      entries: {
        wordnet: wordnet.entries,
        unigram: lists.unigrams,
        bigram: lists.bigrams,
        title: titles.entries,
      },
      passed: {
        wordnet: wordnet.entries.length,
        unigram: lists.unigrams.length,
        bigram: lists.bigrams.length,
        title: titles.entries.length,
      },
      known: lists.known,
    },
    inputs: [...titles.inputs, wordnet.input, ...lists.inputs],
    read: {
      synsets: wordnet.synsets,
      distinct_words: lists.counts.length,
      distinct_bigrams: lists.pmi.length,
      ...titles.read,
    },
    lost: titles.lost,
    plots: {
      unigramCounts: doublingBins(lists.counts),
      unigramRanks: rankPoints(lists.counts),
      pmi: evenBins(lists.pmi, 1),
      views: doublingBins(titles.entries.map(({ score }) => score)),
    },
  };
}
