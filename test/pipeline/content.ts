/** What a dataset folder holds, to compare two of them. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { selectionFields } from '../../src/core/types.js';
import { FetchLog } from '../../src/pipeline/fetch-log.js';

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

/**
 * Images whose outcome the next run will find: those of parts that are committed, and those in the logs of parts
 * under way.
 * @throws Error when nothing is selected yet
 */
export async function settledIn(dir: string): Promise<Set<string>> {
  const { manifest, datasetDigest } = await readDataset(dir);
  if (manifest.files.selected.length === 0) throw new Error('nothing is selected yet');
  const urls = new Set<string>();
  for (const { path, sha256 } of manifest.files.selected) {
    const part = path.slice('selected/'.length, -'.parquet'.length);
    const isCommitted = manifest.units.includes(`fetch-${part}`);
    const file = join(dir, 'fetching', `${part}.log`);
    const isUnderWay = !isCommitted && existsSync(file);
    const head = { dataset: datasetDigest, selections: sha256 };
    const log = isUnderWay ? await FetchLog.open(file, head) : undefined;
    let row = 0;
    for await (const { imageUrl } of readRecords(join(dir, path), selectionFields)) {
      if (isCommitted || (await log?.read(row++)) !== undefined) urls.add(imageUrl);
    }
    await log?.close();
  }
  return urls;
}
