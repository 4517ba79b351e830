/**
 * Which entries of a query list can ever match under MetaCLIP's published matching (v1): a text gets a
 * space on either side, its punctuation `, . ; : ? ! \`` is wrapped in spaces, each tab and line break becomes
 * a space, and an entry matches where ` entry ` stands in the result. Entries are not wrapped, so
 * `St. Louis` never matches: in a text it is always `St .  Louis`.
 */

const WRAPPED = /[,.;:?!`]/;
/** Wrapped punctuation that touches something, which it never does in a wrapped text. */
const TOUCHING = /[^ ][,.;:?!`]|[,.;:?!`][^ ]/;
/** Each mark has a space of its own on either side, so at least two stand between two marks. */
const SHARED_SPACE = /[,.;:?!`] [,.;:?!`]/;

/** Why no text can ever match `entry`; undefined when some can. */
export function whyNeverInMetaclip(entry: string): string | undefined {
  if (/[\t\n\r]/.test(entry)) return 'holds a tab or line break, which texts lose';
  if (!WRAPPED.test(entry)) return undefined;
  if (TOUCHING.test(entry)) return 'holds punctuation that is wrapped in spaces in texts';
  if (SHARED_SPACE.test(entry)) return 'holds two marks with one space between them';
  return undefined;
}

/** A text as MetaCLIP compares it. */
export function wrapForMetaclip(text: string): string {
  return ` ${text} `.replace(/[,.;:?!`]/g, ' $& ').replace(/[\t\n\r]/g, ' ');
}
