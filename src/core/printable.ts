/**
 * Text that a terminal cannot take as a command. Names, captions and messages come from the web; of
 * what is invisible (control and format characters, half pairs, unassigned) a replacement is shown.
 */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\ufffd');
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join('\n');
}

/** `value` as JSON on one line that a terminal can show: what is invisible is escaped, nothing is lost. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/\p{C}/gu, (char) =>
    Array.from(
      { length: char.length },
      (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
