/** The filter stage: which texts and images are in. */

export { type Admission, Draws, HardCap, SoftCap } from './cap.js';
export { type Captioned, ImageCaptions, type RowCaptions } from './captions.js';
export { DHASH_BITS, dhash, hamming } from './dhash.js';
export { type Duplicate, DuplicateIndex, type Fingerprint } from './duplicates.js';
export { explainFile, explainImage, objectionToSize, SIZE_REASONS } from './explain-image.js';
export { EVERY_IMAGE, type NormalisedImage, normaliseImage } from './image.js';
export { captionOf, explainText, judgeText, type RuleContext } from './judge.js';
export { type Matching, QueryMatcher, tokenise } from './match.js';
export { decodeStored } from './pixels.js';
export { FILE_RULES, HEADER_RULES, PIXEL_RULES, ruleVersions, TEXT_RULES } from './rules/index.js';
export { countRepeats } from './rules/repeated.js';
export type { Rule, Verdict } from './rules/rule.js';
export { type SelectOptions, Selector, type SelectUnit } from './select.js';
export { NO_QUERY } from './selection/judged.js';
export { cleanText } from './text.js';
