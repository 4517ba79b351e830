/** Rules on a file as it came, before a decoder sees it. */

import { counted, defineRule, type ImageFile } from './rule.js';

export const format = defineRule<ImageFile, { format: string; wanted: boolean }>({
  name: 'format',
  version: 1,
  reason: 'unsupported_format',
  drops: 'images in none of filter.formats',
  settings: ['formats'],
  limit: ({ formats }) => formats.join(', '),
  measure: ({ format }, { formats }) => ({ format, wanted: formats.some((one) => one === format) }),
  passes: ({ wanted }) => wanted,
  words: ({ format }) => format,
});

export const minBytes = defineRule<ImageFile, number>({
  name: 'min-bytes',
  version: 1,
  reason: 'too_few_bytes',
  drops: 'files of fewer bytes than filter.minBytes',
  settings: ['minBytes'],
  limit: ({ minBytes }) => (minBytes === 0 ? undefined : `at least ${minBytes}`),
  measure: ({ bytes }) => bytes,
  passes: (bytes, { minBytes }) => bytes >= minBytes,
  words: (bytes) => counted(bytes, 'byte'),
});
