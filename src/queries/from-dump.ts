/** Evidence from Wikipedia: words and bigrams of a dump, titles by page views, and WordNet's lemmas. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { QueryBuildConfig } from '../config.js';
import { WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import type { AccountBin } from '../core/query-account.js';
import { type CountedDump, countDump, type PartSizes, partSizes } from './count/count-dump.js';
import { Pool } from './count/pool.js';
import type { Merged } from './count/worker.js';
import { type DumpFile, dumpFiles, siteInfo } from './dump/files.js';
import { type Entry, type Measures, queryKey } from './evidence.js';
import type { Gathered } from './finish.js';
import { viewFiles } from './pageviews.js';
import { doublingBins, rankPoints } from './plots.js';
import { rankTitles } from './rank-titles.js';
import { readWordNet } from './wordnet.js';

/** Each takes up to 600 MB while it counts. */
const MOST_WORKERS = 8;
const MERGE = 'merge counts';
const LICENSE = 'CC BY-SA 4.0';

interface Watch {
  emit: Emit;
  signal: AbortSignal;
}

/**
 * @param folder where counts are kept; what is finished there is not counted again.
 * @param sizes of the parts that a dump is counted in, where the usual ones are not wanted.
 * @throws WitError for missing or unfit inputs, a full disk, a folder begun with another dump; the
 * signal's reason when stopped.
 */
export async function gatherFromDump(
  config: QueryBuildConfig,
  folder: string,
  watch: Watch,
  sizes?: PartSizes,
): Promise<Gathered> {
  const dump = await dumpFiles(config.dump);
  // Missing view files should not come to light only after hours of counting.
  await viewFiles(config.pageviews);
  const site = await siteInfo(dump[0] as DumpFile);
  const language = /^(.+?)wiki$/.exec(site.wiki)?.[1]?.replaceAll('_', '-') ?? 'en';
  const partBytes = sizes ?? partSizes(dump);
  const workers = config.workers || Math.min(MOST_WORKERS, availableParallelism());
  const counter = {
    letterCase: config.case,
    numbers: config.numbers,
    namespaces: site.namespaces,
  };
  const pool = new Pool(workers, { folder, partBytes: partBytes.unpacked, counter });
  const stop = (): void => void pool.close();
  watch.signal.addEventListener('abort', stop, { once: true });
  try {
    const counted = await countDump(dump, partBytes, folder, counter, pool, watch.emit);
    const wordnet = await readWordNet({ lemmas: config.lemmas, letterCase: config.case });
    const titleFiles = counted.titles.map((name) => join(folder, name));
    const titles = await rankTitles(config, language, titleFiles, watch);
    const merged = await mergeCounts(
      config,
      counted,
      [...wordnet.entries, ...titles.entries],
      pool,
      watch,
    );
    if (merged.occurrences === 0) throw nothingRead(dump, counted);
    return {
      ...evidenceOf(config, merged, wordnet.entries, titles.entries),
      inputs: [
        ...dump.map(({ name, bytes }) => ({
          kind: 'dump' as const,
          name,
          bytes,
          license: LICENSE,
        })),
        ...titles.inputs,
        wordnet.input,
      ],
      read: {
        ...counted.read,
        distinct_words: merged.distinctWords,
        distinct_bigrams_of_listed_words: merged.distinctBigrams,
        ...titles.read,
        synsets: wordnet.synsets,
      },
      lost: { ...counted.lost, ...titles.lost },
    };
  } catch (error) {
    watch.signal.throwIfAborted();
    throw error;
  } finally {
    watch.signal.removeEventListener('abort', stop);
    await pool.close();
  }
}

function nothingRead(dump: readonly DumpFile[], { read, lost }: CountedDump): WitError {
  const names = dump.map(({ name }) => name).join(', ');
  const found = JSON.stringify({ read, lost });
  return new WitError('bad_file', `No word was found in ${names}: ${found}`, {
    hint: 'Is it a pages-articles dump, and was it downloaded whole?',
  });
}

