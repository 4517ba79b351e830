/** Real drawings for tests of image rules: emoji of one designer, rendered from their SVG. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { packageRoot } from '../../src/core/version.js';

interface IconSet {
  readonly icons: Record<string, { body: string; width?: number; height?: number }>;
  readonly width?: number;
  readonly height?: number;
}

const path = join(packageRoot, 'node_modules/@iconify-json/noto/icons.json');
const set = JSON.parse(readFileSync(path, 'utf8')) as IconSet;

/** One name for each drawing, without the skin tones of one person. */
export const EMOJI_NAMES: readonly string[] = (() => {
  const byBody = new Map<string, string>();
  for (const [name, { body }] of Object.entries(set.icons)) {
    if (/tone[1-5]|skin-tone|(?:light|dark|medium)-/.test(name)) continue;
    if (!byBody.has(body)) byBody.set(body, name);
  }
  return [...byBody.values()];
})();

/** An SVG; transparent where nothing is drawn. */
export function emojiSvg(name: string, px: number): Buffer {
  const icon = set.icons[name];
  if (icon === undefined) throw new Error(`no emoji is called ${name}`);
  const width = icon.width ?? set.width ?? 16;
  const height = icon.height ?? set.height ?? 16;
  const names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  return Buffer.from(
    `<svg ${names} viewBox="0 0 ${width} ${height}" width="${px}" height="${px}">${icon.body}</svg>`,
  );
}

export interface Pixels {
  /** u8 `[height, width, 3]` */
  readonly rgb: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Decodes with sharp, on white. */
export async function pixels(image: Buffer | Sharp): Promise<Pixels> {
  const pipeline = Buffer.isBuffer(image) ? sharp(image) : image;
  const { data, info } = await pipeline
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { rgb: data, width: info.width, height: info.height };
}

export function image({ rgb, width, height }: Pixels): Sharp {
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}
