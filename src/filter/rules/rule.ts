/**
 * What a rule is: a pure function of what it judges and of the settings, with a name, a version, and
 * the reason that it gives. A rule measures first and compares then, so that what `explain` says is what
 * decided.
 *
 * Whoever changes what a rule measures or how it compares raises its version: datasets keep the versions
 * that made them, and are not gone on with under others.
 */

import type { FilterConfig } from '../../config.js';
import type { Reason } from '../../core/reasons.js';

interface About {
  /** Unique among all rules. */
  readonly name: string;
  readonly version: number;
  readonly reason: Reason;
  /** One line for people: what the rule drops. */
  readonly drops: string;
  /** The settings under `filter` that it reads. */
  readonly settings: readonly (keyof FilterConfig)[];
}

interface Definition<Input, Measured> extends About {
  /** What must hold, for people; undefined where the settings turn the rule off. */
  readonly limit: (config: FilterConfig) => string | undefined;
  readonly measure: (input: Input, config: FilterConfig) => Measured;
  readonly passes: (measured: Measured, config: FilterConfig) => boolean;
  /** The measure for people. */
  readonly words: (measured: Measured) => string;
}

/** What a rule says of one candidate or image. */
export interface Verdict {
  readonly rule: string;
  readonly version: number;
  readonly reason: Reason;
  /** The rule's measure and what it must be; a rule that is off has no limit and passes. */
  readonly value?: string;
  readonly limit?: string;
  readonly passed: boolean;
}

export interface Rule<Input> extends About {
  readonly limit: (config: FilterConfig) => string | undefined;
  /** What is wrong with the input, or undefined. */
  readonly objection: (input: Input, config: FilterConfig) => string | undefined;
  readonly explain: (input: Input, config: FilterConfig) => Verdict;
}

export function defineRule<Input, Measured>(definition: Definition<Input, Measured>): Rule<Input> {
  const { name, version, reason, drops, settings, limit, measure, passes, words } = definition;
  return {
    name,
    version,
    reason,
    drops,
    settings,
    limit,
    objection(input, config) {
      if (limit(config) === undefined) return undefined;
      const measured = measure(input, config);
      return passes(measured, config) ? undefined : words(measured);
    },
    explain(input, config) {
      const bound = limit(config);
      if (bound === undefined) return { rule: name, version, reason, passed: true };
      const measured = measure(input, config);
      const passed = passes(measured, config);
      return { rule: name, version, reason, value: words(measured), limit: bound, passed };
    },
  };
}

/** A caption, cleaned, and what it stands beside. */
export interface Caption {
  readonly text: string;
  readonly imageUrl?: string | undefined;
  /** Whether a word, as `tokenise` gives it, stands in the query list. */
  readonly isKnown: (word: string) => boolean;
  /** On how many images of its host the caption stands; absent where nobody counted. */
  readonly onHost?: number | undefined;
}

/** What a file is before a decoder sees it. */
export interface ImageFile {
  /** As its first bytes tell. */
  readonly format: string;
  readonly bytes: number;
}

/** What a file's header tells, before anything is decoded. */
export interface ImageHeader {
  /** In pixels, as stored: EXIF orientation changes neither rule. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** The decoded image as it will be stored: u8 `[height, width, 3]`. */
export interface Pixels {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const WORD = /[\p{L}\p{N}]+/gu;

/** The runs of letters and digits of a text. */
export function wordsOf(text: string): string[] {
  return text.match(WORD) ?? [];
}

export function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** `1 word`, `2 words`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
