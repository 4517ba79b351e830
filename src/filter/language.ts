/**
 * Is a caption in one of the languages wanted? Detection as eld's (core/language), with a burden of
 * proof: captions are short, and a detector asked about "kiwi fruit" guesses (of 1,949 English names of
 * emoji it calls one in five reliably foreign). So a text is refused only on evidence:
 *
 * - A text with no letters is in no language: kept.
 * - A text mostly in a script that none of the wanted languages uses is refused.
 * - Any other is refused when the detector prefers another language, and many of its words are
 *   unknown: they stand neither in the query list nor, where English is wanted, in CLIP's vocabulary.
 *   The fewer the words, the stronger both must be.
 *
 * What is then kept wrongly is short, and counts only where it matches a query all the same.
 * Measured in test/filter/language.test.ts.
 */

import { LanguageDetector } from '../core/language/detector.js';
import { tokenise } from './match.js';
import { englishWords } from './vocabulary.js';

const LETTER = /\p{L}/u;
const LETTERS = /\p{L}/gu;
const LATIN_LETTERS = /\p{Script=Latin}/gu;

const NOT_ASCII = /[^\0-\x7f]/;

/** Languages of `wit`'s texts that are not written in Latin letters, so that script alone tells nothing. */
const OTHER_SCRIPTS: ReadonlySet<string> = new Set(
  'am ar as be bg bn el fa gu he hi hy ja ka kk km kn ko ky lo mk ml mn mr my ne or pa ps ru si sr ta te tg th ti ug uk ur yi zh'.split(
    ' ',
  ),
);

/** Numbers and single letters tell nothing of a language. */
const TELLING_WORD = /^(?!\p{N}+$)..+/u;

/**
 * Small words of other languages, none of them English. Lists of words and names hold many of them
 * (`la`, `de`), so they are no sign of English.
 */
const GLUE: ReadonlySet<string> = new Set(
  (
    'el la los las del con una por para que de le les des du une un et aux dans sur pour est avec ' +
    'der das und mit ein eine einer eines dem den von zu im auf für ist il lo gli di della dei che ' +
    'delle per os dos com um uma em na ao het een van voor och med ett på av og til się ze'
  ).split(' '),
);

/** Words from which a text counts as long. */
const LONG = 6;
/**
 * A text is refused when another language's score leads the best wanted one's by more than `lead`
 * and less than the share `known` of its words are known.
 */
const LONG_TEXT = { lead: 0.1, known: 0.7 };
const SHORT_TEXT = { lead: 0.2, known: 0.5 };

let detector: LanguageDetector | undefined;

/**
 * The language that `text` is in rather than in one of `wanted` (ISO 639-1; empty: all pass);
 * undefined when it may pass.
 * @param isListed whether a word (as `tokenise` gives it) stands in the query list
 */
export function foreignLanguage(
  text: string,
  wanted: readonly string[],
  isListed: (word: string) => boolean,
): string | undefined {
  if (wanted.length === 0) return undefined;
  if (!LETTER.test(text)) return undefined;
  detector ??= new LanguageDetector();
  const scores = detector;
  const detected = scores.detect(text);
  if (!isMostlyLatin(text) && !wanted.some((language) => OTHER_SCRIPTS.has(language))) {
    return detected || 'other script';
  }
  if (detected === '' || wanted.includes(detected)) return undefined;
  const lead =
    scores.score(detected) - Math.max(0, ...wanted.map((language) => scores.score(language)));
  const words = tokenise(text).filter((word) => TELLING_WORD.test(word));
  const needed = words.length < LONG ? SHORT_TEXT : LONG_TEXT;
  if (lead <= needed.lead) return undefined;
  const isKnown = wanted.includes('en')
    ? (word: string) => !GLUE.has(word) && (isListed(word) || englishWords().has(word))
    : isListed;
  const known = words.filter(isKnown).length;
  return known < needed.known * words.length ? detected : undefined;
}

/** Whether of its letters at least half are Latin. */
function isMostlyLatin(text: string): boolean {
  if (!NOT_ASCII.test(text)) return true;
  const letters = text.match(LETTERS)?.length ?? 0;
  const latin = text.match(LATIN_LETTERS)?.length ?? 0;
  return latin * 2 >= letters;
}
