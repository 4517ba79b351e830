/**
 * Serves photographs as a process of its own, so that its time is not counted:
 *
 *     node dist/bench/photo-server.js '{"folder": …, "addresses": ["127.0.0.1", …], "faults": 0.2}'
 *
 * Each address of this machine stands for a host; robots.txt allows all. A share of the
 * photographs cannot be had until two seconds after they were first asked for: 503, a reset, a stall, or
 * a body cut short. Prints {port} once it listens, and ends when its standard input does, with {cpu} in
 * seconds.
 */

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface ServerOptions {
  readonly folder: string;
  readonly addresses: readonly string[];
  /** Share of the photographs that fail at first. */
  readonly faults: number;
}

/** How long a photograph fails. */
const OUTAGE_MS = 2_000;

function fail(kind: number, response: ServerResponse, body: Buffer): void {
  if (kind === 0) response.writeHead(503, { 'retry-after': '2' }).end();
  else if (kind === 1) response.socket?.resetAndDestroy();
  else if (kind === 3) {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': body.length });
    response.write(body.subarray(0, body.length / 2), () => response.socket?.resetAndDestroy());
  }
  // And the last is silence, until the client has had enough.
}

async function main({ folder, addresses, faults }: ServerOptions): Promise<void> {
  const photographs = new Map(
    readdirSync(folder).map((name) => [`/${name}`, readFileSync(join(folder, name))]),
  );
  const firstAsked = new Map<string, number>();
  const answer: RequestListener = ({ url = '' }, response) => {
    const body = photographs.get(url);
    if (url === '/robots.txt') {
      response.setHeader('content-type', 'text/plain');
      response.end('User-agent: *\nAllow: /\n');
    } else if (body === undefined) response.writeHead(404).end();
    else {
      const number = Number.parseInt(url.slice(1), 10);
      // Every n-th is faulty, the kinds in turn.
      const before = Math.floor(number * faults);
      if (Math.floor((number + 1) * faults) > before) {
        const now = performance.now();
        const first = firstAsked.get(url) ?? now;
        firstAsked.set(url, first);
        if (now < first + OUTAGE_MS) {
          fail(before % 4, response, body);
          return;
        }
      }
      response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': body.length });
      response.end(body);
    }
  };
  let port = 0;
  for (const address of addresses) {
    const server = createServer({ keepAliveTimeout: 30_000 }, answer);
    await once(server.listen(port, address), 'listening');
    port = (server.address() as AddressInfo).port;
  }
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  process.stdin.resume();
  process.stdin.once('close', () => {
    const { user, system } = process.cpuUsage();
    process.stdout.write(`${JSON.stringify({ cpu: (user + system) / 1e6 })}\n`, () =>
      process.exit(),
    );
  });
}

await main(JSON.parse(process.argv[2] as string) as ServerOptions);
