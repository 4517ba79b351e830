/**
 * The TDM Reservation Protocol (W3C Community Group Final Report, 10 May 2024): rightsholders who reserve
 * text and data mining, as Article 4 of the EU's directive 2019/790 lets them, say so in
 * /.well-known/tdmrep.json, in headers, or in a page's metas. Of these the later one overrides the
 * earlier one (§ "Processing priority").
 */

import { parseUrl } from './guard.js';
import { canonicalPath, PathPattern } from './path-pattern.js';

/** Longer files are not read; their origin counts as reserved. Ours; the protocol names no limit. */
export const MAX_TDM_BYTES = 500 * 1024;

export const TDM_FILE_PATH = '/.well-known/tdmrep.json';

/** What is said of one resource. Where nothing valid is said there is none ("unset"). */
export interface TdmDeclaration {
  readonly reserved: boolean;
  /** Where licences can be had: the URL of the TDM policy. */
  readonly policy?: string;
}

/** The rules of a tdmrep.json. */
export class TdmRules {
  readonly #rules: readonly { pattern: PathPattern; declaration: TdmDeclaration }[];

  constructor(rules: readonly { pattern: PathPattern; declaration: TdmDeclaration }[]) {
    this.#rules = rules;
  }

  /** Of `url`: the first rule in the file that matches counts as the most specific. */
  of(url: URL): TdmDeclaration | undefined {
    if (this.#rules.length === 0) return undefined;
    const path = canonicalPath(url);
    return this.#rules.find(({ pattern }) => pattern.matches(path))?.declaration;
  }

  /** Roughly what they take of memory. */
  get bytes(): number {
    return this.#rules.reduce(
      (n, { pattern, declaration }) => n + 100 + pattern.bytes + (declaration.policy?.length ?? 0),
      100,
    );
  }
}

/** For origins that do not implement the protocol. */
export const NO_TDM_RULES = new TdmRules([]);

/** For an origin whose file is too long to be read. */
export const ALL_RESERVED = new TdmRules([
  { pattern: new PathPattern('/'), declaration: { reserved: true } },
]);

/** Reads a tdmrep.json. What is no JSON, and rules without a valid reservation, say nothing. */
export function parseTdmFile(text: string, url: string): TdmRules {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return NO_TDM_RULES;
  }
  // One rule without its brackets is not valid, but clear.
  const rules = [value].flat().flatMap((rule: unknown) => {
    if (typeof rule !== 'object' || rule === null) return [];
    const { location, 'tdm-reservation': reservation, 'tdm-policy': policy } = rule as Json;
    const declaration = tdmDeclaration(reservation, policy, url);
    if (typeof location !== 'string' || location === '' || declaration === undefined) return [];
    return [{ pattern: new PathPattern(location), declaration }];
  });
  return new TdmRules(rules);
}

type Json = Readonly<Record<string, unknown>>;

/**
 * A reservation and its policy, from wherever they stand; several values, as of repeated headers, reserve
 * when one does. Values other than 0 and 1 are errors that say nothing.
 */
export function tdmDeclaration(
  reservation: unknown,
  policy: unknown,
  base: string,
): TdmDeclaration | undefined {
  const values = [reservation].flat().map((value) => String(value).trim());
  const reserved = values.includes('1');
  if (!reserved && !values.includes('0')) return undefined;
  const [given] = [policy].flat();
  const url = reserved && typeof given === 'string' ? parseUrl(given.trim(), base) : undefined;
  return url === undefined ? { reserved } : { reserved, policy: url.href.slice(0, 1_000) };
}
