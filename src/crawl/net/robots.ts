/**
 * robots.txt as RFC 9309 has it: parsing and matching, without I/O.
 *
 * Why not the usual library: robots-parser 3.0.1 compares percent-encoded and plain spellings as
 * different (§2.2.2 says they are the same), lets a Sitemap line split a group of user agents
 * (§2.2.4 forbids it), and matches wildcards in time proportional to pattern × path, which half a
 * megabyte of hostile rules turns into seconds per URL. It serves as the reference in the tests
 * wherever it follows the RFC.
 */

import { signalAgainstTraining, usageAgainstTraining } from './content-usage.js';
import { canonicalPath, PathPattern } from './path-pattern.js';

/** §2.5: at least 500 KiB must be parsed; more is ignored. */
export const MAX_ROBOTS_BYTES = 500 * 1024;

/** What a robots.txt says of one URL. */
export interface Verdict {
  /** The pattern of the rule that closes it. */
  readonly disallow?: string;
  /** The preference in `Content-Usage` against training, as `train-ai=n`. */
  readonly usage?: string;
  /** The signal in `Content-Signal` against training: `ai-train=no`. */
  readonly signal?: string;
}

/** What a host's robots.txt says to one robot. */
export interface RobotsRules {
  /** Whether `url` may be requested, and used. Only its path and query count. */
  judge(url: URL): Verdict;
  /** From `Crawl-delay`, which is not in the RFC but widely used; undefined when not said. */
  readonly crawlDelayMs: number | undefined;
  /** Absolute URLs as written, in order. */
  readonly sitemaps: readonly string[];
  /** Roughly what this takes of memory. */
  readonly bytes: number;
}

export const ALLOW_ALL: RobotsRules = {
  judge: () => ({}),
  crawlDelayMs: undefined,
  sitemaps: [],
  bytes: 0,
};

/** A path and what a rule says of it: for Allow and Disallow whether it is open, else what is refused. */
interface Rule<T> {
  readonly pattern: PathPattern;
  readonly says: T;
}

/**
 * Parses `text` for the robot named `token` (its product token, e.g. `wit`): the rules of all groups
 * that name it, or else those of all groups for `*` (§2.2.1).
 */
export function parseRobots(text: string, token: string): RobotsRules {
  const own = new Group();
  const general = new Group();
  let ownNamed = false;
  /** The groups that the rules being read belong to. */
  let current: Group[] = [];
  let namingAgents = false;
  const sitemaps: string[] = [];

  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const content = line.split('#', 1)[0] as string;
    const colon = content.indexOf(':');
    if (colon === -1) continue;
    const value = content.slice(colon + 1).trim();
    const key = content.slice(0, colon).trim().toLowerCase();
    switch (key) {
      case 'user-agent': {
        if (!namingAgents) current = [];
        namingAgents = true;
        const agent = productToken(value);
        if (agent === '*') current.push(general);
        if (agent === token.toLowerCase()) {
          current.push(own);
          ownNamed = true;
        }
        break;
      }
      case 'allow':
      case 'disallow':
        namingAgents = false;
        // An empty pattern is no rule (§2.2.2).
        if (value !== '' && current.length > 0) {
          const rule = { pattern: new PathPattern(value), says: key === 'allow' };
          for (const group of current) group.access.push(rule);
        }
        break;
      // A rule of a group like the two above (draft-ietf-aipref-attach §3).
      case 'content-usage':
      case 'content-signal': {
        namingAgents = false;
        // Earlier drafts, and content signals, have values without a path, for all of them.
        const [, path = '/', preference = ''] = /^(\/\S*)?\s*(.*)$/.exec(value) ?? [];
        const isUsage = key === 'content-usage';
        const says = (isUsage ? usageAgainstTraining : signalAgainstTraining)(preference);
        const rule = { pattern: new PathPattern(path), says };
        for (const group of current) (isUsage ? group.usage : group.signals).push(rule);
        break;
      }
      case 'crawl-delay': {
        // Other records must not end a group (§2.2.4), so `namingAgents` stays.
        const seconds = Number(value);
        if (value !== '' && Number.isFinite(seconds) && seconds >= 0) {
          for (const group of current) group.crawlDelayMs = seconds * 1_000;
        }
        break;
      }
      case 'sitemap':
        // A copy: a part of the text would keep all of it in memory.
        if (value !== '') sitemaps.push(Buffer.from(value).toString());
        break;
    }
  }

  const group = ownNamed ? own : general;
  return {
    judge: (url) => group.judge(url),
    crawlDelayMs: group.crawlDelayMs,
    sitemaps,
    bytes: group.bytes + sitemaps.reduce((n, url) => n + 40 + 2 * url.length, 0),
  };
}

class Group {
  readonly access: Rule<boolean>[] = [];
  readonly usage: Rule<string | undefined>[] = [];
  readonly signals: Rule<string | undefined>[] = [];
  crawlDelayMs: number | undefined;

  judge(url: URL): Verdict {
    const { access, usage, signals } = this;
    if (access.length + usage.length + signals.length === 0) return {};
    const path = canonicalPath(url);
    // robots.txt itself is always open.
    const closed = url.pathname === '/robots.txt' ? undefined : mostSpecific(access, path, true);
    const used = mostSpecific(usage, path);
    const signal = mostSpecific(signals, path);
    return {
      ...(closed?.says === false && { disallow: closed.pattern.toString() }),
      ...(used?.says !== undefined && { usage: used.says }),
      ...(signal?.says !== undefined && { signal: signal.says }),
    };
  }

  get bytes(): number {
    const rules = [...this.access, ...this.usage, ...this.signals];
    return rules.reduce((n, { pattern }) => n + 50 + pattern.bytes, 500);
  }
}

/**
 * The rule with the longest path that matches. Of equally long ones that which says `preferred`
 * (§2.2.2: Allow), else one that says anything: preferences against a use prevail.
 */
function mostSpecific<T>(
  rules: readonly Rule<T>[],
  path: string,
  preferred?: T,
): Rule<T> | undefined {
  let best: Rule<T> | undefined;
  for (const rule of rules) {
    const { length } = rule.pattern;
    if (best !== undefined) {
      if (length < best.pattern.length) continue;
      const wins = preferred === undefined ? rule.says !== undefined : rule.says === preferred;
      if (length === best.pattern.length && !wins) continue;
    }
    if (rule.pattern.matches(path)) best = rule;
  }
  return best;
}

/** `Wit/1.0 ` → `wit`. */
function productToken(value: string): string {
  return (value.split('/', 1)[0] as string).trim().toLowerCase();
}
