import { createServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WitError } from '../../../src/core/errors.js';
import { WebClient } from '../../../src/crawl/index.js';
import { isPublicAddress } from '../../../src/crawl/net/guard.js';
import {
  clientFor,
  getFrom,
  type Handler,
  html,
  netFor,
  never,
  reasonOf,
  serve,
  withoutRobots,
} from '../support.js';

describe('settings', () => {
  it('asks for a contact before leaving this machine', () => {
    expect(() => new WebClient(netFor(1, { connectTo: [] }))).toThrow(WitError);
    expect(() => new WebClient(netFor(1, { connectTo: ['a.test::127.0.0.1:1'] }))).toThrow(
      'contact',
    );
    expect(new WebClient(netFor(1)).userAgent).toMatch(/^wit\/\d+\.\d+\.\d+$/);
  });

  it('says who it is, and sends no cookies', async () => {
    const seen: unknown[] = [];
    const server = await serve((req, res) => {
      seen.push([req.headers['user-agent'], req.headers.cookie]);
      res.setHeader('set-cookie', 'id=1');
      html(res, 'hello');
    });
    const client = clientFor(server.port, { contact: 'https://example.org/crawl' });
    for (let i = 0; i < 2; i++) {
      await client.get('http://a.test/', { kind: 'page', signal: never });
    }
    expect(new Set(seen.map(String))).toEqual(new Set([`${client.userAgent},`]));
    expect(client.userAgent).toMatch(/^wit\/\S+ \(\+https:\/\/example\.org\/crawl\)$/);
  });

  it.each(['a\r\nb: c', 'ü@example.org', 'a) (b', ' a', ''])(
    'refuses the contact %j',
    (contact) => {
      expect(() => new WebClient({ ...netFor(1), contact })).toThrow('contact');
    },
  );
});

describe('get', () => {
  it('gives body, headers, media type and final URL', async () => {
    const { got } = await getFrom(
      (_req, res) => {
        res.writeHead(200, { 'content-type': 'Text/HTML; Charset=x', 'x-test': '1' }).end('hello');
      },
      {},
      'page',
      '/a?b=c#d',
    );
    expect(got).toMatchObject({
      ok: true,
      url: 'http://a.test/a?b=c',
      status: 200,
      contentType: 'text/html',
      body: Buffer.from('hello'),
    });
    expect(got.ok && got.headers['x-test']).toBe('1');
  });

  it.each([
    ['not a url', 'bad_url'],
    ['/relative', 'bad_url'],
    ['ftp://a.test/', 'bad_url'],
    ['http://user:pass@a.test/', 'bad_url'],
    ['http://a.test:25/', 'bad_url'],
  ])('refuses %s without asking anyone', async (url, reason) => {
    const server = await serve((_req, res) => html(res, ''));
    const got = await clientFor(server.port).get(url, { kind: 'page', signal: never });
    expect(reasonOf(got)).toBe(reason);
    expect(server.log).toEqual([]);
  });

  it.each([
    [404, 'http_client_error'],
    [410, 'http_client_error'],
    [429, 'http_too_many_requests'],
    [500, 'http_server_error'],
    [204, 'bad_response'],
    [304, 'bad_response'],
  ])('HTTP %i is %s', async (status, reason) => {
    const { got } = await getFrom((_req, res) => res.writeHead(status).end());
    expect(got).toMatchObject({ ok: false, loss: { reason, detail: `HTTP ${status}` }, status });
  });

  it('keeps connections open between requests, errors and redirects included', async () => {
    const sockets = new Set<unknown>();
    const server = await serve((req, res) => {
      sockets.add(req.socket);
      if (req.url === '/robots.txt' || req.url === '/gone') res.writeHead(404).end('gone');
      else if (req.url === '/moved') res.writeHead(302, { location: '/' }).end('moved');
      else html(res, 'hello');
    });
    const client = clientFor(server.port, { perHostConcurrency: 1 });
    for (const path of ['/', '/gone', '/moved', '/']) {
      await client.get(`http://a.test${path}`, { kind: 'page', signal: never });
    }
    expect(server.log).toHaveLength(6);
    expect(sockets.size).toBe(1);
  });

  it('ends with the reason of the signal when aborted, whatever it waits for', async () => {
    const server = await serve(withoutRobots(() => {}));
    const client = clientFor(server.port, { perHostConcurrency: 1 });
    const control = new AbortController();
    const urls = ['http://a.test/1', 'http://a.test/2', 'http://b.test/'];
    const all = urls.map((url) =>
      client.get(url, { kind: 'page', signal: control.signal }).then(
        () => 'answered',
        (error: Error) => error.message,
      ),
    );
    setTimeout(() => control.abort(new Error('stopped')), 100);
    expect(await Promise.all(all)).toEqual(['stopped', 'stopped', 'stopped']);
  });

  it('judges the head before the body is read', async () => {
    let sent = 0;
    const server = await serve(
      withoutRobots((_req, res) => {
        res.writeHead(200, { 'content-type': 'text/plain' });
        const pump = () => {
          while (!res.destroyed && res.write(Buffer.alloc(65_536))) sent += 65_536;
        };
        res.on('drain', pump);
        pump();
      }),
    );
    const client = clientFor(server.port, { maxPageBytes: 1e9 });
    const got = await client.get('http://a.test/', {
      kind: 'page',
      signal: never,
      check: (head) => ({ reason: 'wrong_content_type', detail: head.contentType }),
    });
    expect(got).toMatchObject({ ok: false, loss: { reason: 'wrong_content_type' }, status: 200 });
    // No more than the buffers of the two sockets.
    expect(sent).toBeLessThan(32e6);
  });
});

