/**
 * The slow, obviously right reading of a dump: docs/queries.md, "From wikitext to words", rule after
 * rule, each over the whole string and in the order in which the page gives them. The fast reader is
 * held against it; nothing here is shared with that reader. Quadratic in places: for pages, not dumps.
 */

import { decodeHTMLStrict } from 'entities';

/** A namespace's number to its name in the dump's <siteinfo>. */
export type Namespaces = ReadonlyMap<number, string>;

export interface ReferencePage {
  title: string;
  /** A redirect's target, empty where the dump gives none; such a page has no text. */
  redirect?: string;
  /** Still escaped for XML, of the last revision. */
  text?: string;
}

export interface ReferenceDump {
  namespaces: Namespaces;
  /** Of namespace 0, in the dump's order. */
  pages: ReferencePage[];
  /** Pages of namespace 0 left out because their title, target or text is not valid UTF-8. */
  invalid: number;
}

/** A break and a line's end are the same character: both start a line, and no link target holds one. */
const BREAK = '\n';
/** Where something has vanished: parts its two sides for later rules. No valid text holds it. */
const VANISHED = '\udfff';
const LINE_BREAKS = '\\n\\r\\v\\f\\u0085\\u2028\\u2029';
const SPACE_IN_LINE = `[^\\P{White_Space}${LINE_BREAKS}]`;
const TARGET = `[^\\[\\]{}|<>\\n\\r${VANISHED}]+`;

const names = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));

const DROPPED = names(`
  ref references math chem ce code tt kbd samp var source syntaxhighlight pre gallery timeline score
  graph hiero imagemap mapframe maplink indicator inputbox categorytree templatedata templatestyles
  includeonly table style script`);

const INLINE = names(`
  b i u s em strong small big sub sup span font abbr cite q del ins mark bdi bdo dfn strike time
  noinclude onlyinclude nowiki wbr`);

// ---------------------------------------------------------------------------------------- Pages

/** Cuts a dump into its pages. Bytes are needed for text that is not valid UTF-8. */
export function referencePages(xml: string | Uint8Array): ReferenceDump {
  // One character a byte, so that a bad byte spoils no more than its own page.
  const bytes = Buffer.from(xml as Uint8Array).toString('latin1');
  const decode = (field: string): string =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(field, 'latin1'));

  const namespaces = new Map<number, string>();
  for (const [, key, name] of bytes.matchAll(/<namespace key="(-?\d+)"[^>]*>([^<]*)<\/namespace>/g))
    namespaces.set(Number(key), undoXml(decode(name as string)));

  const pages: ReferencePage[] = [];
  let invalid = 0;
  for (const [page] of bytes.matchAll(/<page>.*?<\/page>/gs)) {
    if (/<ns>\s*(-?\d+)\s*<\/ns>/.exec(page)?.[1] !== '0') continue;
    const title = /<title>(.*?)<\/title>/s.exec(page)?.[1] ?? '';
    const redirect = /<redirect(?: title="([^"]*)")?/.exec(page);
    const revision = [...page.matchAll(/<revision>.*?<\/revision>/gs)].at(-1)?.[0] ?? '';
    const text = /<text(?:\s[^>]*[^/>])?>(.*?)<\/text>/s.exec(revision)?.[1] ?? '';
    try {
      const named = { title: undoXml(decode(title)) };
      if (redirect !== null) pages.push({ ...named, redirect: undoXml(decode(redirect[1] ?? '')) });
      else pages.push({ ...named, text: decode(text) });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      invalid++;
    }
  }
  return { namespaces, pages, invalid };
}

// ----------------------------------------------------------------------------------------- Text

/** Wikitext as it stands in the XML to prose, in which '\n' is a break. */
export function referenceProse(wikitextXmlEscaped: string, namespaces: Namespaces): string {
  let text = undoXml(wikitextXmlEscaped);
  text = dropComments(text);
  text = dropTags(text);
  text = dropTemplates(text);
  text = dropTables(text);
  text = dropFilesAndCategories(text, namespaces);
  text = unwrapLinks(text);
  text = dropUrls(text);
  text = dropQuotes(text);
  text = text.replace(/__[A-Z]+__/g, BREAK);
  text = undoEntities(text);
  return unshield(text).replaceAll(VANISHED, '');
}

