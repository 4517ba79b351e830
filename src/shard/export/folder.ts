/**
 * A plain folder: a subfolder a shard with its images as files and `metadata.jsonl` (or `.csv`), whose
 * `file_name` names the image of each row. That is the layout of Hugging Face's `imagefolder`.
 */

import { type FileHandle, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OutputFile } from '../../core/journal.js';
import { fileDigest, flushPath, temporaryPath, writeError } from '../../core/store.js';
import type { Pair } from '../../core/types.js';
import { columnsOf, extensionOf } from './sample.js';
import { type ExportPlace, type ExportTarget, outputName, writeSplits } from './target.js';

export const folder: ExportTarget = {
  async write(shard, place) {
    return await writeSplits(shard, place, (split) =>
      FolderSink.open(outputName(split, shard, place), place),
    );
  },
};

/** A subfolder under a temporary name until it is whole. */
class FolderSink {
  readonly #path: string;
  readonly #place: ExportPlace;
  readonly #temporary: string;
  readonly #metadata: FileHandle;
  #rows = 0;

  private constructor(path: string, place: ExportPlace, temporary: string, metadata: FileHandle) {
    this.#path = path;
    this.#place = place;
    this.#temporary = temporary;
    this.#metadata = metadata;
  }

  static async open(path: string, place: ExportPlace): Promise<FolderSink> {
    const temporary = await temporaryPath(join(place.out, path));
    try {
      await mkdir(temporary, { recursive: true });
      const metadata = await open(join(temporary, `metadata.${place.metadata}`), 'w');
      return new FolderSink(path, place, temporary, metadata);
    } catch (cause) {
      throw writeError(temporary, cause);
    }
  }

  async append(pair: Pair): Promise<void> {
    const name = `${pair.key}.${extensionOf(pair.image.bytes)}`;
    const columns = columnsOf(pair);
    // As text: a folder's columns must have one type, and what lists bring has many.
    const { extra = null, scores = null } = pair;
    const row = { file_name: name, text: pair.text, ...columns, extra, scores };
    const isFirst = this.#rows === 0;
    const lines =
      this.#place.metadata === 'jsonl'
        ? `${JSON.stringify(row)}\n`
        : `${isFirst ? csvLine(Object.keys(row)) : ''}${csvLine(Object.values(row))}`;
    try {
      await writeFile(join(this.#temporary, name), pair.image.bytes);
      await this.#metadata.appendFile(lines);
    } catch (cause) {
      throw writeError(join(this.#place.out, this.#path), cause);
    }
    this.#rows += 1;
  }

  async close(): Promise<OutputFile[]> {
    const { out, metadata } = this.#place;
    const target = join(out, this.#path);
    try {
      await this.#metadata.sync();
      await this.#metadata.close();
      // `imagefolder` refuses metadata without rows.
      if (this.#rows === 0) {
        await rm(this.#temporary, { recursive: true });
        return [];
      }
      await rm(target, { recursive: true, force: true });
      await rename(this.#temporary, target);
      await flushPath(dirname(target), 'r');
    } catch (cause) {
      throw writeError(target, cause);
    }
    const path = `${this.#path}/metadata.${metadata}`;
    return [{ path, rows: this.#rows, ...(await fileDigest(join(out, path))) }];
  }

  async abort(): Promise<void> {
    await this.#metadata.close().catch(() => {});
    await rm(this.#temporary, { recursive: true, force: true });
  }
}

/** RFC 4180; lists and objects as JSON, absent values empty. */
function csvLine(values: readonly unknown[]): string {
  const cells = values.map((value) => {
    const text =
      value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(',')}\r\n`;
}
