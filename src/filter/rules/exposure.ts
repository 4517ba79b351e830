/**
 * Titles that are exposure settings, as cameras and their software write them: `f/2.8, 1/60 sec, ISO
 * 400`, `Canon EOS 5D Mark II, 50mm, f/1.8`. CLIP's YFCC subset leaves these out (the paper, §2.2).
 */

import { type Caption, defineRule, excerpt, wordsOf } from './rule.js';

/** Settings as people abbreviate them; each kind counts once. Lengths are bounded, so time is linear. */
const KINDS: readonly RegExp[] = [
  // Aperture: f/2.8, f2.8, ƒ/8
  /(?<![\p{L}\p{N}])[fƒ]\s?\/?\s?\d{1,2}(?:[.,]\d{1,2})?(?![\p{L}\p{N}])/giu,
  // Shutter: 1/250, 1/60 s, 30 sec
  /(?<![\p{L}\p{N}])(?:1\/\d{1,5}\s?(?:s|secs?|seconds?)?|\d{1,3}(?:[.,]\d)?\s?(?:s|secs?|seconds?))(?![\p{L}\p{N}])/giu,
  // Sensitivity: ISO 400, ISO-100
  /(?<![\p{L}\p{N}])iso[\s-]?\d{2,6}(?![\p{L}\p{N}])/giu,
  // Focal length: 50mm, 24-70 mm
  /(?<![\p{L}\p{N}])\d{1,4}(?:[.,]\d)?(?:-\d{1,4})?\s?mm(?![\p{L}\p{N}])/giu,
  // Exposure bias: +0.3 EV
  /(?<![\p{L}\p{N}])[+-]?\d{1,2}(?:[.,/]\d{1,2})?\s?ev(?![\p{L}\p{N}])/giu,
];

/** Words that stand among settings and say nothing of what is shown. */
const AROUND: ReadonlySet<string> = new Set(
  (
    'camera canon nikon sony fuji fujifilm olympus panasonic lumix leica pentax samsung sigma tamron eos ' +
    'mark mk ii iii iv rebel coolpix powershot cyber shot dsc alpha nex lens exposure aperture shutter speed ' +
    'focal length iso bias flash fired no off on auto manual mode program priority metering pattern spot ' +
    'white balance raw at with the and'
  ).split(' '),
);

function isExposure(text: string): boolean {
  let rest = text;
  let kinds = 0;
  for (const kind of KINDS) {
    const without = rest.replace(kind, ' ');
    if (without !== rest) kinds += 1;
    rest = without;
  }
  if (kinds < 2) return false;
  // Models have digits: 5D, D750, A7.
  return wordsOf(rest).every((word) => AROUND.has(word.toLowerCase()) || /\p{N}/u.test(word));
}

export const exposure = defineRule<Caption, { text: string; found: boolean }>({
  name: 'exposure-settings',
  version: 1,
  reason: 'exposure_text',
  drops: 'captions that are exposure settings: at least two of them, and nothing else but a camera',
  settings: ['dropExposure'],
  limit: ({ dropExposure }) => (dropExposure ? 'not exposure settings alone' : undefined),
  measure: ({ text }) => ({ text, found: isExposure(text) }),
  passes: ({ found }) => !found,
  words: ({ text, found }) => (found ? excerpt(text) : 'other words, or fewer than two settings'),
});
