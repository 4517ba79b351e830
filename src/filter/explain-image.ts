/** What the image rules say of a row of the shards. */

import type { FilterConfig } from '../config.js';
import type { Reason } from '../core/reasons.js';
import type { Pair } from '../core/types.js';
import { decodeStored } from './pixels.js';
import { aspectRatio, maxPixels, minSide } from './rules/header.js';
import { PIXEL_RULES } from './rules/index.js';
import type { Verdict } from './rules/rule.js';

/** The rules on sizes; what else the file's header said is not kept. */
const SIZE_RULES = [maxPixels, minSide, aspectRatio];

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
