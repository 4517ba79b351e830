/** RFC 9309, clause by clause. robots.test.ts has more of each, and robots-parser as a reference. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { HostRules } from '../../../src/crawl/net/host-rules.js';
import { OriginCache } from '../../../src/crawl/net/origin-cache.js';
import type { Fetched } from '../../../src/crawl/net/resource.js';
import { parseRobots } from '../../../src/crawl/net/robots.js';
import {
  ALL_RULES,
  clientFor,
  type Handler,
  html,
  never,
  serve,
  VirtualClock,
} from '../support.js';

const isOpen = (text: string, path: string, token = 'wit') =>
  parseRobots(text, token).judge(new URL(path, 'http://a.test/')).disallow === undefined;

/** What becomes of /x where robots.txt is answered by `robots`. */
async function visit(robots: Handler, timeoutMs = 500) {
  const server = await serve((req, res) => {
    if (req.url?.startsWith('/robots')) robots(req, res);
    else html(res, 'page');
  });
  const client = clientFor(server.port, { retries: 0, timeoutMs });
  const got = await client.get('http://a.test/x', { kind: 'page', signal: never });
  return { outcome: got.ok ? 'ok' : got.loss.reason, got, log: server.log };
}
const status =
  (code: number): Handler =>
  (_req, res) =>
    void res.writeHead(code).end();
const CLOSED = 'User-agent: *\nDisallow: /x';

describe('§2.1 and §2.2, the format', () => {
  it('§2.2: UTF-8, with or without a byte order mark; lines end in CR, LF or both', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      expect(isOpen(`User-agent: *${end}Disallow: /x${end}`, '/x')).toBe(false);
      expect(isOpen(`\uFEFFUser-agent: *${end}Disallow: /x`, '/x')).toBe(false);
    }
  });

  it('§2.2: octets that are no UTF-8 cost their line at most', async () => {
    const bytes = Buffer.from('User-agent: *\nDisallow: /\xff\nDisallow: /x\n', 'latin1');
    expect((await visit((_req, res) => void res.end(bytes))).outcome).toBe('robots_disallowed');
  });

  it('§2.2: comments, white space and empty lines', () => {
    const text = '# all\n\n User-agent : * # everybody\n\n\tDisallow\t:\t/x# that\n';
    expect(isOpen(text, '/x')).toBe(false);
    expect(isOpen('User-agent: *\nDisallow: # nothing', '/x')).toBe(true);
  });

  it('§2.2.1: the product token without case; the most specific group, not the first', () => {
    const text = 'User-agent: *\nDisallow: /\n\nUser-agent: WIT\nDisallow: /y';
    expect([isOpen(text, '/x'), isOpen(text, '/y')]).toEqual([true, false]);
  });

  it('§2.2.1: groups of one robot are joined, others are not', () => {
    const text =
      'User-agent: wit\nDisallow: /a\nUser-agent: b\nDisallow: /b\nUser-agent: wit\nDisallow: /c';
    expect(['/a', '/b', '/c'].map((path) => isOpen(text, path))).toEqual([false, true, false]);
  });

  it('§2.2.1: without a group for it and for all, nothing is closed', () => {
    expect(isOpen('User-agent: other\nDisallow: /', '/x')).toBe(true);
    expect(isOpen('', '/x')).toBe(true);
  });

  it('§2.2.2: the longest match in octets; Allow where both are equally long', () => {
    const text = 'User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif';
    expect(isOpen(text, '/example/page/disallowed.gif')).toBe(false);
    expect(isOpen(text, '/example/page/x')).toBe(true);
    expect(isOpen('User-agent: *\nDisallow: /a\nAllow: /a', '/a')).toBe(true);
    // /é is three octets: longer than two letters.
    expect(isOpen('User-agent: *\nAllow: /*a\nDisallow: /é', '/éa')).toBe(true);
    expect(isOpen('User-agent: *\nAllow: /*\nDisallow: /é', '/éa')).toBe(false);
  });

  it('§2.2.2: case matters in paths; percent-encoded and plain spellings are one', () => {
    const closed = (rule: string, path: string) =>
      !isOpen(`User-agent: *\nDisallow: ${rule}`, path);
    expect(closed('/X', '/x')).toBe(false);
    expect(closed('/foo/bar?baz=https://foo.bar', '/foo/bar?baz=https%3A%2F%2Ffoo.bar')).toBe(
      false,
    );
    for (const [rule, path] of [
      ['/foo/bar/ツ', '/foo/bar/%E3%83%84'],
      ['/foo/bar/%E3%83%84', '/foo/bar/ツ'],
      ['/foo/bar/%62%61%7A', '/foo/bar/baz'],
    ] as const) {
      expect(closed(rule, path), rule).toBe(true);
    }
  });

  it('§2.2.2: an empty pattern is no rule; /robots.txt is always open', () => {
    expect(isOpen('User-agent: *\nDisallow:', '/x')).toBe(true);
    expect(isOpen('User-agent: *\nDisallow: /', '/robots.txt')).toBe(true);
  });

  it('§2.2.3: "#", "$" and "*"; verbatim where they are percent-encoded', () => {
    const closed = (rule: string, path: string) =>
      !isOpen(`User-agent: *\nDisallow: ${rule}`, path);
    expect(closed('/this/path/exactly$', '/this/path/exactly')).toBe(true);
    expect(closed('/this/path/exactly$', '/this/path/exactly/not')).toBe(false);
    expect(closed('/this/*/exactly', '/this/any/path/exactly')).toBe(true);
    expect(closed('/path/file-with-a-%2A.html', '/path/file-with-a-*.html')).toBe(true);
    expect(closed('/path/file-with-a-%2A.html', '/path/file-with-a-b.html')).toBe(false);
    expect(closed('/path/foo-%24', '/path/foo-$')).toBe(true);
  });

  it('§2.2.4: other records do not come between user agents and their rules', () => {
    const text =
      'User-agent: a\nSitemap: https://a.test/s.xml\nCrawl-delay: 1\nUser-agent: wit\nDisallow: /x';
    expect(isOpen(text, '/x', 'a')).toBe(false);
    expect(isOpen(text, '/x')).toBe(false);
    expect(parseRobots(text, 'wit').sitemaps).toEqual(['https://a.test/s.xml']);
  });
});

