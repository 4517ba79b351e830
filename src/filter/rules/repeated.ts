/**
 * Captions that stand on many images of one host (`our products`, `user photo`): what is said of all of
 * them tells little of each. Off by default, since on large hosts good short captions repeat too.
 *
 * Whether a caption repeats depends on all candidates, so they are read twice before any is judged
 * (`countRepeats`), in bounded memory and exactly: a sieve of one-byte counters, one cell for many
 * captions, first tells those that cannot be over the limit, which are nearly all; only the others are
 * then counted by name, up to the limit. Counts do not depend on the order.
 */

import { contentId } from '../../core/ids.js';
import type { Candidate } from '../../core/types.js';
import { cleanText } from '../text.js';
import { type Caption, defineRule } from './rule.js';

/** Cells of the sieve, a byte each; the system gives memory only to those that are touched. */
const SIEVE_CELLS = 2 ** 28;
const FULL = 255;

type Placed = Pick<Candidate, 'text' | 'imageUrl' | 'pageUrl'>;

export const repeatedCaption = defineRule<Caption, number>({
  name: 'repeated-caption',
  version: 1,
  reason: 'repeated_text',
  drops: 'captions that stand on more than filter.maxRepeats images of one host',
  settings: ['maxRepeats'],
  limit: ({ maxRepeats }) => (maxRepeats === null ? undefined : `at most ${maxRepeats}`),
  measure: ({ onHost = 1 }) => onHost,
  passes: (images, { maxRepeats }) => images <= (maxRepeats as number),
  words: (images) =>
    images === 1 ? 'within the limit' : `on ${images} images of its host or more`,
});

/**
 * On how many images of its host a candidate's caption stands: one more than the limit stands for more
 * than the limit, 1 for anything up to it.
 */
export type Repeats = (candidate: Placed) => number;

/**
 * @param read gives candidates from the beginning; the same image URL and caption twice count once
 * @param limit how many images may share a caption
 */
export async function countRepeats(
  read: () => AsyncIterable<Placed>,
  limit: number,
  cells = SIEVE_CELLS,
): Promise<Repeats> {
  const enough = Math.min(limit, FULL - 1);
  const sieve = new Uint8Array(cells);
  for await (const candidate of read()) {
    const cell = captionHash(candidate) % cells;
    if ((sieve[cell] as number) < FULL) sieve[cell] = (sieve[cell] as number) + 1;
  }
  const images = new Map<number, Set<number>>();
  const over = new Set<number>();
  for await (const candidate of read()) {
    const hash = captionHash(candidate);
    if ((sieve[hash % cells] as number) <= enough || over.has(hash)) continue;
    const seen = images.get(hash) ?? new Set();
    seen.add(hashOf(candidate.imageUrl));
    if (seen.size <= limit) {
      images.set(hash, seen);
    } else {
      images.delete(hash);
      over.add(hash);
    }
  }
  return (candidate) => (over.has(captionHash(candidate)) ? limit + 1 : 1);
}

function captionHash({ text, imageUrl, pageUrl }: Placed): number {
  return hashOf(hostOf(pageUrl ?? imageUrl), cleanText(text));
}

/** 52 bits, exact in a double: one caption of 400 million is taken for another once in ten million. */
function hashOf(...parts: string[]): number {
  return Number.parseInt(contentId(...parts).slice(0, 13), 16);
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}
