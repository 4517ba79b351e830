/**
 * Reads the sitemaps of sites: those named in robots.txt, and /sitemap.xml. They give pages to visit and,
 * where they use the image extension, candidates.
 */

import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../core/errors.js';
import { candidateId } from '../../core/ids.js';
import { mapOrdered } from '../../core/ordered.js';
import type { Loss } from '../../core/reasons.js';
import type { SourceResult } from '../../core/source.js';
import type { Candidate, TextSource } from '../../core/types.js';
import { resolveUrl } from '../extract.js';
import type { WebClient } from '../net/client.js';
import { parseUrl } from '../net/guard.js';
import { parseSitemap, type SitemapPage } from '../sitemap.js';
import { boundedText } from '../text.js';
import { lostPage } from './found.js';
import type { Scope } from './frontier/scope.js';

/** Sitemap files read for one site, and the URLs taken from one file (the protocol's own limit). */
const MAX_SITEMAPS = 1_000;
const MAX_SITEMAP_URLS = 50_000;
/** Unpacked, the same limit as the client's for the file as sent. */
const MAX_SITEMAP_BYTES = 50 * 1024 * 1024;
/** Sites begun at once: each may hold a sitemap of full size in memory. */
const SITES_AT_ONCE = 8;

export interface SiteOptions {
  readonly client: WebClient;
  readonly scope: Scope;
  /** Pages taken from one site: no more of one host would be visited. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** What the sitemaps of `sites` (`https://host`) list, in the order of the sites, a file at a time. */
export async function* readSites(
  sites: readonly string[],
  options: SiteOptions,
): AsyncGenerator<SourceResult> {
  // Up to its first sitemap each site is read ahead of its turn; few have more than one.
  const begin = async (site: string) => {
    const rest = readSite(site, options);
    return { first: await rest.next(), rest };
  };
  const limits = { concurrency: SITES_AT_ONCE, window: SITES_AT_ONCE, signal: options.signal };
  for await (const { first, rest } of mapOrdered(sites, begin, limits)) {
    if (first.done) continue;
    yield first.value;
    yield* rest;
  }
}

async function* readSite(site: string, options: SiteOptions): AsyncGenerator<SourceResult> {
  const { client, limit, signal } = options;
  const rules = await client.robotsRules(site, signal);
  const listed = (rules?.sitemaps ?? []).map((url) => parseUrl(url, site)?.href ?? url);
  const guessed = `${site}/sitemap.xml`;
  const queue = [...new Set([...listed, guessed])].slice(0, MAX_SITEMAPS);
  const seen = new Set(queue);
  let pages = 0;
  for (let next = queue.shift(); next !== undefined && pages < limit; next = queue.shift()) {
    const fetched = await client.get(next, { kind: 'sitemap', signal });
    const text = fetched.ok ? unpack(fetched.body) : fetched.loss;
    if (typeof text !== 'string') {
      // That a site has no sitemap where none was promised is no loss.
      if (next === guessed && !listed.includes(guessed)) continue;
      yield { ...lostPage(next, text), counts: {} };
      continue;
    }
    const sitemap = parseSitemap(text, MAX_SITEMAP_URLS);
    for (const url of sitemap.sitemaps) {
      const absolute = parseUrl(url, next)?.href;
      if (absolute === undefined || seen.has(absolute) || seen.size >= MAX_SITEMAPS) continue;
      seen.add(absolute);
      queue.push(absolute);
    }
    const found = await listedPages(sitemap.pages, next, { ...options, limit: limit - pages });
    pages += found.links.length;
    yield { ...found, rejects: [], counts: { sitemaps: 1 } };
  }
}

async function listedPages(
  pages: readonly SitemapPage[],
  sitemapUrl: string,
  { client, scope, limit, signal }: SiteOptions,
): Promise<Pick<SourceResult, 'candidates' | 'links'>> {
  const base = parseUrl(sitemapUrl);
  const links = new Set<string>();
  const candidates = new Map<string, Candidate>();
  for (const { url, images } of pages) {
    if (links.size >= limit) break;
    const pageUrl = resolveUrl(url, base);
    if (pageUrl === undefined || !scope.admits(pageUrl)) continue;
    links.add(pageUrl);
    // A page that its host closes is not to be known through its sitemap either.
    if (images.length === 0 || !(await client.mayUsePage(new URL(pageUrl), signal))) continue;
    for (const image of images) {
      const imageUrl = resolveUrl(image.url, base);
      if (imageUrl === undefined) continue;
      for (const [textSource, text] of textsOf(image)) {
        const license = boundedText(image.license ?? '');
        const id = candidateId(imageUrl, text);
        const candidate: Candidate = { id, imageUrl, text, textSource, pageUrl, source: 'web' };
        if (license !== '') candidate.license = license;
        if (!candidates.has(id)) candidates.set(id, candidate);
      }
    }
  }
  return { candidates: [...candidates.values()], links: [...links] };
}

/** Caption and title; an image without either stands with no text, as one on a page does. */
function textsOf(image: SitemapPage['images'][number]): [TextSource, string][] {
  const texts: [TextSource, string][] = [
    ['caption', boundedText(image.caption ?? '')],
    ['title', boundedText(image.title ?? '')],
  ];
  const named = texts.filter(([, text]) => text !== '');
  return named.length > 0 ? named : [['alt', '']];
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
