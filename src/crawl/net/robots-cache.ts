/**
 * Each origin's robots.txt, fetched once and kept for a day (RFC 9309 §2.4), in bounded memory.
 * However many requests wait for it, it is asked for once.
 */

import type { Clock } from '../../core/clock.js';
import type { Loss } from '../../core/reasons.js';
import { LruMap } from './lru.js';
import type { Fetched } from './resource.js';
import { ALLOW_ALL, MAX_ROBOTS_BYTES, parseRobots, type RobotsRules } from './robots.js';

/** The rules of an origin, or why it must not be visited at all. */
export type RobotsAnswer =
  | { readonly ok: true; readonly rules: RobotsRules }
  | { readonly ok: false; readonly loss: Loss };

export interface RobotsCacheOptions {
  /** Fetches a robots.txt, following redirects; a body over the limit is cut, not refused. */
  readonly fetch: (url: string, signal: AbortSignal) => Promise<Fetched>;
  /** This robot's product token. */
  readonly token: string;
  readonly clock: Clock;
  /** Origins kept. */
  readonly size?: number;
  readonly ttlMs?: number;
  /** How long an origin that could not be reached stays closed before it is asked again. */
  readonly unreachableTtlMs?: number;
}

export class RobotsCache {
  readonly #options: RobotsCacheOptions;
  readonly #entries: LruMap<string, { answer: Promise<RobotsAnswer>; expires: number }>;

  constructor(options: RobotsCacheOptions) {
    this.#options = options;
    this.#entries = new LruMap(options.size ?? 10_000);
  }

  /**
   * What the robots.txt of `origin` (`https://host[:port]`) says.
   * @throws only the signal's reason.
   */
  async get(origin: string, signal: AbortSignal): Promise<RobotsAnswer> {
    const { clock, ttlMs = 86_400_000, unreachableTtlMs = 600_000 } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      let entry = this.#entries.get(origin);
      if (entry === undefined || entry.expires <= clock.now()) {
        entry = { answer: this.#ask(origin, signal), expires: Number.POSITIVE_INFINITY };
        this.#entries.set(origin, entry);
      }
      try {
        const answer = await entry.answer;
        if (entry.expires === Number.POSITIVE_INFINITY) {
          entry.expires = clock.now() + (answer.ok ? ttlMs : unreachableTtlMs);
        }
        return answer;
      } catch {
        // The request that asked was aborted; if that was not this one, ask again.
        this.#entries.deleteIf(origin, entry);
      }
    }
  }

  async #ask(origin: string, signal: AbortSignal): Promise<RobotsAnswer> {
    const fetched = await this.#options.fetch(`${origin}/robots.txt`, signal);
    if (fetched.ok) {
      return { ok: true, rules: parseRobots(wholeLines(fetched.body), this.#options.token) };
    }
    const { loss } = fetched;
    switch (loss.reason) {
      // §2.3.1.3, "unavailable": no robots.txt, so no rules. Redirects that lead nowhere and answers
      // without a body count as this too (§2.3.1.2).
      case 'http_client_error':
      case 'redirect_loop':
      case 'too_many_redirects':
      case 'bad_response':
        return { ok: true, rules: ALLOW_ALL };
      // Nothing was reached that could have rules: the page's own request would end the same way.
      case 'bad_url':
      case 'private_address':
      case 'dns':
      case 'connect':
      case 'tls':
        return { ok: false, loss };
      // §2.3.1.4, "unreachable": assume that everything is disallowed.
      default:
        return {
          ok: false,
          loss: {
            reason: 'robots_unreachable',
            detail: `${origin}/robots.txt: ${loss.reason} (${loss.detail})`,
          },
        };
    }
  }
}

/** As text; a line that the size limit cut in two is dropped, since half a rule is another rule. */
function wholeLines(body: Buffer): string {
  if (body.length < MAX_ROBOTS_BYTES) return body.toString('utf8');
  return body.subarray(0, Math.max(0, body.lastIndexOf('\n'))).toString('utf8');
}
