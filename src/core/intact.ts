/**
 * Whether a file is the one that was written. What reads shards to train on, to export or to rewrite
 * asks first, so that damage is named where it lies instead of travelling on.
 */

import { stat } from 'node:fs/promises';
import { messageOf, systemCode, WitError } from './errors.js';
import { fileDigest } from './store.js';

export interface Expected {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What is wrong with the file at `path`, in words; nothing when its bytes are those that were written. */
export async function fault(path: string, expected: Expected): Promise<string | undefined> {
  let found: Expected;
  try {
    // The size is told at once, and is what differs most often.
    const { size } = await stat(path);
    if (size !== expected.bytes) return `${size} bytes instead of ${expected.bytes}`;
    found = await fileDigest(path);
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'it is not there' : messageOf(error);
  }
  if (found.sha256 === expected.sha256) return undefined;
  return `its SHA-256 is ${found.sha256} instead of ${expected.sha256}`;
}

/**
 * Reads the whole file once.
 * @throws WitError `bad_file` naming the file and what is wrong with it.
 */
export async function requireIntact(path: string, expected: Expected): Promise<void> {
  const wrong = await fault(path, expected);
  if (wrong === undefined) return;
  throw new WitError('bad_file', `${path} is not the file that was written: ${wrong}`, {
    hint: 'Copy it again, or see `wit shard verify` and `wit shard repair`.',
  });
}
