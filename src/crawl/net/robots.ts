/**
 * robots.txt as RFC 9309 has it: parsing and matching, without I/O.
 *
 * Why not the usual library: robots-parser 3.0.1 compares percent-encoded and plain spellings as
 * different (§2.2.2 says they are the same), lets a Sitemap line split a group of user agents
 * (§2.2.4 forbids it), and matches wildcards in time proportional to pattern × path, which half a
 * megabyte of hostile rules turns into seconds per URL. It serves as the reference in the tests
 * wherever it follows the RFC.
 */

/** §2.5: at least 500 KiB must be parsed; more is ignored. */
export const MAX_ROBOTS_BYTES = 500 * 1024;

interface Rule {
  readonly allow: boolean;
  /** The canonical pattern cut at its wildcards: the first piece is anchored at the start. */
  readonly pieces: readonly string[];
  /** The pattern ended in `$`: the last piece must end the path. */
  readonly anchored: boolean;
  /** Octets of the pattern: the longest match wins. */
  readonly length: number;
}

/** What a host's robots.txt says to one robot. */
export interface RobotsRules {
  /** Whether `url` may be requested. Only its path and query count. */
  allows(url: URL): boolean;
  /** From `Crawl-delay`, which is not in the RFC but widely used; undefined when not said. */
  readonly crawlDelayMs: number | undefined;
  /** Absolute URLs as written, in order. */
  readonly sitemaps: readonly string[];
}

export const ALLOW_ALL: RobotsRules = {
  allows: () => true,
  crawlDelayMs: undefined,
  sitemaps: [],
};

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
          const rule = parseRule(value, key === 'allow');
          for (const group of current) group.rules.push(rule);
        }
        break;
      case 'crawl-delay': {
        // Other records must not end a group (§2.2.4), so `namingAgents` stays.
        const seconds = Number(value);
        if (value !== '' && Number.isFinite(seconds) && seconds >= 0) {
          for (const group of current) group.crawlDelayMs = seconds * 1_000;
        }
        break;
      }
      case 'sitemap':
        if (value !== '') sitemaps.push(value);
        break;
    }
  }

  const group = ownNamed ? own : general;
  return {
    allows: (url) => url.pathname === '/robots.txt' || group.allows(canonicalPath(url)),
    crawlDelayMs: group.crawlDelayMs,
    sitemaps,
  };
}

class Group {
  readonly rules: Rule[] = [];
  crawlDelayMs: number | undefined;

  allows(path: string): boolean {
    let longest = -1;
    let allowed = true;
    for (const rule of this.rules) {
      if (rule.length < longest || (rule.length === longest && (allowed || !rule.allow))) continue;
      if (matches(rule, path)) {
        longest = rule.length;
        allowed = rule.allow;
      }
    }
    return allowed;
  }
}

/** `Wit/1.0 ` → `wit`. */
function productToken(value: string): string {
  return (value.split('/', 1)[0] as string).trim().toLowerCase();
}

function parseRule(pattern: string, allow: boolean): Rule {
  const anchored = pattern.endsWith('$');
  const body = anchored ? pattern.slice(0, -1) : pattern;
  const pieces = body.split('*').map((piece) => canonical(piece));
  const wildcards = pieces.length - 1 + (anchored ? 1 : 0);
  return { allow, pieces, anchored, length: pieces.reduce((n, p) => n + octets(p), wildcards) };
}

/** Each piece at its earliest place after the one before: linear, and as good as any other choice. */
function matches({ pieces, anchored }: Rule, path: string): boolean {
  const first = pieces[0] as string;
  if (!path.startsWith(first)) return false;
  if (pieces.length === 1) return !anchored || path.length === first.length;
  let at = first.length;
  const last = pieces.length - 1;
  for (let i = 1; i < last; i++) {
    const piece = pieces[i] as string;
    const found = path.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  const end = pieces[last] as string;
  return anchored
    ? path.length - end.length >= at && path.endsWith(end)
    : path.indexOf(end, at) !== -1;
}

function canonicalPath(url: URL): string {
  return canonical(url.pathname + url.search);
}

/**
 * One spelling for all that §2.2.2 calls equal: each octet percent-encoded in upper case unless
 * unreserved, and `/` and `?`, which give a path its shape, left as they are where they are plain.
 */
function canonical(text: string): string {
  return text.replace(/%[0-9a-fA-F]{2}|[^A-Za-z0-9\-._~/?]/gu, (found) => {
    if (found.length !== 3 || found[0] !== '%') {
      return Array.from(Buffer.from(found), percent).join('');
    }
    const octet = Number.parseInt(found.slice(1), 16);
    const char = String.fromCharCode(octet);
    return /[A-Za-z0-9\-._~]/.test(char) ? char : found.toUpperCase();
  });
}

/** Length of a canonical text, an encoded octet counting as one. */
function octets(text: string): number {
  return text.replace(/%../g, '%').length;
}

function percent(octet: number): string {
  return `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
}
