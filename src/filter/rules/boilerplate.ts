/**
 * Captions that would fit any image: `image`, `click here to enlarge`, `photo of`, `Royalty Free Stock
 * Photo`, `© 2019 Example Ltd.` A caption is dropped when it holds nothing else; `cat, stock photo`
 * stays, since it tells what is shown.
 */

import { type Caption, defineRule, excerpt, wordsOf } from './rule.js';

/** Captions of more words are not made of these alone. */
const MOST_WORDS = 16;

/** Words that say nothing of what an image shows, even alone. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(
  (
    'image images img photo photos photograph photographs photography picture pictures pic pics thumbnail ' +
    'thumb preview placeholder spacer untitled caption alt ' +
    'click enlarge larger more download loading load fullsize fullscreen lightbox ' +
    'unavailable available soon ' +
    'getty gettyimages shutterstock istock istockphoto adobestock alamy dreamstime depositphotos 123rf ' +
    'fotolia bigstock vector vectors illustration illustrations clipart'
  ).split(' '),
);
/** Words that may stand among these without adding anything; alone they may be what is shown (`a tap`). */
const GLUE: ReadonlySet<string> = new Set(
  (
    'a an the of to for in on at by from with and or this that these your our its it is are you can be will ' +
    'here view see show open zoom expand read learn please wait share pin tap hover full size version next ' +
    'previous prev close slide slideshow gallery figure fig file attachment screenshot ' +
    'no not found missing coming default blank stock royalty free adobe'
  ).split(' '),
);

/** Notices, which name an owner and nothing else. */
const NOTICE = /^(?:©|\(c\)\s|copyright\s*(?:©|\(c\)|\d{4}|by\b)|all rights reserved\b)/i;

function isBoilerplate(text: string): boolean {
  if (NOTICE.test(text)) return true;
  const words = wordsOf(text);
  if (words.length === 0 || words.length > MOST_WORDS) return false;
  let empty = false;
  for (const word of words) {
    if (/^\p{N}+$/u.test(word) || GLUE.has(word.toLowerCase())) continue;
    if (!EMPTY_WORDS.has(word.toLowerCase())) return false;
    empty = true;
  }
  // Numbers alone may be a year or a query: other rules judge them.
  return empty;
}

export const boilerplate = defineRule<Caption, { text: string; found: boolean }>({
  name: 'boilerplate',
  version: 1,
  reason: 'boilerplate_text',
  drops: 'captions that would fit any image: `click here`, `stock photo`, copyright notices',
  settings: ['dropBoilerplate'],
  limit: ({ dropBoilerplate }) => (dropBoilerplate ? 'some word of its own' : undefined),
  measure: ({ text }) => ({ text, found: isBoilerplate(text) }),
  passes: ({ found }) => !found,
  words: ({ text, found }) => (found ? excerpt(text) : 'words of its own'),
});
