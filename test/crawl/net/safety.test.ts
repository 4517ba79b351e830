/** What issue and docs call safety, on real servers: docs/crawl.md, "Safety". */

import type { IncomingHttpHeaders } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Address, WebClient } from '../../../src/crawl/index.js';
import { isPublicAddress } from '../../../src/crawl/net/guard.js';
import { clientFor, html, never, serve, VirtualClock, withoutRobots } from '../support.js';
import { type Certificate, certificate } from './certificates.js';

const get = (client: WebClient, url: string) => client.get(url, { kind: 'page', signal: never });
const reasonOf = async (got: ReturnType<WebClient['get']>) => {
  const answer = await got;
  return answer.ok ? 'ok' : answer.loss.reason;
};

describe('TLS', () => {
  const ca = certificate('Test CA');

  async function tlsServer({ cert, key }: Certificate): Promise<number> {
    const pem = key.export({ type: 'pkcs8', format: 'pem' });
    const server = createTlsServer({ cert, key: pem }, (req, res) => {
      if (req.url === '/robots.txt') res.writeHead(404).end();
      else html(res, 'secret');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  it.each<[string, Certificate, boolean, string]>([
    [
      'by an authority that is trusted',
      certificate('a', { hosts: ['a.test'], issuer: ca }),
      true,
      'ok',
    ],
    [
      'by an authority that is not',
      certificate('a', { hosts: ['a.test'], issuer: ca }),
      false,
      'tls',
    ],
    ['by itself', certificate('a', { hosts: ['a.test'] }), true, 'tls'],
    ['for another host', certificate('a', { hosts: ['b.test'], issuer: ca }), true, 'tls'],
    [
      'that has expired',
      certificate('a', { hosts: ['a.test'], issuer: ca, until: new Date(Date.now() - 3_600_000) }),
      true,
      'tls',
    ],
    [
      'that is not valid yet',
      certificate('a', { hosts: ['a.test'], issuer: ca, from: new Date(Date.now() + 3_600_000) }),
      true,
      'tls',
    ],
    [
      'by another authority of the same name',
      certificate('a', { hosts: ['a.test'], issuer: certificate('Test CA') }),
      true,
      'tls',
    ],
  ])('a certificate %s', async (_name, server, isTrusted, expected) => {
    const port = await tlsServer(server);
    const client = clientFor(port, { retries: 0 }, isTrusted ? { ca: ca.cert } : {});
    expect(await reasonOf(get(client, 'https://a.test/'))).toBe(expected);
  });

  it('is checked for what a redirect leads to', async () => {
    const port = await tlsServer(certificate('a', { hosts: ['a.test'] }));
    const server = await serve(
      withoutRobots((_req, res) => void res.writeHead(302, { location: 'https://a.test/' }).end()),
    );
    const connectTo = [`a.test::127.0.0.1:${port}`, `::127.0.0.1:${server.port}`];
    expect(await reasonOf(get(clientFor(port, { connectTo }), 'http://b.test/'))).toBe('tls');
  });
});

describe('cookies and credentials', () => {
  it('are neither kept nor sent, whatever servers set and ask for', async () => {
    const seen: [string, IncomingHttpHeaders][] = [];
    const server = await serve((req, res) => {
      seen.push([`${req.headers.host}${req.url}`, req.headers]);
      res.setHeader('set-cookie', ['id=1; Path=/', 'everywhere=1; Domain=test']);
      res.setHeader('www-authenticate', 'Basic realm="x"');
      if (req.url === '/robots.txt') res.writeHead(404).end();
      else if (req.url === '/moved') res.writeHead(302, { location: 'http://b.test/x' }).end();
      else if (req.url === '/locked') res.writeHead(401).end();
      else html(res, 'page');
    });
    const client = clientFor(server.port, { contact: 'me@example.org' });
    for (const path of ['/', '/moved', '/locked', '/']) await get(client, `http://a.test${path}`);
    expect(seen.map(([url]) => url)).toContain('b.test/x');
    expect(seen).toHaveLength(7);
    for (const [url, headers] of seen) {
      expect(Object.keys(headers).sort(), url).toEqual([
        'accept',
        'accept-encoding',
        'connection',
        'host',
        'user-agent',
      ]);
    }
  });
});

describe('addresses', () => {
  it('that change between two connections gain nothing (DNS rebinding)', async () => {
    const page = withoutRobots((_req, res) => html(res, 'page'));
    const server = await serve((req, res) => {
      // A connection that is kept needs no name.
      res.setHeader('connection', 'close');
      page(req, res);
    });
    // Of this machine's addresses one stands for a public one.
    const allowed = (address: string) => address === '127.0.0.1' || isPublicAddress(address);
    let asked = 0;
    const resolve = async (): Promise<Address[]> => [
      { address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 },
    ];
    const clock = new VirtualClock();
    const settings = { allowPrivate: false, contact: 'a@b.test', connectTo: [], retries: 0 };
    const client = clientFor(server.port, settings, { allowed, resolve, clock });
    const visit = () => clock.run(get(client, `http://rebind.test:${server.port}/`));
    expect(await reasonOf(visit())).toBe('ok');
    const { length } = server.log;
    await clock.run(clock.sleep(3_600_000));
    expect(await reasonOf(visit())).toBe('private_address');
    expect(server.log).toHaveLength(length);
    expect(asked).toBe(2);
  });

  it('of a name are connected to only as far as they are public', async () => {
    const server = await serve(withoutRobots((_req, res) => html(res, 'page')));
    const refused: string[] = [];
    const allowed = (address: string) => {
      if (address === '127.0.0.1') return true;
      refused.push(address);
      return isPublicAddress(address);
    };
    const resolve = async (): Promise<Address[]> => [
      { address: 'fe80::1%lo', family: 6 },
      { address: '::ffff:169.254.169.254', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const settings = { allowPrivate: false, contact: 'a@b.test', connectTo: [] };
    const client = clientFor(server.port, settings, { allowed, resolve });
    expect(await reasonOf(get(client, `http://mixed.test:${server.port}/`))).toBe('ok');
    expect(new Set(refused)).toEqual(new Set(['fe80::1%lo', '::ffff:169.254.169.254']));
  });

  it.each([
    'http://[fe80::1%25lo]/',
    'http://[fe80::1%lo]/',
    'http://[::1%25]/',
    'http://1.2.3.256/',
    'http://0x100000000/',
  ])('%s is no URL at all', async (url) => {
    const server = await serve((_req, res) => html(res, 'page'));
    expect(await reasonOf(get(clientFor(server.port), url))).toBe('bad_url');
    expect(server.log).toEqual([]);
  });
});

describe('heads of answers', () => {
  /** A server that answers every request but that for robots.txt as `answer` does, byte by byte. */
  async function raw(answer: (write: (text: string) => boolean) => void): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        if (String(data).startsWith('GET /robots.txt')) {
          socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        } else answer((text) => !socket.destroyed && socket.write(text));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  it('that drip end with the time for the whole request', async () => {
    const port = await raw((write) => {
      write('HTTP/1.1 200 OK\r\nX-Slow: ');
      const timer = setInterval(() => write('.') || clearInterval(timer), 20);
    });
    const client = clientFor(port, { timeoutMs: 400, retries: 0 });
    expect(await reasonOf(get(client, 'http://a.test/'))).toBe('timeout');
  });

  it('of many small headers end at 32 KiB', async () => {
    let sent = 0;
    const port = await raw((write) => {
      write('HTTP/1.1 200 OK\r\n');
      for (let i = 0; i < 20_000 && write(`X-${i}: ${i}\r\n`); i++) sent++;
    });
    const client = clientFor(port, { retries: 0 });
    expect(await reasonOf(get(client, 'http://a.test/'))).toBe('bad_response');
    expect(sent).toBeGreaterThan(4_000);
  });

  it('leave nothing in details that a terminal obeys', async () => {
    const bytes = '\x9b31m\xe2\x80\xae';
    const port = await raw((write) => {
      write(`HTTP/1.1 200 OK\r\nContent-Type: x/${'y'.repeat(5_000)}\r\nX: ${bytes}\r\n\r\n`);
    });
    const client = clientFor(port, { retries: 0 });
    const check = ({ contentType, headers }: { contentType: string; headers: object }) => ({
      reason: 'wrong_content_type' as const,
      detail: `${Object.values(headers).at(-1)} ${contentType}`,
    });
    const got = await client.get('http://a.test/', { kind: 'page', signal: never, check });
    const detail = got.ok ? '' : got.loss.detail;
    expect(detail).toMatch(/^\P{C}+ x\/y+$/u);
    expect(detail.length).toBeLessThanOrEqual(1_000);
  });
});
