/**
 * What a host asks of robots before anything else is requested from it: its robots.txt, and its
 * tdmrep.json. Each is one request a day and origin, and is kept in bounded memory.
 */

import type { RuleName } from '../../config.js';
import type { Clock } from '../../core/clock.js';
import type { Loss } from '../../core/reasons.js';
import { ROBOT_TOKEN } from './optout.js';
import { DAY_MS, type Known, OriginCache, UNREACHABLE_MS } from './origin-cache.js';
import type { Fetched, ResourceKind } from './resource.js';
import { ALLOW_ALL, MAX_ROBOTS_BYTES, parseRobots, type RobotsRules } from './robots.js';
import { refusal } from './rules.js';
import {
  ALL_RESERVED,
  NO_TDM_RULES,
  parseTdmFile,
  TDM_FILE_PATH,
  type TdmDeclaration,
  type TdmRules,
} from './tdmrep.js';

/** Enough for the rules of 40,000 hosts as they usually are. */
const MAX_ROBOTS_CACHE_BYTES = 64 * 1024 * 1024;
const MAX_TDM_CACHE_BYTES = 16 * 1024 * 1024;

/** The rules of an origin, or why it must not be visited at all. */
type RobotsAnswer =
  | { readonly ok: true; readonly rules: RobotsRules }
  | { readonly ok: false; readonly loss: Loss };

/** What is asked for one URL: not to be requested, or under which conditions. */
export type Admission =
  | { readonly ok: false; readonly loss: Loss }
  | { readonly ok: true; readonly crawlDelayMs?: number; readonly tdm?: TdmDeclaration };

export interface HostRulesOptions {
  /** Fetches such a file, following redirects. */
  readonly fetch: (url: string, kind: ResourceKind, signal: AbortSignal) => Promise<Fetched>;
  readonly honours: ReadonlySet<RuleName>;
  readonly clock: Clock;
}

export class HostRules {
  readonly #fetch: HostRulesOptions['fetch'];
  readonly #honours: ReadonlySet<RuleName>;
  readonly #robots: OriginCache<RobotsAnswer>;
  readonly #tdm: OriginCache<TdmRules>;

