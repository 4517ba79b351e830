/**
 * The rules of politeness: what hosts and authors may ask, by which standard, and what it stops.
 * `net.honour` names those that are followed. A refusal is a reject whose detail begins with the rule's
 * name, a colon and what was found: `x-robots-tag: noai`.
 */

import type { RuleName } from '../../config.js';
import type { Loss, Reason } from '../../core/reasons.js';

export interface Rule {
  readonly standard: string;
  /** What of the crawl it stops or slows. */
  readonly effect: string;
  /** Of the rejects it yields; none where it only slows. */
  readonly reasons: readonly Reason[];
}

const AIPREF = 'draft-ietf-aipref-vocab-08, -attach-05';
const TDMREP = 'W3C TDMRep (CG final report, 2024)';

export const RULES: Readonly<Record<RuleName, Rule>> = {
  'robots.txt': {
    standard: 'RFC 9309',
    effect: 'any request to a path that is disallowed, or to a host whose file cannot be read',
    reasons: ['robots_disallowed', 'robots_unreachable'],
  },
  'crawl-delay': {
    standard: 'none; common in robots.txt',
    effect: 'slows: seconds between two requests to a host, up to net.maxBackoffMs',
    reasons: [],
  },
  'content-usage-robots': {
    standard: AIPREF,
    effect: 'requests for pages and images whose path has train-ai=n in robots.txt',
    reasons: ['opt_out'],
  },
  'content-signal': {
    standard: 'contentsignals.org',
    effect: 'requests for pages and images whose path has ai-train=no in robots.txt',
    reasons: ['opt_out'],
  },
  'x-robots-tag': {
    standard: 'search engines; noai: DeviantArt 2022',
    effect:
      'images and pages with noindex, noimageindex, noai, noimageai, noml or none in a header',
    reasons: ['opt_out'],
  },
  'meta-robots': {
    standard: 'search engines; noai: DeviantArt 2022',
    effect: 'pages with one of these in <meta name="robots"> or <meta name="wit">',
    reasons: ['opt_out'],
  },
  'content-usage-header': {
    standard: AIPREF,
    effect: 'images and pages with train-ai=n in the header Content-Usage',
    reasons: ['opt_out'],
  },
  'tdm-file': {
    standard: TDMREP,
    effect: 'images and pages reserved in /.well-known/tdmrep.json',
    reasons: ['opt_out'],
  },
  'tdm-header': {
    standard: TDMREP,
    effect: 'images and pages with the header tdm-reservation: 1; 0 overrides tdm-file',
    reasons: ['opt_out'],
  },
  'tdm-meta': {
    standard: TDMREP,
    effect: 'pages with <meta name="tdm-reservation" content="1">; 0 overrides both',
    reasons: ['opt_out'],
  },
};

/** The loss of what a rule refuses. */
export function refusal(rule: RuleName, value: string, reason: Reason = 'opt_out'): Loss {
  return { reason, detail: `${rule}: ${value}` };
}
