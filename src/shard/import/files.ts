/**
 * Rows of a plain folder: img2dataset's `files` (NAME.jpg, NAME.txt, NAME.json side by side), or images
 * beside a `metadata.jsonl` whose `file_name` names them (Hugging Face's `imagefolder`, our own export).
 */

import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ImportConfig } from '../../config.js';
import { messageOf, systemCode } from '../../core/errors.js';
import type { Loss } from '../../core/reasons.js';
import { type Entry, groupRows } from './group.js';
import { type ForeignRow, textColumnOf, textsOf } from './row.js';

const METADATA = 'metadata.jsonl';

/** The rows whose images lie right in `dir`, by name. */
export async function* folderRows(
  dir: string,
  source: string,
  config: ImportConfig,
  maxBytes: number,
): AsyncGenerator<ForeignRow> {
  const names = (await readdir(dir)).sort();
  if (names.includes(METADATA)) yield* listedRows(dir, source, config, maxBytes);
  else yield* groupRows(source, entries(dir, names, maxBytes), config);
}

async function* entries(dir: string, names: string[], maxBytes: number): AsyncGenerator<Entry> {
  for (const name of names) {
    const file = await readPlain(join(dir, name), maxBytes);
    if (file !== undefined) yield { name, ...file };
  }
}

async function* listedRows(
  dir: string,
  source: string,
  config: ImportConfig,
  maxBytes: number,
): AsyncGenerator<ForeignRow> {
  const lines = createInterface({ input: createReadStream(join(dir, METADATA)), crlfDelay: 1e9 });
  const before = new Set<string>();
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const name = `${source}/${METADATA}:${number}`;
    let row: Record<string, unknown>;
    try {
      row = Object(JSON.parse(line)) as Record<string, unknown>;
    } catch (error) {
      yield { name, columns: {}, loss: { reason: 'bad_row', detail: messageOf(error) } };
      continue;
    }
    const column = textColumnOf(Object.keys(row), config);
    const { file_name: file, [column ?? '']: caption, ...columns } = row;
    const [text, ...otherTexts] = textsOf(caption);
    const found: ForeignRow = {
      name,
      columns,
      ...(text !== undefined && { text }),
      ...(otherTexts.length > 0 && { otherTexts }),
    };
    const loss = objection(file, before);
    if (loss !== undefined) yield { ...found, loss };
    else {
      before.add(file as string);
      const image = await readPlain(join(dir, file as string), maxBytes);
      if (image?.loss !== undefined) yield { ...found, loss: image.loss };
      else yield image === undefined ? found : { ...found, image: image.bytes };
    }
  }
}

function objection(file: unknown, before: ReadonlySet<string>): Loss | undefined {
  if (typeof file !== 'string') return { reason: 'bad_row', detail: 'no file_name' };
  const shown = JSON.stringify(file.slice(0, 200));
  if (/^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)|\0/.test(file)) {
    return { reason: 'unsafe_entry', detail: `file_name ${shown}` };
  }
  return before.has(file) ? { reason: 'duplicate_key', detail: `${shown} again` } : undefined;
}

/** A file's bytes, or why not; nothing for a folder and for what is not there. Links are not followed. */
async function readPlain(
  path: string,
  maxBytes: number,
): Promise<{ bytes: Buffer; loss?: undefined } | { loss: Loss } | undefined> {
  try {
    const found = await lstat(path);
    if (found.isDirectory()) return undefined;
    if (!found.isFile()) return { loss: { reason: 'unsafe_entry', detail: 'it is no plain file' } };
    if (found.size > maxBytes) {
      const detail = `${found.size} bytes, at most ${maxBytes} are read`;
      return { loss: { reason: 'too_many_bytes', detail } };
    }
    return { bytes: await readFile(path) };
  } catch (error) {
    return systemCode(error) === 'ENOENT'
      ? undefined
      : { loss: { reason: 'bad_archive', detail: messageOf(error) } };
  }
}
