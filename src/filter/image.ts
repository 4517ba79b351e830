/**
 * From downloaded bytes to the pixels that are stored, or the reason why not. What the header tells
 * is judged before anything is decoded; the image is decoded once, and size, blankness, hash and the
 * stored file all come from those pixels.
 */

import sharp from 'sharp';
import { type FilterConfig, filterSchema, IMAGE_FORMATS, type ShardConfig } from '../config.js';
import type { Loss } from '../core/reasons.js';
import { decodeApart } from './decoder.js';
import { dhash } from './dhash.js';
import { readJpegHeader, scansOf } from './jpeg-header.js';
import { damaged, type Header, type Pixels, pixelsOf } from './pixels.js';
import { FILE_RULES, HEADER_RULES, PIXEL_RULES } from './rules/index.js';
import type { Rule } from './rules/rule.js';
import { looksLikeSvg, renderSvg } from './svg.js';

sharp.cache(false);
// One thread an image: images are many, and this is faster overall.
sharp.concurrency(1);

export type StoredFormat = ShardConfig['format'];
/** Formats that may be stored as they came. */
const STORED: ReadonlySet<string> = new Set<StoredFormat>(['jpeg', 'png', 'webp']);

export type NormalisedImage =
  | {
      readonly ok: true;
      /** The encoded file as it is stored. */
      readonly image: Buffer;
      readonly format: StoredFormat;
      /** Of the stored image, in pixels. */
      readonly width: number;
      readonly height: number;
      /** As downloaded, after its EXIF orientation. */
      readonly originalWidth: number;
      readonly originalHeight: number;
      readonly dhash: string;
    }
  | { readonly ok: false; readonly loss: Loss };

/**
 * First bytes of files, at an offset. Only these formats reach a decoder, and of them only those in
 * `filter.formats`: rarely used loaders are where decoders are attacked.
 */
const DECODED: readonly Signature[] = [
  { format: 'jpeg', at: 0, bytes: Buffer.from([0xff, 0xd8, 0xff]) },
  { format: 'png', at: 0, bytes: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) },
  { format: 'gif', at: 0, bytes: Buffer.from('GIF8') },
  { format: 'webp', at: 8, bytes: Buffer.from('WEBP') },
  // HEIC begins so too; it fails in the decoder, which has no HEVC.
  { format: 'avif', at: 4, bytes: Buffer.from('ftyp') },
  { format: 'tiff', at: 0, bytes: Buffer.from([0x49, 0x49, 0x2a, 0]) },
  { format: 'tiff', at: 0, bytes: Buffer.from([0x4d, 0x4d, 0, 0x2a]) },
];
/** Named in the loss; what is none of them is no image at all. */
const NOT_DECODED: readonly Signature[] = [
  { format: 'pdf', at: 0, bytes: Buffer.from('%PDF') },
  { format: 'bmp', at: 0, bytes: Buffer.from('BM') },
  { format: 'ico', at: 0, bytes: Buffer.from([0, 0, 1, 0]) },
  { format: 'psd', at: 0, bytes: Buffer.from('8BPS') },
  { format: 'jxl', at: 0, bytes: Buffer.from([0xff, 0x0a]) },
  { format: 'jxl', at: 4, bytes: Buffer.from('JXL ') },
  { format: 'jp2', at: 4, bytes: Buffer.from('jP  ') },
];

/** Under these every image passes that can be decoded. */
export const EVERY_IMAGE: FilterConfig = filterSchema.parse({
  preset: 'none',
  formats: [...IMAGE_FORMATS],
});

/** Of a stored image, in pixels. */
const LONGEST_SIDE = { jpeg: 65_535, webp: 16_383, png: 0x7fffffff };

