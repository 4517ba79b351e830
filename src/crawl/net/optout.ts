/**
 * Opt-outs that come with a response: what an author asks of robots that come for images and text, in
 * headers and in a page's metas. A robots directive may be addressed to one robot (`wit: noai`).
 * rules.ts lists all rules.
 */

import type { RuleName } from '../../config.js';
import type { Loss } from '../../core/reasons.js';
import { usageAgainstTraining } from './content-usage.js';
import type { Headers } from './resource.js';
import { refusal } from './rules.js';
import { type TdmDeclaration, tdmDeclaration } from './tdmrep.js';

/** Each asks that this resource be left out of what `wit` makes. */
const OPT_OUT_DIRECTIVES = [
  'noindex',
  'noimageindex',
  'noai',
  'noimageai',
  'noml',
  'none',
] as const;

/** Directives whose value follows a colon, which therefore name no robot. */
const VALUED = new Set([
  'unavailable_after',
  'max-snippet',
  'max-image-preview',
  'max-video-preview',
]);

/** The product token by which robots.txt, headers and pages address this robot. */
export const ROBOT_TOKEN = 'wit';

/** A page's `<meta>` that speaks to robots. */
export interface RobotMeta {
  /** Lower-case; one of those that `isRobotMeta` knows. */
  readonly name: string;
  readonly content: string;
}

/** What came with a resource. */
export interface Said {
  /** After redirects. */
  readonly url: string;
  readonly headers: Headers;
  readonly metas?: readonly RobotMeta[];
  /** What the tdmrep.json of its origin says of it. */
  readonly tdm?: TdmDeclaration;
}

/** Whether a meta of this name (lower-case) is one of those that are judged. */
export function isRobotMeta(name: string): boolean {
  return ['robots', ROBOT_TOKEN, 'tdm-reservation', 'tdm-policy'].includes(name);
}

/** Why the resource must be left out; undefined when nobody asks for that. */
export function optOutOf(said: Said, honours: ReadonlySet<RuleName>): Loss | undefined {
  const { url, headers, metas = [] } = said;
  if (honours.has('x-robots-tag')) {
    const directive = optOutDirective(robotsTag(headers['x-robots-tag']));
    if (directive !== undefined) return refusal('x-robots-tag', directive);
  }
  if (honours.has('meta-robots')) {
    const directive = optOutDirective(metaDirectives(metas));
    if (directive !== undefined) return refusal('meta-robots', directive);
  }
  if (honours.has('content-usage-header')) {
    const value = [headers['content-usage'] ?? []].flat().join(', ');
    const against = usageAgainstTraining(value);
    if (against !== undefined) return refusal('content-usage-header', against);
  }
  const inHeader = tdmDeclaration(headers['tdm-reservation'], headers['tdm-policy'], url);
  const inPage = tdmDeclaration(
    metas.filter(({ name }) => name === 'tdm-reservation').map(({ content }) => content),
    metas.find(({ name }) => name === 'tdm-policy')?.content,
    url,
  );
  // What overrides stands first.
  const declared = [
    ['tdm-meta', inPage],
    ['tdm-header', inHeader],
    ['tdm-file', said.tdm],
  ] as const;
  const [rule, tdm] = declared.find(([name, value]) => value && honours.has(name)) ?? [];
  if (rule === undefined || !tdm?.reserved) return undefined;
  return refusal(rule, tdm.policy === undefined ? '1' : `1, policy ${tdm.policy}`);
}

/** The directives of `X-Robots-Tag` header lines that are addressed to this robot or to all. */
export function robotsTag(header: string | readonly string[] | undefined): Set<string> {
  const directives = new Set<string>();
  const lines = typeof header === 'string' ? [header] : (header ?? []);
  for (const line of lines) {
    // A robot's name holds for the rest of its header line.
    let addressed = true;
    for (const part of line.split(',')) {
      const colon = part.indexOf(':');
      const name = part.slice(0, Math.max(colon, 0)).trim().toLowerCase();
      let directive = part.trim().toLowerCase();
      if (colon !== -1 && !VALUED.has(name)) {
        addressed = name === ROBOT_TOKEN || name === '*';
        directive = part
          .slice(colon + 1)
          .trim()
          .toLowerCase();
      }
      if (addressed && directive !== '') directives.add(directive);
    }
  }
  return directives;
}

/** The directives of the robots `<meta>` elements among `metas`. */
export function metaDirectives(metas: readonly RobotMeta[]): Set<string> {
  const directives = new Set<string>();
  for (const { name, content } of metas) {
    if (name !== 'robots' && name !== ROBOT_TOKEN) continue;
    for (const directive of content.toLowerCase().split(',')) directives.add(directive.trim());
  }
  return directives;
}

/** Whether the links of a page with these directives may be followed. */
export function mayFollow(directives: ReadonlySet<string>): boolean {
  return !directives.has('nofollow') && !directives.has('none');
}

function optOutDirective(directives: ReadonlySet<string>): string | undefined {
  return OPT_OUT_DIRECTIVES.find((directive) => directives.has(directive));
}
