/**
 * Captions as people read them: entities decoded, Unicode composed (NFC), nothing invisible, single
 * spaces. The text stays the author's: case, punctuation and emoji are kept.
 */

import { decodeHTML } from 'entities';

/** Longer texts are cut before any work is done on them, so that hostile ones cost bounded time. */
export const MAX_RAW_CHARS = 20_000;

/** Controls, bidi controls, zero-width and other invisible characters; ZWJ is treated apart. */
const INVISIBLE =
  /[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff]|\u034f/g;
/** Joins emoji into one; anywhere else it is invisible. */
const STRAY_JOINER = /(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)\u200d/gu;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const SPACES = /[\s\x85]+/g;
/** A letter bears a few marks in the languages that use most; hundreds are noise that breaks layouts. */
const MARK_PILE = /(\p{M}{8})\p{M}+/gu;

/** Cleans one caption; '' when nothing is left. */
export function cleanText(raw: string): string {
  const cut = raw.length > MAX_RAW_CHARS ? raw.slice(0, MAX_RAW_CHARS) : raw;
  return decodeHTML(cut)
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(MARK_PILE, '$1')
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(STRAY_JOINER, '')
    .replace(SPACES, ' ')
    .trim();
}
