/** Opens the files that Wikimedia publishes, whatever they are packed with. */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { messageOf, systemCode, WitError } from '../../core/errors.js';
import { DamagedBzip2, decompress, drained } from './bzip2.js';

export type Packing = 'bzip2' | 'gzip' | 'zstd' | 'none';

/** What was packed ends early or is damaged; what came before was given. */
export class DamagedStream extends Error {}

/**
 * How a file is packed, by its first bytes, whatever its name.
 * @throws WitError `missing_file`.
 */
export async function packingOf(
  path: string,
): Promise<{ packing: Packing; bytes: number; modifiedMs: number }> {
  const first = Buffer.alloc(4);
  try {
    const file = await open(path, 'r');
    try {
      await file.read(first, 0, 4, 0);
      const { size, mtimeMs } = await file.stat();
      return { packing: packingBy(first), bytes: size, modifiedMs: mtimeMs };
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = systemCode(cause) === 'ENOENT' ? 'missing_file' : 'bad_file';
    throw new WitError(code, `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

function packingBy(first: Buffer): Packing {
  if (first.toString('latin1', 0, 3) === 'BZh') return 'bzip2';
  if (first.readUInt16BE(0) === 0x1f8b) return 'gzip';
  return first.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : 'none';
}

/**
 * What the file holds, unpacked. `progress` gets the bytes of the file as they are read.
 * @throws DamagedStream.
 */
export async function* openStream(
  path: string,
  packing: Packing,
  progress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const file = counted(createReadStream(path, { highWaterMark: 1 << 18 }), progress);
  if (packing === 'none') {
    yield* file;
  } else if (packing === 'zstd') {
    yield* unzstd(file);
  } else if (packing === 'gzip') {
    const gunzip = createGunzip({ chunkSize: 1 << 18 });
    const fed = feed(file, gunzip);
    try {
      yield* gunzip as AsyncIterable<Buffer>;
      await fed;
    } catch (cause) {
      throw new DamagedStream(messageOf(cause), { cause });
    } finally {
      gunzip.destroy();
    }
  } else {
    try {
      yield* decompress(file);
    } catch (cause) {
      if (cause instanceof DamagedBzip2) throw new DamagedStream(cause.message, { cause });
      throw cause;
    }
  }
}

async function* counted(
  stream: AsyncIterable<Buffer>,
  progress: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of stream) {
    yield chunk;
    progress(chunk.length);
  }
}

async function feed(
  source: AsyncIterable<Buffer>,
  target: ReturnType<typeof createGunzip>,
): Promise<void> {
  try {
    for await (const chunk of source) {
      if (target.destroyed) return;
      if (!target.write(chunk)) await drained(target);
    }
    target.end();
  } catch (cause) {
    target.destroy(cause as Error);
  }
}

async function* unzstd(file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let ready: Buffer[] = [];
  let ended = true;
  const stream = new Decompress((chunk, last) => {
    if (chunk.length > 0) ready.push(Buffer.from(chunk));
    ended = last === true;
  });
  const run = (bytes: Uint8Array, last: boolean): void => {
    try {
      stream.push(bytes, last);
    } catch (cause) {
      throw new DamagedStream(messageOf(cause), { cause });
    }
  };
  for await (const chunk of file) {
    run(chunk, false);
    const given = ready;
    ready = [];
    yield* given;
  }
  run(new Uint8Array(0), true);
  yield* ready;
  if (!ended) throw new DamagedStream('the stream ends early');
}
