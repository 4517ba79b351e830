/** What the crawler's tests share: a real server on loopback, a client for it, a clock to drive. */

import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type NetConfig, netSchema, RULE_NAMES, type RuleName } from '../../src/config.js';
import type { Clock } from '../../src/core/clock.js';
import { sha256 } from '../../src/core/ids.js';
import type { AnySource, Links, SourceUnit } from '../../src/core/source.js';
import { type ResourceKind, WebClient, type WebClientOptions } from '../../src/crawl/index.js';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

export interface TestServer {
  port: number;
  /** Every request, as `host/path`, in order of arrival. */
  log: string[];
  /** Most requests that were open at once. */
  mostOpen(): number;
}

/** Starts a server that lives as long as the test. */
export async function serve(handler: Handler): Promise<TestServer> {
  const log: string[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer((req, res) => {
    log.push(`${req.headers.host}${req.url}`);
    mostOpen = Math.max(mostOpen, ++open);
    res.on('close', () => open--);
    handler(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, log, mostOpen: () => mostOpen };
}

export const ALL_RULES: ReadonlySet<RuleName> = new Set(RULE_NAMES);

/** All rules but those named. */
export function rulesWithout(...names: RuleName[]): RuleName[] {
  return RULE_NAMES.filter((name) => !names.includes(name));
}

/** Settings under which every name leads to `port` on this machine, quickly. */
export function netFor(port: number, settings: Partial<NetConfig> = {}): NetConfig {
  return netSchema.parse({
    connectTo: [`::127.0.0.1:${port}`],
    allowPrivate: true,
    perHostDelayMs: 0,
    backoffMs: 1,
    // One request to each host that tests of other things need not count.
    honour: rulesWithout('tdm-file'),
    ...settings,
  });
}

/** A client for `netFor(port, settings)`, closed with the test. */
export function clientFor(
  port: number,
  settings: Partial<NetConfig> = {},
  options: WebClientOptions = {},
): WebClient {
  const client = new WebClient(netFor(port, settings), options);
  onTestFinished(() => client.close());
  return client;
}

export const never = new AbortController().signal;
setMaxListeners(0, never);

/** Answers robots.txt with "not found" and leaves the rest to `handler`. */
export function withoutRobots(handler: Handler): Handler {
  return (req, res) => {
    if (req.url === '/robots.txt') res.writeHead(404).end();
    else handler(req, res);
  };
}

/** Gets `http://a.test{path}` from a server that answers as `handler` does. */
export async function getFrom(
  handler: Handler,
  settings: Partial<NetConfig> = {},
  kind: ResourceKind = 'page',
  path = '/',
) {
  const server = await serve(withoutRobots(handler));
  const client = clientFor(server.port, { retries: 0, ...settings });
  const got = await client.get(`http://a.test${path}`, { kind, signal: never });
  return { got, server, client };
}

/** Why an answer is a loss; `ok` for one that is none. */
export function reasonOf(got: Awaited<ReturnType<WebClient['get']>>): string {
  return got.ok ? 'ok' : got.loss.reason;
}

/** A folder that is removed with the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wit-crawl-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Links in memory, as if a round had found them. */
export function linksOf(links: readonly string[]): Links {
  return {
    digest: sha256(links.join('\n')),
    async *batches() {
      for (let at = 0; at < links.length; at += 50) yield links.slice(at, at + 50);
    },
  };
}

/** The units of a round of a source that follows no links. */
export async function planned<Input>(source: AnySource<Input>, round = 0) {
  const units: SourceUnit<Input>[] = [];
  const links = () => {
    throw new Error('asked for links');
  };
  for await (const unit of source.plan(round, {
    links,
    folder: '',
    signal: never,
    expect: () => {},
  }))
    units.push(unit);
  return units;
}

export function html(res: ServerResponse, body: string): void {
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body);
}

/** A clock whose time moves only when `run` lets it: then to the end of the next sleep, and so on. */
export class VirtualClock implements Clock {
  #now = 0;
  #sleepers: { until: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Moves time on, sleep by sleep, until `work` is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const settled = work.finally(() => {
      done = true;
    });
    settled.catch(() => {});
    while (!done) {
      // Everything that is due now happens before time moves.
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      if (done) break;
      this.#sleepers.sort((a, b) => a.until - b.until);
      const next = this.#sleepers.shift();
      if (next === undefined) continue;
      this.#now = Math.max(this.#now, next.until);
      next.wake();
    }
    return await settled;
  }
}
