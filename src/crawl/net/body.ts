/**
 * Response bodies within limits: bytes as sent and bytes after decompression, so that neither a long
 * body nor a small one that unpacks to gigabytes ("bomb") costs more than the limit.
 */

import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { TooManyBytesError } from './errors.js';

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
  const [outer, ...inner] = encodings.toReversed();
  let source: Readable = body;
  let first: Transform;
  if (outer === 'deflate') {
    const { head, stream } = await peek(body);
    source = stream;
    // `deflate` means zlib's format (RFC 9110 §8.4.1.2), but some servers send the bare stream.
    first = (head & 0x0f) === 8 ? createInflate() : createInflateRaw();
  } else {
    first = decoderOf(outer as string);
  }
  const out = new PassThrough();
  const done = pipeline([
    source,
    countTo(limits.maxBytes, meter),
    first,
    ...inner.map(decoderOf),
    out,
  ]);
  // Whatever ends the pipeline also ends `out`; the error seen there is the one that is thrown.
  done.catch(() => {});
  return await collect(out, limits, { bytes: 0 });
}

function decoderOf(encoding: string): Transform {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new UnknownEncodingError(`content encoding ${JSON.stringify(encoding)}`);
  }
}

/** The first byte of a stream (0 when it is empty), and the stream with that byte still in it. */
async function peek(body: Readable): Promise<{ head: number; stream: Readable }> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next();
  async function* whole(): AsyncGenerator<Buffer> {
    for (let next = first; !next.done; next = await chunks.next()) yield next.value;
  }
  const head = first.done ? 0 : (first.value[0] ?? 0);
  return { head, stream: Readable.from(whole(), { objectMode: false }) };
}

function countTo(maxBytes: number, meter: Meter): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      meter.bytes += chunk.length;
      if (meter.bytes > maxBytes)
        callback(new TooManyBytesError(`more than ${maxBytes} bytes as sent`));
      else callback(null, chunk);
    },
  });
}
