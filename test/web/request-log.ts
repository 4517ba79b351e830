/** What the small internet has been asked for, so that tests can judge a crawler's manners. */

import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request. */
export interface Seen {
  readonly method: string;
  readonly host: string;
  /** Path and query. */
  readonly url: string;
  readonly userAgent: string;
  /** Requests for this host and URL so far, this one included. */
  readonly timesAsked: number;
  /** When it arrived, in milliseconds of a clock that only goes forward. */
  readonly atMs: number;
  /** When the answer was over; absent while it lasts. */
  endMs?: number;
  /** Absent while no answer has begun, and where none ever did. */
  status?: number;
}

export class RequestLog {
  /** In order of arrival. */
  readonly all: Seen[] = [];
  /** What went wrong inside the server itself: empty, unless there is a mistake in it. */
  readonly failures: unknown[] = [];
  readonly #counts = new Map<string, Map<string, number>>();

  add(host: string, url: string, request: IncomingMessage): Seen {
    const urls = this.#counts.get(host) ?? new Map<string, number>();
    this.#counts.set(host, urls);
    const timesAsked = (urls.get(url) ?? 0) + 1;
    urls.set(url, timesAsked);
    const seen: Seen = {
      method: request.method ?? '',
      host,
      url,
      userAgent: request.headers['user-agent'] ?? '',
      timesAsked,
      atMs: performance.now(),
    };
    this.all.push(seen);
    return seen;
  }

  finish(seen: Seen, response: ServerResponse): void {
    seen.endMs = performance.now();
    if (response.headersSent) seen.status = response.statusCode;
  }

  /** How often an absolute URL, or anything on a host, has been asked for. */
  count(urlOrHost: string): number {
    if (!urlOrHost.includes('://')) {
      return [...(this.#counts.get(urlOrHost)?.values() ?? [])].reduce((sum, n) => sum + n, 0);
    }
    const { hostname, pathname, search } = new URL(urlOrHost);
    return this.#counts.get(hostname)?.get(pathname + search) ?? 0;
  }

  /** Requests to one host, in order of arrival. */
  of(host: string): Seen[] {
    return this.all.filter((seen) => seen.host === host);
  }

  /** Hosts that have been asked for anything. */
  hosts(): string[] {
    return [...this.#counts.keys()];
  }
}
