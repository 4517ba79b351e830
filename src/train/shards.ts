/**
 * Shards as the trainer sees them: a source that names them in order, perhaps while they are still
 * being written, and their rows (image, text, other_texts), read one row group at a time.
 */

import { messageOf, WitError } from '../core/errors.js';
import { fault, requireIntact } from '../core/intact.js';
import { openParquet, type ParquetFile } from '../core/parquet/reader.js';
import type { GroupList, RowGroupRef } from './plan.js';

export interface ShardInfo {
  /** Name for messages, e.g. `train-00003`. */
  readonly name: string;
  readonly path: string;
  /** Rows by the manifest or journal. */
  readonly rows: number;
  /** Of the file, as written; without both it is not checked. */
  readonly bytes?: number;
  readonly sha256?: string;
}

/**
 * The shards of a dataset, in order. A shard may be written again before the dataset is complete: with other
 * captions, but the same rows in the same row groups.
 */
export interface ShardSource {
  /**
   * Shard `index`. While the dataset grows, waits until the shard is committed; undefined when the
   * dataset is complete and has no such shard.
   */
  next(index: number): Promise<ShardInfo | undefined>;
}

/** One row as stored. */
export interface StoredRow {
  readonly shard: number;
  /** Index in the shard. */
  readonly row: number;
  readonly image: Uint8Array;
  readonly text: string;
  readonly otherTexts: readonly string[];
}

/** Files kept open at once. */
const MAX_OPEN = 32;

export class ShardReader implements GroupList {
  readonly #source: ShardSource;
  readonly #signal: AbortSignal | undefined;
  readonly #shards: ShardInfo[] = [];
  readonly #groups: RowGroupRef[] = [];
  /** Most recently used last. */
  readonly #open = new Map<number, Promise<ParquetFile>>();
  /** Files that are read no more, though somebody may be reading on. */
  readonly #retired: Promise<ParquetFile>[] = [];
  /** Shards that were written again after they were first read. */
  readonly #renewed = new Set<number>();
  /** The SHA-256 of the shards that were found to be what was written. */
  readonly #intact = new Map<number, Promise<string>>();
  readonly #verify: boolean;
  #complete = false;
  #growing: Promise<void> = Promise.resolve();

  /**
   * @param signal ends waiting for shards that are not there yet, with its reason
   * @param options.verify compares a shard's SHA-256 before its first row is used; default true
   */
  constructor(source: ShardSource, signal?: AbortSignal, options: { verify?: boolean } = {}) {
    this.#source = source;
    this.#verify = options.verify ?? true;
    this.#signal = signal;
  }

