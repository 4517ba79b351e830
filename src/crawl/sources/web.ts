/**
 * The source `web`: starts at seed pages, follows links and sitemaps within given hosts, breadth
 * first. A page's depth is how many links it is away from a seed; what a sitemap lists counts as one
 * link away. Which pages a round visits depends only on the links found before it: they are sorted and
 * cut to each host's budget before anything is fetched.
 */

import type { SourcesConfig } from '../../config.js';
import { WitError } from '../../core/errors.js';
import { contentId, sha256 } from '../../core/ids.js';
import { mapOrdered } from '../../core/ordered.js';
import type { Loss } from '../../core/reasons.js';
import type {
  Links,
  PlanContext,
  SourceResult,
  SourceUnit,
  StreamingSource,
} from '../../core/source.js';
import { decodeHtml } from '../charset.js';
import { extractPage, type Page } from '../extract.js';
import type { WebClient } from '../net/client.js';
import { mayFollow, optOutOf, robotsTag } from '../net/optout.js';
import type { Head } from '../net/resource.js';
import { type Found, lostPage } from './found.js';
import { Frontier } from './frontier/frontier.js';
import { Scope } from './frontier/scope.js';
import { readSeedFile, seedHosts, seedUrls } from './seeds.js';
import { readSites } from './sites.js';

/** Pages to visit, sites (`https://host`) whose sitemaps to read, or a file of seeds. */
export type WebUnit =
  | { readonly pages: readonly string[] }
  | { readonly sites: readonly string[] }
  | { readonly seedFile: string };

/** Requests one unit offers to the client at once; pace is the client's affair. */
const UNIT_CONCURRENCY = 64;
/** Sites whose sitemaps one unit reads. */
const SITES_IN_UNIT = 100;
/** Links of a unit that are remembered, so that what every page links to is written once. */
const REMEMBERED_LINKS = 100_000;

const PAGE_TYPES = new Set(['text/html', 'application/xhtml+xml', '']);

/**
 * The web source for `config.seeds` and `config.seedFiles`.
 * @throws WitError `config` naming a seed that is no http(s) URL or lies outside `config.hosts`;
 *   `missing_file` naming a seed file.
 */
export async function createWebSource(
  config: SourcesConfig,
  client: WebClient,
  options: { concurrency?: number } = {},
): Promise<StreamingSource<WebUnit>> {
  const seeds = seedUrls(config.seeds).map(({ href }) => href);
  const scope = await scopeOf(config);
  for (const seed of seeds) {
    if (scope.admits(seed)) continue;
    throw new WitError('config', `Seed ${JSON.stringify(seed)} would never be visited`, {
      hint: 'Seeds are pages (not files) on the hosts that may be visited (sources.hosts).',
    });
  }
  const { concurrency = UNIT_CONCURRENCY } = options;
  const { seedFiles, maxDepth, maxPagesPerHost, unitSize } = config;
  /** Rounds before that of depth 0. */
  const ahead = seedFiles.length > 0 ? 1 : 0;

  return {
    name: 'web',

    async *plan(round, context) {
      const unit = numbered(round);
      if (round < ahead) {
        context.expect(seedFiles.length);
        for (const seedFile of seedFiles) yield unit({ seedFile });
        return;
      }
      const depth = round - ahead;
      if (depth > maxDepth) return;
      const { folder, signal } = context;
      const frontier = new Frontier({ folder, maxPagesPerHost });
      const found = (depth: number) =>
        depth === 0 ? startOf(seeds, ahead, context) : context.links(depth - 1 + ahead);
      context.expect(await frontier.advance(depth, found, signal));
      for (const pages of frontier.pages(depth, unitSize)) yield unit({ pages });
      if (depth > 0 || !config.sitemaps || maxDepth === 0) return;
      for (const sites of sitesOf(frontier.pages(0, unitSize))) yield unit({ sites });
    },

    stream({ input }, signal) {
      if ('seedFile' in input) return readSeedFile(input.seedFile, scope);
      if ('sites' in input) {
        return readSites(input.sites, { client, scope, limit: maxPagesPerHost, signal });
      }
      return readPages(input.pages, { client, scope, concurrency, signal });
    },
  };
}

async function scopeOf(config: SourcesConfig): Promise<Scope> {
  const { anyHost } = config;
  if (!anyHost) {
    const hosts = config.hosts.length > 0 ? config.hosts : await seedHosts(config);
    return new Scope({ hosts, anyHost });
  }
  if (config.hosts.length > 0) {
    throw new WitError('config', 'sources.hosts and sources.anyHost cannot both be set', {
      hint: 'Name the hosts that may be visited with --host, or allow all with --any-host.',
    });
  }
  return new Scope({ hosts: [], anyHost });
}

