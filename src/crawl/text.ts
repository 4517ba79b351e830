/** Texts as they leave a source: as found, but bounded and fit for ids, files and rows. */

/** In UTF-16 code units. Longer texts are cut: no caption is that long, and no rule admits one. */
export const MAX_TEXT_LENGTH = 10_000;

/** Elements that a reader sees as separate; their texts must not run together. */
export const BLOCKS: ReadonlySet<string> = new Set(
  'address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section table td th tr ul'.split(
    ' ',
  ),
);

/**
 * Whitespace runs as one space, as a browser shows them; no NUL, which separates the parts of ids; at
 * most `MAX_TEXT_LENGTH` long; no half surrogate pair, cut here or found so. A copy: a piece of a
 * page's text would keep the whole page in memory.
 */
export function boundedText(text: string): string {
  const bounded = text
    .slice(0, MAX_TEXT_LENGTH * 2)
    .replaceAll('\0', '')
    .replace(/[\t\n\f\r ]+/g, ' ')
    .trim()
    .slice(0, MAX_TEXT_LENGTH)
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '');
  return Buffer.from(bounded).toString();
}
