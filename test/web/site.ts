/**
 * What the small internet is made of, as plain data: hosts with resources by path. Nothing here
 * listens; internet.ts serves it over HTTP, and tests read it directly.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { escapeHtml } from './html.js';

/** All files of the small internet were last changed at this moment. */
export const LAST_MODIFIED = 'Sat, 01 Jan 2022 00:00:00 GMT';

/** One request, and how often the world has been asked for the same before. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Requests for this URL so far, this one included. */
  timesAsked: number;
  /** Aborted when the server closes. */
  signal: AbortSignal;
}

/** Something with a body, made when it is asked for and then kept. */
export interface Content {
  kind: 'content';
  type: string;
  status: number;
  headers: Readonly<Record<string, string>>;
  body: () => string | Buffer | Promise<Buffer>;
  /** Which picture it is, where it is one. */
  picture?: { designer: string; hex: string };
}

/** Something that answers in its own way: stalls, breaks off, counts. */
export interface Behaviour {
  kind: 'behaviour';
  answer: (exchange: Exchange) => Promise<void> | void;
}

export type Resource = Content | Behaviour;

/** The answer to give instead of the resource, or undefined to go on. */
export type Gate = (url: string, exchange: Exchange) => Content | undefined;

export class Site {
  readonly host: string;
  /** By path and query, as they stand in the request line. */
  readonly resources = new Map<string, Resource>();
  /** Waits this long before each answer. */
  delayMs = 0;
  /** Makes what stands before every answer of this host, anew for each server. */
  makeGate: (() => Gate) | undefined;

  constructor(host: string) {
    this.host = host;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** Adds a resource and returns its absolute URL. A path may be given only once. */
  add(path: string, resource: Resource): string {
    if (this.resources.has(path)) throw new RangeError(`${this.host}${path} exists already`);
    this.resources.set(path, resource);
    return this.origin + path;
  }

  html(path: string, body: () => string, headers: Record<string, string> = {}): string {
    return this.add(path, content('text/html; charset=utf-8', body, { headers }));
  }

  text(path: string, body: string, type = 'text/plain; charset=utf-8'): string {
    return this.add(
      path,
      content(type, () => body),
    );
  }

  /** robots.txt, a sitemap index and one sitemap for each 200 of the pages (absolute URLs). */
  sitemaps(pages: readonly string[], robots: string[] = []): void {
    const parts: string[] = [];
    for (let at = 0; at < pages.length; at += 200) {
      const urls = pages
        .slice(at, at + 200)
        .map((url) => `<url><loc>${escapeHtml(url)}</loc></url>`);
      const path = `/sitemap-${parts.length + 1}.xml`;
      parts.push(this.text(path, xml('urlset', urls), 'application/xml'));
    }
    const entries = parts.map((url) => `<sitemap><loc>${escapeHtml(url)}</loc></sitemap>`);
    const index = this.text('/sitemap.xml', xml('sitemapindex', entries), 'application/xml');
    const rules = robots.length > 0 ? robots : ['User-agent: *', 'Disallow:'];
    this.text('/robots.txt', [...rules, '', `Sitemap: ${index}`, ''].join('\n'));
  }
}

export function content(
  type: string,
  body: Content['body'],
  options: { status?: number; headers?: Record<string, string>; picture?: Content['picture'] } = {},
): Content {
  const { status = 200, headers = {}, picture } = options;
  return { kind: 'content', type, status, headers, body, ...(picture && { picture }) };
}

export function behaviour(answer: Behaviour['answer']): Behaviour {
  return { kind: 'behaviour', answer };
}

/** A redirect, with the short HTML that servers send along. */
export function redirect(to: string, status = 302): Content {
  const body = () => `<a href="${escapeHtml(to)}">Moved</a>\n`;
  return content('text/html; charset=utf-8', body, { status, headers: { Location: to } });
}

/** An error page. */
export function failure(
  status: number,
  words: string,
  headers: Record<string, string> = {},
): Content {
  const body = () => `<!doctype html><title>${status}</title><h1>${status} ${words}</h1>\n`;
  return content('text/html; charset=utf-8', body, { status, headers });
}

/** A strong validator that depends on the bytes alone. */
export function etag(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
}

function xml(root: string, entries: readonly string[]): string {
  const namespace = 'http://www.sitemaps.org/schemas/sitemap/0.9';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${namespace}">\n${entries.join('\n')}\n</${root}>\n`;
}

/** The hosts of a web, made on first mention. */
export class Hosts {
  readonly #sites = new Map<string, Site>();

  site(host: string): Site {
    let site = this.#sites.get(host);
    if (site === undefined) {
      site = new Site(host);
      this.#sites.set(host, site);
    }
    return site;
  }

  get(host: string): Site | undefined {
    return this.#sites.get(host);
  }

  all(): Site[] {
    return [...this.#sites.values()];
  }
}
