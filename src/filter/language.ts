/**
 * Is a caption in one of the languages wanted? Detection by `eld`, with a burden of proof: captions
 * are short, and a detector asked about "kiwi fruit" guesses. So a text is refused only on evidence.
 *
 * - A text with no letters is in no language: kept.
 * - A text mostly in a script that none of the wanted languages uses is refused.
 * - Otherwise it is refused when the detector prefers another language by a margin that shrinks as
 *   the text grows, and at once when letters with diacritics speak for that language too.
 */

import { eld } from 'eld/medium';

const LETTER = /\p{L}/gu;
const LATIN_LETTER = /\p{Script=Latin}/gu;
const MARKED_LETTER = /[\u00c0-\u024f\u1e00-\u1eff]/;

/** Languages of `wit`'s texts that are not written in Latin letters, so that script alone tells nothing. */
const OTHER_SCRIPTS: ReadonlySet<string> = new Set(
  'am ar as be bg bn el fa gu he hi hy ja ka kk km kn ko ky lo mk ml mn mr my ne or pa ps ru si sr ta te tg th ti ug uk ur yi zh'.split(
    ' ',
  ),
);

/** By how much another language must lead the best wanted one, by number of words (1, 2, …). */
const MARGINS = [0.45, 0.35, 0.28, 0.2, 0.12, 0.08];

/** The language that `text` is in rather than in one of `wanted`; undefined when it may pass. */
export function foreignLanguage(text: string, wanted: readonly string[]): string | undefined {
  if (wanted.length === 0) return undefined;
  const letters = text.match(LETTER)?.length ?? 0;
  if (letters === 0) return undefined;
  const latin = text.match(LATIN_LETTER)?.length ?? 0;
  const detected = eld.detect(text);
  if (latin * 2 < letters && !wanted.some((language) => OTHER_SCRIPTS.has(language))) {
    return detected.language || 'other script';
  }
  if (detected.language === '' || wanted.includes(detected.language)) return undefined;
  const scores = detected.getScores();
  const best = scores[detected.language] ?? 0;
  const ours = Math.max(0, ...wanted.map((language) => scores[language] ?? 0));
  const words = text.split(' ').length;
  const margin = MARGINS[Math.min(words, MARGINS.length) - 1] as number;
  const evidence = MARKED_LETTER.test(text) ? margin / 4 : margin;
  return best - ours > evidence ? detected.language : undefined;
}
