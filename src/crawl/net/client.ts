/**
 * The web, one `get` at a time: robots.txt, pace, the address guard, redirects, retries and limits.
 * A request that comes to nothing is an answer too, with its reason; only an abort throws.
 *
 * Redirects are followed here, not by undici, because every hop is checked like a first request:
 * URL, addresses, robots.txt and the pace of the host it leads to. A hop is retried on its own.
 */

import { setMaxListeners } from 'node:events';
import { Agent } from 'undici';
import type { NetConfig, RuleName } from '../../config.js';
import { type Clock, systemClock } from '../../core/clock.js';
import type { WitError } from '../../core/errors.js';
import { printable } from '../../core/printable.js';
import { isRetryable, type Loss } from '../../core/reasons.js';
import { guardedConnector, parseConnectTo, staysOnLoopback } from './connect.js';
import { DnsCache, nameServers, type Resolve } from './dns.js';
import { TimeoutError } from './errors.js';
import { afterwards, exchange, first, type Hop, type HopRequest, retryAfter } from './exchange.js';
import { type AddressPolicy, anyAddress, isPublicAddress, parseUrl, refuseUrl } from './guard.js';
import { HostRules } from './host-rules.js';
import type { NetObserver } from './observer.js';
import { Pace, type PaceCensus, type Try } from './pace.js';
import type { ApiOptions, Fetched, GetOptions, ResourceKind } from './resource.js';
import { MAX_ROBOTS_BYTES, type RobotsRules } from './robots.js';
import { Silence } from './silence.js';
import { type StreamContext, streamBytes } from './stream.js';
import { MAX_TDM_BYTES, type TdmDeclaration } from './tdmrep.js';
import { userAgent } from './user-agent.js';

export interface WebClientOptions {
  readonly clock?: Clock;
  /** Names to addresses; default: the machine's name servers. */
  readonly resolve?: Resolve;
  /** Addresses that may be connected to; default: public ones, or any with `net.allowPrivate`. */
  readonly allowed?: AddressPolicy;
  /** Certificates (PEM) of authorities to trust instead of the usual ones. */
  readonly ca?: string;
  /** Told of every exchange. */
  readonly observer?: NetObserver;
  /** Called when nobody answers any more (`net.outageAfter`); to end all requests is up to the caller. */
  readonly onOutage?: (error: WitError) => void;
}

/** RFC 9309 §2.3.1.2: at least five redirects of a robots.txt are followed; of a tdmrep.json as many. */
const MAX_RULES_REDIRECTS = 5;
/** The sitemap protocol's own limit on an unpacked file. */
const MAX_SITEMAP_BYTES = 50 * 1024 * 1024;
const MAX_DETAIL_LENGTH = 1_000;

