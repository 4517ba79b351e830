/**
 * A small internet on loopback: one HTTP server on 127.0.0.1 that answers for every host of the
 * plan (web.ts) by the Host header. URLs say port 80 and names under .test; a client reaches them by
 * connecting everything to this port (`connectTo`), so no name is ever looked up.
 *
 * Bodies are made when first asked for and then kept. Two servers with the same options give the
 * same bytes and headers for every URL, whatever the order of asking.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmojiWorld, loadEmoji } from './emoji.js';
import { RequestLog, type Seen } from './request-log.js';
import { type Content, etag, failure, type Gate, LAST_MODIFIED, type Site } from './site.js';
import { planWeb, type Web, type WebOptions } from './web.js';

export interface InternetOptions extends WebOptions {
  /** Default: loaded anew (about a second). */
  emoji?: EmojiWorld;
  /** Called before each answer, which waits for it. */
  onRequest?: (seen: Seen) => void | Promise<void>;
}

export interface Internet {
  readonly port: number;
  /** For a client's connect rules: every host and port to this server. */
  readonly connectTo: string[];
  readonly seeds: string[];
  /** Hosts whose pages may be visited. */
  readonly hosts: string[];
  readonly web: Web;
  readonly requests: RequestLog;
  /** Ends all connections, also those that are being stalled. */
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startInternet(options: InternetOptions = {}): Promise<Internet> {
  const web = planWeb(options.emoji ?? (await loadEmoji()), options);
  const requests = new RequestLog();
  const control = new AbortController();
  const responder = new Responder(web, control.signal);

  const server = createServer((request, response) => {
    const { host, url } = addressOf(request);
    const seen = requests.add(host, url, request);
    response.once('close', () => requests.finish(seen, response));
    answer(seen, request, response).catch((error: unknown) => {
      requests.failures.push(error);
      response.destroy();
    });
  });
  async function answer(seen: Seen, request: IncomingMessage, response: ServerResponse) {
    await options.onRequest?.(seen);
    await responder.answer(seen, request, response);
  }
  // Clients that keep connections longer than the server meet resets; here only troubles reset.
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connectTo: [`::127.0.0.1:${port}`],
    seeds: web.seeds,
    hosts: web.pageHosts,
    web,
    requests,
    async close() {
      control.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Host name without port, and path with query, as the client asked for them. */
function addressOf(request: IncomingMessage): { host: string; url: string } {
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  return { host, url: request.url ?? '/' };
}

class Responder {
  readonly #web: Web;
  readonly #signal: AbortSignal;
  readonly #gates = new Map<Site, Gate>();
  readonly #bodies = new Map<Content, Promise<Buffer>>();

  constructor(web: Web, signal: AbortSignal) {
    this.#web = web;
    this.#signal = signal;
    for (const site of web.hosts.all()) {
      if (site.makeGate !== undefined) this.#gates.set(site, site.makeGate());
    }
  }

  async answer(seen: Seen, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // No Date header: the same request gives the same answer tomorrow.
    response.sendDate = false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return await this.#send(failure(405, 'Method Not Allowed'), response);
    }
    const site = this.#web.hosts.get(seen.host);
    if (site === undefined) return await this.#send(failure(404, 'No Such Host'), response);
    const exchange = { request, response, timesAsked: seen.timesAsked, signal: this.#signal };
    // Before any waiting: a gate counts requests in the order in which they came.
    const refusal = this.#gates.get(site)?.(seen.url, exchange);
    if (site.delayMs > 0) await sleep(site.delayMs);
    if (refusal !== undefined) return await this.#send(refusal, response);
    const resource = site.resources.get(seen.url);
    if (resource === undefined) return await this.#send(failure(404, 'Not Found'), response);
    if (resource.kind === 'behaviour') return await resource.answer(exchange);
    await this.#send(resource, response);
  }

  async #send(content: Content, response: ServerResponse): Promise<void> {
    const body = await this.#body(content);
    if (response.destroyed) return;
    const headers: Record<string, string | number> = {
      'Content-Type': content.type,
      'Content-Length': body.length,
    };
    if (content.status === 200) {
      headers['Last-Modified'] = LAST_MODIFIED;
      headers.ETag = etag(body);
    }
    response.writeHead(content.status, { ...headers, ...content.headers });
    response.end(body);
  }

  #body(content: Content): Promise<Buffer> {
    let body = this.#bodies.get(content);
    if (body === undefined) {
      body = Promise.resolve(content.body()).then((made) => Buffer.from(made));
      this.#bodies.set(content, body);
    }
    return body;
  }
}
