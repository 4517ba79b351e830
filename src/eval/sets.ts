/**
 * Sets to evaluate on: images with a class each, or with captions. A set knows its labels at once and
 * streams its images, so its size does not matter to memory.
 *
 * From a folder `DIR/<class>/*.png` (also jpg, jpeg, webp, gif, avif, tif), with an optional
 * `DIR/classes.json` of `[{"folder": "1f600", "name": "grinning face"}, …]` that names and orders the
 * classes; or from Parquet, a file or a folder of them, with the columns named below.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, systemCode, WitError } from '../core/errors.js';
import { openParquet, type ParquetFile } from '../core/parquet/reader.js';

export interface NamedImage {
  /** Names the image in messages: a path, or a file and row. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ImageSet {
  /** For people. */
  readonly name: string;
  /** Number of images. */
  readonly size: number;
  /** All images, always in the same order. */
  images(): AsyncGenerator<NamedImage>;
}

export interface ClassSet extends ImageSet {
  /** Class names, in a fixed order. */
  readonly classes: readonly string[];
  /** Index of each image's class. */
  readonly labels: readonly number[];
}

export interface CaptionSet extends ImageSet {
  /** The captions of each image, at least one. */
  readonly captions: readonly (readonly string[])[];
}

const IMAGE_NAME = /\.(png|jpe?g|webp|gif|avif|tiff?)$/i;

/**
 * Images with a class each. Parquet needs the columns `image` and `label` (a name, or a number that
 * Hugging Face metadata names), or `image` and `text`, where each distinct text is a class.
 * @throws WitError `missing_file`, `bad_file`, or `input` when there is nothing to evaluate.
 */
export async function loadClasses(path: string): Promise<ClassSet> {
  const files = await parquetFiles(path);
  const set = files === undefined ? await classFolder(path) : await classParquet(path, files);
  if (set.size === 0) throw new WitError('input', `${path} holds no images to evaluate on`);
  return set;
}

/**
 * Images with captions, from Parquet with the columns `image`, `text` and, where present,
 * `other_texts`: shards as `wit` writes them, for one. In a folder of class folders, an image's
 * caption is the name of its class.
 * @throws WitError `missing_file`, `bad_file`, or `input` when there is nothing to evaluate.
 */
export async function loadCaptions(path: string): Promise<CaptionSet> {
  const files = await parquetFiles(path);
  if (files === undefined) return namedByClass(await loadClasses(path));
  const captions: string[][] = [];
  for await (const { row, where } of rowsOf(files, ['text', 'other_texts?'])) {
    const texts = [row.text, ...(Array.isArray(row.other_texts) ? row.other_texts : [])];
    const own = texts.filter((text): text is string => typeof text === 'string' && text !== '');
    if (own.length === 0) throw new WitError('bad_file', `${where} has no text`);
    captions.push(own);
  }
  if (captions.length === 0) throw new WitError('input', `${path} holds no rows`);
  return { ...imageSet(path, files, captions.length), captions };
}

/**
 * Images alone, whatever stands beside them: of Parquet with the column `image`, or of a folder and all
 * folders in it.
 * @throws WitError `missing_file`, `bad_file`, or `input` when there are none.
 */
export async function loadImages(path: string): Promise<ImageSet> {
  const files = await parquetFiles(path);
  if (files === undefined) {
    const names = (await readdir(path, { recursive: true })).filter((name) =>
      IMAGE_NAME.test(name),
    );
    if (names.length === 0) throw new WitError('input', `${path} holds no images`);
    return {
      name: basename(path),
      size: names.length,
      async *images() {
        for (const name of names.sort()) yield { name, bytes: await readFile(join(path, name)) };
      },
    };
  }
  let size = 0;
  for (const name of files) {
    const file = await openParquet(name);
    size += file.rows;
    await file.close();
  }
  if (size === 0) throw new WitError('input', `${path} holds no rows`);
  return imageSet(path, files, size);
}

/** The same images, each with its class's name as its one caption. */
export function namedByClass(set: ClassSet): CaptionSet {
  return { ...set, captions: set.labels.map((label) => [set.classes[label] as string]) };
}

