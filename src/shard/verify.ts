/**
 * Checks a dataset against its manifest: every file is there and unchanged (SHA-256); shards are readable, have the
 * right columns and the right number of rows, no key twice, and every image decodes to the size and format that its row
 * says; the counts add up; nothing lies beside the shards. What is wrong is returned, not thrown.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { MANIFEST_NAME, readDataset } from '../core/dataset.js';
import { messageOf, systemCode } from '../core/errors.js';
import { type Emit, silent } from '../core/events.js';
import { imageKind } from '../core/image-kind.js';
import type { OutputFile } from '../core/journal.js';
import { mapOrdered } from '../core/ordered.js';
import { openParquet, type ParquetFile, readRowGroup } from '../core/parquet/reader.js';
import { columnTypesOf } from '../core/parquet/schema.js';
import { columnName } from '../core/record.js';
import { fileDigest } from '../core/store.js';
import { type Pair, pairFields } from '../core/types.js';
import { KeySet } from './derive/key-set.js';

export type ProblemKind =
  | 'missing'
  | 'size'
  | 'checksum'
  | 'unreadable'
  | 'schema'
  | 'rows'
  | 'image'
  | 'key'
  | 'count'
  | 'stray';

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

export interface VerifyOptions {
  /** Decode every image as well. Default true. */
  decode?: boolean;
  emit?: Emit;
  signal?: AbortSignal;
}

/**
 * Checks all of the dataset in `dir`; of a growing one, what is committed.
 * @throws WitError `dataset` when `dir` holds none; the signal's reason when aborted.
 */
export async function verifyDataset(
  dir: string,
  options: VerifyOptions = {},
): Promise<Verification & { files: number; complete: boolean }> {
  const { manifest, complete } = await readDataset(dir);
  const { shards: train, splits = {}, files, funnel } = manifest;
  const shards = [...train, ...Object.values(splits).flat()];
  const { queries, ...tables } = files;
  const others = [...Object.values(tables).flat(), ...(queries === undefined ? [] : [queries])];
  const found = await verifyShards(dir, shards, options);
  const problems = [...found.problems];
  for (const file of others) {
    options.signal?.throwIfAborted();
    await verifyBytes(join(dir, file.path), file, (kind, detail) => {
      problems.push({ path: file.path, kind, detail });
    });
  }
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  if (rows !== funnel.kept) {
    const detail = `the funnel says ${funnel.kept} rows were kept, the shards hold ${rows}`;
    problems.push({ path: MANIFEST_NAME, kind: 'count', detail });
  }
  if (complete) problems.push(...(await strayFiles(dir, shards)));
  return { ...found, problems, files: others.length, complete };
}

/** Parquet beside the shards that nobody wrote down: whoever reads by pattern would read it too. */
async function strayFiles(dir: string, shards: readonly OutputFile[]): Promise<ShardProblem[]> {
  const known = new Set(shards.map(({ path }) => path));
  let names: string[];
  try {
    names = await readdir(join(dir, 'data'));
  } catch {
    return [];
  }
  return names
    .map((name) => `data/${name}`)
    .filter((path) => path.endsWith('.parquet') && !path.startsWith('data/.') && !known.has(path))
    .sort()
    .map((path) => ({ path, kind: 'stray' as const, detail: 'the manifest does not name it' }));
}

/** Checks each of `shards` below `dir`. */
export async function verifyShards(
  dir: string,
  shards: readonly OutputFile[],
  options: VerifyOptions = {},
): Promise<Verification> {
  const { decode = true, emit = silent, signal } = options;
  const keys = new KeySet();
  const total = shards.reduce((sum, shard) => sum + shard.rows, 0);
  emit({ type: 'begin', task: 'verify', unit: 'rows', total });
  const onRows = (done: number) => emit({ type: 'progress', task: 'verify', done });
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
        const before = rows - file.rows;
        images += await verifyRows(
          file,
          {
            decode,
            // What a shard that is not ours says must not make the keys of others look repeated.
            keys: problems.some(({ path }) => path === shard.path) ? new KeySet() : keys,
            onRows: (done) => onRows(before + done),
            ...(signal && { signal }),
          },
          report,
        );
      }
    } catch (error) {
      signal?.throwIfAborted();
      report('unreadable', messageOf(error));
    } finally {
      await file.close();
    }
  }
  emit({ type: 'end', task: 'verify', done: rows });
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
  const optional = new Set(
    Object.entries(pairFields).flatMap(([name, field]) =>
      field.optional ? [columnName(name)] : [],
    ),
  );
  for (const [column, type] of Object.entries(columnTypesOf(pairFields))) {
    const found = file.columnTypes[column];
    if (found === type) continue;
    // Shards from before there was such a column read as without values.
    if (found === undefined && optional.has(column)) continue;
    report('schema', `column ${column} is ${found ?? 'missing'}, expected ${type}`);
    good = false;
  }
  return good;
}

/** Reads every value of every row; returns how many images decoded. */
async function verifyRows(
  file: ParquetFile,
  options: {
    decode: boolean;
    keys: KeySet;
    onRows: (done: number) => void;
    signal?: AbortSignal;
  },
  report: Report,
): Promise<number> {
  let images = 0;
  for (const group of file.rowGroups) {
    options.signal?.throwIfAborted();
    const pairs: Pair[] = await readRowGroup(file, pairFields, group);
    for (const [index, { key }] of pairs.entries()) {
      if (!options.keys.add(key)) report('key', `${key} again`, group.rowStart + index);
    }
    options.onRows(group.rowStart + group.rows);
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

async function imageFault({
  key,
  width,
  height,
  format,
  image,
}: Pair): Promise<string | undefined> {
  try {
    const { info } = await sharp(image.bytes).raw().toBuffer({ resolveWithObject: true });
    const kind = imageKind(image.bytes);
    if (kind !== format) return `${key}: the image is ${kind ?? 'none'}, not ${format}`;
    if (info.width === width && info.height === height) return undefined;
    return `${key}: ${info.width}×${info.height} pixels instead of ${width}×${height}`;
  } catch (error) {
    return `${key} does not decode: ${messageOf(error)}`;
  }
}