interface Signature {
  readonly format: string;
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * Decodes, judges, turns upright, converts to sRGB, lays on white, shrinks the short side to
 * `shard.sidePx` (never enlarges) and encodes. The result depends on the arguments alone.
 * @param options.keep judges and decodes the same way, but an upright still JPEG, PNG or WebP stays what it is;
 *   others are encoded at their own size
 */
export async function normaliseImage(
  bytes: Buffer,
  filter: FilterConfig,
  shard: ShardConfig,
  { keep = false }: { keep?: boolean } = {},
): Promise<NormalisedImage> {
  const format = decodedFormat(bytes);
  if (format === undefined) return notDecoded(bytes);
  const unwanted = judge(FILE_RULES, { format, bytes: bytes.length }, filter);
  if (unwanted !== undefined) return { ok: false, loss: unwanted };
  if (format === 'svg') {
    const rendered = await renderSvg(bytes, filter);
    // What is drawn is an image like any other.
    return rendered.ok
      ? await normaliseImage(rendered.png, { ...filter, formats: ['png'], minBytes: 0 }, shard, {
          keep,
        })
      : rendered;
  }
  let header: Header;
  try {
    header = (format === 'jpeg' ? ordinaryJpeg(bytes) : undefined) ?? (await anyHeader(bytes));
  } catch {
    return { ok: false, loss: damaged(format) };
  }
  const refusal = judge(HEADER_RULES, header, filter);
  if (refusal !== undefined) return { ok: false, loss: refusal };
  const sidePx = keep ? Number.MAX_SAFE_INTEGER : shard.sidePx;
  const options = { sidePx, maxPixels: filter.maxPixels };
  const decoded = await (mayTakeLong(bytes, format, header, filter)
    ? decodeApart({ image: bytes, format, header, options }, filter.maxDecodeMs)
    : pixelsOf(bytes, header, options).catch(() => damaged(format)));
  if ('reason' in decoded) return { ok: false, loss: decoded };
  const { rgb, width, height } = decoded as Pixels;
  const objection = judge(PIXEL_RULES, { rgb, width, height }, filter);
  if (objection !== undefined) return { ok: false, loss: objection };
  const stays = keep && STORED.has(format) && !header.isTurned && header.frames === 1;
  if (!stays && Math.max(width, height) > LONGEST_SIDE[shard.format]) {
    return lost('aspect_ratio', `${width}×${height}, more than ${shard.format} can hold`);
  }
  return {
    ok: true,
    image: stays ? bytes : await encode(rgb, width, height, shard),
    format: stays ? (format as StoredFormat) : shard.format,
    width,
    height,
    originalWidth: header.upright.width,
    originalHeight: header.upright.height,
    dhash: dhash(rgb, width, height),
  };
}

/**
 * What one core takes for a pixel at most, and for a pixel of a further scan of a JPEG, in nanoseconds; in round
 * numbers from 49-megapixel files made for it: AVIF takes 68, PNG 30, and a scan that changes nothing 0.25.
 */
const PIXEL_NS = 100;
const SCAN_NS = 1;

/** Whether decoding might take longer than it may. Bytes cost little: there are 20 MB of them at most. */
function mayTakeLong(bytes: Buffer, format: string, header: Header, filter: FilterConfig): boolean {
  const scans = format === 'jpeg' ? scansOf(bytes) : 0;
  const ns = header.width * header.height * (PIXEL_NS + scans * SCAN_NS);
  return ns > filter.maxDecodeMs * 1e6;
}

function ordinaryJpeg(bytes: Buffer): Header | undefined {
  const header = readJpegHeader(bytes);
  if (header === undefined) return undefined;
  const isSrgb = !header.isGrey && !header.hasProfile;
  return { ...header, upright: header, frames: 1, isTurned: false, isSrgb, hasAlpha: false };
}

/** @throws Error when no decoder can read it. */
async function anyHeader(bytes: Buffer): Promise<Header> {
  // Read without the pixel limit, so that too large is told from undecodable.
  const header = await sharp(bytes, { failOn: 'warning', limitInputPixels: false }).metadata();
  return {
    width: header.width,
    height: header.height,
    upright: header.autoOrient,
    frames: header.pages ?? 1,
    isTurned: (header.orientation ?? 1) !== 1,
    isSrgb: header.space === 'srgb' && !header.hasProfile,
    hasAlpha: header.hasAlpha,
  };
}

function begins(file: Buffer, signatures: readonly Signature[]): Signature | undefined {
  return signatures.find(({ at, bytes }) => bytes.equals(file.subarray(at, at + bytes.length)));
}

/** What a file is by its first bytes, whether or not it is decoded; undefined for what is no image. */
export function formatOf(file: Buffer): string | undefined {
  return decodedFormat(file) ?? begins(file, NOT_DECODED)?.format;
}

function decodedFormat(file: Buffer): string | undefined {
  return begins(file, DECODED)?.format ?? (looksLikeSvg(file) ? 'svg' : undefined);
}

function notDecoded(file: Buffer): NormalisedImage {
  const other = begins(file, NOT_DECODED)?.format;
  if (other !== undefined) return lost('unsupported_format', other);
  const start = file.toString('latin1', 0, 16);
  return lost('undecodable', `no image: begins with ${JSON.stringify(start)}`);
}

/** The first objection of the rules, in their order. */
function judge<Input>(
  rules: readonly Rule<Input>[],
  input: Input,
  filter: FilterConfig,
): Loss | undefined {
  for (const { reason, objection } of rules) {
    const detail = objection(input, filter);
    if (detail !== undefined) return { reason, detail };
  }
  return undefined;
}

async function encode(
  rgb: Uint8Array,
  width: number,
  height: number,
  shard: ShardConfig,
): Promise<Buffer> {
  const pixels = sharp(rgb, { raw: { width, height, channels: 3 } });
  const { quality } = shard;
  // 4:2:0 and the standard's Huffman tables, as img2dataset's files. 4:4:4 has twice the bytes, for what a
  // 224-pixel model does not see; tables of the image's own save 5 % and take as long as encoding.
  if (shard.format === 'jpeg') {
    return await pixels.jpeg({ quality, optimiseCoding: false }).toBuffer();
  }
  if (shard.format === 'webp') return await pixels.webp({ quality }).toBuffer();
  return await pixels.png().toBuffer();
}

function lost(reason: Loss['reason'], detail: string): NormalisedImage {
  return { ok: false, loss: { reason, detail } };
}
