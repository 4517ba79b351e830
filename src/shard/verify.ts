/**
 * Checks shards against the manifest: there, unchanged (SHA-256), readable, the right columns, the
 * right number of rows, and every image decodes to the size its row says. What is wrong is returned,
 * not thrown.
 */

import { join } from 'node:path';
import sharp from 'sharp';
import { messageOf, systemCode } from '../core/errors.js';
import type { OutputFile } from '../core/journal.js';
import { mapOrdered } from '../core/ordered.js';
import { openParquet, type ParquetFile, readRowGroup } from '../core/parquet/reader.js';
import { columnTypesOf } from '../core/parquet/schema.js';
import { fileDigest } from '../core/store.js';
import { type Pair, pairFields } from '../core/types.js';

export type ProblemKind =
  | 'missing'
  | 'size'
  | 'checksum'
  | 'unreadable'
  | 'schema'
  | 'rows'
  | 'image';

export interface ShardProblem {
  /** Relative to the dataset folder. */
  readonly path: string;
  readonly kind: ProblemKind;
  readonly detail: string;
  /** Index in the file, for a problem of one row. */
  readonly row?: number;
}

export interface Verification {
  readonly shards: number;
  readonly rows: number;
  /** Images that decoded; 0 when decoding was not asked for. */
  readonly images: number;
  /** Empty when all is well. */
  readonly problems: readonly ShardProblem[];
}

const DECODERS = 4;

/** Checks each of `shards` below `dir`; `decode` (default true) decodes every image as well. */
export async function verifyShards(
  dir: string,
  shards: readonly OutputFile[],
  options: { decode?: boolean; signal?: AbortSignal } = {},
): Promise<Verification> {
  const { decode = true, signal } = options;
  const problems: ShardProblem[] = [];
  let rows = 0;
  let images = 0;
  for (const shard of shards) {
    signal?.throwIfAborted();
    const report = (kind: ProblemKind, detail: string, row?: number) =>
      problems.push({ path: shard.path, kind, detail, ...(row === undefined ? {} : { row }) });
    if (!(await verifyBytes(join(dir, shard.path), shard, report))) continue;
    let file: ParquetFile;
    try {
      file = await openParquet(join(dir, shard.path));
    } catch (error) {
      report('unreadable', messageOf(error));
      continue;
    }
    try {
      rows += file.rows;
      if (file.rows !== shard.rows) report('rows', `${file.rows} rows instead of ${shard.rows}`);
      if (verifySchema(file, report)) {
        images += await verifyRows(file, { decode, ...(signal && { signal }) }, report);
      }
    } catch (error) {
      signal?.throwIfAborted();
      report('unreadable', messageOf(error));
    } finally {
      await file.close();
    }
  }
  return { shards: shards.length, rows, images, problems };
}

type Report = (kind: ProblemKind, detail: string, row?: number) => void;

/** False when there is nothing to read on. */
async function verifyBytes(path: string, shard: OutputFile, report: Report): Promise<boolean> {
  try {
    const { bytes, sha256 } = await fileDigest(path);
    if (bytes !== shard.bytes) report('size', `${bytes} bytes instead of ${shard.bytes}`);
    else if (sha256 !== shard.sha256) report('checksum', `${sha256} instead of ${shard.sha256}`);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') report('missing', 'the file is not there');
    else report('unreadable', messageOf(error));
    return false;
  }
}

function verifySchema(file: ParquetFile, report: Report): boolean {
  let good = true;
  for (const [column, type] of Object.entries(columnTypesOf(pairFields))) {
    const found = file.columnTypes[column];
    if (found === type) continue;
    report('schema', `column ${column} is ${found ?? 'missing'}, expected ${type}`);
    good = false;
  }
  return good;
}

/** Reads every value of every row; returns how many images decoded. */
async function verifyRows(
  file: ParquetFile,
  options: { decode: boolean; signal?: AbortSignal },
  report: Report,
): Promise<number> {
  let images = 0;
  for (const group of file.rowGroups) {
    const pairs: Pair[] = await readRowGroup(file, pairFields, group);
    if (!options.decode) continue;
    const faults = mapOrdered(pairs, imageFault, {
      concurrency: DECODERS,
      ...(options.signal && { signal: options.signal }),
    });
    let row = group.rowStart;
    for await (const fault of faults) {
      if (fault === undefined) images += 1;
      else report('image', fault, row);
      row += 1;
    }
  }
  return images;
}

async function imageFault({ key, width, height, image }: Pair): Promise<string | undefined> {
  try {
    const { info } = await sharp(image.bytes).raw().toBuffer({ resolveWithObject: true });
    if (info.width === width && info.height === height) return undefined;
    return `${key}: ${info.width}×${info.height} pixels instead of ${width}×${height}`;
  } catch (error) {
    return `${key} does not decode: ${messageOf(error)}`;
  }
}
