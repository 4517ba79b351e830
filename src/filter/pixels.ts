/** From an encoded image to the pixels that are judged and stored, in one pipeline. */

import sharp from 'sharp';
import type { Loss } from '../core/reasons.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is known of an image before it is decoded. */
export interface Header extends Size {
  /** The size once the image is turned upright. */
  readonly upright: Size;
  readonly frames: number;
  readonly isTurned: boolean;
  /** Whether its levels mean what they mean in sRGB. */
  readonly isSrgb: boolean;
  readonly hasAlpha: boolean;
}

export interface PixelOptions {
  readonly sidePx: number;
  readonly maxPixels: number;
}

/** As u8 `[height, width, 3]`. */
export interface Pixels extends Size {
  readonly rgb: Uint8Array;
}

/**
 * Upright, sRGB, on white, with a short side of `sidePx` at most. What an image does not need is left out,
 * since each step costs something even where it changes nothing.
 * @throws Error when it cannot be decoded.
 */
export async function pixelsOf(
  bytes: Buffer,
  header: Header,
  { sidePx, maxPixels }: PixelOptions,
): Promise<Pixels> {
  const side = Math.min(sidePx, header.width, header.height);
  // `warning` catches damaged markers that the laxer levels let pass.
  let image = sharp(bytes, { failOn: 'warning', limitInputPixels: maxPixels });
  if (header.isTurned) image = image.autoOrient();
  if (!header.isSrgb) image = image.toColourspace('srgb');
  if (header.hasAlpha) image = image.flatten({ background: 'white' }).removeAlpha();
  // libvips shrinks while it decodes where the format allows; hence one pipeline.
  const { data, info } = await image
    .resize({
      width: side,
      height: side,
      fit: 'outside',
      withoutEnlargement: true,
      kernel: 'lanczos3',
    })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { rgb: data, width: info.width, height: info.height };
}

/**
 * What is said of a file that a decoder refuses. Not its own words: libvips gathers those of all its threads in
 * one place, so that they depend on what else is under way.
 */
export function damaged(format: string): Loss {
  return { reason: 'undecodable', detail: `${format}, damaged or cut off` };
}

/** An image as we stored it, decoded: needs none of the above. */
export async function decodeStored(image: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(image)
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { rgb: data, width: info.width, height: info.height };
}
