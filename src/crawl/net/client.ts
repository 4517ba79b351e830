/**
 * The web, one `get` at a time: robots.txt, pace, the address guard, redirects, retries and limits.
 * A request that comes to nothing is an answer too, with its reason; only an abort throws.
 *
 * Redirects are followed here, not by undici, because every hop is checked like a first request:
 * URL, addresses, robots.txt and the pace of the host it leads to. A hop is retried on its own.
 */

import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { Agent } from 'undici';
import type { NetConfig } from '../../config.js';
import { type Clock, systemClock } from '../../core/clock.js';
import { WitError } from '../../core/errors.js';
import { isRetryable, type Loss } from '../../core/reasons.js';
import { version } from '../../core/version.js';
import { readBody } from './body.js';
import { guardedConnector, parseConnectTo, staysOnLoopback } from './connect.js';
import { DnsCache, nameServers, type Resolve } from './dns.js';
import { classifyError, classifyStatus, TimeoutError } from './errors.js';
import { type AddressPolicy, anyAddress, isPublicAddress, parseUrl, refuseUrl } from './guard.js';
import { ROBOT_TOKEN } from './optout.js';
import { Pace, type Try } from './pace.js';
import { MAX_ROBOTS_BYTES, type RobotsRules } from './robots.js';
import { RobotsCache } from './robots-cache.js';

export type ResourceKind = 'page' | 'image' | 'sitemap' | 'robots';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A response before its body is read. */
export interface Head {
  /** After redirects. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** The media type alone, lower-case (`text/html`); empty when not given. */
  readonly contentType: string;
}

export type Fetched =
  | ({ readonly ok: true; readonly body: Buffer } & Head)
  | { readonly ok: false; readonly loss: Loss; readonly status?: number };

export interface GetOptions {
  readonly kind: ResourceKind;
  readonly signal: AbortSignal;
  /** Judges the head of a successful response; a loss ends the request with its body unread. */
  readonly check?: (head: Head) => Loss | undefined;
}

export interface WebClientOptions {
  readonly clock?: Clock;
  /** Names to addresses; default: the machine's name servers. */
  readonly resolve?: Resolve;
  /** Addresses that may be connected to; default: public ones, or any with `net.allowPrivate`. */
  readonly allowed?: AddressPolicy;
}

/** RFC 9309 §2.3.1.2: at least five redirects of a robots.txt are followed. */
const MAX_ROBOTS_REDIRECTS = 5;
/** The sitemap protocol's own limit on an unpacked file. */
const MAX_SITEMAP_BYTES = 50 * 1024 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** A redirect's or error's body up to this size is read to its end, to keep the connection. */
const MAX_DRAIN_BYTES = 64 * 1024;

const ACCEPT: Readonly<Record<ResourceKind, string>> = {
  page: 'text/html,application/xhtml+xml;q=0.9',
  image: 'image/avif,image/webp,image/png,image/jpeg,image/*;q=0.8,*/*;q=0.5',
  sitemap: 'application/xml,text/xml,text/plain;q=0.8,*/*;q=0.5',
  robots: 'text/plain,*/*;q=0.5',
};

/** One try of one hop: an answer, a redirect, or a loss. */
type Hop =
  | { type: 'answer'; head: Head; body: Buffer }
  | { type: 'redirect'; to: URL; status: number }
  | { type: 'loss'; loss: Loss; status?: number };

export class WebClient {
  readonly userAgent: string;
  readonly #net: NetConfig;
  readonly #allowed: AddressPolicy;
  readonly #agent: Agent;
  readonly #pace: Pace;
  readonly #robots: RobotsCache;

