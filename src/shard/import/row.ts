/** A row of a dataset of others, before it is judged: an image, a text, and what else is known. */

import type { ImportConfig } from '../../config.js';
import type { Loss } from '../../core/reasons.js';

export interface ForeignRow {
  /** Its name where it comes from: `00012.tar/000120034`. */
  readonly name: string;
  readonly image?: Buffer;
  /** As found. */
  readonly text?: string;
  readonly otherTexts?: readonly string[];
  /** Everything else, by the name it has there. */
  readonly columns: Readonly<Record<string, unknown>>;
  /** Why it cannot become a pair, where that is known. */
  readonly loss?: Loss;
}

/** What stands for the caption where nothing is said, the first that is there. */
const TEXT_COLUMNS = ['text', 'caption', 'txt', 'TEXT', 'captions', 'alt', 'alt_text', 'title'];

/** The column with the text, of those that there are. */
export function textColumnOf(
  names: readonly string[],
  { textColumn }: Pick<ImportConfig, 'textColumn'>,
): string | undefined {
  return (textColumn === undefined ? TEXT_COLUMNS : [textColumn]).find((name) =>
    names.includes(name),
  );
}

/** A value as texts: the first is the caption, the others are further captions of the same image. */
export function textsOf(value: unknown): string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.flatMap((item) => {
    if (typeof item === 'string') return [item];
    if (item instanceof Uint8Array) return [Buffer.from(item).toString('utf8')];
    return [];
  });
}
