/** Part files: how a unit's outputs are named, written and counted. */

import { join } from 'node:path';
import type { OutputFile } from '../core/journal.js';
import { ParquetFileWriter, writeParquet } from '../core/parquet/writer.js';
import type { Fields, RecordOf } from '../core/record.js';
import type { Reject } from '../core/types.js';

/** `7` → `00007`. */
export function partName(index: number): string {
  return String(index).padStart(5, '0');
}

/** Rows of a record without images in one row group: a few MB. */
const ROWS_PER_GROUP = 5_000;

/** Writes one Parquet part at `path` (relative to `dir`) and describes it for the journal. */
export async function writePart<F extends Fields>(
  dir: string,
  path: string,
  fields: F,
  rows: Iterable<RecordOf<F>>,
): Promise<OutputFile> {
  const written = await writeParquet(join(dir, path), fields, rows, {
    rowGroupRows: ROWS_PER_GROUP,
  });
  return { path, ...written };
}

/** A part that is written row by row. The file appears when it is closed, or not at all. */
export class PartWriter<F extends Fields> {
  readonly #dir: string;
  readonly #path: string;
  readonly #fields: F;
  #file: ParquetFileWriter<F> | undefined;

  constructor(dir: string, path: string, fields: F) {
    this.#dir = dir;
    this.#path = path;
    this.#fields = fields;
  }

  /** Whether anything was written, even no rows. */
  get begun(): boolean {
    return this.#file !== undefined;
  }

  async append(rows: Iterable<RecordOf<F>>): Promise<void> {
    const file = await this.#open();
    for (const row of rows) await file.append(row);
  }

  async close(): Promise<OutputFile> {
    const file = await this.#open();
    return { path: this.#path, ...(await file.close()) };
  }

  async abort(): Promise<void> {
    await this.#file?.abort();
  }

  async #open(): Promise<ParquetFileWriter<F>> {
    this.#file ??= await ParquetFileWriter.open(join(this.#dir, this.#path), this.#fields, {
      rowGroupRows: ROWS_PER_GROUP,
    });
    return this.#file;
  }
}

/** The shard of each part that has one. That of a part which was repaired has a number more. */
export function shardsByPart(outputs: readonly OutputFile[]): Map<number, OutputFile> {
  const shards = new Map<number, OutputFile>();
  for (const output of outputs) {
    const part = /^data\/train-(\d+)(?:-\d+)?\.parquet$/.exec(output.path)?.[1];
    if (part !== undefined) shards.set(Number(part), output);
  }
  return shards;
}

/** `{'lost.REASON': n, …}` for the journal. */
export function lossCounts(rejects: Iterable<Counted>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reject of rejects) countLoss(counts, reject, 1);
  return counts;
}

type Counted = Pick<Reject, 'reason' | 'by'>;

/** Adds `n` to the counts of a loss: see `UnitCommit`. */
export function countLoss(
  counts: Record<string, number>,
  { reason, by }: Counted,
  n: number,
): void {
  const names = [`lost.${reason}`, ...(by === undefined ? [] : [`lostBy.${reason}.${by}`])];
  for (const name of names) counts[name] = (counts[name] ?? 0) + n;
}
