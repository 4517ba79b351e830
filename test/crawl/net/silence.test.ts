import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NetConfig } from '../../../src/config.js';
import type { WitError } from '../../../src/core/errors.js';
import type { WebClient, WebClientOptions } from '../../../src/crawl/index.js';
import { clientFor, never } from '../support.js';

/** A server that can go away, and a client whose `dead.test` leads nowhere. */
async function world(
  settings: Partial<NetConfig> = {},
  options: WebClientOptions = {},
  rules: readonly string[] = [],
): Promise<{ client: WebClient; asked: string[]; outages: WitError[]; leave(): Promise<void> }> {
  const asked: string[] = [];
  const listen = async (): Promise<Server> => {
    const server = createServer((request, response) => {
      asked.push(`${request.headers.host}${request.url}`);
      if (request.url === '/robots.txt') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'image/png' }).end('x');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const close = async (server: Server) => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const server = await listen();
  onTestFinished(() => close(server));
  const gone = await listen();
  const closedPort = (gone.address() as AddressInfo).port;
  await close(gone);
  const outages: WitError[] = [];
  const { port } = server.address() as AddressInfo;
  const client = clientFor(
    port,
    {
      connectTo: [...rules, `dead.test::127.0.0.1:${closedPort}`, `::127.0.0.1:${port}`],
      ...{ retries: 0, outageAfter: 10, honour: [], timeoutMs: 300, maxBackoffMs: 1 },
      ...settings,
    },
    { onOutage: (error) => outages.push(error), ...options },
  );
  return { client, asked, outages, leave: () => close(server) };
}

const get = (client: WebClient, url: string) => client.get(url, { kind: 'image', signal: never });

describe('silence', () => {
  it('is an outage when those who answered before do so no more', async () => {
    const { client, outages, leave } = await world();
    for (const host of ['a', 'b', 'c', 'd']) await get(client, `http://${host}.test/1.png`);
    expect(client.answers).toBe(4);
    await leave();
    for (let n = 0; n < 9; n++) await get(client, `http://${n}.test/2.png`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(outages).toEqual([]);
    await get(client, 'http://e.test/2.png');
    while (outages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(outages[0]?.code).toBe('network');
    expect(outages[0]?.message).toMatch(/^Nobody answers any more: the last 1\d requests, to 1\d/);
    expect(outages[0]?.message).toContain('connect');
    expect(outages[0]?.hint).toContain('run the same command again');
  });

  it('is no outage when it is that of one host', async () => {
    const { client, asked, outages } = await world();
    await get(client, 'http://a.test/1.png');
    for (let n = 0; n < 25; n++) {
      expect(await get(client, `http://dead.test/${n}.png`)).toMatchObject({
        ok: false,
        loss: { reason: 'connect' },
      });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.confirmNetwork();
    expect(outages).toEqual([]);
    expect(asked.filter((url) => url === 'a.test/1.png').length).toBeGreaterThan(1);
  });

  it('is an outage when no name can be found from the start', async () => {
    const { client, asked, outages } = await world(
      { connectTo: [], contact: 'a@b.test' },
      {
        resolve: (name) => Promise.reject(Object.assign(new Error(name), { code: 'ESERVFAIL' })),
      },
    );
    const gets = Array.from({ length: 10 }, (_, n) => get(client, `http://${n}.test/`));
    const fetched = await Promise.all(gets);
    expect(new Set(fetched.map((one) => !one.ok && one.loss.reason))).toEqual(new Set(['dns']));
    while (outages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(asked).toEqual([]);
  });

  it('is none for a handful of requests of which nobody ever answered', async () => {
    const { client, outages, leave } = await world();
    await leave();
    for (let n = 0; n < 9; n++) await get(client, `http://${n}.test/2.png`);
    await client.confirmNetwork();
    expect(outages).toEqual([]);
  });

  it('is one, however few failed last, when the end of the work is in doubt', async () => {
    const { client, outages, leave } = await world();
    await get(client, 'http://a.test/1.png');
    await client.confirmNetwork();
    await leave();
    await get(client, 'http://b.test/1.png');
    await client.confirmNetwork();
    expect(outages).toHaveLength(1);
  });

  it('is never one with outageAfter 0', async () => {
    const { client, outages, leave } = await world({ outageAfter: 0 });
    await get(client, 'http://a.test/1.png');
    await leave();
    for (let n = 0; n < 25; n++) await get(client, `http://${n}.test/2.png`);
    await client.confirmNetwork();
    expect(outages).toEqual([]);
  });

  it.each([
    ['an error', 500],
    ['a refusal', 403],
  ])('is broken by %s: somebody is there', async (_, status) => {
    const server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as AddressInfo;
    const { client, outages } = await world({}, {}, [`rude.test::127.0.0.1:${port}`]);
    for (let n = 0; n < 40; n++) {
      const at = n % 8 === 0 ? 'http://rude.test/' : `http://dead.test/${n}.png`;
      await get(client, at);
    }
    expect(client.answers).toBe(5);
    expect(outages).toEqual([]);
  });
});
