/** The unpacked bytes of a file, gzip or not: from the start, or a range of them. */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

export interface ByteFile {
  /** All of it, piece by piece. */
  chunks(): AsyncIterable<Buffer>;
  /** Bytes `from` (inclusive) to `to` (exclusive); fewer where the file ends. */
  range(from: number, to: number): Promise<Buffer>;
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;

export function plainFile(path: string): ByteFile {
  return {
    chunks: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }),
    async range(from, to) {
      const handle = await open(path, 'r');
      try {
        const bytes = Buffer.alloc(to - from);
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await handle.read(
            bytes,
            filled,
            bytes.length - filled,
            from + filled,
          );
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await handle.close();
      }
    },
    async close() {},
  };
}

/**
 * gzip can only be read forward, so the reader stays where a range ended, and the next range goes on
 * from there: reading ranges in their order unpacks the file once. A range before it begins anew.
 */
export function gzipFile(path: string): ByteFile {
  let cursor: Cursor | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const read = async (from: number, to: number): Promise<Buffer> => {
    if (cursor === undefined || cursor.at > from) {
      await cursor?.close();
      cursor = new Cursor(unzipped(path));
    }
    try {
      return await cursor.read(from, to);
    } catch (error) {
      cursor = undefined;
      throw error;
    }
  };
  return {
    chunks: () => unzipped(path),
    range(from, to) {
      const range = last.then(() => read(from, to));
      last = range.catch(() => {});
      return range;
    },
    async close() {
      await last;
      await cursor?.close();
      cursor = undefined;
    },
  };
}

function unzipped(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on('error', (error) => gunzip.destroy(error));
  gunzip.on('close', () => file.destroy());
  return file.pipe(gunzip);
}

/** A place in a stream. */
class Cursor {
  /** Offset of the next byte. */
  at = 0;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(from: number, to: number): Promise<Buffer> {
    const found: Buffer[] = [];
    while (this.at < to) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) break;
        this.#rest = next.value;
      }
      const wanted = this.#rest.subarray(0, this.at < from ? from - this.at : to - this.at);
      if (this.at >= from) found.push(wanted);
      this.#rest = this.#rest.subarray(wanted.length);
      this.at += wanted.length;
    }
    return Buffer.concat(found);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
