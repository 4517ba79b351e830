/** Whether a caption is in one of the languages wanted: see src/filter/language.ts for how it is told. */

import { foreignLanguage } from '../language.js';
import { type Caption, defineRule } from './rule.js';

export const language = defineRule<Caption, string | undefined>({
  name: 'language',
  version: 1,
  reason: 'not_english',
  drops: 'captions in none of filter.languages, on evidence: short ones are mostly kept',
  settings: ['languages'],
  limit: ({ languages }) => (languages.length === 0 ? undefined : languages.join(', ')),
  measure: ({ text, isKnown }, { languages }) => foreignLanguage(text, languages, isKnown),
  passes: (foreign) => foreign === undefined,
  words: (foreign) => foreign ?? 'no other language',
});