describe('redirects', () => {
  const redirect =
    (to: string, status = 302): Handler =>
    (_req, res) =>
      res.writeHead(status, { location: to }).end();

  it('are followed, relative ones too, and the final URL is given', async () => {
    const { got, server } = await getFrom((req, res) => {
      if (req.url === '/') res.writeHead(301, { location: 'x/y#frag' }).end();
      else if (req.url === '/x/y') res.writeHead(308, { location: '//b.test/é?q' }).end();
      else html(res, 'here');
    });
    expect(got).toMatchObject({ ok: true, url: 'http://b.test/%C3%A9?q' });
    expect(server.log).toContain('b.test/%C3%A9?q');
  });

  it('that come back are a loop; that go on for ever are too many', async () => {
    expect(reasonOf((await getFrom(redirect('/'))).got)).toBe('redirect_loop');
    const pingPong: Handler = (req, res) =>
      res.writeHead(302, { location: req.url === '/' ? '/b' : '/' }).end();
    expect(reasonOf((await getFrom(pingPong)).got)).toBe('redirect_loop');
    const onward: Handler = (req, res) => res.writeHead(302, { location: `${req.url}a` }).end();
    const { got, server } = await getFrom(onward, { maxRedirects: 3 });
    expect(reasonOf(got)).toBe('too_many_redirects');
    expect(server.log.filter((line) => !line.endsWith('robots.txt'))).toHaveLength(4);
  });

  it.each([
    'http://10.0.0.1/secret',
    'http://127.0.0.2/',
    'http://2130706434/',
    'http://0x7f.2/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://inside.test/',
  ])('to the private %s are refused', async (to) => {
    const server = await serve(withoutRobots(redirect(to)));
    // Of this machine's addresses only the one that the test server listens on is allowed.
    const allowed = (address: string) => address === '127.0.0.1' || isPublicAddress(address);
    const resolve = async (name: string) => {
      const address = name === 'inside.test' ? '10.0.0.1' : '127.0.0.1';
      return [{ address, family: 4 } as const];
    };
    const settings = { allowPrivate: false, contact: 'a@b.test', connectTo: [] };
    const client = clientFor(server.port, settings, { allowed, resolve });
    const url = `http://a.test:${server.port}/`;
    const got = await client.get(url, { kind: 'page', signal: never });
    expect(reasonOf(got)).toBe('private_address');
    // The redirect itself was asked for, and nothing after it.
    expect(server.log).toEqual([`a.test:${server.port}/robots.txt`, `a.test:${server.port}/`]);
  });

  it.each(['ftp://a.test/', 'file:///etc/passwd', 'javascript:alert(1)', 'http://u:p@a.test/'])(
    'to %s are refused',
    async (to) => {
      expect(reasonOf((await getFrom(redirect(to))).got)).toBe('bad_url');
    },
  );

  it('without a usable Location are no answer', async () => {
    expect(reasonOf((await getFrom((_req, res) => res.writeHead(302).end())).got)).toBe(
      'bad_response',
    );
    expect(reasonOf((await getFrom(redirect('http://'))).got)).toBe('bad_response');
  });

  it('obey the robots.txt of every host they lead to', async () => {
    const server = await serve((req, res) => {
      const { host } = req.headers;
      if (req.url === '/robots.txt') {
        if (host === 'b.test') res.end('User-agent: *\nDisallow: /');
        else res.writeHead(404).end();
      } else res.writeHead(302, { location: 'http://b.test/x' }).end();
    });
    const got = await clientFor(server.port).get('http://a.test/', { kind: 'page', signal: never });
    expect(reasonOf(got)).toBe('robots_disallowed');
    expect(server.log).not.toContain('b.test/x');
  });
});

