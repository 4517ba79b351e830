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
const IMAGE_FILE = /^[^\s/\\]+\.(?:jpe?g|png|gif|webp|bmp|tiff?|svg|avif|heic|ico)$/i;
const CAMERA_NAME =
  /^(?:img|dsc[a-z]?|dscn|dscf|pict?|image|photo|screenshot|scan|untitled|wp|pxl|vid|mvi|gopr|p)[\s_-]*\(?\d[\d\s_().:-]*$/i;
const TIMESTAMP_NAME = /^(?:19|20)\d{6}[\s_-]*\d{4,9}(?:[\s_-]*\d+)*$/;
const HASH_NAME = /^(?=.*\d)(?:[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;
const BARE_URL = /^(?:https?:\/\/|www\.)\S+$/i;
const PATH = /^(?:[\w.-]+\/){2,}[\w.-]+$/;
const FILENAME_PATTERNS = [IMAGE_FILE, CAMERA_NAME, TIMESTAMP_NAME, HASH_NAME, BARE_URL, PATH];

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
    objection: (text) =>
      FILENAME_PATTERNS.some((pattern) => pattern.test(text)) ? excerpt(text) : undefined,
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
