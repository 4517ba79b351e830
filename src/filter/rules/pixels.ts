/** Rules on the decoded image, as it will be stored. */

import { defineRule, type Pixels } from './rule.js';

/** The largest difference between two levels of one channel; looks no further once it is `enough`. */
function rangeUpTo(rgb: Uint8Array, enough: number): number {
  let range = 0;
  for (let channel = 0; channel < 3; channel++) {
    let low = 255;
    let high = 0;
    for (let at = channel; at < rgb.length; at += 3) {
      const level = rgb[at] as number;
      if (level < low) low = level;
      if (level > high) high = level;
      if (high - low >= enough) return enough;
    }
    range = Math.max(range, high - low);
  }
  return range;
}

export const blank = defineRule<Pixels, number>({
  name: 'blank',
  version: 1,
  reason: 'blank',
  drops: 'images whose levels all lie within filter.blankRange of each other',
  settings: ['blankRange'],
  limit: ({ blankRange }) => (blankRange < 0 ? undefined : `levels more than ${blankRange} apart`),
  measure: ({ rgb }, { blankRange }) => rangeUpTo(rgb, blankRange + 1),
  passes: (range, { blankRange }) => range > blankRange,
  words: (range) => `all levels within ${range}`,
});

/** Shannon entropy of the histogram of brightness (BT.601, 256 levels), in bits: 0 to 8. */
function entropyOf(rgb: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (let at = 0; at < rgb.length; at += 3) {
    const luma =
      77 * (rgb[at] as number) + 150 * (rgb[at + 1] as number) + 29 * (rgb[at + 2] as number);
    counts[luma >> 8] = (counts[luma >> 8] as number) + 1;
  }
  const pixels = rgb.length / 3;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / pixels) * Math.log2(count / pixels);
  return bits;
}

export const entropy = defineRule<Pixels, number>({
  name: 'entropy',
  version: 1,
  reason: 'low_entropy',
  drops:
    'images whose brightness has less entropy than filter.minEntropy bits: plain graphics, text',
  settings: ['minEntropy'],
  limit: ({ minEntropy }) => (minEntropy === 0 ? undefined : `at least ${minEntropy} bits`),
  measure: ({ rgb }) => entropyOf(rgb),
  passes: (bits, { minEntropy }) => bits >= minEntropy,
  words: (bits) => `${bits.toFixed(2)} bits`,
});
