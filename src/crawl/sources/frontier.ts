/**
 * Which pages a crawl has visited and may still visit: allowed hosts, each page once, and a budget of
 * pages per host. Pure bookkeeping; what it admits depends on what it is given, not on when.
 */

import { anyAddress, parseUrl, refuseUrl } from '../net/guard.js';

export interface FrontierOptions {
  /** `example.org` (also its `www.`) or `*.example.org` (every host below it, and itself). */
  readonly hosts: readonly string[];
  readonly maxPagesPerHost: number;
}

/** Links to these are to files, not to pages; asking for each would only fill the list of losses. */
const FILE =
  /\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?|ico|pdf|zip|gz|bz2|xz|7z|rar|tar|exe|dmg|iso|mp[34]|m4[av]|avi|mov|mkv|webm|og[gv]|wav|flac|css|js|mjs|json|woff2?|ttf|otf|eot|docx?|xlsx?|pptx?|epub)$/i;

export class Frontier {
  readonly #exact = new Set<string>();
  readonly #suffixes: string[] = [];
  readonly #maxPagesPerHost: number;
  readonly #seen = new Set<string>();
  readonly #admitted = new Map<string, number>();

  constructor(options: FrontierOptions) {
    this.#maxPagesPerHost = options.maxPagesPerHost;
    for (const host of options.hosts) {
      const name = host.trim().toLowerCase();
      if (name.startsWith('*.')) {
        this.#exact.add(withoutWww(name.slice(2)));
        this.#suffixes.push(name.slice(1));
      } else {
        // Through the URL parser, so that an international name equals its punycode.
        this.#exact.add(withoutWww(parseUrl(`http://${name}`)?.hostname ?? name));
      }
    }
  }

  /** Whether a page may be visited at all, budget and history aside. */
  mayVisit(link: string): boolean {
    const url = parseUrl(link);
    if (url === undefined || refuseUrl(url, anyAddress) !== undefined || FILE.test(url.pathname)) {
      return false;
    }
    return (
      this.#exact.has(withoutWww(url.hostname)) ||
      this.#suffixes.some((suffix) => url.hostname.endsWith(suffix))
    );
  }

  /**
   * Of `links`, those to visit now: allowed, not seen before, within their host's budget; sorted by
   * host, then URL, so that pages of one host are together.
   */
  admit(links: readonly string[]): string[] {
    const fresh: { url: string; host: string }[] = [];
    for (const link of links) {
      const url = parseUrl(link);
      if (url === undefined) continue;
      url.hash = '';
      if (this.#seen.has(url.href) || !this.mayVisit(url.href)) continue;
      this.#seen.add(url.href);
      fresh.push({ url: url.href, host: url.host });
    }
    fresh.sort((a, b) => compare(a.host, b.host) || compare(a.url, b.url));
    return fresh
      .filter(({ host }) => {
        const before = this.#admitted.get(host) ?? 0;
        if (before >= this.#maxPagesPerHost) return false;
        this.#admitted.set(host, before + 1);
        return true;
      })
      .map(({ url }) => url);
  }
}

function withoutWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : host;
}

/** By code units: the same order on every machine, unlike localeCompare. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
