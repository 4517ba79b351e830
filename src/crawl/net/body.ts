/**
 * Response bodies within limits: bytes as sent and bytes after decompression, so that neither a long
 * body nor a small one that unpacks to gigabytes ("bomb") costs more than the limit.
 */

import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
} from 'node:zlib';
import { systemCode } from '../../core/errors.js';
import { TooManyBytesError } from './errors.js';

/** As sent: what unpacks to `maxPageBytes` (5 MB) holds the thread for some 10 ms. */
const MAX_AT_ONCE_BYTES = 128 * 1024;

/** What undoes an encoding. */
interface Codec {
  readonly stream: () => Transform;
  readonly atOnce: (packed: Buffer, options: ZlibOptions) => Buffer;
}

const GZIP: Codec = { stream: createGunzip, atOnce: gunzipSync };
const CODECS: ReadonlyMap<string, Codec> = new Map([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  ['deflate', { stream: createInflate, atOnce: inflateSync }],
  ['deflate-raw', { stream: createInflateRaw, atOnce: inflateRawSync }],
  ['br', { stream: createBrotliDecompress, atOnce: brotliDecompressSync }],
]);

export interface BodyLimits {
  /** Of the bytes as sent, and again of the bytes after decompression. */
  readonly maxBytes: number;
  /** What to do with a body that is longer: `refuse` throws, `cut` keeps the first `maxBytes`. */
  readonly overflow: 'refuse' | 'cut';
}

/** Counts the bytes of a body as they come in, as sent, also of one that breaks off. */
export interface Meter {
  bytes: number;
}

/** An encoding of the answer that cannot be undone. */
export class UnknownEncodingError extends Error {}

/**
 * Reads all of `body`, undoing `contentEncoding`. The body is destroyed when reading fails.
 * @throws TooManyBytesError, UnknownEncodingError, zlib's errors, and what the body itself throws.
 */
export async function readBody(
  body: Readable,
  contentEncoding: string,
  limits: BodyLimits,
  meter: Meter = { bytes: 0 },
): Promise<Buffer> {
  const encodings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
  try {
    if (encodings.length === 0) return await collect(body, limits, meter);
    return await decompressed(body, encodings, limits, meter);
  } finally {
    body.destroy();
  }
}

async function collect(
  stream: AsyncIterable<Buffer>,
  limits: BodyLimits,
  meter: Meter,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    meter.bytes += chunk.length;
    if (meter.bytes > limits.maxBytes) {
      if (limits.overflow === 'cut') break;
      throw new TooManyBytesError(`more than ${limits.maxBytes} bytes`);
    }
  }
  const whole = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  return limits.overflow === 'cut' ? whole.subarray(0, limits.maxBytes) : whole;
}

async function decompressed(
  body: Readable,
  encodings: readonly string[],
  limits: BodyLimits,
  meter: Meter,
): Promise<Buffer> {
  // Encodings are listed in the order they were applied. More than two is not honest traffic.
  if (encodings.length > 2) throw new UnknownEncodingError(`encoded ${encodings.length} times`);
  const order = encodings.toReversed();
  const chunks = counted(body, limits.maxBytes, meter);
  const { start, isWhole } = await readStart(chunks);
  if (isWhole && limits.overflow === 'refuse') return unpackAtOnce(start, order, limits.maxBytes);
  const out = new PassThrough();
  const decoders = order.map((encoding, i) =>
    codecOf(i === 0 ? format(encoding, start) : encoding).stream(),
  );
  const done = pipeline([Readable.from(following(start, chunks)), ...decoders, out]);
  // Whatever ends the pipeline also ends `out`; the error seen there is the one that is thrown.
  done.catch(() => {});
  return await collect(out, limits, { bytes: 0 });
}

/** `deflate` means zlib's format (RFC 9110 §8.4.1.2), but some servers send the bare stream. */
function format(encoding: string, bytes: Buffer): string {
  return encoding === 'deflate' && ((bytes[0] ?? 0) & 0x0f) !== 8 ? 'deflate-raw' : encoding;
}

/** Without streams, which cost several times what they do to a page. */
function unpackAtOnce(bytes: Buffer, order: readonly string[], maxBytes: number): Buffer {
  const options = { maxOutputLength: maxBytes };
  try {
    return order.reduce((packed, encoding) => {
      if (packed.length === 0) return packed;
      return codecOf(format(encoding, packed)).atOnce(packed, options);
    }, bytes);
  } catch (error) {
    if (systemCode(error) !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new TooManyBytesError(`more than ${maxBytes} bytes`);
  }
}

function codecOf(encoding: string): Codec {
  const codec = CODECS.get(encoding);
  if (codec !== undefined) return codec;
  throw new UnknownEncodingError(`content encoding ${JSON.stringify(encoding)}`);
}

/** The bytes up to the first that are too many for unpacking at once, and whether they are all. */
async function readStart(
  chunks: AsyncIterator<Buffer>,
): Promise<{ start: Buffer; isWhole: boolean }> {
  const read: Buffer[] = [];
  for (let bytes = 0; bytes <= MAX_AT_ONCE_BYTES; ) {
    const next = await chunks.next();
    if (next.done) return { start: Buffer.concat(read), isWhole: true };
    read.push(next.value);
    bytes += next.value.length;
  }
  return { start: Buffer.concat(read), isWhole: false };
}

async function* following(start: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield start;
  yield* rest;
}

async function* counted(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  meter: Meter,
): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    meter.bytes += chunk.length;
    if (meter.bytes > maxBytes) throw new TooManyBytesError(`more than ${maxBytes} bytes as sent`);
    yield chunk;
  }
}
