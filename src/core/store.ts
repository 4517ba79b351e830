/**
 * Atomic files. A file appears under its final name whole and flushed to disk, or not at all:
 * temporary name, write, fsync, rename, fsync of the folder.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, systemCode, WitError } from './errors.js';

const TEMPORARY_PREFIX = '.tmp-';

/** Turns a failed write into an error that names the path and, for a full disk, the remedy. */
export function writeError(path: string, cause: unknown): WitError {
  if (cause instanceof WitError) return cause;
  const full = systemCode(cause) === 'ENOSPC' || systemCode(cause) === 'EDQUOT';
  return new WitError('disk', `Cannot write ${path}: ${messageOf(cause)}`, {
    cause,
    hint: full
      ? 'The disk is full. What was finished is kept: free some space and run the same command again.'
      : 'Check that the folder exists and may be written to, then run the same command again.',
  });
}

/** Where to write a file that `commitFile` will move to `path`. Its folder is made. */
export async function temporaryPath(path: string): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (cause) {
    throw writeError(path, cause);
  }
  return join(dirname(path), `${TEMPORARY_PREFIX}${process.pid}-${basename(path)}`);
}

/** Flushes the temporary file and gives it its final name. */
export async function commitFile(temporary: string, path: string): Promise<void> {
  try {
    await flushPath(temporary, 'r+');
    await rename(temporary, path);
    await flushPath(dirname(path), 'r');
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Writes `content` to `path` atomically. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = await temporaryPath(path);
  try {
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeError(path, cause);
  }
  await commitFile(temporary, path);
}

/** Removes what interrupted writers left below `folder`. */
export async function removeTemporaries(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.name.startsWith(TEMPORARY_PREFIX)) {
      await rm(join(entry.parentPath, entry.name), { recursive: true, force: true });
    }
  }
}

/** SHA-256 and size of a file, streamed. */
export async function fileDigest(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Flushes a file (`r+`) or the entries of a folder (`r`) to disk. */
export async function flushPath(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