describe('§2.3, access', () => {
  it('§2.3: at /robots.txt of each scheme, host and port', async () => {
    const server = await serve((req, res) => {
      if (req.url === '/robots.txt') res.writeHead(404).end();
      else html(res, 'page');
    });
    const client = clientFor(server.port);
    for (const url of ['http://a.test/x', 'http://a.test:8080/x', 'http://b.test/x']) {
      await client.get(url, { kind: 'page', signal: never });
    }
    expect(server.log.filter((line) => line.endsWith('robots.txt'))).toEqual([
      'a.test/robots.txt',
      'a.test:8080/robots.txt',
      'b.test/robots.txt',
    ]);
  });

  it('§2.3.1.1: rules that could be had are followed', async () => {
    expect((await visit((_req, res) => void res.end(CLOSED))).outcome).toBe('robots_disallowed');
  });

  it('§2.3.1.2: five redirects, across hosts, for the host that was asked; more are unavailable', async () => {
    const moved =
      (redirects: number): Handler =>
      (req, res) => {
        const n = Number(/\d+/.exec(req.url ?? '')?.[0] ?? 0);
        if (n < redirects)
          res.writeHead(302, { location: `http://h${n}.test/robots${n + 1}` }).end();
        else res.end(CLOSED);
      };
    expect((await visit(moved(5))).outcome).toBe('robots_disallowed');
    expect((await visit(moved(6))).outcome).toBe('ok');
  });

  it.each([400, 401, 403, 404, 410, 418])(
    '§2.3.1.3: %i is unavailable: all is open',
    async (code) => {
      expect((await visit(status(code))).outcome).toBe('ok');
    },
  );

  it.each<[string, Handler]>([
    ['500', status(500)],
    ['503', status(503)],
    ['599', status(599)],
    ['429, as servers mean it', status(429)],
    ['a connection that breaks', (req) => req.socket.destroy()],
    ['silence', () => {}],
    [
      'half an answer',
      (req, res) => {
        res.writeHead(200, { 'content-length': '100' }).write('User-agent: *');
        setTimeout(() => req.socket.destroy(), 50);
      },
    ],
    ['what is no HTTP', (req) => void req.socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n')],
    [
      'what cannot be unpacked',
      (_req, res) => {
        res.writeHead(200, { 'content-encoding': 'gzip' }).end(CLOSED);
      },
    ],
  ])('§2.3.1.4: %s is unreachable: all is closed', async (_name, handler) => {
    const { outcome, log } = await visit(handler);
    expect(outcome).toBe('robots_unreachable');
    expect(log).toEqual(['a.test/robots.txt']);
  });

  it('§2.3.1.5: what can be parsed is followed, whatever stands around it', async () => {
    const text = `<html>\n\0\0${CLOSED}\nDisallow /y\n: \n:::\n${'x'.repeat(5_000)}\n`;
    const { outcome } = await visit((_req, res) => void res.end(text.replace('\0\0', '\0\n')));
    expect(outcome).toBe('robots_disallowed');
  });
});

describe('§2.4 and §2.5, caching and limits', () => {
  it('§2.4: kept for no more than 24 hours; one that cannot be reached is asked again sooner', async () => {
    let code = 503;
    const server = await serve((req, res) => {
      if (req.url === '/robots.txt') res.writeHead(code).end();
      else html(res, 'page');
    });
    const clock = new VirtualClock();
    const client = clientFor(server.port, { retries: 0 }, { clock });
    const open = async () =>
      (await clock.run(client.get('http://a.test/x', { kind: 'page', signal: never }))).ok;
    const asked = () => server.log.filter((line) => line.endsWith('robots.txt')).length;
    expect([await open(), await open(), asked()]).toEqual([false, false, 1]);
    code = 404;
    await clock.run(clock.sleep(600_000));
    expect([await open(), await open(), asked()]).toEqual([true, true, 2]);
    await clock.run(clock.sleep(24 * 3_600_000 - 1));
    expect([await open(), asked()]).toEqual([true, 2]);
    await clock.run(clock.sleep(1));
    expect([await open(), asked()]).toEqual([true, 3]);
  });

  it('§2.5: 500 KiB are parsed', async () => {
    const size = 500 * 1024;
    const filler = `${'#'.repeat(99)}\n`.repeat(5_109);
    const text = `${filler}User-agent: *\nDisallow: /x\n`;
    expect(text.length).toBeGreaterThan(size - 1_100);
    expect(text.length).toBeLessThan(size);
    const { outcome } = await visit((_req, res) => void res.end(text + filler));
    expect(outcome).toBe('robots_disallowed');
  });
});

describe('memory', () => {
  const usedHeap = () => {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };

  it('of the rules is theirs, not that of the file they stood in', () => {
    const before = usedHeap();
    const kept = Array.from({ length: 300 }, (_, i) => {
      const filler = `# ${i} ${'x'.repeat(100)}\n`.repeat(4_500);
      const rule = `/a-rule-that-is-long-enough-${i}`;
      return parseRobots(
        `${filler}User-agent: *\nDisallow: ${rule}\nSitemap: https://a.test/sitemap-${i}.xml\n`,
        'wit',
      );
    });
    // The files have 150 MB together.
    expect(usedHeap() - before).toBeLessThan(10e6);
    expect(kept.every(({ bytes }) => bytes > 100 && bytes < 2_000)).toBe(true);
  });

  it('of all hosts together is bounded by bytes, whatever hosts send', async () => {
    const rules = Array.from({ length: 20_000 }, (_, i) => `Disallow: /${i}/*/x$`).join('\n');
    const body = Buffer.from(`User-agent: *\n${rules}\n`);
    expect(body.length).toBeLessThan(500 * 1024);
    let asked = 0;
    const fetch = async (url: string): Promise<Fetched> => {
      asked++;
      return { ok: true, url, status: 200, headers: {}, contentType: 'text/plain', body };
    };
    const hosts = new HostRules({ fetch, honours: ALL_RULES, clock: new VirtualClock() });
    const visitHost = (i: number) =>
      hosts.admit(new URL(`http://h${i}.test/1/2/x`), 'sitemap', never);
    const before = usedHeap();
    for (let i = 0; i < 60; i++) expect((await visitHost(i)).ok).toBe(false);
    expect(usedHeap() - before).toBeLessThan(160e6);
    // What fell out is asked for again; what was used last is still there.
    expect(asked).toBe(60);
    await visitHost(59);
    expect(asked).toBe(60);
    await visitHost(0);
    expect(asked).toBe(61);
  });

  it('is what was said: estimates bound what is kept', async () => {
    const clock = new VirtualClock();
    const ask = async (origin: string) => ({ value: origin, ttlMs: 1_000, bytes: 9_000 });
    const cache = new OriginCache({ ask, clock, maxBytes: 100_000 });
    for (let i = 0; i < 50; i++) await cache.get(`http://h${i}.test`, never);
    expect(cache.size).toBe(10);
    expect(cache.bytes).toBe(100_000);
  });
});
