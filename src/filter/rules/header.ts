/** Rules that a file's header decides, before anything is decoded. */

import { counted, defineRule, type ImageHeader } from './rule.js';

const size = ({ width, height }: ImageHeader): string => `${width}×${height}`;

export const animated = defineRule<ImageHeader, number>({
  name: 'animated',
  version: 1,
  reason: 'animated',
  drops:
    'images of more than one frame, unless filter.animation lets the first frame stand for them',
  settings: ['animation'],
  limit: ({ animation }) => (animation === 'refuse' ? '1 frame' : undefined),
  measure: ({ frames }) => frames,
  passes: (frames) => frames <= 1,
  words: (frames) => counted(frames, 'frame'),
});

export const maxPixels = defineRule<ImageHeader, ImageHeader>({
  name: 'max-pixels',
  version: 1,
  reason: 'too_many_pixels',
  drops: 'images of more pixels than filter.maxPixels; they are never decoded',
  settings: ['maxPixels'],
  limit: ({ maxPixels }) => `at most ${maxPixels}`,
  measure: (header) => header,
  passes: ({ width, height }, { maxPixels }) => width * height <= maxPixels,
  words: size,
});

export const minSide = defineRule<ImageHeader, ImageHeader>({
  name: 'min-side',
  version: 1,
  reason: 'image_too_small',
  drops: 'images whose short side is below filter.minSidePx',
  settings: ['minSidePx'],
  limit: ({ minSidePx }) => (minSidePx <= 1 ? undefined : `short side at least ${minSidePx}`),
  measure: (header) => header,
  passes: ({ width, height }, { minSidePx }) => Math.min(width, height) >= minSidePx,
  words: size,
});

export const aspectRatio = defineRule<ImageHeader, ImageHeader>({
  name: 'aspect-ratio',
  version: 1,
  reason: 'aspect_ratio',
  drops: 'images whose long side is more than filter.maxAspectRatio short sides',
  settings: ['maxAspectRatio'],
  limit: ({ maxAspectRatio }) =>
    maxAspectRatio === null ? undefined : `long side at most ${maxAspectRatio} short sides`,
  measure: (header) => header,
  passes: ({ width, height }, { maxAspectRatio }) =>
    Math.max(width, height) <= (maxAspectRatio as number) * Math.min(width, height),
  words: size,
});