  async at(index: number): Promise<RowGroupRef | undefined> {
    while (index >= this.#groups.length && !this.#complete) await this.#grow();
    return this.#groups[index];
  }

  /** Rows of the whole dataset; waits until it is complete. */
  async totalRows(): Promise<number> {
    while (!this.#complete) await this.#grow();
    return this.#shards.reduce((sum, shard) => sum + shard.rows, 0);
  }

  /** 0 until a shard is known to be written again, 1 from then on: what was read before is out of date. */
  edition(shard: number): number {
    return this.#renewed.has(shard) ? 1 : 0;
  }

  /** Where a row stands, for messages. */
  describe(shard: number, row: number): string {
    return `row ${row} of ${this.#shards[shard]?.path ?? `shard ${shard}`}`;
  }

  /**
   * The rows of a group. Their bytes are copies of their own: one can be let go without the others.
   * @throws WitError `bad_file` naming the shard, the row and what is wrong.
   */
  async read(group: RowGroupRef): Promise<StoredRow[]> {
    if (this.#verify) await this.#requireIntact(group.shard);
    const file = await this.#file(group.shard);
    const columns = ['image', 'text', 'other_texts'].filter(
      (column) => column !== 'other_texts' || file.columns.includes(column),
    );
    const rows = await file.read({
      columns,
      rowStart: group.rowStart,
      rowEnd: group.rowStart + group.rows,
    });
    return rows.map(({ image, text, other_texts }, i) => {
      const row = group.rowStart + i;
      const bytes = image instanceof Uint8Array ? image : (image as { bytes?: unknown })?.bytes;
      if (!(bytes instanceof Uint8Array)) throw this.#badRow(group.shard, row, 'it has no image');
      if (typeof text !== 'string') throw this.#badRow(group.shard, row, 'it has no text');
      const otherTexts = Array.isArray(other_texts)
        ? other_texts.filter((other): other is string => typeof other === 'string')
        : [];
      return { shard: group.shard, row, image: bytes.slice(), text, otherTexts };
    });
  }

  /** The error for a row that cannot be trained on. */
  badRow(shard: number, row: number, cause: unknown): WitError {
    return this.#badRow(shard, row, messageOf(cause), cause);
  }

  async close(): Promise<void> {
    const files = [...this.#open.values(), ...this.#retired];
    this.#open.clear();
    for (const file of await Promise.allSettled(files)) {
      if (file.status === 'fulfilled') await file.value.close();
    }
  }

  #badRow(shard: number, row: number, why: string, cause?: unknown): WitError {
    return new WitError('bad_file', `Cannot train on ${this.describe(shard, row)}: ${why}`, {
      cause,
      hint:
        'The shard was damaged after it was written: compare its SHA-256 with the one in ' +
        'dataset.json, and copy it again or build the dataset again with `wit crawl-and-build`.',
    });
  }

  /** Reads the whole shard once, before the first of its rows is used. */
  async #requireIntact(shard: number): Promise<void> {
    const { bytes, sha256 } = this.#shards[shard] as ShardInfo;
    if (bytes === undefined || sha256 === undefined) return;
    if ((await this.#intact.get(shard)) === sha256) return;
    const checked = this.#checked(shard);
    this.#intact.set(shard, checked);
    await checked;
  }

  /** @throws WitError `bad_file` naming the shard and what is wrong with it. */
  async #checked(shard: number): Promise<string> {
    const { path, ...expected } = this.#shards[shard] as Required<ShardInfo>;
    if ((await fault(path, expected)) === undefined) return expected.sha256;
    // While the dataset grows its writer may have written the shard again, and say so at the end.
    while (!this.#complete) await this.#grow();
    const now = (await this.#source.next(shard)) as Required<ShardInfo>;
    await requireIntact(path, now);
    return now.sha256;
  }

  /** Learns of one more shard. Calls that overlap share the work. */
  #grow(): Promise<void> {
    const known = this.#shards.length;
    this.#growing = this.#growing.then(async () => {
      if (this.#complete || this.#shards.length > known) return;
      const shard = await unlessAborted(this.#source.next(known), this.#signal);
      if (shard === undefined) {
        await this.#renew();
        this.#complete = true;
        return;
      }
      this.#shards.push(shard);
      const file = await this.#file(known);
      if (file.rows !== shard.rows) {
        throw new WitError(
          'bad_file',
          `${shard.path} has ${file.rows} rows, but the dataset says ${shard.rows}`,
          { hint: 'Copy the shard again, or build the dataset again.' },
        );
      }
      for (const { rowStart, rows } of file.rowGroups) {
        this.#groups.push({ shard: known, rowStart, rows });
      }
    });
    return this.#growing;
  }

  /** The dataset is complete: from now on each shard is read as it stands at the end. */
  async #renew(): Promise<void> {
    for (const [index, before] of this.#shards.entries()) {
      const now = await this.#source.next(index);
      if (now === undefined || now.sha256 === before.sha256) continue;
      this.#renewed.add(index);
      this.#shards[index] = now;
      const file = this.#open.get(index);
      if (file === undefined) continue;
      this.#open.delete(index);
      this.#retired.push(file);
    }
  }

  async #file(shard: number): Promise<ParquetFile> {
    const open = this.#open.get(shard) ?? openParquet((this.#shards[shard] as ShardInfo).path);
    this.#open.delete(shard);
    this.#open.set(shard, open);
    if (this.#open.size > MAX_OPEN) {
      const [oldest, file] = this.#open.entries().next().value as [number, Promise<ParquetFile>];
      this.#open.delete(oldest);
      await (await file).close();
    }
    return open;
  }
}

/** The result of `work`, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    work.catch(() => {});
  }
}
