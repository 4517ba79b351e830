/** What the image rules say of a row of the shards. */

import sharp from 'sharp';
import type { FilterConfig, ShardConfig } from '../config.js';
import type { Reason } from '../core/reasons.js';
import type { Pair } from '../core/types.js';
import { EVERY_IMAGE, formatOf, normaliseImage } from './image.js';
import { decodeStored } from './pixels.js';
import { aspectRatio, maxPixels, minSide } from './rules/header.js';
import { FILE_RULES, HEADER_RULES, PIXEL_RULES } from './rules/index.js';
import type { Verdict } from './rules/rule.js';

/** The rules on sizes; what else the file's header said is not kept. */
const SIZE_RULES = [maxPixels, minSide, aspectRatio];
export const SIZE_REASONS: ReadonlySet<Reason> = new Set(SIZE_RULES.map(({ reason }) => reason));

type Sized = Pick<Pair, 'originalWidth' | 'originalHeight'>;

function headerOf({ originalWidth, originalHeight }: Sized) {
  return { width: originalWidth, height: originalHeight, frames: 1 };
}

/** Why the rules on sizes refuse an image, by the first that does. */
export function objectionToSize(image: Sized, config: FilterConfig): Reason | undefined {
  const header = headerOf(image);
  return SIZE_RULES.find((rule) => rule.objection(header, config) !== undefined)?.reason;
}

/** Every rule on sizes, and those on pixels as far as the stored file, which may be lossy, shows them. */
export async function explainImage(
  pair: Sized & Pick<Pair, 'image'>,
  config: FilterConfig,
): Promise<Verdict[]> {
  const pixels = await decodeStored(pair.image.bytes);
  return [
    ...SIZE_RULES.map((rule) => rule.explain(headerOf(pair), config)),
    ...PIXEL_RULES.map((rule) => rule.explain(pixels, config)),
  ];
}

/**
 * Every image rule on a file as it came, as far as it can be read, and what becomes of it. Pixels are
 * judged as they would be stored.
 */
export async function explainFile(
  bytes: Buffer,
  filter: FilterConfig,
  shard: ShardConfig,
): Promise<{ verdicts: Verdict[]; outcome: string }> {
  const judged = await normaliseImage(bytes, filter, shard);
  const outcome = judged.ok ? 'kept' : `${judged.loss.reason}, ${judged.loss.detail}`;
  const file = { format: formatOf(bytes) ?? 'unknown', bytes: bytes.length };
  const verdicts = FILE_RULES.map((rule) => rule.explain(file, filter));
  const lossless: ShardConfig = { ...shard, format: 'png' };
  // To measure what a rule would refuse.
  const image = await normaliseImage(bytes, EVERY_IMAGE, lossless);
  if (!image.ok) return { verdicts, outcome };
  const { pages = 1 } = await sharp(bytes).metadata();
  const size = { width: image.originalWidth, height: image.originalHeight, frames: pages };
  verdicts.push(...HEADER_RULES.map((rule) => rule.explain(size, filter)));
  const pixels = await decodeStored(image.image);
  verdicts.push(...PIXEL_RULES.map((rule) => rule.explain(pixels, filter)));
  return { verdicts, outcome };
}
