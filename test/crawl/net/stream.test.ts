import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { StreamLossError } from '../../../src/crawl/net/stream.js';
import { clientFor, type Handler, never, serve } from '../support.js';

/** 3 MB that do not repeat in a power of two. */
const FILE = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7 + (i >> 8)) % 251));
const URL_ = 'http://archive.test/file';

async function read(port: number, settings = {}, url = URL_): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of clientFor(port, settings).stream(url, never)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function lossOf(reading: Promise<unknown>): Promise<StreamLossError['loss']> {
  const error = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StreamLossError);
  return (error as StreamLossError).loss;
}

function startOf(req: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0);
}

/** Serves FILE with ranges, and breaks each connection after `bytes` of it. */
function breaking(bytes: number, headers: Record<string, string> = { etag: '"1"' }): Handler {
  return (req, res) => {
    const start = startOf(req);
    const range = { 'content-range': `bytes ${start}-${FILE.length - 1}/${FILE.length}` };
    const length = { 'content-length': FILE.length - start };
    res.writeHead(start > 0 ? 206 : 200, { ...headers, ...length, ...(start > 0 ? range : {}) });
    send(res, FILE.subarray(start, start + bytes), start + bytes < FILE.length);
  };
}

function send(res: ServerResponse, bytes: Buffer, breaks: boolean): void {
  res.write(bytes, () => (breaks ? res.destroy() : res.end()));
}

describe('WebClient.stream', () => {
  it('gives a file whole, with the honest user agent, without asking for robots.txt', async () => {
    let agent: string | undefined;
    const server = await serve((req, res) => {
      agent = req.headers['user-agent'];
      res.end(FILE);
    });
    expect((await read(server.port)).equals(FILE)).toBe(true);
    expect(server.log).toEqual(['archive.test/file']);
    expect(agent).toMatch(/^wit\/\d/);
  });

  it.each([300_000, 70_001])(
    'goes on where the connection broke, every %i bytes',
    async (bytes) => {
      const ranges: (string | undefined)[] = [];
      const conditions = new Set<string | undefined>();
      const serving = breaking(bytes);
      const server = await serve((req, res) => {
        ranges.push(req.headers.range);
        conditions.add(req.headers['if-range'] as string | undefined);
        serving(req, res);
      });
      expect((await read(server.port, { retries: 2 })).equals(FILE)).toBe(true);
      expect(ranges.length).toBeGreaterThanOrEqual(Math.ceil(FILE.length / bytes));
      expect(ranges[0]).toBeUndefined();
      expect(conditions).toEqual(new Set([undefined, '"1"']));
    },
  );

  it('reads past what it has where a server knows no ranges', async () => {
    let asked = 0;
    const server = await serve((_req, res) => {
      res.writeHead(200, { etag: '"1"', 'content-length': FILE.length });
      send(res, FILE.subarray(0, ++asked * 900_000), asked * 900_000 < FILE.length);
    });
    expect((await read(server.port)).equals(FILE)).toBe(true);
    expect(asked).toBe(4);
  });

  it('never mixes two versions of a file', async () => {
    for (const second of [{ etag: '"2"' }, { 'content-length': '2999999' }]) {
      let asked = 0;
      const server = await serve((req, res) => {
        asked++;
        if (asked === 1) return breaking(500_000)(req, res);
        res.writeHead(200, { etag: '"1"', 'content-length': `${FILE.length}`, ...second });
        res.end(FILE.subarray(0, Number(second['content-length'] ?? FILE.length)));
      });
      const loss = await lossOf(read(server.port));
      expect(loss.reason).toBe('bad_response');
      expect(loss.detail).toMatch(/^the file changed after \d+ bytes of it were read$/);
    }
  });

  it('gives up on a server that breaks off again and again without giving more', async () => {
    const server = await serve(breaking(1_000));
    const loss = await lossOf(read(server.port, { retries: 3 }));
    expect(['truncated', 'reset']).toContain(loss.reason);
    expect(server.log.length).toBe(4);
  });

  it('ends a server that drips, and one that stalls', async () => {
    const drips = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': FILE.length });
      const timer = setInterval(() => res.write('x'), 20);
      res.on('close', () => clearInterval(timer));
    });
    const stalls = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': FILE.length }).write(FILE.subarray(0, 200_000));
    });
    const silent = await serve(() => {});
    for (const { port } of [drips, stalls, silent]) {
      const loss = await lossOf(read(port, { timeoutMs: 300, retries: 1 }));
      expect(loss.reason).toBe('timeout');
    }
  });

  it('does not count the time that the reader takes', async () => {
    const server = await serve((_req, res) => res.end(FILE));
    const chunks: Buffer[] = [];
    let waits = 4;
    for await (const chunk of clientFor(server.port, { timeoutMs: 250 }).stream(URL_, never)) {
      chunks.push(chunk);
      if (waits-- > 0) await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(Buffer.concat(chunks).equals(FILE)).toBe(true);
    expect(server.log.length).toBe(1);
  });

  it.each([
    [404, 'http_client_error', 1],
    [403, 'http_client_error', 1],
    [500, 'http_server_error', 3],
    [429, 'http_too_many_requests', 3],
    [204, 'bad_response', 1],
  ] as const)('takes %i for %s after %i tries', async (status, reason, tries) => {
    const server = await serve((_req, res) => res.writeHead(status).end());
    expect((await lossOf(read(server.port, { retries: 2 }))).reason).toBe(reason);
    expect(server.log.length).toBe(tries);
  });

  it('tries again after an error that passes', async () => {
    let asked = 0;
    const server = await serve((_req, res) => {
      if (asked++ < 2) res.writeHead(503, { 'retry-after': '0' }).end();
      else res.end(FILE);
    });
    expect((await read(server.port)).equals(FILE)).toBe(true);
  });

  it('follows redirects, up to a limit, and guards each', async () => {
    const server = await serve((req, res) => {
      if (req.url === '/file') res.writeHead(302, { location: '/other' }).end();
      else if (req.url === '/other') res.end(FILE);
      else if (req.url === '/private') res.writeHead(302, { location: 'http://10.0.0.1/' }).end();
      else res.writeHead(302, { location: '/loop' }).end();
    });
    expect((await read(server.port)).equals(FILE)).toBe(true);
    const loop = await lossOf(read(server.port, { maxRedirects: 3 }, 'http://archive.test/loop'));
    expect(loop.reason).toBe('too_many_redirects');
    const client = clientFor(
      server.port,
      { allowPrivate: false },
      {
        allowed: (address) => address === '127.0.0.1',
      },
    );
    const refused = await lossOf(client.stream('http://archive.test/private', never).next());
    expect(refused.reason).toBe('private_address');
    for (const url of ['file:///etc/passwd', 'http://10.1.2.3/x', 'nonsense']) {
      expect(['bad_url', 'private_address']).toContain(
        (await lossOf(client.stream(url, never).next())).reason,
      );
    }
  });

  it('frees its place on the host when it is left, and ends on abort', async () => {
    const server = await serve((_req, res) => res.end(FILE));
    const client = clientFor(server.port, { perHostConcurrency: 1 });
    for (let i = 0; i < 3; i++) {
      for await (const chunk of client.stream(URL_, never)) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
    const control = new AbortController();
    const reading = (async () => {
      for await (const _chunk of client.stream(URL_, control.signal))
        control.abort(new Error('stop'));
    })();
    await expect(reading).rejects.toThrow('stop');
    expect(server.mostOpen()).toBeLessThanOrEqual(2);
  });
});
