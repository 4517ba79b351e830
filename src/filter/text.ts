/**
 * Captions as people read them: entities decoded, Unicode composed (NFC), nothing invisible, single
 * spaces. The text stays the author's: case, punctuation and emoji are kept.
 *
 * The result depends on the text alone and costs time linear in at most `MAX_RAW_CHARS` characters,
 * whatever the text is made of.
 */

import { decodeHTML } from 'entities';

/** Longer texts are cut before any work is done on them, so that hostile ones cost bounded time. */
export const MAX_RAW_CHARS = 20_000;

const LONE_SURROGATE = /\p{Surrogate}/gu;
/**
 * What shows nothing or garbles what surrounds it: controls, bidi controls, zero-width characters,
 * fillers, variation selectors beyond the two of emoji, noncharacters, and private use (icon fonts).
 * The zero-width joiner and tags are treated apart, as some emoji are made of them.
 */
const INVISIBLE =
  /(?!\u200d|\ufe0e|\ufe0f|[\u{e0000}-\u{e007f}])[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufff9-\ufffb\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Co}]/gu;
/** Joins emoji into one; anywhere else it is invisible. */
const STRAY_JOINER =
  /(?<!\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
/** Tags spell the region in the flags of England, Scotland and Wales; else they hide text. */
const TAGS =
  /(\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{1,6}\u{e007f})|[\u{e0000}-\u{e007f}]/gu;
/** A letter bears a few marks in the languages that use most; hundreds are noise that breaks layouts. */
const MARK_PILE = /(\p{M}{8})\p{M}+/gu;
const SPACES = /[\s\x85]+/g;

/** Cleans one caption; '' when nothing is left. */
export function cleanText(raw: string): string {
  const cut = raw.length > MAX_RAW_CHARS ? raw.slice(0, MAX_RAW_CHARS) : raw;
  return decodeEntities(cut)
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(INVISIBLE, '')
    .replace(STRAY_JOINER, '')
    .replace(TAGS, '$1')
    .replace(MARK_PILE, '$1')
    .normalize('NFC')
    .replace(SPACES, ' ')
    .trim();
}

/**
 * Twice, as CLIP's tokenizer does: lists of captions hold them encoded once, and pages often encode
 * twice (`&amp;quot;`), of which the HTML parser undid one.
 */
function decodeEntities(text: string): string {
  return text.includes('&') ? decodeHTML(decodeHTML(text)) : text;
}
