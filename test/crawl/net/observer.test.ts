import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { NetConfig } from '../../../src/config.js';
import type { NetObserver } from '../../../src/crawl/net/observer.js';
import { clientFor, type Handler, html, never, serve, withoutRobots } from '../support.js';

class Recorder implements NetObserver {
  bytes = 0;
  readonly seen: string[] = [];
  readonly ms: number[] = [];

  received(bytes: number): void {
    this.bytes += bytes;
  }

  exchanged(...[kind, host, outcome, ms, repeated]: Parameters<NetObserver['exchanged']>): void {
    this.seen.push(`${kind} ${host} ${outcome}${repeated ? ' again' : ''}`);
    this.ms.push(ms);
  }
}

async function watched(handler: Handler, settings: Partial<NetConfig> = {}) {
  const server = await serve(withoutRobots(handler));
  const observer = new Recorder();
  return { observer, client: clientFor(server.port, settings, { observer }) };
}

describe('the observer of the client', () => {
  it('sees every exchange once, robots.txt and redirects included', async () => {
    const { observer, client } = await watched((req, res) => {
      if (req.url === '/from') res.writeHead(302, { location: 'http://b.test:81/to' }).end('moved');
      else html(res, '0123456789');
    });
    const got = await client.get('http://a.test/from', { kind: 'page', signal: never });
    expect(got.ok).toBe(true);
    expect(observer.seen).toEqual([
      'robots a.test http_client_error',
      'page a.test redirect',
      'robots b.test:81 http_client_error',
      'page b.test:81 answer',
    ]);
    expect(observer.bytes).toBe('moved'.length + 10);
  });

  it('tells tries from repetitions, and what each came to', async () => {
    let asked = 0;
    const { observer, client } = await watched((_req, res) => {
      asked += 1;
      if (asked === 1) res.writeHead(503).end('later');
      else if (asked === 2) res.destroy();
      else res.writeHead(404).end('no');
    });
    await client.get('http://a.test/', { kind: 'image', signal: never });
    expect(observer.seen.slice(1)).toEqual([
      'image a.test http_server_error',
      'image a.test reset again',
      'image a.test http_client_error again',
    ]);
    expect(observer.bytes).toBe('later'.length + 'no'.length);
  });

  it.each(['gzip', 'identity'])(
    'counts bytes as sent (%s), also of a body cut short',
    async (as) => {
      const body = Buffer.from('a'.repeat(100_000));
      const sent = as === 'gzip' ? gzipSync(body) : body;
      const { observer, client } = await watched(
        (req, res) => {
          res.writeHead(200, {
            'content-type': 'text/html',
            'content-encoding': as,
            'content-length': req.url === '/cut' ? sent.length * 2 : sent.length,
          });
          if (req.url === '/cut') res.write(sent, () => setTimeout(() => res.destroy(), 50));
          else res.end(sent);
        },
        { retries: 0 },
      );
      const got = await client.get('http://a.test/', { kind: 'page', signal: never });
      expect(got.ok && got.body.length).toBe(body.length);
      expect(observer.bytes).toBe(sent.length);
      await client.get('http://a.test/cut', { kind: 'page', signal: never });
      expect(observer.bytes).toBe(sent.length * 2);
      expect(observer.seen.at(-1)).toBe('page a.test truncated');
    },
  );

  it('times an exchange from asking to the last byte', async () => {
    const { observer, client } = await watched((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).write('begun');
      setTimeout(() => res.end('done'), 120);
    });
    await client.get('http://a.test/', { kind: 'page', signal: never });
    expect(observer.ms.at(-1)).toBeGreaterThanOrEqual(100);
  });

  it('says nothing of exchanges that an abort ended', async () => {
    const stop = new AbortController();
    const { observer, client } = await watched(() => stop.abort(new Error('stopped')));
    const got = client.get('http://a.test/', { kind: 'page', signal: stop.signal });
    await expect(got).rejects.toThrow('stopped');
    expect(observer.seen).toEqual(['robots a.test http_client_error']);
  });

  it('sees the connections of a file read as a stream, broken ones too', async () => {
    const file = Buffer.alloc(200_000, 7);
    const { observer, client } = await watched((req, res) => {
      const from = Number(/bytes=(\d+)-/.exec(req.headers.range ?? '')?.[1] ?? 0);
      const headers = { 'content-length': file.length - from, etag: '"1"' };
      if (from > 0) {
        const range = `bytes ${from}-${file.length - 1}/${file.length}`;
        res.writeHead(206, { ...headers, 'content-range': range }).end(file.subarray(from));
        return;
      }
      res.writeHead(200, headers);
      res.write(file.subarray(0, 120_000), () => setTimeout(() => res.destroy(), 50));
    });
    let bytes = 0;
    for await (const chunk of client.stream('http://a.test/file', never)) bytes += chunk.length;
    expect(bytes).toBe(file.length);
    expect(observer.bytes).toBe(file.length);
    expect(observer.seen).toEqual(['archive a.test truncated', 'archive a.test answer']);
  });
});