describe('limits', () => {
  it('refuse a body that is declared too long, unread', async () => {
    const { got } = await getFrom(
      (_req, res) => res.writeHead(200, { 'content-length': '5000' }).flushHeaders(),
      { maxPageBytes: 4_999 },
    );
    expect(reasonOf(got)).toBe('too_many_bytes');
    if (!got.ok) expect(got.loss.detail).toContain('Content-Length 5000');
  });

  it('end a body that is too long without saying so', async () => {
    const endless: Handler = (_req, res) => {
      const pump = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536)));
      };
      res.on('drain', pump);
      pump();
    };
    expect(reasonOf((await getFrom(endless, { maxPageBytes: 100_000 })).got)).toBe(
      'too_many_bytes',
    );
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ])('end a %s bomb', async (encoding, compress) => {
    const bomb = compress(Buffer.alloc(20_000_000));
    const before = process.memoryUsage().rss;
    const { got } = await getFrom(
      (_req, res) => res.writeHead(200, { 'content-encoding': encoding }).end(bomb),
      { maxPageBytes: 1_000_000 },
    );
    expect(bomb.length).toBeLessThan(1_000_000);
    expect(reasonOf(got)).toBe('too_many_bytes');
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  });

  it('end a server that never answers, one that stalls and one that drips', async () => {
    const settings = { timeoutMs: 400 };
    const silent: Handler = () => {};
    const stalls: Handler = (_req, res) => void res.writeHead(200).write('begin');
    const drips: Handler = (_req, res) => {
      res.writeHead(200);
      const timer = setInterval(() => res.write('.'), 20);
      res.on('close', () => clearInterval(timer));
    };
    for (const handler of [silent, stalls, drips]) {
      expect(reasonOf((await getFrom(handler, settings)).got)).toBe('timeout');
    }
  });

  it('do not wait for bodies that nobody wants', async () => {
    const drips = (status: number, headers: Record<string, string>): Handler => {
      return (req, res) => {
        if (req.url !== '/') return html(res, 'here');
        res.writeHead(status, headers).flushHeaders();
        const timer = setInterval(() => res.write('.'), 20);
        res.on('close', () => clearInterval(timer));
      };
    };
    const gone = await getFrom(drips(404, {}), { timeoutMs: 20_000 });
    expect(reasonOf(gone.got)).toBe('http_client_error');
    const moved = await getFrom(drips(302, { location: '/x' }), { timeoutMs: 20_000 });
    expect(reasonOf(moved.got)).toBe('ok');
  }, 10_000);

  it('count time over all redirects', async () => {
    const slow: Handler = (req, res) => {
      setTimeout(() => res.writeHead(302, { location: `${req.url}a` }).end(), 150);
    };
    const { got, server } = await getFrom(slow, { timeoutMs: 400, maxRedirects: 20 });
    expect(reasonOf(got)).toBe('timeout');
    expect(server.log.length).toBeLessThan(6);
  });

  it('refuse headers without end', async () => {
    const { got } = await getFrom((_req, res) => {
      res.setHeader('x-long', 'a'.repeat(100_000));
      res.end();
    });
    expect(reasonOf(got)).toBe('bad_response');
  });
});

