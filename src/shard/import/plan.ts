/**
 * What there is to import, as units: a tar, a range of rows of a Parquet file, a folder of images. The
 * plan follows from the files alone, and each unit becomes one shard.
 */

import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { ImportConfig } from '../../config.js';
import { messageOf, systemCode, WitError } from '../../core/errors.js';
import { openParquet } from '../../core/parquet/reader.js';
import { columnsIn } from './parquet.js';

export type ImportUnit =
  | { kind: 'webdataset'; path: string; source: string; bytes: number }
  | { kind: 'parquet'; path: string; source: string; bytes: number; start: number; end: number }
  | { kind: 'files'; path: string; source: string; bytes: number };

const TAR = /\.(tar|tar\.gz|tgz)$/i;
const PARQUET = /\.parquet$/i;
const IMAGE = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;

interface FoundFile {
  path: string;
  /** Relative to what was given, with forward slashes. */
  source: string;
  bytes: number;
}

/**
 * The units of `inputs` (files and folders, at any depth), in the order of their names.
 * @param rowsPerUnit of Parquet
 * @throws WitError `missing_file` for what is not there, `input` where there is nothing to import or a
 *   Parquet file has no such columns.
 */
export async function planImport(
  inputs: readonly string[],
  config: ImportConfig,
  rowsPerUnit: number,
): Promise<ImportUnit[]> {
  const files: FoundFile[] = [];
  for (const input of inputs) files.push(...(await filesOf(input)));
  files.sort((a, b) => (a.source < b.source ? -1 : 1));
  const tars = files.filter(({ path }) => TAR.test(path));
  const parquet = files.filter(({ path }) => PARQUET.test(path));
  const images = files.filter(({ path }) => IMAGE.test(path));
  const from = config.from === 'auto' ? undefined : config.from;
  if (from === 'webdataset' || (from === undefined && tars.length > 0)) {
    if (tars.length > 0) return tars.map((file) => ({ kind: 'webdataset', ...file }));
  } else if (from === 'parquet' || (from === undefined && parquet.length > 0)) {
    // img2dataset's files come with Parquet that has no images.
    const units = await parquetUnits(parquet, config, rowsPerUnit, images.length > 0 && !from);
    if (units.length > 0) return units;
  }
  if (from === undefined || from === 'files') {
    const units = folderUnits(images);
    if (units.length > 0) return units;
  }
  throw new WitError('input', `Nothing to import in ${inputs.join(', ')}`, {
    hint: 'Expected webdataset tars, Parquet with a column of images, or folders of images.',
  });
}

async function filesOf(input: string): Promise<FoundFile[]> {
  let isFolder: boolean;
  try {
    const found = await stat(input);
    isFolder = found.isDirectory();
    if (!isFolder) return [{ path: input, source: basename(input), bytes: found.size }];
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT';
    throw new WitError(
      'missing_file',
      missing ? `${input} does not exist` : `Cannot read ${input}: ${messageOf(cause)}`,
      { cause },
    );
  }
  const entries = await readdir(input, { recursive: true, withFileTypes: true });
  const files: FoundFile[] = [];
  for (const entry of entries) {
    // Links to files are what downloads from the Hub consist of.
    if (entry.isDirectory() || entry.name.startsWith('.')) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    files.push({ path, source: relative(input, path).replaceAll('\\', '/'), bytes: found.size });
  }
  return files;
}

async function parquetUnits(
  files: readonly FoundFile[],
  config: ImportConfig,
  rowsPerUnit: number,
  mayLackImages: boolean,
): Promise<ImportUnit[]> {
  const units: ImportUnit[] = [];
  for (const file of files) {
    // A damaged file is a unit too: its loss is counted where the others' are.
    const opened = await openParquet(file.path).catch(() => undefined);
    if (opened === undefined) {
      units.push({ kind: 'parquet', ...file, start: 0, end: 0 });
      continue;
    }
    try {
      columnsIn(opened, config);
      for (const { start, end } of cut(opened.rowGroups, rowsPerUnit)) {
        const bytes = Math.round((file.bytes * (end - start)) / opened.rows);
        units.push({ kind: 'parquet', ...file, bytes, start, end });
      }
    } catch (error) {
      if (!mayLackImages) throw error;
    } finally {
      await opened.close();
    }
  }
  return units;
}

/** Ranges of whole row groups of about `rows` rows. */
function cut(
  groups: readonly { rowStart: number; rows: number }[],
  rows: number,
): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const group of groups) {
    const end = group.rowStart + group.rows;
    const last = ranges.at(-1);
    if (last !== undefined && end - last.start <= rows) last.end = end;
    else ranges.push({ start: group.rowStart, end });
  }
  return ranges;
}

function folderUnits(images: readonly FoundFile[]): ImportUnit[] {
  const folders = new Map<string, { path: string; source: string; bytes: number }>();
  for (const { path, source, bytes } of images) {
    const folder = join(path, '..');
    const name = source.includes('/') ? source.slice(0, source.lastIndexOf('/')) : '.';
    const known = folders.get(folder) ?? { path: folder, source: name, bytes: 0 };
    known.bytes += bytes;
    folders.set(folder, known);
  }
  return [...folders.values()].map((folder) => ({ kind: 'files', ...folder }));
}
