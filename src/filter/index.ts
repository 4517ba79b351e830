/** The filter stage: which texts and images are in. */

export { type Admission, Draws, HardCap, SoftCap } from './cap.js';
export { DHASH_BITS, dhash, hamming } from './dhash.js';
export { type Duplicate, DuplicateIndex, type Fingerprint } from './duplicates.js';
export { type NormalisedImage, normaliseImage } from './image.js';
export { type Matching, QueryMatcher, tokenise } from './match.js';
export { judgeText, TEXT_RULES } from './rules.js';
export { type SelectOptions, Selector, type SelectUnit } from './select.js';
export { cleanText } from './text.js';
