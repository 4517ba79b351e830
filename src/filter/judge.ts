/** A caption as found, cleaned and judged by the text rules. */

import type { FilterConfig } from '../config.js';
import type { Loss } from '../core/reasons.js';
import type { Candidate } from '../core/types.js';
import { TEXT_RULES } from './rules/index.js';
import { maskPersonal } from './rules/personal.js';
import type { Repeats } from './rules/repeated.js';
import type { Caption, Verdict } from './rules/rule.js';
import { cleanText, MAX_RAW_CHARS } from './text.js';

export interface RuleContext {
  readonly config: FilterConfig;
  /** Whether a word stands in the query list. */
  readonly isKnown: (word: string) => boolean;
  /** Where captions that repeat within a host are counted. */
  readonly repeats?: Repeats | undefined;
}

/** Where a caption stands. */
type Place = Pick<Candidate, 'imageUrl' | 'pageUrl'>;

/** The caption that a pair gets. */
export function captionOf(raw: string, { personalData }: FilterConfig): string {
  const text = cleanText(raw);
  return personalData === 'mask' ? maskPersonal(text) : text;
}

/**
 * Cleans a caption as found and judges it: the first rule that objects gives the loss.
 * @param place for the rules on URLs and hosts; without it they pass
 */
export function judgeText(
  raw: string,
  context: RuleContext,
  place?: Place,
): { text: string; loss?: Loss } {
  const caption = read(raw, context, place);
  const { text } = caption;
  const tooLong = beyondReading(raw);
  if (tooLong !== undefined) return { text, loss: { reason: 'text_too_long', detail: tooLong } };
  for (const { reason, objection } of TEXT_RULES) {
    const detail = objection(caption, context.config);
    if (detail !== undefined) return { text, loss: { reason, detail } };
  }
  return { text };
}

/** What every text rule says of a caption as found, in their order. */
export function explainText(
  raw: string,
  context: RuleContext,
  place: Place,
): { text: string; verdicts: Verdict[] } {
  const caption = read(raw, context, place);
  const verdicts = TEXT_RULES.map((rule) => rule.explain(caption, context.config));
  const tooLong = beyondReading(raw);
  if (tooLong !== undefined) {
    const limit = `at most ${MAX_RAW_CHARS} as found`;
    const reason = 'text_too_long';
    verdicts.unshift({
      rule: 'raw-chars',
      version: 1,
      reason,
      value: tooLong,
      limit,
      passed: false,
    });
  }
  return { text: caption.text, verdicts };
}

function read(
  raw: string,
  { config, isKnown, repeats }: RuleContext,
  place: Place | undefined,
): Caption {
  return {
    text: captionOf(raw, config),
    imageUrl: place?.imageUrl,
    isKnown,
    onHost: place && repeats?.({ text: raw, ...place }),
  };
}

function beyondReading(raw: string): string | undefined {
  if (raw.length <= MAX_RAW_CHARS) return undefined;
  return `${raw.length} characters, read up to ${MAX_RAW_CHARS}`;
}
