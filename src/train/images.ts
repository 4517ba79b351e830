/**
 * Stored images to model input: decoded to RGB with the short side at the model's size (the paper's
 * 224, §2.4), then cut to a square. Training cuts at random, which is CLIP's only augmentation;
 * evaluation cuts the centre.
 */

import sharp from 'sharp';
import { seededRandom } from './random.js';

// Parallelism comes from many images at once; more threads for one image only add overhead.
sharp.concurrency(1);
// Every image is read once: sharp's cache of operations would only hold memory.
sharp.cache(false);

/** Larger images are refused before they are decoded. */
const MAX_PIXELS = 50_000_000;

/** An image as rows of RGB bytes, without padding. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes an image and resizes it so that its short side is `size` pixels (bicubic; also enlarges).
 * EXIF orientation is applied, colours become sRGB, transparent parts white.
 * @throws Error of the decoder, also for images that are damaged or cut off.
 */
export async function decodeImage(bytes: Uint8Array, size: number): Promise<Pixels> {
  const { data, info } = await sharp(bytes, { failOn: 'warning', limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .resize(size, size, { fit: 'outside', kernel: 'cubic' })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels instead of 3`);
  return { data, width: info.width, height: info.height };
}

/** Left and top of a square inside an image. */
export interface Corner {
  readonly x: number;
  readonly y: number;
}

/** The square that training cuts: uniform over the image, fixed by (seed, epoch, position). */
export function randomCorner(
  pixels: Pixels,
  size: number,
  seed: number,
  epoch: number,
  position: number,
): Corner {
  const { width, height } = pixels;
  if (width === size && height === size) return { x: 0, y: 0 };
  const random = seededRandom('crop', seed, epoch, position);
  return { x: random.below(width - size + 1), y: random.below(height - size + 1) };
}

/** The square in the middle. */
export function centreCorner(pixels: Pixels, size: number): Corner {
  return { x: Math.floor((pixels.width - size) / 2), y: Math.floor((pixels.height - size) / 2) };
}

/** Copies the square at `corner`, `size` pixels a side, into `into` at byte `offset`. */
export function copySquare(
  pixels: Pixels,
  corner: Corner,
  size: number,
  into: Uint8Array,
  offset: number,
): void {
  for (let row = 0; row < size; row++) {
    const from = ((corner.y + row) * pixels.width + corner.x) * 3;
    into.set(pixels.data.subarray(from, from + size * 3), offset + row * size * 3);
  }
}
