/** The process in which svg.ts has SVGs drawn: one message in, one drawing out. */

import sharp from 'sharp';
import { messageOf } from '../core/errors.js';
import type { Loss } from '../core/reasons.js';

export interface Request {
  readonly svg: Uint8Array;
  readonly maxPixels: number;
}
export type Drawing = { readonly png: Uint8Array } | Loss;

sharp.cache(false);
sharp.concurrency(1);

async function draw({ svg, maxPixels }: Request): Promise<Drawing> {
  try {
    const { width, height } = await sharp(svg, { limitInputPixels: false }).metadata();
    if (width * height > maxPixels) {
      return { reason: 'too_many_pixels', detail: `${width}×${height}` };
    }
    const image = sharp(svg, { failOn: 'warning', limitInputPixels: maxPixels });
    // Read again at once: packing tightly would be time lost.
    return { png: await image.png({ compressionLevel: 1 }).toBuffer() };
  } catch (error) {
    const [line = ''] = messageOf(error).split('\n', 1);
    return { reason: 'undecodable', detail: `svg: ${line}` };
  }
}

process.on('message', (request: Request) => {
  void draw(request).then((drawing) => process.send?.(drawing));
});
