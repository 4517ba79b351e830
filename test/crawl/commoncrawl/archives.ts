/** Archives for tests: real records, packed in every way, and a reader that is plainly right. */

import { gzipSync } from 'node:zlib';
import { realRecords, withBlock } from '../../../bench/synthetic-archive.js';
import {
  readWarc,
  type WarcDamage,
  type WarcRecord,
} from '../../../src/crawl/sources/commoncrawl/warc.js';

export { realRecords, withBlock };

/** All real records: requests, responses, metadata of pages, JSON envelopes, plain texts. */
export const REAL = [...realRecords('warc'), ...realRecords('wat'), ...realRecords('wet')];

/** One member a record, as Common Crawl packs. */
export function packed(records: readonly Buffer[]): Buffer {
  return Buffer.concat(records.map((record) => gzipSync(record)));
}

/** `bytes` in chunks of the sizes that `size` draws. */
export async function* chunked(bytes: Buffer, size: () => number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + Math.max(1, Math.floor(size()));
    yield bytes.subarray(at, end);
    at = end;
  }
}

export async function readAll(
  bytes: Buffer,
  size = () => 2 ** 20,
): Promise<{ records: WarcRecord[]; damages: WarcDamage[] }> {
  const records: WarcRecord[] = [];
  const damages: WarcDamage[] = [];
  for await (const items of readWarc(chunked(bytes, size))) {
    for (const item of items) {
      if (item.type === 'record') records.push(item);
      else damages.push(item);
    }
  }
  return { records, damages };
}

/** What a record says, to compare: its id and its block. */
export function said({ fields, block }: WarcRecord): string {
  return `${fields.get('warc-record-id')} ${block.toString('latin1')}`;
}

/** The same of a record as it stands in a file, by way of its header's lines alone. */
export function saidBy(record: Buffer): string {
  const text = record.toString('latin1');
  const [head, ...rest] = text.split('\r\n\r\n');
  const block = rest.join('\r\n\r\n');
  const length = Number(
    /^Content-Length: (\d+)$/m.exec((head as string).replaceAll('\r', ''))?.[1],
  );
  const id = /WARC-Record-ID: (\S+)/.exec(head as string)?.[1];
  return `${id} ${block.slice(0, length)}`;
}

/** A WARC record of an HTML response. */
export function response(url: string, html: string | Buffer, headers: string[] = []): Buffer {
  const head = ['HTTP/1.1 200 OK', 'Content-Type: text/html; charset=utf-8', ...headers];
  const body = Buffer.from(html as string);
  const block = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  return record(
    { type: 'response', url, contentType: 'application/http; msgtype=response' },
    block,
  );
}

/** A WAT record with this envelope. */
export function wat(url: string, envelope: unknown): Buffer {
  const block = Buffer.from(JSON.stringify(envelope));
  return record({ type: 'metadata', url, contentType: 'application/json' }, block);
}

let made = 0;

function record(about: { type: string; url: string; contentType: string }, block: Buffer): Buffer {
  const lines = [
    'WARC/1.0',
    `WARC-Type: ${about.type}`,
    `WARC-Target-URI: ${about.url}`,
    `WARC-Record-ID: <urn:test:${made++}>`,
    `Content-Type: ${about.contentType}`,
    `Content-Length: ${block.length}`,
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return Buffer.concat([head, block, Buffer.from('\r\n\r\n')]);
}

/** The envelope of a page as Common Crawl's extractor writes it. */
export function envelope(
  url: string,
  html: { links?: unknown[]; head?: unknown },
  headers: Record<string, unknown> = {},
): unknown {
  return {
    Container: { Filename: 'x.warc.gz', Offset: '0' },
    Envelope: {
      'WARC-Header-Metadata': { 'WARC-Type': 'response', 'WARC-Target-URI': url },
      'Payload-Metadata': {
        'HTTP-Response-Metadata': {
          Headers: { 'Content-Type': 'text/html', ...headers },
          'HTML-Metadata': { Links: html.links ?? [], Head: html.head ?? {} },
        },
      },
    },
  };
}
