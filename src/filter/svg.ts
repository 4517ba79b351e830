/**
 * SVG, for those who ask for it (`filter.formats`). An SVG is a program, so it is drawn in a process of its
 * own (decoder.ts); librsvg reads no files and asks no network.
 */

import type { Loss } from '../core/reasons.js';
import { decodeApart } from './decoder.js';

/** A million elements of XML take gigabytes of memory; drawings on the web are far smaller. */
const MAX_SVG_BYTES = 1_000_000;
/** How far into a file its `<svg` is looked for: past a prolog and comments. */
const REACH = 4_096;

export type RenderedSvg =
  | { readonly ok: true; readonly png: Buffer }
  | { readonly ok: false; readonly loss: Loss };

/** True for what begins as an SVG and not as a page with one in it. */
export function looksLikeSvg(file: Buffer): boolean {
  const start = file.toString('latin1', 0, REACH);
  return /<svg[\s>]/i.test(start) && !/<html[\s>]/i.test(start);
}

/** Draws `svg` at its own size, at most `maxPixels`, within `maxMs` of CPU time. */
export async function renderSvg(
  svg: Buffer,
  { maxPixels, maxDecodeMs }: { maxPixels: number; maxDecodeMs: number },
): Promise<RenderedSvg> {
  if (svg.length > MAX_SVG_BYTES) {
    return { ok: false, loss: { reason: 'undecodable', detail: `svg of ${svg.length} bytes` } };
  }
  const drawing = await decodeApart({ svg, maxPixels }, maxDecodeMs);
  if ('png' in drawing) return { ok: true, png: Buffer.from(drawing.png) };
  return { ok: false, loss: drawing as Loss };
}
