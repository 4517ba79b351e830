/** All rules, in the order in which they are asked: the first that objects gives the reason. */

import type { FilterConfig } from '../../config.js';
import { boilerplate } from './boilerplate.js';
import { exposure } from './exposure.js';
import { extension } from './extension.js';
import { format, minBytes } from './file.js';
import { animated, aspectRatio, maxPixels, minSide } from './header.js';
import { keywordList, repetition } from './keywords.js';
import { language } from './language.js';
import { maxChars, maxWords, minChars, minWords, noText } from './length.js';
import { address, fileName } from './names.js';
import { personalData } from './personal.js';
import { blank, entropy } from './pixels.js';
import { repeatedCaption } from './repeated.js';
import type { Caption, ImageFile, ImageHeader, Pixels, Rule } from './rule.js';

/** On candidates, before anything is downloaded: what a text is comes before how long it is, and the dear ones last. */
export const TEXT_RULES: readonly Rule<Caption>[] = [
  noText,
  maxChars,
  extension,
  address,
  fileName,
  minChars,
  minWords,
  maxWords,
  boilerplate,
  exposure,
  keywordList,
  repetition,
  personalData,
  repeatedCaption,
  language,
];

/** On a file as it came, before a decoder sees it. */
export const FILE_RULES: readonly Rule<ImageFile>[] = [format, minBytes];

/** On what a file's header tells, before it is decoded. */
export const HEADER_RULES: readonly Rule<ImageHeader>[] = [
  animated,
  maxPixels,
  minSide,
  aspectRatio,
];

/** On the decoded image, as it will be stored. */
export const PIXEL_RULES: readonly Rule<Pixels>[] = [blank, entropy];

/** The rules that `config` turns on, with their versions: what is saved with a dataset. */
export function ruleVersions(config: FilterConfig): Record<string, string> {
  const on = [...TEXT_RULES, ...FILE_RULES, ...HEADER_RULES, ...PIXEL_RULES].filter(
    (rule) => rule.limit(config) !== undefined,
  );
  return Object.fromEntries(on.map(({ name, version }) => [name, String(version)]));
}
