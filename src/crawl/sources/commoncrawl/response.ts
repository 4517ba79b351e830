/** The page in a WARC record: an HTTP response as it was archived (WARC 1.1, §6.3). */

import { Readable } from 'node:stream';
import type { RuleName } from '../../../config.js';
import { messageOf } from '../../../core/errors.js';
import { decodeHtml } from '../../charset.js';
import { extractPage } from '../../extract.js';
import { readBody } from '../../net/body.js';
import { optOutOf } from '../../net/optout.js';
import { MAX_BLOCK_BYTES, type WarcRecord } from './warc.js';
import { type ArchivedPage, SOURCE } from './wat.js';

/** Header lines may be ended by LF alone (RFC 9112 §2.2). */
const HEAD_END = /\r?\n\r?\n/;
const MAX_HEAD_BYTES = 64 * 1024;
const HTML = /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i;

/**
 * The page of a `response` record; undefined when it is not HTML or was not answered with success.
 * @throws Error saying what is wrong with the response.
 */
export async function readResponse(
  record: WarcRecord,
  honours: ReadonlySet<RuleName>,
): Promise<ArchivedPage | undefined> {
  const { fields, block } = record;
  // Parentheses of older writers: `<http://…>`.
  const pageUrl = (fields.get('warc-target-uri') ?? '').replace(/^<(.*)>$/, '$1');
  if (!/^https?:/i.test(pageUrl)) return undefined;
  const start = block.toString('latin1', 0, MAX_HEAD_BYTES);
  const end = HEAD_END.exec(start);
  if (end === null) throw new Error('the archived response has no end of headers');
  const [status = '', ...lines] = start.slice(0, end.index).split(/\r?\n/);
  const code = /^HTTP\/\d+(?:\.\d+)? (\d{3})/.exec(status)?.[1];
  if (code === undefined) throw new Error(`status line ${JSON.stringify(status.slice(0, 80))}`);
  const headers = readHeaders(lines);
  const contentType = headers.get('content-type')?.[0] ?? '';
  if (!code.startsWith('2') || !HTML.test(contentType)) return undefined;
  const body = await decode(block.subarray(end.index + end[0].length), headers);
  const page = extractPage(decodeHtml(body, contentType), pageUrl, SOURCE);
  const said = { url: pageUrl, headers: Object.fromEntries(headers), metas: page.metas };
  const optOut = optOutOf(said, honours);
  if (optOut !== undefined) return { pageUrl, candidates: [], imagesWithoutText: 0, optOut };
  const candidates = page.candidates.filter(({ text }) => text !== '');
  return { pageUrl, candidates, imagesWithoutText: page.candidates.length - candidates.length };
}

function readHeaders(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon === -1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const values = headers.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    headers.set(name, values);
  }
  return headers;
}

/**
 * Undoes the encodings that the headers name. Archives differ: some keep what was sent, others the
 * plain body under headers that no longer hold. So a body that is plainly not encoded is left as it is.
 */
async function decode(body: Buffer, headers: ReadonlyMap<string, string[]>): Promise<Buffer> {
  const chunked = /chunked/i.test(headers.get('transfer-encoding')?.join() ?? '');
  const plain = (chunked ? dechunk(body) : undefined) ?? body;
  const encoding = headers.get('content-encoding')?.join() ?? '';
  if (encoding === '' || /^\s*</.test(plain.toString('latin1', 0, 256))) return plain;
  const limits = { maxBytes: MAX_BLOCK_BYTES, overflow: 'cut' } as const;
  try {
    return await readBody(Readable.from([plain]), encoding, limits);
  } catch (cause) {
    throw new Error(`the archived response's ${encoding}: ${messageOf(cause)}`, { cause });
  }
}

/** The chunks of a chunked body (RFC 9112 §7.1) joined; undefined when it is not chunked. */
function dechunk(body: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n/i.exec(
      body.toString('latin1', at, at + 256),
    );
    // Archives are cut off at a length: what came whole until then is the page's beginning.
    if (size === null) return chunks.length === 0 ? undefined : Buffer.concat(chunks);
    const length = Number.parseInt(size[1] as string, 16);
    if (length === 0) break;
    const start = at + size[0].length;
    chunks.push(body.subarray(start, start + length));
    at = start + length + 2;
  }
  return Buffer.concat(chunks);
}
