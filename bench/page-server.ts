/**
 * Serves the manuals' pages, gzipped, as a process of its own, so that its time is not counted:
 *
 *     node dist/bench/page-server.js '{"root": …, "manuals": ["gimp-help-en", …]}'
 *
 * Prints {port} once it listens, and ends when its standard input does, with {cpu, visited, digest,
 * requests}: seconds, how many different pages were asked for, which, and how many requests there were.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Manual, readManuals } from './documentation.js';

export interface PageServerOptions {
  readonly root: string;
  readonly manuals: readonly Manual[];
}

export interface Visits {
  readonly cpu: number;
  readonly visited: number;
  readonly digest: string;
  readonly requests: number;
}

async function main({ root, manuals }: PageServerOptions): Promise<void> {
  const pages = new Map(
    [...readManuals(root, manuals)].map(([path, html]) => [path, gzipSync(html)]),
  );
  const visited = new Set<string>();
  let requests = 0;
  const before = process.cpuUsage();
  const server = createServer({ keepAliveTimeout: 30_000 }, ({ url = '', headers }, response) => {
    requests++;
    const body = pages.get(url);
    if (url === '/robots.txt') {
      response.setHeader('content-type', 'text/plain');
      response.end('User-agent: *\nAllow: /\n');
    } else if (body === undefined) response.writeHead(404).end();
    else if (!headers['accept-encoding']?.includes('gzip')) response.writeHead(406).end();
    else {
      visited.add(url);
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-encoding': 'gzip',
        'content-length': body.length,
      });
      response.end(body);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  process.stdin.resume();
  process.stdin.once('close', () => {
    const { user, system } = process.cpuUsage(before);
    const hash = createHash('sha256').update([...visited].sort().join('\n'));
    const digest = hash.digest('hex');
    const visits: Visits = { cpu: (user + system) / 1e6, visited: visited.size, digest, requests };
    process.stdout.write(`${JSON.stringify(visits)}\n`, () => process.exit());
  });
}

await main(JSON.parse(process.argv[2] as string) as PageServerOptions);
