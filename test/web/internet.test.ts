import { Agent, get, type IncomingMessage } from 'node:http';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmojiWorld, loadEmoji } from './emoji.js';
import { type Internet, startInternet } from './internet.js';

const OPTIONS = { concepts: 40, px: 48, slowMs: 120 };

let emoji: EmojiWorld;
let internet: Internet;
const agent = new Agent({ keepAlive: true });
beforeAll(async () => {
  emoji = await loadEmoji();
  internet = await startInternet({ ...OPTIONS, emoji });
});
afterAll(async () => {
  agent.destroy();
  await internet.close();
});

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** What ended the body early. */
  error?: Error;
}

/** A raw client: no redirects, no retries. Rejects when there was no answer at all. */
function ask(
  url: string,
  options: { maxBytes?: number; maxMs?: number; port?: number; method?: string } = {},
): Promise<Answer> {
  const { hostname, host, pathname, search } = new URL(url);
  const { maxBytes = 5e6, maxMs = 5_000, port = internet.port, method = 'GET' } = options;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(maxMs);
    let done: ((error?: Error) => void) | undefined;
    const request = get(
      {
        agent,
        host: '127.0.0.1',
        port,
        path: pathname + search,
        headers: { host },
        signal,
        method,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        done = (error?: Error) =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
            ...(error && { error }),
          });
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          bytes += chunk.length;
          if (bytes > maxBytes) {
            done?.(new Error('enough'));
            request.destroy();
          }
        });
        response.on('end', () => done?.());
        response.on('error', (error) => done?.(error));
      },
    );
    request.on('error', (error) => {
      if (done === undefined) reject(new Error(`${hostname}: ${error.message}`));
      else done(error);
    });
  });
}

const attic = (path: string) => `http://attic.test${path}`;

describe('the server', () => {
  it('tells hosts apart by name and knows nobody else', async () => {
    const noto = await ask('http://noto.test/');
    const blob = await ask('http://noto-v1.test/');
    expect([noto.status, blob.status]).toEqual([200, 200]);
    expect(String(noto.body)).toContain('<title>Noto');
    expect(String(blob.body)).toContain('<title>Blob');
    expect((await ask('http://elsewhere.test/')).status).toBe(404);
    expect((await ask('http://169.254.169.254/latest/meta-data/')).status).toBe(404);
  });

  it('says the same today and tomorrow, from any of its instances', async () => {
    const other = await startInternet({ ...OPTIONS, emoji });
    try {
      for (const url of ['http://noto.test/', 'http://emojione.test/sitemap.xml', ...imagesOf(5)]) {
        const here = await ask(url);
        const there = await ask(url, { port: other.port });
        expect(there.headers).toEqual(here.headers);
        expect(there.body.equals(here.body)).toBe(true);
        expect(here.headers).not.toHaveProperty('date');
        expect(here.headers['last-modified']).toBe('Sat, 01 Jan 2022 00:00:00 GMT');
        expect(here.headers.etag).toMatch(/^"[0-9a-f]{16}"$/);
      }
    } finally {
      await other.close();
    }
  });

  it('serves pictures that decode, at the size that was asked for', async () => {
    for (const url of imagesOf(20)) {
      const { body, headers } = await ask(url);
      const info = await sharp(body).metadata();
      expect(headers['content-type']).toBe(`image/${info.format}`);
      expect([48, 24]).toContain(info.width);
    }
  });

  it('answers HEAD without a body and refuses to be written to', async () => {
    const head = await ask('http://noto.test/', { method: 'HEAD' });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(500);
    expect((await ask('http://noto.test/', { method: 'DELETE' })).status).toBe(405);
  });

  it('remembers what it was asked', async () => {
    const before = internet.requests.count('http://fxemoji.test/');
    await ask('http://fxemoji.test/');
    expect(internet.requests.count('http://fxemoji.test/')).toBe(before + 1);
    expect(internet.requests.count('fxemoji.test')).toBeGreaterThan(before);
    const last = internet.requests.of('fxemoji.test').at(-1);
    expect(last).toMatchObject({ method: 'GET', url: '/', status: 200 });
    expect(internet.requests.hosts()).not.toContain('outside.test');
  });

  it('waits for the hook before each answer', async () => {
    const seen: string[] = [];
    const hooked = await startInternet({
      ...OPTIONS,
      emoji,
      troubles: false,
      onRequest: async ({ host, url }) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        seen.push(host + url);
      },
    });
    await ask('http://noto.test/robots.txt', { port: hooked.port });
    expect(seen).toEqual(['noto.test/robots.txt']);
    await hooked.close();
  });

  it('closes at once, whatever it is in the middle of', async () => {
    const closing = await startInternet({ ...OPTIONS, emoji });
    const stalled = ask('http://attic.test/drip.png', { port: closing.port });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const began = performance.now();
    await closing.close();
    expect(performance.now() - began).toBeLessThan(1_000);
    expect((await stalled).error).toBeDefined();
  });
});

