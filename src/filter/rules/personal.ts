/**
 * E-mail addresses and telephone numbers. Off by default; `drop` refuses captions that hold one, `mask`
 * puts `[email]` and `[phone]` in their place. Patterns find what is written as such; they are no
 * guarantee that nothing personal is left, and names are not looked for.
 */

import { type Caption, defineRule } from './rule.js';

const EMAIL = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;
/**
 * With a country code or an area code in brackets; or ten digits and more in groups that do not begin as
 * a date. Bounded, so that long runs of digits take linear time.
 */
const PHONE =
  /(?<![\p{L}\p{N}])(?!(?:19|20)\d\d[-./]\d\d?[-./]\d\d?(?!\d))(?:(?:\+|00)\d{1,3}[\s.-]?(?:\(0\)\s?)?|\(\d{2,5}\)\s?|(?=(?:\d[\s.-]?){10}))\d{2,5}(?:[\s./-]?\d{2,5}){1,4}(?![\p{L}\p{N}])/gu;

/** The text with addresses and numbers replaced. Does the same again to its own result: nothing. */
export function maskPersonal(text: string): string {
  return text.replace(EMAIL, '[email]').replace(PHONE, '[phone]');
}

export const personalData = defineRule<Caption, number>({
  name: 'personal-data',
  version: 1,
  reason: 'personal_data',
  drops: 'captions with an e-mail address or a telephone number (filter.personalData: drop)',
  settings: ['personalData'],
  limit: ({ personalData }) => (personalData === 'drop' ? 'none' : undefined),
  measure: ({ text }) => (text.match(EMAIL)?.length ?? 0) + (text.match(PHONE)?.length ?? 0),
  passes: (found) => found === 0,
  // What was found is not repeated: the point is to be rid of it.
  words: (found) => (found === 0 ? 'none' : `${found} found`),
});
