/**
 * Which pages a crawl may visit at all, budgets and history aside: allowed hosts, no files, no traps.
 * It looks at URLs as `resolveUrl` gives them (http or https, no credentials, no fragment) and does not
 * parse them again: pages have a hundred links each.
 */

import { parseUrl } from '../../net/guard.js';

export interface ScopeOptions {
  /** `example.org` (also its `www.`) or `*.example.org` (every host below it, and itself). */
  readonly hosts: readonly string[];
  /** Every host. */
  readonly anyHost: boolean;
}

/** Links to these are to files, not to pages; asking for each would only fill the list of losses. */
const FILE =
  /\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?|ico|pdf|zip|gz|bz2|xz|7z|rar|tar|exe|dmg|iso|mp[34]|m4[av]|avi|mov|mkv|webm|og[gv]|wav|flac|css|js|mjs|json|woff2?|ttf|otf|eot|docx?|xlsx?|pptx?|epub)$/i;

/** The limits by which Heritrix, the Internet Archive's crawler, tells traps. */
const MAX_SEGMENTS = 20;
const MAX_REPETITIONS = 2;

export class Scope {
  readonly #anyHost: boolean;
  readonly #exact = new Set<string>();
  readonly #suffixes: string[] = [];

  constructor({ hosts, anyHost }: ScopeOptions) {
    this.#anyHost = anyHost;
    for (const host of hosts) {
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

  /** Whether the page `href` may be visited. */
  admits(href: string): boolean {
    const start = href.indexOf('//') + 2;
    const slash = href.indexOf('/', start);
    if (!this.#anyHost && !this.#admitsHost(hostname(href.slice(start, slash)))) return false;
    const query = href.indexOf('?', slash);
    const path = query === -1 ? href.slice(slash) : href.slice(slash, query);
    return !FILE.test(path) && !isTrap(path);
  }

  #admitsHost(name: string): boolean {
    return (
      this.#exact.has(withoutWww(name)) || this.#suffixes.some((suffix) => name.endsWith(suffix))
    );
  }
}

/**
 * Paths that relative links make longer with every page: more than twenty segments, or some segments
 * three times in a row (`/a/b/a/b/a/b`). Endless queries are left to the host's budget.
 */
function isTrap(path: string): boolean {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length > MAX_SEGMENTS) return true;
  for (let period = 1; period * (MAX_REPETITIONS + 1) <= segments.length; period++) {
    let same = 0;
    for (let i = period; i < segments.length; i++) {
      same = segments[i] === segments[i - period] ? same + 1 : 0;
      if (same === period * MAX_REPETITIONS) return true;
    }
  }
  return false;
}

/** Without the port. */
function hostname(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
}

function withoutWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : host;
}