export class WebClient {
  readonly userAgent: string;
  /** The rules of politeness that are followed. Those of hosts are followed here. */
  readonly honours: ReadonlySet<RuleName>;
  readonly #net: NetConfig;
  readonly #allowed: AddressPolicy;
  readonly #agent: Agent;
  readonly #pace: Pace;
  readonly #clock: Clock;
  readonly #hosts: HostRules;
  readonly #observer: NetObserver | undefined;
  readonly #silence: Silence;

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
        ca: options.ca,
      }),
      connections: net.perHostConcurrency,
      maxHeaderSize: 32 * 1024,
      // The total time limit of each request stands in for undici's limits per socket operation.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#pace = new Pace({ ...net, clock });
    this.#clock = clock;
    this.#observer = options.observer;
    this.#silence = new Silence({
      after: options.onOutage === undefined ? 0 : net.outageAfter,
      patienceMs: net.timeoutMs + net.maxBackoffMs,
      clock,
      ask: (url, signal) => this.get(url, { kind: 'image', signal, check: unwanted }),
      onOutage: options.onOutage ?? (() => {}),
    });
    this.honours = new Set(net.honour);
    this.#hosts = new HostRules({
      fetch: (url, kind, signal) => this.get(url, { kind, signal }),
      honours: this.honours,
      clock,
    });
  }

  /**
   * Gets `url`, if its host lets it: at every hop the rules of the host are asked first.
   * @throws only the signal's reason, once it aborts.
   */
  async get(url: string, options: GetOptions): Promise<Fetched> {
    const fetched = readable(await this.#get(url, options));
    this.#silence.note(url, options.kind, fetched);
    return fetched;
  }

  async #get(url: string, options: GetOptions): Promise<Fetched> {
    const { kind, signal } = options;
    // Any number of requests may wait on one signal; each takes its listeners away again.
    setMaxListeners(0, signal);
    const isRules = kind === 'robots' || kind === 'tdm-file';
    const maxRedirects = isRules ? MAX_RULES_REDIRECTS : this.#net.maxRedirects;
    const visited = new Set<string>();
    // Time in flight of the hops before this one; waiting for pace is not counted.
    const spent = { ms: 0 };
    let tdm: TdmDeclaration | undefined;
    let next = parseUrl(url);
    if (next === undefined) return lost('bad_url', 'not an absolute URL');
    for (;;) {
      signal.throwIfAborted();
      next.hash = '';
      const refused = refuseUrl(next, this.#allowed);
      if (refused !== undefined) return { ok: false, loss: refused };
      const admission = await this.#hosts.admit(next, kind, signal);
      if (!admission.ok) return admission;
      // What was reserved stays so, wherever a redirect leads; the answer's own headers may lift it.
      tdm = tdm?.reserved ? tdm : admission.tdm;
      visited.add(next.href);
      const here: URL = next;
      const request = { ...this.#requestFor(here, options), tdm };
      const { crawlDelayMs } = admission;
      const delayMs = crawlDelayMs && Math.min(crawlDelayMs, this.#net.maxBackoffMs);
      let tries = 0;
      const attempt = async () => {
        await options.room?.();
        return await this.#try(request, signal, spent, tries++ > 0);
      };
      const hop: Hop = await this.#pace.run<Hop>(here.host, attempt, {
        signal,
        delayMs,
        whenClosed,
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

  /**
   * Asks an API that a person named: used by contract with who runs it, and by their rules on rates and
   * keys, so robots.txt, which is for what a crawl comes upon by itself, is not asked. The guard, the
   * pace and the limits are those of `get`. A redirect is a loss: it leads away from what was named,
   * and may not take credentials along.
   * @throws only the signal's reason, once it aborts.
   */
  async api(url: string, options: ApiOptions): Promise<Fetched> {
    return readable(await this.#api(url, options));
  }

  async #api(url: string, options: ApiOptions): Promise<Fetched> {
    const { signal, delayMs, maxWaitMs, check, headers, form, isBusy } = options;
    setMaxListeners(0, signal);
    const target = parseUrl(url);
    if (target === undefined) return lost('bad_url', 'not an absolute URL');
    const refused = refuseUrl(target, this.#allowed);
    if (refused !== undefined) return { ok: false, loss: refused };
    const request: HopRequest = {
      ...this.#requestFor(target, { kind: 'api', signal, ...(check && { check }) }),
      ...(headers && { headers }),
      ...(form && { form }),
    };
    let tries = 0;
    const attempt = async (): Promise<Try<Hop>> => {
      const { value, retry } = await this.#try(request, signal, { ms: 0 }, tries++ > 0);
      const busy = value.type === 'answer' && isBusy?.(value.body) === true;
      if (!busy && retry === undefined) return { value };
      const afterMs = busy ? retryAfter(first(value.head.headers['retry-after'])) : retry?.afterMs;
      if (afterMs !== undefined && afterMs > maxWaitMs) return { value };
      const maxBackoffMs = Math.max(maxWaitMs, this.#net.maxBackoffMs);
      return { value, retry: afterMs === undefined ? {} : { afterMs, maxBackoffMs } };
    };
    const hop = await this.#pace.run<Hop>(target.host, attempt, { signal, delayMs, whenClosed });
    signal.throwIfAborted();
    if (hop.type === 'answer') return { ok: true, ...hop.head, body: hop.body };
    if (hop.type === 'redirect') {
      return lost('bad_response', `HTTP ${hop.status}, a redirect to ${hop.to.origin}`, hop.status);
    }
    const { loss, status, retryAfterMs } = hop;
    return {
      ok: false,
      loss,
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  }

  /**
   * The bytes of a file that a person named, such as an archive: of any size, chunk by chunk, taken up
   * again where a connection broke. Robots.txt, which is for what a crawl comes upon by itself, is not
   * asked; the guard and the pace are those of `get`.
   * @param onTotal is told how many bytes the file has, once the server says it
   * @throws StreamLossError when it cannot be had whole; the signal's reason once it aborts.
   */
  stream(
    url: string,
    signal: AbortSignal,
    onTotal?: (bytes: number) => void,
  ): AsyncGenerator<Buffer> {
    setMaxListeners(0, signal);
    const context: StreamContext = {
      agent: this.#agent,
      pace: this.#pace,
      clock: this.#clock,
      allowed: this.#allowed,
      userAgent: this.userAgent,
      net: this.#net,
      observer: this.#observer,
    };
    return streamBytes(url, context, signal, onTotal);
  }

  /**
   * Whether the host of `url` lets a page be requested and used, as far as its rules tell without asking
   * for the page.
   * @throws only the signal's reason, once it aborts.
   */
  async mayUsePage(url: URL, signal: AbortSignal): Promise<boolean> {
    const admission = await this.#hosts.admit(url, 'page', signal);
    return admission.ok && admission.tdm?.reserved !== true;
  }

  /** The rules of the robots.txt of `origin`; undefined when it could not be had. */
  async robotsRules(origin: string, signal: AbortSignal): Promise<RobotsRules | undefined> {
    return await this.#hosts.robots(origin, signal);
  }

  /** How many requests are in flight, and what the hosts that have requests are doing. */
  census(): PaceCensus {
    return this.#pace.census();
  }

  /** Answers of any kind that came so far. A failure before the last of them is its host's own. */
  get answers(): number {
    return this.#silence.answers;
  }

  /**
   * Makes sure that failures since the last answer are those of their hosts: asks someone who answered
   * before. If nobody does, `onOutage` is called.
   */
  async confirmNetwork(): Promise<void> {
    await this.#silence.confirm();
  }

  /** Closes all connections at once. */
  async close(): Promise<void> {
    this.#silence.close();
    await this.#agent.destroy();
  }

  async #try(
    request: HopRequest,
    signal: AbortSignal,
    spent: { ms: number },
    repeated: boolean,
  ): Promise<Try<Hop>> {
    const { timeoutMs } = this.#net;
    const control = new AbortController();
    const onAbort = () => control.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const limitMs = Math.max(1, timeoutMs - spent.ms);
    const timer = setTimeout(
      () => control.abort(new TimeoutError(`no whole answer within ${timeoutMs} ms`)),
      limitMs,
    );
    const began = performance.now();
    const meter = { bytes: 0 };
    try {
      const hop = await exchange(this.#agent, request, control.signal, meter);
      const ms = performance.now() - began;
      if (this.#observer !== undefined && !signal.aborted) {
        const outcome = hop.type === 'loss' ? hop.loss.reason : hop.type;
        this.#observer.received(meter.bytes);
        this.#observer.exchanged(request.kind, request.url.host, outcome, ms, repeated);
      }
      if (hop.type === 'loss' && isRetryable(hop.loss.reason) && !hop.lasting) {
        return { value: hop, retry: afterwards(hop.loss, hop.retryAfterMs) };
      }
      spent.ms += ms;
      return { value: hop };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #requestFor(url: URL, { kind, check }: GetOptions): HopRequest {
    const request = { url, kind, userAgent: this.userAgent, maxBytes: this.#maxBytes(kind) };
    return check === undefined ? request : { ...request, check };
  }

  #maxBytes(kind: ResourceKind): number {
    switch (kind) {
      case 'page':
      case 'api':
        return this.#net.maxPageBytes;
      case 'image':
        return this.#net.maxImageBytes;
      case 'sitemap':
        return MAX_SITEMAP_BYTES;
      case 'robots':
        return MAX_ROBOTS_BYTES;
      case 'tdm-file':
        return MAX_TDM_BYTES;
    }
  }
}

/** That there is an answer is all that is to be known; its body stays unread. */
function unwanted(): Loss {
  return { reason: 'bad_response', detail: 'not wanted' };
}

/** What went wrong, fit to be shown: details hold what servers send, such as headers. */
function readable(fetched: Fetched): Fetched {
  if (fetched.ok) return fetched;
  const { reason, detail } = fetched.loss;
  return { ...fetched, loss: { reason, detail: printable(detail).slice(0, MAX_DETAIL_LENGTH) } };
}

/** A request that was not made. */
function whenClosed(loss: Loss): Hop {
  return { type: 'loss', loss };
}

function lost(reason: Loss['reason'], detail: string, status?: number): Fetched {
  const answer: Fetched = { ok: false, loss: { reason, detail } };
  return status === undefined ? answer : { ...answer, status };
}
