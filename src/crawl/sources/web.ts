/**
 * The source `web`: starts at seed pages, follows links and sitemaps within given hosts, breadth
 * first. Round n visits the pages that are n links away from a seed; what a sitemap lists counts as
 * one link away. Which pages a round visits depends only on the links found before it: they are
 * normalised, sorted, and cut to each host's budget before anything is fetched.
 */

import { gunzipSync } from 'node:zlib';
import type { SourcesConfig } from '../../config.js';
import { messageOf, WitError } from '../../core/errors.js';
import { contentId } from '../../core/ids.js';
import { mapOrdered } from '../../core/ordered.js';
import type { Loss } from '../../core/reasons.js';
import type { Source, SourceResult, SourceUnit } from '../../core/source.js';
import type { Candidate, Reject } from '../../core/types.js';
import { decodeHtml } from '../charset.js';
import { extractPage } from '../extract.js';
import type { WebClient } from '../net/client.js';
import { anyAddress, parseUrl, refuseUrl } from '../net/guard.js';
import { mayFollow, optOutOf, robotsTag } from '../net/optout.js';
import type { Head } from '../net/resource.js';
import { parseSitemap } from '../sitemap.js';
import { Frontier } from './frontier.js';

/** Either pages to visit, or a site (`https://host`) whose sitemaps to read. */
export type WebUnit = { readonly pages: readonly string[] } | { readonly site: string };

/** Requests one unit offers to the client at once; pace is the client's affair. */
const UNIT_CONCURRENCY = 64;
/** Sitemap files read for one site, and the URLs taken from one file (the protocol's own limit). */
const MAX_SITEMAPS = 1_000;
const MAX_SITEMAP_URLS = 50_000;

/** Unpacked, the same limit as the client's for the file as sent. */
const MAX_SITEMAP_BYTES = 50 * 1024 * 1024;

const PAGE_TYPES = new Set(['text/html', 'application/xhtml+xml', '']);

/** What one page, or one sitemap, gave. */
interface Found {
  readonly candidates: readonly Candidate[];
  readonly rejects: readonly Reject[];
  readonly links: readonly string[];
}

/**
 * The web source for `config.seeds`.
 * @throws WitError `config` naming a seed that is no http(s) URL or lies outside `config.hosts`.
 */
export function createWebSource(
  config: SourcesConfig,
  client: WebClient,
  options: { concurrency?: number } = {},
): Source<WebUnit> {
  const seeds = config.seeds.map(seedUrl);
  const hosts = config.hosts.length > 0 ? config.hosts : seeds.map((seed) => seed.hostname);
  const frontier = new Frontier({ hosts, maxPagesPerHost: config.maxPagesPerHost });
  for (const { href } of seeds) {
    if (frontier.mayVisit(href)) continue;
    throw new WitError('config', `Seed ${JSON.stringify(href)} would never be visited`, {
      hint: `Seeds are pages (not files) on the hosts that may be visited: ${hosts.join(', ')}.`,
    });
  }
  const concurrency = options.concurrency ?? UNIT_CONCURRENCY;

  return {
    name: 'web',

    async plan(round, links) {
      if (round > config.maxDepth) return [];
      const found = round === 0 ? seeds.map((seed) => seed.href) : links;
      const pages = frontier.admit(found);
      const units: WebUnit[] = [];
      for (let at = 0; at < pages.length; at += config.unitSize) {
        units.push({ pages: pages.slice(at, at + config.unitSize) });
      }
      if (round === 0 && config.sitemaps && config.maxDepth > 0) {
        const sites = new Set(seeds.map((seed) => seed.origin));
        for (const site of [...sites].sort()) units.push({ site });
      }
      return units.map((input, index) => unitOf(round, index, input));
    },

    async run({ input }, signal) {
      if ('site' in input) {
        return await readSite(input.site, client, frontier, config.maxPagesPerHost, signal);
      }
      const result = new UnitResult();
      const work = (url: string) => readPage(url, client, frontier, signal);
      for await (const found of mapOrdered(input.pages, work, { concurrency, signal })) {
        result.add(found);
      }
      return result.whole({ pages: input.pages.length });
    },
  };
}

function seedUrl(seed: string): URL {
  const url = parseUrl(seed);
  const refused =
    url === undefined ? { detail: 'it is not an absolute URL' } : refuseUrl(url, anyAddress);
  if (url === undefined || refused !== undefined) {
    throw new WitError('config', `Seed ${JSON.stringify(seed)}: ${refused?.detail}`, {
      hint: 'Give seeds as whole URLs, for example https://example.org/.',
    });
  }
  url.hash = '';
  return url;
}

/** The id tells the round and place to people, and pins the input, so that no other can pass for it. */
function unitOf(round: number, index: number, input: WebUnit): SourceUnit<WebUnit> {
  const digest = contentId(JSON.stringify(input)).slice(0, 8);
  return { id: `web-${round}-${String(index).padStart(5, '0')}-${digest}`, input };
}