/** Rule 1. References to what is no character stay as they are. */
function undoXml(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return text.replace(
    /&(?:(lt|gt|amp|quot|apos)|#(\d+)|#x([\da-fA-F]+));/g,
    (reference, name, decimal, hex) => {
      if (name !== undefined) return named[name] as string;
      const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      const character = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return character ? String.fromCodePoint(code) : reference;
    },
  );
}

/** Rule 2. */
function dropComments(text: string): string {
  return text.replace(/<!--.*?(?:-->|$)/gs, '');
}

/** Rule 3. */
function dropTags(text: string): string {
  const tag = /<(\/?)([A-Za-z][A-Za-z0-9]*)(?:[ \t\n\v\f\r/][^<>]*)?>/gu;
  let out = '';
  let at = 0;
  for (let match = tag.exec(text); match !== null; match = tag.exec(text)) {
    const [whole, slash] = match as unknown as [string, string];
    const name = (match[2] as string).toLowerCase();
    out += text.slice(at, match.index);
    at = match.index + whole.length;

    const opens = slash === '' && !whole.endsWith('/>');
    const holds = DROPPED.has(name) || name === 'nowiki';
    const close = opens && holds ? closingTag(text, name, at) : undefined;
    if (name === 'nowiki') {
      // Within, only entities are markup: undone here, since one half outside would not be one.
      out += VANISHED;
      if (close !== undefined) out += shield(undoEntities(text.slice(at, close.start))) + VANISHED;
    } else if (INLINE.has(name)) {
      out += VANISHED;
    } else if (name === 'ref' && slash === '') {
      out += `${VANISHED} `;
    } else {
      out += BREAK;
    }
    if (close !== undefined) at = close.end;
    tag.lastIndex = at;
  }
  return out + text.slice(at);
}

/** The first closing tag of a name at or after a place. */
function closingTag(text: string, name: string, from: number) {
  const closing = new RegExp(`</${name}(?:[ \\t\\n\\v\\f\\r/][^<>]*)?>`, 'giu');
  closing.lastIndex = from;
  const match = closing.exec(text);
  return match === null ? undefined : { start: match.index, end: closing.lastIndex };
}

/** Rule 4. */
function dropTemplates(text: string): string {
  let out = '';
  const open: number[] = [];
  for (const [piece] of text.matchAll(/\{\{|\}\}|[^{}]+|[{}]/g)) {
    const start = piece === '}}' ? open.pop() : undefined;
    if (piece === '{{') open.push(out.length);
    out = start === undefined ? out + piece : out.slice(0, start) + BREAK;
  }
  return out;
}

/** Rule 5. */
function dropTables(text: string): string {
  const mark = new RegExp(
    `(?<=(?:^|[\\n\\r])[ \\t\\v\\f:${VANISHED}]*)\\{\\||` +
      `(?<=(?:^|[\\n\\r])[ \\t\\v\\f${VANISHED}]*)\\|\\}`,
    'gu',
  );
  let out = '';
  let at = 0;
  const open: number[] = [];
  for (const match of text.matchAll(mark)) {
    out += text.slice(at, match.index);
    at = match.index + 2;
    const start = match[0] === '|}' ? open.pop() : undefined;
    if (match[0] === '{|') open.push(out.length);
    out = start === undefined ? out + match[0] : out.slice(0, start) + BREAK;
  }
  return out + text.slice(at);
}

/** Rule 6. */
function dropFilesAndCategories(text: string, namespaces: Namespaces): string {
  const own = [-2, 6, 14].flatMap((key) => namespaces.get(key) ?? []);
  const kinds = [...own, 'Image'].map((name) => name.replace(/[^\p{L}\p{M}\p{N} ]/gu, '\\$&'));
  const opening = new RegExp(`\\[\\[[ _]*(?:${kinds.join('|')})[ _]*:`, 'giu');
  let out = '';
  let at = 0;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const end = closingBrackets(text, match.index);
    // An unclosed one is punctuation: look on behind its brackets.
    opening.lastIndex = end ?? match.index + 2;
    if (end === undefined) continue;
    out += text.slice(at, match.index) + BREAK;
    at = end;
  }
  return out + text.slice(at);
}

