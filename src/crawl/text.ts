/** Texts as they leave a source: as found, but bounded and fit for ids, files and rows. */

/** In UTF-16 code units. Longer texts are cut: no caption is that long, and no rule admits one. */
export const MAX_TEXT_LENGTH = 10_000;

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
