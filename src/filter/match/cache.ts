/**
 * Keeps a matcher's image in a file, so that a restart or another process need not build it: the
 * image as it stands in memory, then its SHA-256. What is damaged, or of another list, mode or version, is
 * built anew and replaced, never used.
 */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { systemCode } from '../../core/errors.js';
import { writeAtomically } from '../../core/store.js';
import { buildImage, imageKey, MatchImage, type Matching, readKey } from './image.js';

const DIGEST_BYTES = 32;

/**
 * The image of `queries`, from the file at `path` where that has it; else built, and written there.
 * @throws WitError `disk`
 */
export async function cachedImage(
  path: string,
  queries: readonly string[],
  matching: Matching,
): Promise<MatchImage> {
  const key = imageKey(queries, matching);
  const cached = await readImage(path, key);
  if (cached !== undefined) return cached;
  const image = buildImage(queries, matching, key);
  const bytes = Buffer.from(image.buffer);
  await writeAtomically(path, Buffer.concat([bytes, digestOf(bytes)]));
  return image;
}

/** The image in a file, if it is whole and has this key. */
async function readImage(path: string, key: string): Promise<MatchImage | undefined> {
  const buffer = await readShared(path);
  if (buffer === undefined || buffer.byteLength < DIGEST_BYTES) return undefined;
  const end = buffer.byteLength - DIGEST_BYTES;
  const bytes = Buffer.from(buffer, 0, end);
  if (!digestOf(bytes).equals(Buffer.from(buffer, end))) return undefined;
  return readKey(buffer) === key ? new MatchImage(buffer) : undefined;
}

/** A file's bytes; undefined where there is none to read. */
async function readShared(path: string): Promise<SharedArrayBuffer | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const bytes = new Uint8Array(new SharedArrayBuffer(size));
      for (let at = 0; at < size; ) {
        const { bytesRead } = await handle.read(bytes, at, size - at, at);
        if (bytesRead === 0) return undefined;
        at += bytesRead;
      }
      return bytes.buffer;
    } finally {
      await handle.close();
    }
  } catch (error) {
    // A cache that cannot be read is none; whatever is wrong with the disk, writing will say.
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