/** The place after the `]]` that closes the `[[` at a place. */
function closingBrackets(text: string, from: number): number | undefined {
  const brackets = /\[\[|\]\]/g;
  brackets.lastIndex = from;
  let depth = 0;
  for (let match = brackets.exec(text); match !== null; match = brackets.exec(text)) {
    depth += match[0] === '[[' ? 1 : -1;
    if (depth === 0) return brackets.lastIndex;
  }
  return undefined;
}

/** Rule 7. */
function unwrapLinks(text: string): string {
  const link = new RegExp(`\\[\\[(${TARGET})\\]\\]|\\[\\[${TARGET}\\||\\]\\]`, 'g');
  return text.replace(link, (_, target: string | undefined) => {
    if (target === undefined) return VANISHED;
    if (/^(?:[a-z]{2,3}(?:-[A-Za-z]+)*|simple):/.test(target)) return BREAK;
    return `${VANISHED}${target}${VANISHED}`;
  });
}

/** Rule 8. */
function dropUrls(text: string): string {
  return text.replace(
    /(?:https?:\/\/|ftp:\/\/|(?<=\[)(?:\/\/|mailto:))[^ \t\n\v\f\r[\]<>"{}|\udfff]*/giu,
    BREAK,
  );
}

/** Rule 9. */
function dropQuotes(text: string): string {
  return text.replace(/'{2,}/g, ({ length }) => {
    const kept = length === 4 ? 1 : Math.max(0, length - 5);
    return VANISHED + "'".repeat(kept);
  });
}

/** Rule 11. References to what is no character stay as they are. */
function undoEntities(text: string): string {
  return text.replace(/&(?:#\d+|#x[\da-f]+|[a-z][a-z\d]*);/gi, (reference) => {
    const number = /^&#(?:x([\da-f]+)|(\d+));$/i.exec(reference);
    if (number === null) return decodeHTMLStrict(reference);
    const [, hex, decimal] = number;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return reference;
    return decodeHTMLStrict(reference);
  });
}

/**
 * What `nowiki` holds must meet no later rule. Each of its UTF-16 units is kept as two lone low
 * surrogates, which valid text cannot hold and which are no markup.
 */
function shield(plain: string): string {
  return [...Array(plain.length).keys()]
    .map((i) => plain.charCodeAt(i))
    .map((unit) => String.fromCharCode(0xdd00 + (unit >> 8), 0xde00 + (unit & 0xff)))
    .join('');
}

function unshield(text: string): string {
  return text.replace(
    /(?<![\ud800-\udbff])([\udd00-\uddff])([\ude00-\udeff])/g,
    (_, high: string, low: string) =>
      String.fromCharCode(((high.charCodeAt(0) - 0xdd00) << 8) | (low.charCodeAt(0) - 0xde00)),
  );
}

// ---------------------------------------------------------------------------------------- Words

export interface WordOptions {
  /** Numbers count as words. */
  numbers?: boolean;
  case?: 'lower' | 'keep';
}

/** The runs of words of prose; none is empty. */
export function referenceRuns(prose: string, options: WordOptions = {}): string[][] {
  const runs: string[][] = [];
  let run: string[] = [];
  const end = (): void => {
    if (run.length > 0) runs.push(run);
    run = [];
  };
  const visible = prose.replace(/\p{Cf}/gu, '');
  // A word or number, white space of a line, or one character of anything else.
  const pieces = new RegExp(
    `([\\p{L}\\p{M}\\p{N}]+(?:['’\\-‐‑][\\p{L}\\p{M}\\p{N}]+)*)|(${SPACE_IN_LINE})|.`,
    'gsu',
  );
  for (const [, word, space] of visible.matchAll(pieces)) {
    if (space !== undefined) continue;
    const counted = word === undefined ? undefined : countedAs(word, options);
    if (counted === undefined) end();
    else run.push(counted);
  }
  end();
  return runs;
}

/** How a word is counted, or undefined where it is not and ends its run. */
function countedAs(found: string, options: WordOptions): string | undefined {
  const number = !/\p{L}/u.test(found);
  if (number && !(options.numbers && /\p{N}/u.test(found))) return undefined;
  const joined = found.replace(/’/g, "'").replace(/[‐‑]/g, '-');
  const word =
    options.case === 'keep'
      ? joined
      : [...joined].map((character) => character.toLowerCase()).join('');
  return Buffer.byteLength(word) > 64 ? undefined : word;
}
