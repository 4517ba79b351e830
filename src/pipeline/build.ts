/**
 * The whole road from sources to shards: discover → select → fetch and shard → captions of copies →
 * manifest and card. Interrupt it anywhere and call it again with the same settings: it goes on where it was and ends
 * with the same bytes.
 */

import { type BuildConfig, buildSchema, validateConfig } from '../config.js';
import { DatasetWriter, type Manifest } from '../core/dataset.js';
import { WitError } from '../core/errors.js';
import { type Emit, silent } from '../core/events.js';
import type { Reason } from '../core/reasons.js';
import { localRunner, type Runner } from '../core/runner.js';
import type { AnySource } from '../core/source.js';
import type { Query } from '../core/types.js';
import {
  CrawlMonitor,
  createCommonCrawlSource,
  createListSource,
  createSearchSource,
  createWebSource,
  WebClient,
  type WebClientOptions,
} from '../crawl/index.js';
import { ruleVersions } from '../filter/index.js';
import { loadQueries } from '../queries/load.js';
import { writeCard } from '../shard/index.js';
import { discover } from './discover.js';
import { EvaluationSets } from './evaluation-sets.js';
import { fetchAndShard } from './fetch.js';
import { gatherCaptions } from './gather.js';
import type { PairJudges } from './judge-pairs.js';
import { planRetry, retriedParts, retryUnits } from './retry.js';
import { Scorers } from './scorers.js';
import { select } from './select.js';
import { type Watch, watchCrawl } from './watch.js';

/** Units of discovery at work at once; requests are bounded by `net.concurrency` over all of them. */
export const DISCOVER_UNITS = 4;

/** Few photographs are longer: how wide an image is asked for where no rule limits its shape. */
const USUAL_ASPECT = 3;

export interface BuildOptions {
  emit?: Emit;
  signal?: AbortSignal;
  runner?: Runner;
  /** Once the dataset is complete, selections that fetch lost for these reasons are tried again. */
  retryFailed?: readonly Reason[];
  /** Injected parts of the web client: clock, resolver, address policy. */
  web?: Omit<WebClientOptions, 'observer'>;
}

/**
 * Builds the dataset `config` describes in folder `out`.
 * @throws WitError on bad settings, missing files, a full disk, a network that is gone, or a folder begun
 * under other settings.
 */
