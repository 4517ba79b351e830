/** Sample rows of the dataset: which to show is drawn during the pass, their pixels are read after it. */

import sharp from 'sharp';
import { openParquet } from '../core/parquet/reader.js';
import { decodeValue } from '../core/parquet/schema.js';
import type { ImageValue } from '../core/record.js';
import { pairFields } from '../core/types.js';
import type { Sample } from './types.js';

/** Longest side in pixels: twice the size shown, for dense screens. */
const THUMBNAIL_PX = 256;

/** A drawn row and where its image lies. */
export interface DrawnRow {
  readonly sample: Sample;
  readonly path: string;
  readonly row: number;
}

/** The samples with their thumbnails. One row group's images are in memory at a time. */
export async function withThumbnails(
  drawn: readonly DrawnRow[],
  signal: AbortSignal,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const { sample, path, row } of drawn) {
    signal.throwIfAborted();
    const thumbnail = await makeThumbnail(await readImage(path, row));
    samples.push(thumbnail === undefined ? sample : { ...sample, thumbnail });
  }
  return samples;
}

async function readImage(path: string, row: number): Promise<Buffer> {
  const file = await openParquet(path);
  try {
    const [stored] = await file.read({ columns: ['image'], rowStart: row, rowEnd: row + 1 });
    return (decodeValue(pairFields.image, stored?.image) as ImageValue).bytes;
  } finally {
    await file.close();
  }
}

/** A data: URI; undefined when the bytes are no image, which the report then shows as such. */
async function makeThumbnail(image: Buffer): Promise<string | undefined> {
  try {
    const small = await sharp(image)
      .resize({
        width: THUMBNAIL_PX,
        height: THUMBNAIL_PX,
        fit: 'inside',
        withoutEnlargement: true,
      })
      .webp({ quality: 80 })
      .toBuffer();
    return `data:image/webp;base64,${small.toString('base64')}`;
  } catch {
    return undefined;
  }
}
