/**
 * Opt-outs in `X-Robots-Tag` headers and robots `<meta>` elements: what an author asks of robots
 * that come for images and text. A directive may be addressed to one robot (`wit: noai`).
 */

/** Each asks that this resource be left out of what `wit` makes. */
export const OPT_OUT_DIRECTIVES = [
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

/** The directives of a robots `<meta>` element's content. */
export function metaDirectives(content: string): string[] {
  return content
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '');
}

/** The first directive that opts this resource out, or undefined. */
export function optOutOf(directives: ReadonlySet<string>): string | undefined {
  return OPT_OUT_DIRECTIVES.find((directive) => directives.has(directive));
}

/** Whether the links of a page with these directives may be followed. */
export function mayFollow(directives: ReadonlySet<string>): boolean {
  return !directives.has('nofollow') && !directives.has('none');
}