export async function buildDataset(
  input: unknown,
  out: string,
  options: BuildOptions = {},
): Promise<Manifest> {
  const config = validateConfig(buildSchema, input, 'settings');
  const outage = new AbortController();
  const signals = options.signal === undefined ? [] : [options.signal];
  const signal = AbortSignal.any([...signals, outage.signal]);
  const runner = options.runner ?? localRunner(DISCOVER_UNITS);
  if (config.queries.file === undefined) {
    throw new WitError('config', 'No query list: queries.file is not set', {
      hint: 'Give one with --queries FILE, for example queries/demo.txt.',
    });
  }
  const { lists, commonCrawl, search, seeds, seedFiles } = config.sources;
  if ([lists, commonCrawl, search.engines, seeds, seedFiles].every(({ length }) => length === 0)) {
    throw new WitError(
      'config',
      'Nothing to crawl: none of sources.lists, sources.commonCrawl, sources.search, sources.seeds and sources.seedFiles is set',
      {
        hint: 'Give URL lists with --list, archives with --commoncrawl, image-search APIs with --search, or pages to start from with --seed-url or --seed-file.',
      },
    );
  }
  const { queries, digest } = await loadQueries(config.queries.file);
  const monitor = new CrawlMonitor();
  const client = new WebClient(config.net, {
    ...options.web,
    observer: monitor,
    onOutage: (error) => outage.abort(error),
  });
  let watch: Watch | undefined;
  let judges: PairJudges | undefined;
  try {
    watch = await watchCrawl({ monitor, client }, config.net, options.emit ?? silent);
    const { emit } = watch;
    judges = {
      evaluation: await EvaluationSets.load(config, { emit, signal }),
      scorers: await Scorers.open(config.filter, signal),
    };
    // Before anything is written: an endpoint that is refused may hold a password.
    const searchSource = searchSourceOf(config, queries, client);
    const dataset = await DatasetWriter.open(out, {
      schema: 1,
      snapshot: config.snapshot ?? defaultSnapshot(),
      config,
      queries: { digest, count: queries.length },
      rules: versionsOf(config, judges),
    });
    try {
      const settled: BuildConfig = { ...config, snapshot: dataset.head.snapshot };
      const sources = [...(await sourcesOf(settled, client)), ...searchSource];
      await discover(dataset, sources, { runner, emit, signal });
      const parts = await select(dataset, queries, { config: settled, emit, signal });
      const allParts = () => [...parts, ...retriedParts(dataset)];
      const finish = async (): Promise<void> => {
        await fetchAndShard(dataset, allParts(), {
          config: settled,
          client,
          judges: judges as PairJudges,
          emit,
          signal,
        });
        // Not watched: what is told of the crawl stays what fetching left.
        await gatherCaptions(dataset, allParts(), { emit: options.emit ?? silent, signal });
        await writeCard(out, dataset.manifest());
        await dataset.complete();
      };
      const published = await dataset.publishedUnits();
      const reasons = new Set(options.retryFailed);
      // A round that was interrupted is finished, and is the one that was asked for.
      const mayRetry = reasons.size > 0 && retryUnits(dataset).every((unit) => published.has(unit));
      const isComplete = dataset.journal.commits().every(({ unit }) => published.has(unit));
      if (!mayRetry || !isComplete) await finish();
      if (mayRetry) {
        const count = await planRetry(dataset, allParts(), reasons, { config: settled, signal });
        const text = count > 0 ? `${count} are tried again` : 'nothing to try again';
        emit({ type: 'message', level: 'info', text });
        const pages = lostPages(dataset, reasons);
        if (pages > 0) {
          const text = `${pages} losses of discovery for these reasons are not tried again: docs/crawl.md, “Trying again”, says how to get them`;
          emit({ type: 'message', level: 'warning', text });
        }
        if (count > 0) await finish();
      }
      return dataset.manifest();
    } finally {
      await dataset.close();
    }
  } finally {
    await judges?.scorers.close(watch?.emit ?? silent);
    await watch?.close();
    await client.close();
  }
}

/** What discovery lost for `reasons`: of no effect on selection, which has decided over all candidates. */
function lostPages(dataset: DatasetWriter, reasons: ReadonlySet<Reason>): number {
  const lost = Object.entries(dataset.manifest().funnel.lost.discover ?? {});
  return lost.reduce((sum, [reason, n]) => sum + (reasons.has(reason as Reason) ? n : 0), 0);
}

/** What judges candidates and images beside the settings. */
function versionsOf(config: BuildConfig, { evaluation, scorers }: PairJudges) {
  const prefixed = (prefix: string, versions: Readonly<Record<string, string>>) =>
    Object.entries(versions).map(([name, version]) => [`${prefix}:${name}`, version]);
  return {
    ...ruleVersions(config.filter),
    ...Object.fromEntries([
      ...prefixed('evaluation', evaluation.versions),
      ...prefixed('scorer', scorers.versions),
    ]),
  };
}

async function sourcesOf(config: BuildConfig, client: WebClient): Promise<AnySource[]> {
  const sources: AnySource[] = [];
  if (config.sources.lists.length > 0) sources.push(await createListSource(config.sources));
  if (config.sources.commonCrawl.length > 0) {
    sources.push(createCommonCrawlSource(config.sources, client));
  }
  if (config.sources.seeds.length > 0 || config.sources.seedFiles.length > 0) {
    sources.push(await createWebSource(config.sources, client));
  }
  return sources;
}

function searchSourceOf(
  config: BuildConfig,
  queries: readonly Query[],
  client: WebClient,
): AnySource[] {
  const { filter, net, seed, shard, sources } = config;
  if (sources.search.engines.length === 0) return [];
  const source = createSearchSource(sources.search, {
    client,
    queries: queries.map(({ text }) => text),
    net,
    cap: filter.cap,
    neededWidth: shard.sidePx * (filter.maxAspectRatio ?? USUAL_ASPECT),
    seed,
  });
  return [source];
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org) where set, else now, to the second. */
export function defaultSnapshot(): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const ms = epoch !== undefined && /^\d+$/.test(epoch) ? Number(epoch) * 1000 : Date.now();
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