async function readPage(
  url: string,
  client: WebClient,
  frontier: Frontier,
  signal: AbortSignal,
): Promise<Found> {
  const fetched = await client.get(url, { kind: 'page', signal, check: judgePage });
  if (!fetched.ok) return lost(url, fetched.loss);
  const contentType = [fetched.headers['content-type'] ?? ''].flat()[0] ?? '';
  const html = decodeHtml(fetched.body, contentType);
  if (fetched.contentType === '' && !/^\s*</.test(html.slice(0, 1_000))) {
    return lost(url, { reason: 'wrong_content_type', detail: 'no content type, and not HTML' });
  }
  const page = extractPage(html, fetched.url);
  const header = robotsTag(fetched.headers['x-robots-tag']);
  const links = mayFollow(header) ? page.links.filter((link) => frontier.mayVisit(link)) : [];
  // Only now, as a page's metas override its headers, and as its links may be followed all the same.
  const optOut = optOutOf({ ...fetched, metas: page.metas }, client.honours);
  if (optOut !== undefined) return { ...lost(url, optOut), links };
  return { candidates: page.candidates, rejects: [], links };
}

function judgePage({ contentType }: Head): Loss | undefined {
  return PAGE_TYPES.has(contentType)
    ? undefined
    : { reason: 'wrong_content_type', detail: contentType };
}

/**
 * The pages that a site's sitemaps list: those named in robots.txt, and /sitemap.xml. At most `limit`
 * of them, as no more of one host would be visited.
 */
async function readSite(
  site: string,
  client: WebClient,
  frontier: Frontier,
  limit: number,
  signal: AbortSignal,
): Promise<SourceResult> {
  const rules = await client.robotsRules(site, signal);
  const listed = (rules?.sitemaps ?? []).map((url) => parseUrl(url, site)?.href ?? url);
  const guessed = `${site}/sitemap.xml`;
  const queue = [...new Set([...listed, guessed])].slice(0, MAX_SITEMAPS);
  const seen = new Set(queue);
  const links = new Set<string>();
  const result = new UnitResult();
  let sitemaps = 0;
  for (let next = queue.shift(); next !== undefined && links.size < limit; next = queue.shift()) {
    const fetched = await client.get(next, { kind: 'sitemap', signal });
    const text = fetched.ok ? unpack(fetched.body) : fetched.loss;
    if (typeof text !== 'string') {
      // That a site has no sitemap where none was promised is no loss.
      if (next !== guessed || listed.includes(guessed)) result.add(lost(next, text));
      continue;
    }
    sitemaps++;
    const sitemap = parseSitemap(text, MAX_SITEMAP_URLS);
    for (const url of sitemap.sitemaps) {
      const absolute = parseUrl(url, next)?.href;
      if (absolute === undefined || seen.has(absolute) || seen.size >= MAX_SITEMAPS) continue;
      seen.add(absolute);
      queue.push(absolute);
    }
    for (const url of sitemap.pages) {
      const absolute = parseUrl(url, next);
      if (absolute === undefined || links.size >= limit) continue;
      absolute.hash = '';
      if (frontier.mayVisit(absolute.href)) links.add(absolute.href);
    }
  }
  result.add({ candidates: [], rejects: [], links: [...links] });
  return result.whole({ sitemaps });
}

/** A sitemap's text; `.xml.gz` files are packed in themselves, whatever the headers say. */
function unpack(body: Buffer): string | Loss {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body.toString('utf8');
  try {
    return gunzipSync(body, { maxOutputLength: MAX_SITEMAP_BYTES }).toString('utf8');
  } catch (error) {
    return { reason: 'bad_response', detail: `sitemap: ${messageOf(error)}` };
  }
}

/** Gathers what the pages of a unit gave, in their order, each link once. */
class UnitResult {
  readonly #candidates: Candidate[] = [];
  readonly #rejects: Reject[] = [];
  readonly #links = new Set<string>();

  add({ candidates, rejects, links }: Found): void {
    for (const candidate of candidates) this.#candidates.push(candidate);
    for (const reject of rejects) this.#rejects.push(reject);
    for (const link of links) this.#links.add(link);
  }

  whole(counts: Record<string, number>): SourceResult {
    return {
      candidates: this.#candidates,
      rejects: this.#rejects,
      links: [...this.#links],
      counts,
    };
  }
}

/** A page that gave nothing. Its record has no image and no text, only where it was. */
function lost(pageUrl: string, loss: Loss): Found {
  const reject: Reject = {
    id: contentId(pageUrl),
    imageUrl: '',
    text: '',
    textSource: 'alt',
    pageUrl,
    source: 'web',
    stage: 'discover',
    ...loss,
  };
  return { candidates: [], rejects: [reject], links: [] };
}
