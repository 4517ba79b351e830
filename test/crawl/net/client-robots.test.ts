import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { NetConfig } from '../../../src/config.js';
import { clientFor, type Handler, html, never, reasonOf, serve } from '../support.js';

describe('robots.txt', () => {
  async function visit(robots: Handler, path = '/x', settings: Partial<NetConfig> = {}) {
    const server = await serve((req, res) => {
      if (req.url?.startsWith('/robots')) robots(req, res);
      else html(res, 'page');
    });
    const client = clientFor(server.port, { retries: 1, timeoutMs: 1_000, ...settings });
    const got = await client.get(`http://a.test${path}`, { kind: 'page', signal: never });
    return { got, server, client };
  }
  const send =
    (text: string): Handler =>
    (_req, res) =>
      void res.end(text);
  const status =
    (code: number): Handler =>
    (_req, res) =>
      void res.writeHead(code).end();

  it.each<[string, Handler, string]>([
    ['allows', send('User-agent: *\nDisallow: /private'), 'ok'],
    ['disallows', send('User-agent: *\nDisallow: /x'), 'robots_disallowed'],
    ['is empty', send(''), 'ok'],
    ['is not there (404)', status(404), 'ok'],
    ['is not ours to read (401, 403)', status(403), 'ok'],
    ['is broken (500)', status(500), 'robots_unreachable'],
    ['is unavailable (503)', status(503), 'robots_unreachable'],
    ['is asked for too often (429)', status(429), 'robots_unreachable'],
    ['never answers', () => {}, 'robots_unreachable'],
    ['breaks off', (req) => req.socket.destroy(), 'robots_unreachable'],
    [
      'redirects in a circle',
      (_req, res) => void res.writeHead(302, { location: '/robots.txt' }).end(),
      'ok',
    ],
    ['is a redirect without target', status(302), 'ok'],
  ])('%s', async (_name, handler, expected) => {
    const { got } = await visit(handler);
    expect(reasonOf(got)).toBe(expected);
  });

  it('is followed over five redirects, to other hosts too, and holds for the first host', async () => {
    const hops: Handler = (req, res) => {
      const n = Number(/\d+/.exec(req.url ?? '')?.[0] ?? 0);
      if (n < 5) res.writeHead(301, { location: `http://h${n}.test/robots${n + 1}` }).end();
      else res.end('User-agent: *\nDisallow: /x');
    };
    const { got, server } = await visit(hops, '/x', { maxRedirects: 0 });
    expect(reasonOf(got)).toBe('robots_disallowed');
    expect(server.log).toHaveLength(6);
    const endless: Handler = (req, res) => {
      res.writeHead(301, { location: `${req.url}a` }).end();
    };
    expect(reasonOf((await visit(endless)).got)).toBe('ok');
  });

  it('is asked for once per origin, however many pages wait for it', async () => {
    const { client, server } = await visit(send('User-agent: *\nDisallow: /private'));
    const urls = Array.from({ length: 20 }, (_, i) => `http://a.test/${i}`);
    await Promise.all(urls.map((url) => client.get(url, { kind: 'page', signal: never })));
    await client.get('http://b.test/', { kind: 'page', signal: never });
    expect(server.log.filter((line) => line.endsWith('/robots.txt'))).toEqual([
      'a.test/robots.txt',
      'b.test/robots.txt',
    ]);
  });

  it('is not asked for again by each page when it cannot be had', async () => {
    const { client, server } = await visit(status(500));
    for (let i = 0; i < 5; i++) {
      await client.get(`http://a.test/${i}`, { kind: 'page', signal: never });
    }
    expect(server.log).toEqual(['a.test/robots.txt', 'a.test/robots.txt']);
  });

  it('counts up to 500 KiB, and no half line after', async () => {
    const filler = (bytes: number) => `# ${'x'.repeat(97)}\n`.repeat(Math.ceil(bytes / 100));
    const early = `User-agent: *\n${filler(400_000)}Disallow: /x\n${filler(400_000)}`;
    expect(reasonOf((await visit(send(early))).got)).toBe('robots_disallowed');
    const late = `User-agent: *\n${filler(600_000)}Disallow: /x\n`;
    expect(reasonOf((await visit(send(late))).got)).toBe('ok');
    const start = 'User-agent: *\n';
    const cut = `${start}${'#'.repeat(500 * 1024 - start.length - 14)}\nDisallow: /x/only/this\n`;
    expect(reasonOf((await visit(send(cut))).got)).toBe('ok');
    const packed = gzipSync(early);
    const compressed: Handler = (_req, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
    };
    expect(reasonOf((await visit(compressed)).got)).toBe('robots_disallowed');
  });

  it('does not open private addresses', async () => {
    const server = await serve((_req, res) => void res.end(''));
    const settings = { connectTo: [], allowPrivate: false, contact: 'a@b.test' };
    const resolve = async () => [{ address: '127.0.0.1', family: 4 } as const];
    const client = clientFor(server.port, settings, { resolve });
    const url = `http://a.test:${server.port}/`;
    const got = await client.get(url, { kind: 'page', signal: never });
    expect(reasonOf(got)).toBe('private_address');
    expect(server.log).toEqual([]);
  });

  it('is left alone when the operator says so', async () => {
    const { got, server } = await visit(send('User-agent: *\nDisallow: /'), '/x', {
      honour: [],
    });
    expect(reasonOf(got)).toBe('ok');
    expect(server.log).toEqual(['a.test/x']);
  });

  it('asks again when the request that asked was aborted', async () => {
    let asked = 0;
    const server = await serve((req, res) => {
      if (req.url !== '/robots.txt') html(res, 'page');
      else if (++asked > 1) res.writeHead(404).end();
    });
    const client = clientFor(server.port);
    const control = new AbortController();
    const aborted = client.get('http://a.test/1', { kind: 'page', signal: control.signal });
    const patient = client.get('http://a.test/2', { kind: 'page', signal: never });
    setTimeout(() => control.abort(new Error('stopped')), 100);
    await expect(aborted).rejects.toThrow('stopped');
    expect(reasonOf(await patient)).toBe('ok');
    expect(asked).toBe(2);
  });
});
