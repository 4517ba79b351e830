/** `wit crawl-and-build`: sources → candidates → selection → images → shards. */

import { buildConfigOf, mergeSettings, type PartialConfig, resolveConfig } from '../config.js';
import type { CrawlSnapshot } from '../core/crawl-snapshot.js';
import { WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { isRetryable, REASONS, type Reason } from '../core/reasons.js';
import { type Command, type CommandInput, configFlags, type Flag, namesIn } from './command.js';
import { boundHeap } from './heap.js';

export const buildFlags: Flag[] = [
  {
    flags: '--queries <file>',
    summary: 'query list: text, one a line, or Parquet',
    key: 'queries.file',
  },
  {
    flags: '--list <file...>',
    summary: 'URL lists: txt, csv, tsv, json, jsonl (also .gz), parquet; files, folders, globs',
    key: 'sources.lists',
  },
  { flags: '--url-column <name>', summary: "a list's image URL column", key: 'sources.urlColumn' },
  {
    flags: '--caption-column <name>',
    summary: "a list's caption column",
    key: 'sources.captionColumn',
  },
  {
    flags: '--extra-columns <names...>',
    summary: "a list's columns to keep in the shards, also as a,b",
    key: 'sources.extraColumns',
    kind: 'names',
  },
  {
    flags: '--hash-column <name>',
    summary: "a list's column with the hash that the image must have",
    key: 'sources.hashColumn',
  },
  {
    flags: '--commoncrawl <path...>',
    summary: 'Common Crawl WARC and WAT files, paths files, folders; local or URLs',
    key: 'sources.commonCrawl',
  },
  {
    flags: '--commoncrawl-base <url>',
    summary: 'what the paths in a paths file are relative to: a URL or a folder',
    key: 'sources.commonCrawlBase',
  },
  {
    flags: '--search <engine...>',
    summary: 'image-search APIs to ask for the queries: commons, openverse, searxng',
    key: 'sources.search.engines',
  },
  {
    flags: '--searxng <url>',
    summary: 'the SearXNG instance to ask',
    key: 'sources.search.searxngEndpoint',
  },
  {
    flags: '--search-queries <n>',
    summary: 'queries searched for, from the front of the list (default: all)',
    key: 'sources.search.maxQueries',
    kind: 'number',
  },
  {
    flags: '--per-query <n>',
    summary: 'images taken from one API for one query (default: the cap)',
    key: 'sources.search.perQuery',
    kind: 'number',
  },
  { flags: '--seed-url <url...>', summary: 'pages to start from', key: 'sources.seeds' },
  {
    flags: '--seed-file <path...>',
    summary: 'files of pages to start from, one URL a line, also .gz',
    key: 'sources.seedFiles',
  },
  {
    flags: '--host <name...>',
    summary: "hosts that may be visited (default: the seeds' hosts)",
    key: 'sources.hosts',
  },
  {
    flags: '--any-host',
    summary: 'visit every host that links lead to',
    key: 'sources.anyHost',
  },
  {
    flags: '--pages-per-host <n>',
    summary: 'pages visited on one host, at most',
    key: 'sources.maxPagesPerHost',
    kind: 'number',
  },
  {
    flags: '--max-depth <n>',
    summary: 'links away from a seed',
    key: 'sources.maxDepth',
    kind: 'number',
  },
  {
    flags: '--contact <text>',
    summary: 'your e-mail address or web page, sent in the user agent; required off loopback',
    key: 'net.contact',
  },
  {
    flags: '--concurrency <n>',
    summary: 'requests in flight over all hosts',
    key: 'net.concurrency',
    kind: 'number',
  },
  {
    flags: '--per-host <n>',
    summary: 'requests in flight to one host',
    key: 'net.perHostConcurrency',
    kind: 'number',
  },
  {
    flags: '--delay <ms>',
    summary: 'least time between two requests to one host',
    key: 'net.perHostDelayMs',
    kind: 'number',
  },
  {
    flags: '--timeout <ms>',
    summary: 'longest a request may take in all',
    key: 'net.timeoutMs',
    kind: 'number',
  },
  {
    flags: '--allow-private',
    summary: 'let the crawl reach private addresses',
    key: 'net.allowPrivate',
  },
  {
    flags: '--connect-to <rule...>',
    summary: 'HOST:PORT:TO_HOST:TO_PORT, as in curl; empty HOST or PORT matches any',
    key: 'net.connectTo',
  },
  {
    flags: '--metrics-port <n>',
    summary: 'serve /metrics for Prometheus on this port while the crawl runs',
    key: 'net.metricsPort',
    kind: 'number',
  },
  {
    flags: '--metrics-host <address>',
    summary: 'the address that /metrics is served on (default: 127.0.0.1)',
    key: 'net.metricsHost',
  },
  {
    flags: '--matching <mode>',
    summary: 'how captions are matched with queries: normalized, or metaclip as published',
    key: 'filter.matching',
  },
  {
    flags: '--preset <name>',
    summary: 'filter rules: wit, none, datacomp-basic, laion, yfcc (`wit filter list`)',
    key: 'filter.preset',
  },
  {
    flags: '--decontaminate <path...>',
    summary: 'evaluation sets whose images must not be among the pairs: folders, Parquet',
    key: 'filter.decontaminate',
  },
  { flags: '--cap <n>', summary: 'pairs one query may admit', key: 'filter.cap', kind: 'number' },
  {
    flags: '--cap-mode <mode>',
    summary: "hard: at most the cap; soft: MetaCLIP's sampling, about the cap on average",
    key: 'filter.capMode',
  },
  {
    flags: '--target <n>',
    summary: 'selections wanted: finds the cap that gives about as many',
    key: 'filter.target',
    kind: 'number',
  },
  {
    flags: '--side <px>',
    summary: 'short side of stored images',
    key: 'shard.sidePx',
    kind: 'number',
  },
  {
    flags: '--selections-per-shard <n>',
    summary: 'selections that make one shard',
    key: 'shard.selectionsPerShard',
    kind: 'number',
  },
  {
    flags: '--workers <n>',
    summary: 'threads that judge captions (default: one a core but one, at most 8)',
    key: 'workers',
    kind: 'number',
  },
  { flags: '--seed <n>', summary: 'seed of the ranks', key: 'seed', kind: 'number' },
  {
    flags: '--snapshot <time>',
    summary: "ISO 8601 time written as every row's fetched_at (default: now, at first start)",
    key: 'snapshot',
  },
];

const RETRYABLE = (Object.keys(REASONS) as Reason[]).filter(isRetryable);

export const crawlAndBuild: Command = {
  name: 'crawl-and-build',
  summary: 'crawl (image, text) pairs for a query list and write Parquet shards',
  examples: [
    'wit crawl-and-build --queries queries/demo.txt --seed-url https://example.org/ --contact me@example.org --out data',
    'wit crawl-and-build --queries queries/demo.txt --search commons openverse --search-queries 100 --contact me@example.org --out data',
    'wit crawl-and-build --queries queries/demo.txt --list urls.parquet --contact me@example.org --out data',
  ],
  flags: [
    { flags: '--out <dir>', summary: 'dataset folder; run again with the same to go on' },
    ...buildFlags,
    {
      flags: '--scorer <from,limits...>',
      summary:
        'scores for pairs, from a module, a package or a run of ours, with limits: ./score.mjs,min=0.5 run,top=0.3',
    },
    {
      flags: '--retry-failed <reasons...>',
      summary:
        'once all is fetched, try images again that were lost for these reasons, e.g. timeout,dns; all-retryable. Not pages: docs/crawl.md, "Trying again"',
    },
    {
      flags: '--list-rules',
      summary:
        'print the rules of politeness (robots.txt, opt-outs) and which are on; crawl nothing',
    },
    ...configFlags,
  ],
  async run(input, io) {
    const config = buildConfigOf(await resolveConfig(withScorers(input), input.configFile));
    if (input.flags.listRules === true) {
      const { listRules } = await import('./list-rules.js');
      listRules(config.net.honour, io);
      return;
    }
    const retryFailed = reasonsIn(input.flags.retryFailed as string[] | undefined);
    const out = (input.flags.out as string | undefined) ?? 'wit-data';
    boundHeap(config.sources.commonCrawl);
    const { buildDataset } = await import('../pipeline/build.js');
    const { summariseCrawl, summariseRefusals } = await import('./crawl-summary.js');
    let run: CrawlSnapshot | undefined;
    const emit: Emit = (event) => {
      if (event.type === 'crawl') {
        const { type: _, ...snapshot } = event;
        run = snapshot;
      }
      io.emit(event);
    };
    const manifest = await buildDataset(config, out, { emit, signal: io.signal, retryFailed });
    const { candidates, selected, kept } = manifest.funnel;
    io.print(`${candidates} candidates, ${selected} selected, ${kept} kept in ${out}`);
    for (const line of summariseCrawl(manifest.funnel, run)) io.print(line);
    for (const line of summariseRefusals(manifest)) io.print(line);
    io.print(`next: wit stats ${out}, wit train-from-shards ${out}`);
    io.result({ out, shards: manifest.shards, funnel: manifest.funnel, run });
  },
};

/**
 * The settings with what --scorer says.
 * @throws WitError `config` with what was received.
 */
function withScorers({ flags, settings }: CommandInput): PartialConfig {
  const said = flags.scorer as string[] | undefined;
  if (said === undefined) return settings;
  const scorers = said.map((text) => {
    const [from = '', ...pairs] = text.split(',');
    const scorer: Record<string, string | number> = { from };
    for (const pair of pairs) {
      const [, key, value] = /^(name|min|max|top)=(.+)$/.exec(pair) ?? [];
      if (key === undefined || value === undefined) {
        throw new WitError(
          'config',
          `--scorer expects FROM and after commas min=, max=, top= or name=, received ${JSON.stringify(text)}`,
        );
      }
      scorer[key] = key === 'name' ? value : Number(value);
    }
    return scorer as { from: string };
  });
  return mergeSettings(settings, { filter: { scorers } });
}

/** @throws WitError `config` naming a word that is no reason. */
function reasonsIn(values: readonly string[] = []): Reason[] {
  return namesIn(values).flatMap((name) => {
    if (name === 'all-retryable') return RETRYABLE;
    if (Object.hasOwn(REASONS, name)) return [name as Reason];
    throw new WitError('config', `--retry-failed: no such reason: ${JSON.stringify(name)}`, {
      hint: `Reasons that may pass: ${RETRYABLE.join(', ')}; all-retryable stands for all of them. wit stats shows what was lost for which reason.`,
    });
  });
}