describe('broken answers', () => {
  /** A server of raw bytes: answers robots.txt with 404, everything else with `bytes`, then ends. */
  async function rawServer(bytes: string, end: 'end' | 'reset') {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        if (String(data).startsWith('GET /robots.txt')) {
          socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
          return;
        }
        if (bytes !== '') socket.write(bytes);
        if (end === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
        else socket.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n';
  it.each<[string, string, 'end' | 'reset', string]>([
    ['less than its Content-Length', `${head}Content-Length: 100\r\n\r\nshort`, 'end', 'truncated'],
    [
      'chunks without an end',
      `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n`,
      'end',
      'truncated',
    ],
    ['half a body, then a reset', `${head}Content-Length: 100\r\n\r\nshort`, 'reset', 'truncated'],
    ['nothing', '', 'end', 'reset'],
    ['a reset', '', 'reset', 'reset'],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-Ty', 'end', 'reset'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'end', 'bad_response'],
  ])('%s', async (_name, bytes, end, reason) => {
    const port = await rawServer(bytes, end);
    const client = clientFor(port, { retries: 0 });
    const got = await client.get('http://a.test/', { kind: 'page', signal: never });
    expect(reasonOf(got)).toBe(reason);
  });

  it('a body that ends with the connection is whole', async () => {
    const port = await rawServer(`${head}\r\nall of it`, 'end');
    const got = await clientFor(port).get('http://a.test/', { kind: 'page', signal: never });
    expect(got.ok && got.body.toString()).toBe('all of it');
  });

  it('a port where nobody listens, and a name that does not exist', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const refused = await clientFor(port, { retries: 1 }).get('http://a.test/', {
      kind: 'page',
      signal: never,
    });
    expect(reasonOf(refused)).toBe('connect');
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const client = clientFor(port, { connectTo: [], contact: 'a@b.test', retries: 1 }, { resolve });
    const unknown = await client.get('http://a.test/', { kind: 'page', signal: never });
    expect(reasonOf(unknown)).toBe('dns');
  });

  it('plain HTTP where TLS was asked for', async () => {
    const server = await serve((_req, res) => html(res, ''));
    const got = await clientFor(server.port).get('https://a.test/', {
      kind: 'page',
      signal: never,
    });
    expect(reasonOf(got)).toBe('tls');
  });
});

describe('retries', () => {
  it.each([1, 2])('a host that fails every third request loses nothing, %i at once', async (n) => {
    let count = 0;
    const server = await serve((req, res) => {
      if (++count % 3 === 0) res.writeHead(503).end('not now');
      else if (req.url === '/robots.txt') res.writeHead(404).end();
      else html(res, String(req.url));
    });
    const client = clientFor(server.port, { perHostConcurrency: n });
    const urls = Array.from({ length: 40 }, (_, i) => `http://a.test/${i}`);
    const got = await Promise.all(
      urls.map((url) => client.get(url, { kind: 'page', signal: never })),
    );
    expect(got.map((answer) => answer.ok && answer.body.toString())).toEqual(
      urls.map((_, i) => `/${i}`),
    );
    expect(server.mostOpen()).toBeLessThanOrEqual(n);
    if (n === 1) {
      // Each failure is followed at once by another try of the same page.
      for (let i = 2; i < server.log.length - 1; i += 3) {
        expect(server.log[i + 1]).toBe(server.log[i]);
      }
    }
  });

  it('happen for what may pass and not for what stays', async () => {
    const statuses: Record<string, number> = { '/gone': 404, '/busy': 429, '/broken': 500 };
    const server = await serve(
      withoutRobots((req, res) => void res.writeHead(statuses[req.url ?? ''] ?? 200).end()),
    );
    const client = clientFor(server.port, { retries: 3 });
    for (const path of Object.keys(statuses)) {
      await client.get(`http://a.test${path}`, { kind: 'page', signal: never });
    }
    const tries = (path: string) => server.log.filter((line) => line === `a.test${path}`).length;
    expect(Object.keys(statuses).map(tries)).toEqual([1, 4, 4]);
  });

  it('wait as long as Retry-After says', async () => {
    const slept: number[] = [];
    const clock = {
      now: () => performance.now(),
      sleep: async (ms: number) => {
        slept.push(ms);
        // Real time must pass too, but less of it.
        await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20)));
      },
    };
    let tries = 0;
    const server = await serve(
      withoutRobots((_req, res) => {
        if (++tries === 1) res.writeHead(429, { 'retry-after': '7' }).end();
        else html(res, 'now');
      }),
    );
    const control = new AbortController();
    const client = clientFor(server.port, {}, { clock });
    const got = client.get('http://a.test/', { kind: 'page', signal: control.signal });
    const first = await Promise.race([got, new Promise((resolve) => setTimeout(resolve, 300))]);
    control.abort();
    await got.catch(() => {});
    expect(first).toBeUndefined();
    expect(tries).toBe(1);
    expect(slept[0]).toBeGreaterThan(6_900);
    expect(slept[0]).toBeLessThanOrEqual(7_000);
  });

  it.each([
    ['ENOTFOUND', false],
    ['ESERVFAIL', true],
  ])('of a name that fails with %s: %s', async (code, again) => {
    let waits = 0;
    const sleep = async () => {
      waits++;
    };
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code }));
    const settings = { connectTo: [], contact: 'a@b.test', retries: 3, honour: [] };
    const clock = { now: () => performance.now(), sleep };
    const client = clientFor(1, settings, { clock, resolve });
    const got = await client.get('http://a.test/', { kind: 'page', signal: never });
    expect(reasonOf(got)).toBe('dns');
    expect(waits > 0).toBe(again);
  });

  it('of one hop do not repeat the hops before it', async () => {
    let tries = 0;
    const server = await serve(
      withoutRobots((req, res) => {
        if (req.url === '/') res.writeHead(302, { location: 'http://b.test/x' }).end();
        else if (++tries < 3) res.writeHead(502).end();
        else html(res, 'at last');
      }),
    );
    const got = await clientFor(server.port).get('http://a.test/', { kind: 'page', signal: never });
    expect(got.ok && got.body.toString()).toBe('at last');
    expect(server.log.filter((line) => line === 'a.test/')).toHaveLength(1);
  });
});
