import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { getFrom, reasonOf } from '../support.js';

describe('encodings', () => {
  const text = 'The same text. '.repeat(100);
  // More than is unpacked at once, packed too.
  const long = randomBytes(500_000).toString('hex');
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['identity', (bytes) => bytes],
    ['gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))],
    ['GZIP', gzipSync],
  ])('%s is undone, of short and long bodies', async (encoding, compress) => {
    for (const sent of [text, long, '']) {
      const { got } = await getFrom((_req, res) => {
        res.writeHead(200, { 'content-encoding': encoding }).end(compress(Buffer.from(sent)));
      });
      expect(got.ok && got.body.toString() === sent).toBe(true);
    }
  });

  it.each<[string, string, Buffer, string]>([
    ['an unknown encoding', 'compress', Buffer.from(text), 'bad_response'],
    ['encodings upon encodings', 'gzip, gzip, gzip', Buffer.from(text), 'bad_response'],
    ['what is no gzip', 'gzip', Buffer.from(text), 'bad_response'],
    ['what is no deflate', 'deflate', Buffer.from(text), 'bad_response'],
    ['half a gzip', 'gzip', gzipSync(text).subarray(0, 30), 'truncated'],
    ['half a deflate', 'deflate', deflateSync(text).subarray(0, 20), 'truncated'],
    ['half a long gzip', 'gzip', gzipSync(long).subarray(0, 300_000), 'truncated'],
    ['a long gzip with a hole', 'gzip', gzipSync(long).fill(0, 200_000, 200_100), 'bad_response'],
    ['what unpacks to too much', 'gzip', gzipSync(long.repeat(6)), 'too_many_bytes'],
  ])('%s is a loss', async (_name, encoding, body, reason) => {
    const { got } = await getFrom((_req, res) => {
      res.writeHead(200, { 'content-encoding': encoding }).end(body);
    });
    expect(reasonOf(got)).toBe(reason);
  });
});
