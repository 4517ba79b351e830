/**
 * The rules a caption must pass before queries are matched. Each is a pure function of the cleaned
 * text; the first that objects gives the reason.
 */

import type { FilterConfig } from '../config.js';
import type { Loss, Reason } from '../core/reasons.js';
import { foreignLanguage } from './language.js';
import { cleanText, MAX_RAW_CHARS } from './text.js';

interface Rule {
  readonly reason: Reason;
  /** What is wrong with the text, or undefined. */
  readonly objection: (text: string, context: RuleContext) => string | undefined;
}

export interface RuleContext {
  readonly config: FilterConfig;
  /** Whether a word stands in the query list. */
  readonly isKnown: (word: string) => boolean;
}

const WORD = /[\p{L}\p{N}]+/gu;
/*
 * Names that machines give. All patterns are anchored and take linear time: no repeated group can
 * match the same characters in two ways.
 */
const IMAGE_EXTENSION = /\.(?:jpe?g|jfif|png|gif|webp|bmp|tiff?|svg|avif|heic|ico)$/i;
const NUMBERING = String.raw`\(?\d[\d\s_().:~-]*`;
const MACHINE_NAMES: readonly RegExp[] = [
  // IMG_1234, DSC00012, image001, photo (2), IMG-20190101-WA0007, _MG_1234, MVIMG_20190101_113957
  new RegExp(
    `^_?(?:img|image|imag|imgp|cimg|mvimg|mg|dsc[a-z]?|pict?|photo|scan|untitled|wp|pxl|vid|mvi|gopr)[\\s_-]*${NUMBERING}(?:wa\\d+|hdr|edited|copy)?$`,
    'i',
  ),
  // P1010023, SAM_0042: prefixes that are words too, so only with many digits.
  /^(?:p|sam)_?\d{4,8}$/i,
  // Screenshot 2019-01-01 at 11.39.57 PM, WhatsApp Image 2019-01-01 at 11.39.57
  new RegExp(
    `^(?:screen[\\s_-]?shot|whatsapp (?:image|video))[\\s_-]*(?:from )?${NUMBERING}(?:at ${NUMBERING})?(?:[ap]m)?$`,
    'i',
  ),
  // 20160716_113957
  /^(?:19|20)\d{6}[\s_-]?\d{4}[\d\s_-]*$/,
  // Hexadecimal digests and UUIDs
  /^(?=.*\d)(?:[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i,
  // Identifiers: long, of letters in both cases and digits
  /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_]{20,}$/,
  // Addresses and paths: https://…, www.…, example.com/…, /images/…
  /^(?:(?:https?|file|data):|www\.)\S+$/i,
  /^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\/\S*$/i,
  /^\.{0,2}\/{1,2}[^\s/]+\/\S*$/,
];

/** Whether a caption is the name that a camera, a program or a server gave the file. */
function isFileName(text: string): boolean {
  const stem = text.replace(IMAGE_EXTENSION, '');
  // One word with the extension of an image is a name, whatever the word.
  if (stem !== text && !/\s/.test(stem)) return true;
  return MACHINE_NAMES.some((pattern) => pattern.test(stem));
}

/** In this order: the cheap ones first, and what a text is before how long it is. */
export const TEXT_RULES: readonly Rule[] = [
  { reason: 'no_text', objection: (text) => (text === '' ? 'no text' : undefined) },
  {
    reason: 'text_too_long',
    objection: (text, { config: { maxChars } }) =>
      text.length > maxChars ? `${text.length} characters` : undefined,
  },
  {
    reason: 'filename_text',
    objection: (text) => (isFileName(text) ? excerpt(text) : undefined),
  },
  {
    reason: 'text_too_short',
    objection: (text, { config: { minChars, minWords } }) => {
      const words = text.match(WORD)?.length ?? 0;
      if (text.length < minChars) return `${text.length} characters`;
      return words < minWords ? `${words} words` : undefined;
    },
  },
  {
    reason: 'not_english',
    objection: (text, { config, isKnown }) => foreignLanguage(text, config.languages, isKnown),
  },
];

/** Cleans a caption as found and judges it. */
export function judgeText(raw: string, context: RuleContext): { text: string; loss?: Loss } {
  const text = cleanText(raw);
  if (raw.length > MAX_RAW_CHARS) {
    const detail = `${raw.length} characters, read up to ${MAX_RAW_CHARS}`;
    return { text, loss: { reason: 'text_too_long', detail } };
  }
  for (const { reason, objection } of TEXT_RULES) {
    const detail = objection(text, context);
    if (detail !== undefined) return { text, loss: { reason, detail } };
  }
  return { text };
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
