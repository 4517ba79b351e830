import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { downloadImage } from '../../src/crawl/index.js';
import { clientFor, never, serve, withoutRobots } from './support.js';

const square = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
const images = {
  png: await square.png().toBuffer(),
  jpeg: await square.jpeg().toBuffer(),
  webp: await square.webp().toBuffer(),
  gif: await square.gif().toBuffer(),
  avif: await square.avif().toBuffer(),
  tiff: await square.tiff().toBuffer(),
};

async function download(headers: Record<string, string>, body: Buffer | string) {
  const server = await serve(withoutRobots((_req, res) => res.writeHead(200, headers).end(body)));
  const client = clientFor(server.port, { maxImageBytes: 10_000 });
  return await downloadImage(client, 'http://a.test/i', never);
}

describe('downloadImage', () => {
  it('gives the bytes as sent', async () => {
    const got = await download({ 'content-type': 'image/png; x=y' }, images.png);
    expect(got).toEqual({
      ok: true,
      bytes: images.png,
      contentType: 'image/png',
      finalUrl: 'http://a.test/i',
    });
  });

  it.each(Object.keys(images) as (keyof typeof images)[])(
    'knows a %s that is not declared',
    async (kind) => {
      expect((await download({}, images[kind])).ok).toBe(true);
      expect(
        (await download({ 'content-type': 'application/octet-stream' }, images[kind])).ok,
      ).toBe(true);
    },
  );

  it.each<[string, Record<string, string>, Buffer | string, string]>([
    ['a page', { 'content-type': 'text/html' }, '<html>', 'wrong_content_type'],
    ['JSON', { 'content-type': 'application/json' }, '{}', 'wrong_content_type'],
    ['an image called a page', { 'content-type': 'text/html' }, images.png, 'wrong_content_type'],
    [
      'bytes that are no image',
      { 'content-type': 'application/octet-stream' },
      'hello, world',
      'wrong_content_type',
    ],
    ['a page that is not declared', {}, '<!doctype html><p>hi', 'wrong_content_type'],
    ['nothing', { 'content-type': 'image/png' }, '', 'bad_response'],
    ['too much', { 'content-type': 'image/png' }, Buffer.alloc(10_001), 'too_many_bytes'],
    ['noai', { 'content-type': 'image/png', 'x-robots-tag': 'noai' }, images.png, 'opt_out'],
    [
      'noimageindex',
      { 'content-type': 'image/png', 'x-robots-tag': 'noarchive, noimageindex' },
      images.png,
      'opt_out',
    ],
    [
      'its own opt-out',
      { 'content-type': 'image/png', 'x-robots-tag': 'wit: noindex' },
      images.png,
      'opt_out',
    ],
  ])('refuses %s', async (_name, headers, body, reason) => {
    expect(await download(headers, body)).toMatchObject({ ok: false, loss: { reason } });
  });

  it.each<[string, Record<string, string>]>([
    ['of another type than declared', { 'content-type': 'image/jpeg' }],
    [
      'that other robots are kept from',
      { 'content-type': 'image/png', 'x-robots-tag': 'otherbot: noai' },
    ],
  ])('takes an image %s', async (_name, headers) => {
    expect((await download(headers, images.png)).ok).toBe(true);
  });

  it('reads no body that opts out', async () => {
    let read = false;
    const server = await serve(
      withoutRobots((_req, res) => {
        res.writeHead(200, { 'content-type': 'image/png', 'x-robots-tag': 'noai' });
        res.write('x');
        // Never ends by itself: whoever waits for the body runs into the time limit.
        res.on('finish', () => {
          read = true;
        });
      }),
    );
    const client = clientFor(server.port, { timeoutMs: 5_000 });
    const got = await downloadImage(client, 'http://a.test/i', never);
    expect(got).toMatchObject({
      ok: false,
      loss: { reason: 'opt_out', detail: 'x-robots-tag: noai' },
    });
    expect(read).toBe(false);
  });

  it('asks for no more images than there is room for, however many wait', async () => {
    const asked: string[] = [];
    const server = await serve(
      withoutRobots((req, res) => {
        asked.push(req.headers.host ?? '');
        res.writeHead(200, { 'content-type': 'image/png' }).end(images.png);
      }),
    );
    const client = clientFor(server.port, { concurrency: 3 });
    let waiting = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const room = () => {
      waiting += 1;
      return gate;
    };
    const all = Array.from({ length: 20 }, (_, index) =>
      downloadImage(client, `http://h${index}.test/i`, never, room),
    );
    while (waiting < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([waiting, asked.length]).toEqual([3, 0]);
    open();
    expect((await Promise.all(all)).every(({ ok }) => ok)).toBe(true);
    expect([waiting, asked.length]).toEqual([20, 20]);
  });
});