describe('troubles, as a client sees them', () => {
  it('missing, gone and forbidden', async () => {
    const statuses = ['/nowhere.png', '/gone.png', '/members.png', '/crashed.png'].map(
      async (path) => (await ask(attic(path))).status,
    );
    expect(await Promise.all(statuses)).toEqual([404, 410, 403, 500]);
  });

  it('redirects: to a picture in the end, for too long, in circles', async () => {
    const hops = async (url: string, limit = 20) => {
      const visited = [url];
      for (let at = url; visited.length <= limit; ) {
        const { status, headers } = await ask(at);
        if (headers.location === undefined) return { status, visited };
        at = new URL(headers.location, at).href;
        visited.push(at);
      }
      return { status: 0, visited };
    };
    for (const status of [301, 302, 303, 307, 308]) {
      expect((await ask(attic(`/moved/${status}.png`))).status).toBe(status);
      const end = await hops(attic(`/moved/${status}.png`));
      expect(end.status).toBe(200);
      expect(end.visited.at(-1)).toContain('http://moved.test/new/');
    }
    expect((await hops(attic('/chain/1.png'))).visited.length).toBeGreaterThan(10);
    expect(new Set((await hops(attic('/loop/self.png'))).visited).size).toBe(1);
    expect(new Set((await hops(attic('/loop/there.png'))).visited).size).toBe(2);
  });

  it('types that are wrong', async () => {
    const page = await ask(attic('/types/page.png'));
    expect(page.headers['content-type']).toBe('text/html');
    const liar = await ask(attic('/types/liar.png'));
    expect(liar.headers['content-type']).toBe('image/png');
    expect(String(liar.body)).toContain('<!doctype html>');
    for (const [path, type] of [
      ['/types/text.png', 'text/plain'],
      ['/types/stream.png', 'application/octet-stream'],
      ['/types/not-a-jpeg.jpg', 'image/jpeg'],
    ] as const) {
      const { headers, body } = await ask(attic(path));
      expect(headers['content-type']).toBe(type);
      expect((await sharp(body).metadata()).format).toBe('png');
    }
    expect((await ask(attic('/types/empty.png'))).body).toHaveLength(0);
  });

  it('files that are cut, whole as HTTP goes', async () => {
    for (const format of ['jpeg', 'png', 'webp']) {
      const { body, headers, error } = await ask(attic(`/cut/file.${format}`));
      expect(error).toBeUndefined();
      expect(Number(headers['content-length'])).toBe(body.length);
      await expect(sharp(body, { failOn: 'warning' }).raw().toBuffer()).rejects.toThrow();
    }
  });

  it('connections that break in the middle or at once', async () => {
    const half = await ask(attic('/halfway.png'));
    expect(half.error).toBeDefined();
    expect(half.body.length).toBeLessThan(Number(half.headers['content-length']));
    await expect(ask(attic('/slammed.png'))).rejects.toThrow(/ECONNRESET|hang up/);
  });

  it('animations, a blank, a vector and a bomb', async () => {
    for (const format of ['gif', 'webp']) {
      const { body } = await ask(attic(`/moving/picture.${format}`));
      expect((await sharp(body, { animated: true }).metadata()).pages).toBe(2);
    }
    const { channels } = await sharp((await ask(attic('/blank.png'))).body).stats();
    expect(channels.every((channel) => channel.min === channel.max)).toBe(true);
    expect((await ask(attic('/vector.svg'))).headers['content-type']).toBe('image/svg+xml');
    const bomb = await ask(attic('/bomb.png'));
    expect(bomb.body.length).toBeLessThan(100_000);
    const info = await sharp(bomb.body, { limitInputPixels: false }).metadata();
    expect([info.format, info.width, info.height]).toEqual(['png', 20_000, 20_000]);
    await expect(sharp(bomb.body).raw().toBuffer()).rejects.toThrow(/pixel limit/);
  });

  it('answers that stall: a byte at a time, and none', async () => {
    const drip = await ask(attic('/drip.png'), { maxMs: 700 });
    expect(drip.error).toBeDefined();
    expect(drip.body.length).toBeGreaterThan(2);
    expect(drip.body.length).toBeLessThan(10);
    await expect(ask(attic('/silence.png'), { maxMs: 300 })).rejects.toThrow(/abort/);
    const page = await ask('http://stall.test/', { maxMs: 300 });
    expect(page.error).toBeDefined();
  });

  it('floods, announced and not', async () => {
    const endless = await ask(attic('/endless.png'), { maxBytes: 3e7 });
    expect(endless.body.length).toBeGreaterThan(3e7);
    expect(endless.headers).not.toHaveProperty('content-length');
    const announced = await ask(attic('/announced.png'), { maxBytes: 1e6 });
    expect(announced.headers['content-length']).toBe('1000000000');
  });

  it('robots.txt: in part, missing, failing, and with a delay', async () => {
    const text = async (host: string) => {
      const { status, body } = await ask(`http://${host}/robots.txt`);
      return [status, String(body)] as const;
    };
    expect(await text('private.test')).toEqual([
      200,
      expect.stringContaining('Disallow: /private/'),
    ]);
    expect((await text('norobots.test'))[0]).toBe(404);
    expect((await text('broken-robots.test'))[0]).toBe(500);
    expect((await text('calm.test'))[1]).toContain('Crawl-delay: 1');
    expect((await text('noto.test'))[1]).toContain('Sitemap: http://noto.test/sitemap.xml');
  });

  it('opt-outs, in headers and on pages', async () => {
    const tag = async (path: string) => (await ask(attic(path))).headers['x-robots-tag'];
    expect(await tag('/optout/noai.png')).toBe('noai');
    expect(await tag('/optout/noimageai.png')).toBe('noimageai');
    expect(await tag('/optout/header.html')).toBe('noai');
    const page = await ask(attic('/optout/meta.html'));
    expect(String(page.body)).toContain('<meta name="robots" content="noai, noimageai">');
  });

  it('a slow host', async () => {
    const began = performance.now();
    await ask('http://slow.test/');
    expect(performance.now() - began).toBeGreaterThanOrEqual(OPTIONS.slowMs - 2);
  });

  it('a host that fails every third request, and no URL twice running', async () => {
    const { port, close } = await startInternet({ ...OPTIONS, emoji });
    try {
      const statuses: number[] = [];
      const urls = [
        '/',
        '/shelf/1.png',
        '/robots.txt',
        '/robots.txt',
        '/',
        '/',
        '/',
        '/shelf/1.png',
      ];
      for (const url of urls)
        statuses.push((await ask(`http://flaky.test${url}`, { port })).status);
      expect(statuses).toEqual([200, 200, 503, 404, 200, 503, 200, 200]);
      // The ninth request is owed a failure; many at once: a third of them, none of them again.
      const many = await Promise.all(
        Array.from({ length: 30 }, (_, at) => ask(`http://flaky.test/none/${at}`, { port })),
      );
      expect(many.filter(({ status }) => status === 503)).toHaveLength(10);
      const failed = many.flatMap(({ status }, at) => (status === 503 ? [at] : []));
      const again = await Promise.all(
        failed.map((at) => ask(`http://flaky.test/none/${at}`, { port })),
      );
      expect(again.map(({ status }) => status)).toEqual(failed.map(() => 404));
    } finally {
      await close();
    }
  });

  it('a host that says 429 to the first request for each picture', async () => {
    const url = 'http://busy.test/shelf/1.png';
    const first = await ask(url);
    expect([first.status, first.headers['retry-after']]).toEqual([429, '1']);
    expect((await ask(url)).status).toBe(200);
    expect((await ask('http://busy.test/')).status).toBe(200);
  });

  it('copies, exact and encoded anew', async () => {
    const pixels = async (url: string) =>
      await sharp((await ask(url)).body)
        .flatten({ background: '#fff' })
        .raw()
        .toBuffer();
    const { expectedTwins } = internet.web;
    expect(expectedTwins.length).toBeGreaterThan(4);
    for (const { urls, reason } of expectedTwins) {
      const [original, copy] = urls as [string, string];
      const same = (await ask(original)).body.equals((await ask(copy)).body);
      expect(same).toBe(reason === 'duplicate_exact');
      const [a, b] = [await pixels(original), await pixels(copy)];
      const difference = a.reduce((sum, level, at) => sum + Math.abs(level - (b[at] ?? 0)), 0);
      expect(difference / a.length).toBeLessThan(20);
    }
  });

  it('hostile words are on the pages as text, escaped', async () => {
    const page = String((await ask('http://album.test/hostile.html')).body);
    expect(page).toContain('alt="A picture of');
    expect(page).toContain('&lt;script&gt;window.hacked=1');
    expect(page).toContain('\u202e');
    expect(page).not.toContain('<script>');
    const long = String((await ask('http://album.test/lengths/long.html')).body);
    expect(long.length).toBeGreaterThan(10_000);
  });

  it('nothing went wrong that was not meant to', () => {
    expect(internet.requests.failures).toEqual([]);
  });
});

/** Some picture URLs of the designers' sites. */
function imagesOf(count: number): string[] {
  return internet.web.hosts
    .all()
    .filter((site) => !['flaky.test', 'busy.test', 'slow.test'].includes(site.host))
    .flatMap((site) =>
      [...site.resources].flatMap(([path, resource]) =>
        resource.kind === 'content' && resource.picture && !path.includes('/types/')
          ? [site.origin + path]
          : [],
      ),
    )
    .filter((_, at) => at % 11 === 0)
    .slice(0, count);
}
