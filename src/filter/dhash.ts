/**
 * Colour difference hash: a short fingerprint that survives resizing and recompression.
 *
 * For each RGB channel the image is shrunk to 9×8 pixels; a bit says whether a pixel is brighter than
 * its right neighbour by more than a margin. 3 × 64 = 192 bits, 48 hex digits.
 *
 * Per channel, because on drawings the usual grey hash takes a red and a blue disc for the same
 * picture. With a margin, because on flat ground the sign of a difference is noise.
 */

import sharp from 'sharp';

const WIDTH = 9;
const HEIGHT = 8;
const CHANNELS = 3;
const MARGIN = 4;

export const DHASH_BITS = (WIDTH - 1) * HEIGHT * CHANNELS;

/** @param rgb pixels as u8 `[height, width, 3]` */
export async function dhash(rgb: Buffer, width: number, height: number): Promise<string> {
  const small = await sharp(rgb, { raw: { width, height, channels: CHANNELS } })
    .resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  const bytes = Buffer.alloc(DHASH_BITS / 8);
  let bit = 0;
  for (let channel = 0; channel < CHANNELS; channel++) {
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH - 1; x++) {
        const at = (y * WIDTH + x) * CHANNELS + channel;
        const left = small[at] as number;
        const right = small[at + CHANNELS] as number;
        if (left > right + MARGIN)
          bytes[bit >> 3] = (bytes[bit >> 3] as number) | (128 >> (bit & 7));
        bit += 1;
      }
    }
  }
  return bytes.toString('hex');
}

/** How many bits differ between two hashes of the same length. */
export function hamming(a: string, b: string): number {
  let bits = 0;
  for (let at = 0; at < a.length; at += 8) {
    let difference =
      Number.parseInt(a.slice(at, at + 8), 16) ^ Number.parseInt(b.slice(at, at + 8), 16);
    for (; difference !== 0; difference &= difference - 1) bits += 1;
  }
  return bits;
}
