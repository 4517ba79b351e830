/**
 * The captions of one image, whichever URLs they came from: the best one, and some of the others.
 *
 * Of the images that turned out to be one, each brings the best caption of its URL, and the others of that
 * URL in their order (src/filter/selection/images.ts). The best of the best ones is the image's, by the same
 * order. The others follow: first the best of each URL, then the second of each, and so on.
 */

import type { Selection } from '../core/types.js';
import { SOURCE_ORDER } from './selection/images.js';
import { MAX_OTHER_TEXTS } from './selection/order.js';

/** What an image brings. */
export type Captioned = Pick<
  Selection,
  'id' | 'text' | 'textSource' | 'queries' | 'rank' | 'otherTexts'
>;

/** What the row of an image says. */
export interface RowCaptions {
  text: string;
  otherTexts: string[];
  /** Those that `text` matches. */
  queries: string[];
}

/** One text, with all that its place among others depends on. */
interface Ranked {
  readonly text: string;
  /** Among the texts of its URL, the best first; from 0. */
  readonly place: number;
  /** Of the best text of its URL. */
  readonly matches: number;
  readonly source: number;
  readonly length: number;
  readonly rank: number;
  readonly id: string;
  /** Of place 0 only: no other text becomes the row's. */
  readonly queries?: string[];
}

/** A row has one text and these. */
const KEPT = 1 + MAX_OTHER_TEXTS;
/** Texts held before they are cut to those that can still be kept. */
const HELD = 4 * KEPT;

/** Gathers captions in any order, a bounded number of them in memory. */
export class ImageCaptions {
  /** By text: each counts once, where it stands best. */
  readonly #texts: Map<string, Ranked>;

  /** @param kept what another gave by `toJSON` */
  constructor(kept: readonly Ranked[] = []) {
    this.#texts = new Map(kept.map((caption) => [caption.text, caption]));
  }

  add({ id, text, textSource, queries, rank, otherTexts }: Captioned): void {
    const order = {
      matches: queries.length,
      source: SOURCE_ORDER.indexOf(textSource),
      length: text.length,
      rank,
      id,
    };
    this.#offer({ text, place: 0, ...order, queries });
    for (const [index, other] of otherTexts.entries()) {
      this.#offer({ text: other, place: index + 1, ...order });
    }
  }

  /** The texts that may end in the row, the best first. */
  toJSON(): Ranked[] {
    return [...this.#texts.values()].sort(byOrder).slice(0, KEPT);
  }

  /** After the captions of one image at least. */
  row(): RowCaptions {
    const [best, ...others] = this.toJSON() as [Ranked, ...Ranked[]];
    const { text, queries = [] } = best;
    return { text, queries, otherTexts: others.map((other) => other.text) };
  }

  #offer(caption: Ranked): void {
    const before = this.#texts.get(caption.text);
    if (before !== undefined && byOrder(before, caption) <= 0) return;
    this.#texts.set(caption.text, caption);
    if (this.#texts.size <= HELD) return;
    const kept = this.toJSON();
    this.#texts.clear();
    for (const each of kept) this.#texts.set(each.text, each);
  }
}

function byOrder(a: Ranked, b: Ranked): number {
  return (
    a.place - b.place ||
    b.matches - a.matches ||
    a.source - b.source ||
    b.length - a.length ||
    a.rank - b.rank ||
    (a.id < b.id ? -1 : a.id === b.id ? 0 : 1)
  );
}