async function mergeCounts(
  config: QueryBuildConfig,
  counted: CountedDump,
  others: readonly Entry[],
  pool: Pool,
  { emit }: Watch,
): Promise<Merged> {
  const words = new Set<string>();
  const pairs = new Map<string, [string, string]>();
  for (const { text } of others) {
    const key = queryKey(text, config.case);
    const parts = key.split(' ');
    if (parts.length === 1) words.add(key);
    if (parts.length === 2) pairs.set(key, parts as [string, string]);
  }
  const merge = {
    runs: counted.runs,
    leastWordCount: config.minCount,
    leastBigramCount: config.minBigramCount,
    leastPmi: config.minPmi ?? Number.NEGATIVE_INFINITY,
    // Texts that another source has brought already are passed over: at most `size` of them.
    most: config.size === null ? Number.POSITIVE_INFINITY : 2 * config.size,
    words: [...words],
    pairs: [...pairs.values()],
  };
  let merged: Merged | undefined;
  let done = 0;
  emit({ type: 'begin', task: MERGE, total: 100, unit: '%' });
  const progress = (share: number): void => {
    done += 50 * share;
    emit({ type: 'progress', task: MERGE, done: Math.round(done) });
  };
  await pool.run([{ kind: 'merge', merge }], progress, (_, result) => {
    merged = result;
  });
  emit({ type: 'end', task: MERGE, done: 100 });
  return merged as Merged;
}

function evidenceOf(
  config: QueryBuildConfig,
  merged: Merged,
  wordnet: Entry[],
  title: Entry[],
): Pick<Gathered, 'evidence' | 'plots'> {
  const unigram: Entry[] = merged.unigrams
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
    .map(({ text, count }) => ({ text, score: count, measures: { unigramCount: count } }));
  const bigramEntry = ({ text, count, pmi }: Merged['bigrams'][number]): Entry => ({
    text,
    score: pmi,
    measures: { bigramCount: count, pmi },
  });
  const known = new Map<string, Measures>();
  for (const { text, count } of merged.wantedWords) known.set(text, { unigramCount: count });
  for (const pair of merged.wantedPairs) known.set(pair.text, bigramEntry(pair).measures);
  for (const { text, measures } of title) {
    const key = queryKey(text, config.case);
    known.set(key, { ...known.get(key), ...measures });
  }
  return {
    evidence: {
      entries: { wordnet, unigram, bigram: merged.bigrams.map(bigramEntry), title },
      passed: {
        wordnet: wordnet.length,
        unigram: merged.passedWords,
        bigram: merged.passedBigrams,
        title: title.length,
      },
      known: (key) => known.get(key),
    },
    plots: {
      unigramCounts: doublingBins(repeated(merged.frequencies)),
      unigramRanks: rankPoints(ranked(merged.frequencies, merged.distinctWords)),
      pmi: bitBins(merged.pmi),
      views: doublingBins(title.map(({ score }) => score)),
    },
  };
}

function* repeated(frequencies: ReadonlyMap<number, number>): Generator<number> {
  for (const [count, words] of frequencies) for (let i = 0; i < words; i++) yield count;
}

/** All words' counts, the highest first. */
function ranked(frequencies: ReadonlyMap<number, number>, distinct: number): Float64Array {
  const counts = new Float64Array(distinct);
  let rank = 0;
  for (const [count, words] of [...frequencies].sort(([a], [b]) => b - a)) {
    counts.fill(count, rank, rank + words);
    rank += words;
  }
  return counts;
}

/** Bins of one bit each. */
function bitBins(counts: ReadonlyMap<number, number>): AccountBin[] {
  const bits = [...counts.keys()].sort((a, b) => a - b);
  const bins: AccountBin[] = [];
  for (let bit = bits[0] ?? 0; bit <= (bits.at(-1) ?? -1); bit++) {
    bins.push({ from: bit, to: bit + 1, count: counts.get(bit) ?? 0 });
  }
  return bins;
}
