/**
 * The process in which decoder.ts has images decoded that may take long: one message in, one answer out. It
 * keeps the time itself, by its own clock of CPU time, so that a busy machine takes nothing from anyone.
 */

import sharp from 'sharp';
import type { Loss } from '../core/reasons.js';
import { damaged, type Header, type PixelOptions, type Pixels, pixelsOf } from './pixels.js';

/** An SVG to draw at its own size, as a PNG; or an image whose header is known, to decode and shrink. */
export type Task =
  | { readonly svg: Uint8Array; readonly maxPixels: number }
  | {
      readonly image: Uint8Array;
      readonly format: string;
      readonly header: Header;
      readonly options: PixelOptions;
    };

export interface Request {
  readonly task: Task;
  /** CPU time. */
  readonly maxMs: number;
}
export type Decoded = { readonly png: Uint8Array } | Pixels | Loss;

/** How often the clock is looked at. */
const LOOK_MS = 20;

sharp.cache(false);
sharp.concurrency(1);

async function decode(task: Task): Promise<Decoded> {
  try {
    if ('svg' in task) return await draw(task);
    return await pixelsOf(Buffer.from(task.image), task.header, task.options);
  } catch {
    return damaged('svg' in task ? 'svg' : task.format);
  }
}

async function draw({ svg, maxPixels }: Extract<Task, { svg: Uint8Array }>): Promise<Decoded> {
  const { width, height } = await sharp(svg, { limitInputPixels: false }).metadata();
  if (width * height > maxPixels) {
    return { reason: 'too_many_pixels', detail: `${width}×${height}` };
  }
  const image = sharp(svg, { failOn: 'warning', limitInputPixels: maxPixels });
  // Read again at once: packing tightly would be time lost.
  return { png: await image.png({ compressionLevel: 1 }).toBuffer() };
}

process.on('message', ({ task, maxMs }: Request) => {
  const before = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1_000 <= maxMs) return;
    clearInterval(timer);
    // Whoever gets this ends the process: nothing else stops a decoder.
    const late: Loss = { reason: 'decode_timeout', detail: `${maxMs} ms of CPU time` };
    process.send?.(late);
  }, LOOK_MS);
  void decode(task).then((decoded) => {
    clearInterval(timer);
    process.send?.(decoded);
  });
});
// Who asked may be gone in the middle of it (kill -9).
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