  constructor({ fetch, honours, clock }: HostRulesOptions) {
    this.#fetch = fetch;
    this.#honours = honours;
    this.#robots = new OriginCache({
      ask: (origin, signal) => this.#askRobots(origin, signal),
      clock,
      maxBytes: MAX_ROBOTS_CACHE_BYTES,
    });
    this.#tdm = new OriginCache({
      ask: (origin, signal) => this.#askTdm(origin, signal),
      clock,
      maxBytes: MAX_TDM_CACHE_BYTES,
    });
  }

  /**
   * Whether `url` may be requested, as far as its host says. Preferences about use concern images and
   * pages; paths that are closed are closed to everything but robots.txt.
   * @throws only the signal's reason.
   */
  async admit(url: URL, kind: ResourceKind, signal: AbortSignal): Promise<Admission> {
    if (kind === 'robots') return { ok: true };
    const has = (rule: RuleName) => this.#honours.has(rule);
    const isContent = kind === 'page' || kind === 'image';
    let crawlDelayMs: number | undefined;
    if (
      has('robots.txt') ||
      has('crawl-delay') ||
      (isContent && (has('content-usage-robots') || has('content-signal')))
    ) {
      const robots = await this.#robots.get(url.origin, signal);
      if (!robots.ok && has('robots.txt')) return robots;
      const rules = robots.ok ? robots.rules : ALLOW_ALL;
      const verdict = rules.judge(url);
      const refuse = (rule: RuleName, value: string, reason?: Loss['reason']): Admission => ({
        ok: false,
        loss: refusal(rule, `${value} (${url.origin})`, reason),
      });
      if (verdict.disallow !== undefined && has('robots.txt')) {
        return refuse('robots.txt', `Disallow: ${verdict.disallow}`, 'robots_disallowed');
      }
      if (isContent && verdict.usage !== undefined && has('content-usage-robots')) {
        return refuse('content-usage-robots', verdict.usage);
      }
      if (isContent && verdict.signal !== undefined && has('content-signal')) {
        return refuse('content-signal', verdict.signal);
      }
      if (has('crawl-delay')) crawlDelayMs = rules.crawlDelayMs;
    }
    const tdm =
      isContent && has('tdm-file') ? (await this.#tdm.get(url.origin, signal)).of(url) : undefined;
    return {
      ok: true,
      ...(crawlDelayMs !== undefined && { crawlDelayMs }),
      ...(tdm !== undefined && { tdm }),
    };
  }

  /** The rules of the robots.txt of `origin`; undefined when it could not be had. */
  async robots(origin: string, signal: AbortSignal): Promise<RobotsRules | undefined> {
    const answer = await this.#robots.get(origin, signal);
    return answer.ok ? answer.rules : undefined;
  }

  async #askRobots(origin: string, signal: AbortSignal): Promise<Known<RobotsAnswer>> {
    const fetched = await this.#fetch(`${origin}/robots.txt`, 'robots', signal);
    const value = robotsAnswer(fetched, origin);
    return value.ok
      ? { value, ttlMs: DAY_MS, bytes: value.rules.bytes }
      : { value, ttlMs: UNREACHABLE_MS, bytes: value.loss.detail.length };
  }

  async #askTdm(origin: string, signal: AbortSignal): Promise<Known<TdmRules>> {
    const fetched = await this.#fetch(origin + TDM_FILE_PATH, 'tdm-file', signal);
    const value = tdmRules(fetched);
    // Who cannot give the file does not implement the protocol (§ "TDM File on the Origin Server").
    const isSettled = fetched.ok || fetched.loss.reason === 'http_client_error';
    return { value, ttlMs: isSettled ? DAY_MS : UNREACHABLE_MS, bytes: value.bytes };
  }
}

function robotsAnswer(fetched: Fetched, origin: string): RobotsAnswer {
  if (fetched.ok) {
    return { ok: true, rules: parseRobots(wholeLines(fetched.body), ROBOT_TOKEN) };
  }
  const { loss, status } = fetched;
  switch (loss.reason) {
    // §2.3.1.3, "unavailable": no robots.txt, so no rules. Redirects that lead nowhere count as this
    // too (§2.3.1.2).
    case 'http_client_error':
    case 'redirect_loop':
    case 'too_many_redirects':
      return { ok: true, rules: ALLOW_ALL };
    // An answer without a file is the same; one that cannot be read may hold rules.
    case 'bad_response':
      return status === undefined || status === 200
        ? unreachable(loss, origin)
        : { ok: true, rules: ALLOW_ALL };
    // Nothing was reached that could have rules: the page's own request would end the same way.
    case 'bad_url':
    case 'private_address':
    case 'dns':
    case 'connect':
    case 'tls':
      return { ok: false, loss };
    // §2.3.1.4, "unreachable": assume that everything is disallowed.
    default:
      return unreachable(loss, origin);
  }
}

function unreachable({ reason, detail }: Loss, origin: string): RobotsAnswer {
  const value = `${reason}, ${detail} (${origin})`;
  return { ok: false, loss: refusal('robots.txt', value, 'robots_unreachable') };
}

/** As text; a line that the size limit cut in two is dropped, since half a rule is another rule. */
function wholeLines(body: Buffer): string {
  if (body.length < MAX_ROBOTS_BYTES) return body.toString('utf8');
  return body.subarray(0, Math.max(0, body.lastIndexOf('\n'))).toString('utf8');
}

function tdmRules(fetched: Fetched): TdmRules {
  if (fetched.ok) return parseTdmFile(fetched.body.toString('utf8'), fetched.url);
  return fetched.loss.reason === 'too_many_bytes' ? ALL_RESERVED : NO_TDM_RULES;
}
