/**
 * Text cleaning before byte-pair encoding, as open_clip's tokenizer does it: ftfy's repairs, HTML
 * entities undone twice, whitespace collapsed, lower case. The ids must equal open_clip's, or
 * published weights would read other words than they were trained on.
 *
 * Of ftfy's repairs these are reproduced: entities that end in a semicolon (also in capitals, as
 * `&EACUTE;`), mojibake as far as mojibake.ts goes, Latin ligatures, full- and half-width forms,
 * curly quotes, line breaks, lone surrogates, terminal escapes, control characters, and NFC.
 */

import { decodeHTML, decodeHTMLStrict } from 'entities';
import { repairMojibake } from './mojibake.js';

const PLAIN = /^[ -%'-~]*$/;
const LIGATURES = new Map(
  Object.entries({
    Ĳ: 'IJ',
    ĳ: 'ij',
    ŉ: 'ʼn',
    Ǳ: 'DZ',
    ǲ: 'Dz',
    ǳ: 'dz',
    Ǆ: 'DŽ',
    ǅ: 'Dž',
    ǆ: 'dž',
    Ǉ: 'LJ',
    ǈ: 'Lj',
    ǉ: 'lj',
    Ǌ: 'NJ',
    ǋ: 'Nj',
    ǌ: 'nj',
    ﬀ: 'ff',
    ﬁ: 'fi',
    ﬂ: 'fl',
    ﬃ: 'ffi',
    ﬄ: 'ffl',
    ﬅ: 'ſt',
    ﬆ: 'st',
  }),
);
const LIGATURE = new RegExp(`[${[...LIGATURES.keys()].join('')}]`, 'g');
const WIDTH_FORM = /[\u3000\uff01-\uffef]/g;
const SINGLE_QUOTE = /[\u02bc\u2018-\u201b]/g;
const DOUBLE_QUOTE = /[\u201c-\u201f]/g;
const LINE_BREAK = /\r\n|[\r\u2028\u2029\x85]/g;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const TERMINAL_ESCAPE = /\x1b\[[\d;]*[a-zA-Z]/g;
const CONTROL = /[\0-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g;
/** What Python's str.split() takes for whitespace. */
const WHITESPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

/** The text whose words are encoded: repaired, unescaped, single spaces, lower case, trimmed. */
export function cleanText(text: string): string {
  const readable = PLAIN.test(text) ? text : unescapeAll(unescapeAll(repair(text)));
  return readable.replace(WHITESPACE, ' ').trim().toLowerCase();
}

/** ftfy works line by line, and stops undoing entities at the first line with a `<`. */
function repair(text: string): string {
  let entities = true;
  return text
    .split(/(?<=\n)/)
    .map((line) => {
      entities &&= !line.includes('<');
      return repairLine(line, entities);
    })
    .join('');
}

function repairLine(line: string, entities: boolean): string {
  let current = line;
  for (;;) {
    const before = current;
    if (entities) current = current.replace(/&#?[0-9A-Za-z]{1,24};/g, unescapeStrictly);
    current = repairMojibake(current)
      .replace(LIGATURE, (char) => LIGATURES.get(char) as string)
      .replace(WIDTH_FORM, (char) => char.normalize('NFKC'))
      .replace(DOUBLE_QUOTE, '"')
      .replace(SINGLE_QUOTE, "'")
      .replace(LINE_BREAK, '\n')
      .replace(LONE_SURROGATE, '\ufffd')
      .replace(TERMINAL_ESCAPE, '')
      .replace(CONTROL, '')
      .normalize('NFC');
    if (current === before) return current;
  }
}

/** One reference that ends in a semicolon; all-caps forms of lower-case names count too. */
function unescapeStrictly(reference: string): string {
  if (reference.startsWith('&#')) {
    const decoded = unescapeAll(reference);
    return decoded.includes(';') ? reference : decoded;
  }
  const decoded = decodeHTMLStrict(reference);
  if (decoded !== reference) return decoded;
  if (reference !== reference.toUpperCase() || decodeHTML(reference) !== reference) {
    return reference;
  }
  const lower = reference.toLowerCase();
  const fromLower = decodeHTMLStrict(lower);
  return fromLower === lower ? reference : fromLower.toUpperCase();
}

const REFERENCE = /&(?:#([0-9]+);?|#[xX]([0-9a-fA-F]+);?|[^\t\n\f <&#;]{1,32};?)/g;

/**
 * All references as a browser reads them, those without a semicolon included (Python's
 * html.unescape, which differs from a browser in dropping numbers that stand for no character).
 */
function unescapeAll(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (whole: string, decimal?: string, hex?: string) => {
    if (decimal !== undefined) return characterOf(Number.parseInt(decimal, 10));
    if (hex !== undefined) return characterOf(Number.parseInt(hex, 16));
    return decodeHTML(whole);
  });
}

function characterOf(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
  if (code === 0x0d) return '\r';
  // Bytes of Windows-1252, which is how browsers read these numbers.
  if (code >= 0x80 && code <= 0x9f) return repairMojibake(String.fromCharCode(code));
  const stray =
    (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0c) ||
    code === 0x7f ||
    (code >= 0xfdd0 && code <= 0xfdef) ||
    (code & 0xfffe) === 0xfffe;
  return stray ? '' : String.fromCodePoint(code);
}