  /**
   * @throws WitError `config` when no contact is given and the settings let requests leave this
   * machine, when the contact cannot stand in a header, or when a connectTo rule cannot be read.
   */
  constructor(net: NetConfig, options: WebClientOptions = {}) {
    const { clock = systemClock, resolve = nameServers() } = options;
    const rules = net.connectTo.map(parseConnectTo);
    this.#net = net;
    this.#allowed = options.allowed ?? (net.allowPrivate ? anyAddress : isPublicAddress);
    this.userAgent = userAgent(net.contact, staysOnLoopback(rules));
    this.#agent = new Agent({
      connect: guardedConnector({
        dns: new DnsCache({ resolve, clock }),
        rules,
        allowed: this.#allowed,
        timeoutMs: net.timeoutMs,
      }),
      connections: net.perHostConcurrency,
      maxHeaderSize: 32 * 1024,
      // The total time limit of each request stands in for undici's limits per socket operation.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#pace = new Pace({ ...net, clock });
    this.#robots = new RobotsCache({
      fetch: (url, signal) => this.get(url, { kind: 'robots', signal }),
      token: ROBOT_TOKEN,
      clock,
    });
  }

  /**
   * Gets `url`. Robots.txt is obeyed for every kind but `robots`.
   * @throws only the signal's reason, once it aborts.
   */
  async get(url: string, options: GetOptions): Promise<Fetched> {
    const { kind, signal } = options;
    // Any number of requests may wait on one signal; each takes its listeners away again.
    setMaxListeners(0, signal);
    const maxRedirects = kind === 'robots' ? MAX_ROBOTS_REDIRECTS : this.#net.maxRedirects;
    const visited = new Set<string>();
    // Time in flight of the hops before this one; waiting for pace is not counted.
    const spent = { ms: 0 };
    let next = parseUrl(url);
    if (next === undefined) return lost('bad_url', 'not an absolute URL');
    for (;;) {
      signal.throwIfAborted();
      next.hash = '';
      const refused = refuseUrl(next, this.#allowed);
      if (refused !== undefined) return { ok: false, loss: refused };
      let delayMs: number | undefined;
      if (this.#net.robots && kind !== 'robots') {
        const robots = await this.#robots.get(next.origin, signal);
        if (!robots.ok) return { ok: false, loss: robots.loss };
        if (!robots.rules.allows(next)) {
          return lost('robots_disallowed', `${next.origin}/robots.txt`);
        }
        delayMs = Math.min(robots.rules.crawlDelayMs ?? 0, this.#net.maxBackoffMs);
      }
      visited.add(next.href);
      const here: URL = next;
      const hop: Hop = await this.#pace.run(here.host, () => this.#try(here, options, spent), {
        signal,
        delayMs,
      });
      signal.throwIfAborted();
      if (hop.type === 'loss') {
        const { loss, status } = hop;
        return status === undefined ? { ok: false, loss } : { ok: false, loss, status };
      }
      if (hop.type === 'answer') return { ok: true, ...hop.head, body: hop.body };
      if (visited.has(hop.to.href)) {
        return lost('redirect_loop', `back to ${hop.to.href}`, hop.status);
      }
      if (visited.size > maxRedirects) {
        return lost('too_many_redirects', `more than ${maxRedirects}`, hop.status);
      }
      next = hop.to;
    }
  }

  /** The rules of the robots.txt of `origin`; undefined when it could not be had or is not obeyed. */
  async robotsRules(origin: string, signal: AbortSignal): Promise<RobotsRules | undefined> {
    const answer = await this.#robots.get(origin, signal);
    return answer.ok ? answer.rules : undefined;
  }

  /** Closes all connections at once. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #try(url: URL, options: GetOptions, spent: { ms: number }): Promise<Try<Hop>> {
    const { timeoutMs } = this.#net;
    const control = new AbortController();
    const onAbort = () => control.abort(options.signal.reason);
    options.signal.addEventListener('abort', onAbort, { once: true });
    const limitMs = Math.max(1, timeoutMs - spent.ms);
    const timer = setTimeout(
      () => control.abort(new TimeoutError(`no whole answer within ${timeoutMs} ms`)),
      limitMs,
    );
    const began = performance.now();
    try {
      const { hop, retryAfterMs } = await this.#request(url, options, control.signal);
      if (hop.type !== 'loss' || !isRetryable(hop.loss.reason)) {
        spent.ms += performance.now() - began;
        return { value: hop };
      }
      return { value: hop, retry: { afterMs: retryAfterMs } };
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  /** One exchange. Throws nothing: an abort shows as a loss, which the caller discards. */
  async #request(
    url: URL,
    options: GetOptions,
    signal: AbortSignal,
  ): Promise<{ hop: Hop; retryAfterMs?: number | undefined }> {
    const { kind } = options;
    let phase: 'head' | 'body' = 'head';
    let status: number | undefined;
    try {
      const response = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        headers: {
          'user-agent': this.userAgent,
          accept: ACCEPT[kind],
          // Images are compressed already.
          'accept-encoding': kind === 'image' ? 'identity' : 'gzip, deflate, br',
        },
        signal,
      });
      phase = 'body';
      status = response.statusCode;
      const { headers, body } = response;
      // A body that is cut off reports that as an error, to nobody in particular.
      body.on('error', () => {});
      const leave = async (hop: Hop) => {
        await discard(body, headers, signal);
        return { hop };
      };

      const location = first(headers.location);
      if (REDIRECTS.has(status) && location !== undefined) {
        const to = parseUrl(utf8(location), url);
        if (to === undefined) {
          return await leave(loss('bad_response', `Location ${JSON.stringify(location)}`, status));
        }
        to.hash = '';
        return await leave({ type: 'redirect', to, status });
      }
      const bad = classifyStatus(status);
      if (bad !== undefined) {
        const answer = await leave({ type: 'loss', loss: bad, status });
        return { ...answer, retryAfterMs: retryAfter(first(headers['retry-after'])) };
      }

      const contentType = mediaType(first(headers['content-type']));
      const head: Head = { url: url.href, status, headers, contentType };
      const refused = options.check?.(head);
      if (refused !== undefined) {
        body.destroy();
        return { hop: { type: 'loss', loss: refused, status } };
      }
      const maxBytes = this.#maxBytes(kind);
      const declared = Number(first(headers['content-length']));
      if (declared > maxBytes && kind !== 'robots') {
        body.destroy();
        const detail = `Content-Length ${declared}, at most ${maxBytes} allowed`;
        return { hop: loss('too_many_bytes', detail, status) };
      }
      const encoding = [headers['content-encoding'] ?? ''].flat().join(',');
      const overflow = kind === 'robots' ? 'cut' : 'refuse';
      const bytes = await readBody(body, encoding, { maxBytes, overflow });
      return { hop: { type: 'answer', head, body: bytes } };
    } catch (thrown) {
      // undici reports an abort as an error of its own here and there; the signal knows why.
      const error = signal.aborted ? signal.reason : thrown;
      const failure = classifyError(error, phase);
      return { hop: loss(failure.reason, failure.detail, status) };
    }
  }

  #maxBytes(kind: ResourceKind): number {
    switch (kind) {
      case 'page':
        return this.#net.maxPageBytes;
      case 'image':
        return this.#net.maxImageBytes;
      case 'sitemap':
        return MAX_SITEMAP_BYTES;
      case 'robots':
        return MAX_ROBOTS_BYTES;
    }
  }
}