async function classFolder(path: string): Promise<ClassSet> {
  const entries = await readdir(path, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const named = await readClassNames(path);
  const classes =
    named ?? folders.sort().map((folder) => ({ folder, name: folder.replace(/[_-]+/g, ' ') }));
  const files: string[] = [];
  const labels: number[] = [];
  for (const [label, { folder }] of classes.entries()) {
    if (!folders.includes(folder)) continue;
    const names = (await readdir(join(path, folder))).filter((name) => IMAGE_NAME.test(name));
    for (const name of names.sort()) {
      files.push(join(path, folder, name));
      labels.push(label);
    }
  }
  return {
    name: basename(path),
    size: files.length,
    classes: classes.map(({ name }) => name),
    labels,
    async *images() {
      for (const name of files) yield { name, bytes: await readFile(name) };
    },
  };
}

async function readClassNames(
  path: string,
): Promise<{ folder: string; name: string }[] | undefined> {
  const file = join(path, 'classes.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new WitError('bad_file', `Cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  try {
    const value = JSON.parse(text) as unknown;
    if (!Array.isArray(value)) throw new Error('expected a list');
    return value.map((item: { folder?: unknown; name?: unknown } | null, i) => {
      const { folder, name } = item ?? {};
      if (typeof folder !== 'string' || typeof name !== 'string' || name === '') {
        throw new Error(`entry ${i}: expected {folder, name}, received ${JSON.stringify(item)}`);
      }
      return { folder, name };
    });
  } catch (cause) {
    throw new WitError('bad_file', `${file} is damaged: ${messageOf(cause)}`, { cause });
  }
}

async function classParquet(path: string, files: readonly string[]): Promise<ClassSet> {
  const first = await openParquet(files[0] as string);
  const column = first.columns.includes('label') ? 'label' : 'text';
  const names = classNames(first);
  await first.close();
  const values: (string | number)[] = [];
  for await (const { row, where } of rowsOf(files, [column])) {
    const value = row[column];
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw new WitError('bad_file', `${where} has no ${column}`);
    }
    if (typeof value === 'number' && names?.[value] === undefined) {
      throw new WitError(
        'bad_file',
        `${where}: label ${value} has no name in the file's metadata`,
        {
          hint: 'Store class names in the label column, or write the file with Hugging Face datasets.',
        },
      );
    }
    values.push(value);
  }
  const classes = names ?? [...new Set(values as string[])].sort();
  const index = new Map(classes.map((name, i) => [name, i]));
  const labels = values.map((value) =>
    typeof value === 'number' ? value : (index.get(value) as number),
  );
  return { ...imageSet(path, files, labels.length), classes, labels };
}

/** Class names as Hugging Face datasets stores them in the footer. */
function classNames(file: ParquetFile): string[] | undefined {
  if (!/^u?int/.test(file.columnTypes.label ?? '')) return undefined;
  try {
    const { info } = JSON.parse(file.metadata.huggingface ?? '') as {
      info: { features: { label: { names: string[] } } };
    };
    return info.features.label.names;
  } catch {
    return undefined;
  }
}

function imageSet(path: string, files: readonly string[], size: number): ImageSet {
  return {
    name: basename(path),
    size,
    async *images() {
      for await (const { row, where } of rowsOf(files, ['image'])) {
        const { image } = row;
        const bytes = image instanceof Uint8Array ? image : (image as { bytes?: unknown })?.bytes;
        if (!(bytes instanceof Uint8Array)) throw new WitError('bad_file', `${where} has no image`);
        yield { name: where, bytes };
      }
    },
  };
}

/** Rows of files, a row group at a time. A column that ends in `?` may be absent. */
async function* rowsOf(
  files: readonly string[],
  wanted: readonly string[],
): AsyncGenerator<{ row: Record<string, unknown>; where: string }> {
  for (const path of files) {
    const file = await openParquet(path);
    try {
      const columns = wanted
        .filter((column) => !column.endsWith('?') || file.columns.includes(column.slice(0, -1)))
        .map((column) => column.replace('?', ''));
      for (const { rowStart, rows } of file.rowGroups) {
        const read = await file.read({ columns, rowStart, rowEnd: rowStart + rows });
        for (const [i, row] of read.entries()) yield { row, where: `${path} row ${rowStart + i}` };
      }
    } finally {
      await file.close();
    }
  }
}

/** The Parquet files that a path means; undefined for a folder without any. */
async function parquetFiles(path: string): Promise<string[] | undefined> {
  let folder: boolean;
  try {
    folder = (await stat(path)).isDirectory();
  } catch (cause) {
    throw new WitError('missing_file', `${path} does not exist`, { cause });
  }
  if (!folder) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.parquet')).sort();
  return names.length === 0 ? undefined : names.map((name) => join(path, name));
}
