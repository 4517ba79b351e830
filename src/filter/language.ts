/**
 * Is a caption in one of the languages wanted? Detection by `eld`, with a burden of proof: captions
 * are short, and a detector asked about "kiwi fruit" guesses (of 1,949 English names of emoji it calls
 * one in seven foreign). So a text is refused only on evidence:
 *
 * - A text with no letters is in no language: kept.
 * - A text mostly in a script that none of the wanted languages uses is refused.
 * - A text of six words or more is refused when the detector clearly prefers another language.
 * - A shorter one only when, besides, most of its words are unknown to the query list. (What is then
 *   kept wrongly seldom matters: a foreign caption without a known word matches no query.)
 */

import { eld } from 'eld/medium';
import { tokenise } from './match.js';

const LETTER = /\p{L}/gu;
const LATIN_LETTER = /\p{Script=Latin}/gu;

/** Languages of `wit`'s texts that are not written in Latin letters, so that script alone tells nothing. */
const OTHER_SCRIPTS: ReadonlySet<string> = new Set(
  'am ar as be bg bn el fa gu he hi hy ja ka kk km kn ko ky lo mk ml mn mr my ne or pa ps ru si sr ta te tg th ti ug uk ur yi zh'.split(
    ' ',
  ),
);

/** Words from which the detector is trusted alone. */
const ENOUGH_WORDS = 6;
/** By how much another language's score must lead the best wanted one's. */
const CLEAR_LEAD = 0.1;
const SHORT_TEXT_LEAD = 0.2;

/**
 * The language that `text` is in rather than in one of `wanted` (ISO 639-1; empty: all pass);
 * undefined when it may pass.
 * @param isKnown whether a word (as `tokenise` gives it) stands in the query list
 */
export function foreignLanguage(
  text: string,
  wanted: readonly string[],
  isKnown: (word: string) => boolean,
): string | undefined {
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
  const theirs = scores[detected.language] ?? 0;
  const lead = theirs - Math.max(0, ...wanted.map((language) => scores[language] ?? 0));
  const words = tokenise(text);
  if (words.length >= ENOUGH_WORDS) return lead > CLEAR_LEAD ? detected.language : undefined;
  const known = words.filter(isKnown).length;
  return lead > SHORT_TEXT_LEAD && known * 2 < words.length ? detected.language : undefined;
}