/** `wit/VERSION (+CONTACT)`: who is asking, and where to complain. */
function userAgent(contact: string | undefined, loopbackOnly: boolean): string {
  if (contact === undefined) {
    if (loopbackOnly) return `${ROBOT_TOKEN}/${version}`;
    throw new WitError('config', 'A contact is needed before strangers are asked for pages', {
      hint: 'Set net.contact (--contact) to an e-mail address or a web page about your crawl.',
    });
  }
  if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(contact) || /[()\\]/.test(contact)) {
    throw new WitError(
      'config',
      `net.contact: cannot send ${JSON.stringify(contact)} in a header`,
      {
        hint: 'Use an e-mail address or URL in plain ASCII, without parentheses.',
      },
    );
  }
  return `${ROBOT_TOKEN}/${version} (+${contact})`;
}

/** Milliseconds of a Retry-After in seconds or as an HTTP date (RFC 9110 §10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Lets go of a body nobody wants: reads a short one to keep the connection, cuts off a long one. */
async function discard(
  body: Readable & { dump?: (options: { limit: number; signal: AbortSignal }) => Promise<void> },
  headers: Headers,
  signal: AbortSignal,
): Promise<void> {
  const length = Number(first(headers['content-length']) ?? 0);
  if (length <= MAX_DRAIN_BYTES && body.dump !== undefined) {
    await body.dump({ limit: MAX_DRAIN_BYTES, signal }).catch(() => {});
  }
  body.destroy();
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function mediaType(value: string | undefined): string {
  return (value ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Header bytes arrive as Latin-1; a Location in raw UTF-8 is common enough. */
function utf8(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const text = Buffer.from(latin1, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? latin1 : text;
}

function loss(reason: Loss['reason'], detail: string, status?: number): Hop {
  const hop: Hop = { type: 'loss', loss: { reason, detail } };
  return status === undefined ? hop : { ...hop, status };
}

function lost(reason: Loss['reason'], detail: string, status?: number): Fetched {
  const answer: Fetched = { ok: false, loss: { reason, detail } };
  return status === undefined ? answer : { ...answer, status };
}
