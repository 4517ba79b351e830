/**
 * From downloaded bytes to the pixels that are stored, or the reason why not. What the header tells
 * is judged before anything is decoded; the image is decoded once, and size, blankness, hash and the
 * stored file all come from those pixels.
 */

import sharp, { type Metadata, type OutputInfo } from 'sharp';
import type { FilterConfig, ShardConfig } from '../config.js';
import { messageOf } from '../core/errors.js';
import type { Loss } from '../core/reasons.js';
import { dhash } from './dhash.js';

sharp.cache(false);
// One thread an image: images are many, and this is faster overall.
sharp.concurrency(1);

export type NormalisedImage =
  | {
      readonly ok: true;
      /** The encoded file as it is stored. */
      readonly image: Buffer;
      readonly format: ShardConfig['format'];
      /** Of the stored image, in pixels. */
      readonly width: number;
      readonly height: number;
      /** As downloaded, after its EXIF orientation. */
      readonly originalWidth: number;
      readonly originalHeight: number;
      readonly dhash: string;
    }
  | { readonly ok: false; readonly loss: Loss };

/** Formats that are decoded. SVG is a program more than an image; PDF and the like are no images. */
const FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff']);

/**
 * Decodes, judges, turns upright, converts to sRGB, lays on white, shrinks the short side to
 * `shard.sidePx` (never enlarges) and encodes. The result depends on the arguments alone.
 */
export async function normaliseImage(
  bytes: Buffer,
  filter: FilterConfig,
  shard: ShardConfig,
): Promise<NormalisedImage> {
  // `warning` catches damaged markers that the laxer levels let pass.
  const options = { failOn: 'warning', limitInputPixels: filter.maxPixels } as const;
  let header: Metadata;
  try {
    // The header is read without the pixel limit, so that too large is told from undecodable.
    header = await sharp(bytes, { ...options, limitInputPixels: false }).metadata();
  } catch (error) {
    return lost('undecodable', messageOf(error));
  }
  const refusal = judgeHeader(header, filter);
  if (refusal !== undefined) return { ok: false, loss: refusal };
  try {
    // libvips shrinks while it decodes where the format allows; hence one pipeline.
    const side = Math.min(shard.sidePx, header.width, header.height);
    const { data, info } = await sharp(bytes, options)
      .autoOrient()
      .toColourspace('srgb')
      .flatten({ background: 'white' })
      .resize({
        width: side,
        height: side,
        fit: 'outside',
        withoutEnlargement: true,
        kernel: 'lanczos3',
      })
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const rgb = info.channels === 3 ? data : await asRgb(data, info);
    const range = largestRange(rgb);
    if (range <= filter.blankRange) return lost('blank', `all levels within ${range}`);
    const { width, height } = info;
    const upright = header.autoOrient;
    return {
      ok: true,
      image: await encode(rgb, width, height, shard),
      format: shard.format,
      width,
      height,
      originalWidth: upright.width,
      originalHeight: upright.height,
      dhash: await dhash(rgb, width, height),
    };
  } catch (error) {
    return lost('undecodable', messageOf(error));
  }
}

function judgeHeader(header: Metadata, filter: FilterConfig): Loss | undefined {
  const { format, width, height } = header;
  if (!FORMATS.has(format)) return { reason: 'unsupported_format', detail: format };
  if ((header.pages ?? 1) > 1) return { reason: 'animated', detail: `${header.pages} frames` };
  const size = `${width}×${height}`;
  if (width * height > filter.maxPixels) return { reason: 'too_many_pixels', detail: size };
  if (Math.min(width, height) < filter.minSidePx)
    return { reason: 'image_too_small', detail: size };
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (ratio > filter.maxAspectRatio) return { reason: 'aspect_ratio', detail: size };
  return undefined;
}

/** Grey images come out of the pipeline with one channel. */
async function asRgb(data: Buffer, info: OutputInfo): Promise<Buffer> {
  const { width, height, channels } = info;
  return await sharp(data, { raw: { width, height, channels } })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** The largest difference between two levels of one channel. */
function largestRange(rgb: Buffer): number {
  const low = [255, 255, 255];
  const high = [0, 0, 0];
  for (let at = 0; at < rgb.length; at++) {
    const channel = at % 3;
    const level = rgb[at] as number;
    if (level < (low[channel] as number)) low[channel] = level;
    if (level > (high[channel] as number)) high[channel] = level;
  }
  return Math.max(...high.map((level, channel) => level - (low[channel] as number)));
}

async function encode(
  rgb: Buffer,
  width: number,
  height: number,
  shard: ShardConfig,
): Promise<Buffer> {
  const pixels = sharp(rgb, { raw: { width, height, channels: 3 } });
  const { quality } = shard;
  // 4:2:0, as img2dataset's files; half the bytes of 4:4:4 and no loss that a 224-pixel model sees.
  if (shard.format === 'jpeg') return await pixels.jpeg({ quality }).toBuffer();
  if (shard.format === 'webp') return await pixels.webp({ quality }).toBuffer();
  return await pixels.png().toBuffer();
}

function lost(reason: Loss['reason'], detail: string): NormalisedImage {
  return { ok: false, loss: { reason, detail: detail.split('\n', 1)[0] as string } };
}
