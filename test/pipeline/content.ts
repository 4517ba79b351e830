/** What a dataset folder holds, to compare two of them. */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 of every file that is part of the result, by its path. */
export async function contentOf(dir: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const file of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    // The journal is in the order in which units ended.
    if (!file.isFile() || file.name === 'journal.jsonl') continue;
    digests[path.slice(dir.length + 1)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return digests;
}