/** What depth 0 begins with: the seeds of the settings, then those of the files. */
function startOf(seeds: readonly string[], ahead: number, context: PlanContext): Links {
  const fromFiles = ahead > 0 ? context.links(0) : undefined;
  return {
    digest: sha256(JSON.stringify([seeds, fromFiles?.digest])),
    async *batches() {
      yield seeds;
      if (fromFiles !== undefined) yield* fromFiles.batches();
    },
  };
}

/** Ids tell round and place to people, and pin the input, so that no other can pass for it. */
function numbered(round: number): (input: WebUnit) => SourceUnit<WebUnit> {
  let index = 0;
  return (input) => {
    const digest = contentId(JSON.stringify(input)).slice(0, 8);
    const id = `web-${round}-${String(index++).padStart(5, '0')}-${digest}`;
    return { id, input, size: sizeOf(input) };
  };
}

/** In pages. What sitemaps will list is not known, nor how many there are: they are passed over. */
function sizeOf(input: WebUnit): number {
  if ('pages' in input) return input.pages.length;
  return 'seedFile' in input ? 1 : 0;
}

/** The sites of sorted pages, some at a time. */
function* sitesOf(batches: Iterable<readonly string[]>): Generator<string[]> {
  let sites: string[] = [];
  // Pages of a host stand together, so each of its one or two schemes need be remembered no longer.
  let host = '';
  let schemes = new Set<string>();
  for (const pages of batches) {
    for (const page of pages) {
      const [scheme = '', , name = ''] = page.split('/', 3);
      if (name !== host) schemes = new Set();
      host = name;
      if (schemes.has(scheme)) continue;
      schemes.add(scheme);
      sites.push(`${scheme}//${host}`);
      if (sites.length < SITES_IN_UNIT) continue;
      yield sites;
      sites = [];
    }
  }
  if (sites.length > 0) yield sites;
}

interface PageOptions {
  readonly client: WebClient;
  readonly scope: Scope;
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** What `pages` give, in their order, a page at a time. */
async function* readPages(
  pages: readonly string[],
  options: PageOptions,
): AsyncGenerator<SourceResult> {
  const { concurrency, signal } = options;
  const remembered = new Set<string>();
  const work = (url: string) => readPage(url, options);
  const limits = { concurrency, window: concurrency, signal };
  for await (const { candidates, rejects, links } of mapOrdered(pages, work, limits)) {
    const fresh = links.filter((link) => !remembered.has(link));
    if (remembered.size + fresh.length > REMEMBERED_LINKS) remembered.clear();
    for (const link of fresh) remembered.add(link);
    yield { candidates, rejects, links: fresh, counts: { pages: 1 }, worked: 1 };
  }
}

async function readPage(url: string, { client, scope, signal }: PageOptions): Promise<Found> {
  const fetched = await client.get(url, { kind: 'page', signal, check: judgePage });
  if (!fetched.ok) return lostPage(url, fetched.loss);
  const contentType = [fetched.headers['content-type'] ?? ''].flat()[0] ?? '';
  const html = decodeHtml(fetched.body, contentType);
  if (fetched.contentType === '' && !/^\s*</.test(html.slice(0, 1_000))) {
    return lostPage(url, { reason: 'wrong_content_type', detail: 'no content type, and not HTML' });
  }
  const page = extractPage(html, fetched.url);
  const header = robotsTag(fetched.headers['x-robots-tag']);
  const links = mayFollow(header) ? linksOf(page, fetched.url, scope) : [];
  // Only now, as a page's metas override its headers, and as its links may be followed all the same.
  const optOut = optOutOf({ ...fetched, metas: page.metas }, client.honours);
  if (optOut !== undefined) return { ...lostPage(url, optOut), links };
  return { candidates: page.candidates, rejects: [], links };
}

/**
 * The links to follow. A page that names another as its canonical one says that it holds the same or
 * less (RFC 6596 §3), so its links are left to that page: this is what ends the endless variants of a
 * list by sorting and session. Not so when the other is the site's front page, a common mistake.
 */
function linksOf({ canonical, links, nofollow }: Page, url: string, scope: Scope): string[] {
  const isElsewhere =
    canonical !== undefined &&
    nofollow !== true &&
    canonical !== url &&
    new URL(canonical).pathname !== '/' &&
    scope.admits(canonical);
  return isElsewhere ? [canonical] : links.filter((link) => scope.admits(link));
}

function judgePage({ contentType }: Head): Loss | undefined {
  return PAGE_TYPES.has(contentType)
    ? undefined
    : { reason: 'wrong_content_type', detail: contentType };
}
