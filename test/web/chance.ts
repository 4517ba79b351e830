/**
 * Chance without a state: every "random" choice of the small internet is a hash of what it is about,
 * so that the same options give the same bytes for every URL, in any order of asking.
 */

import { createHash } from 'node:crypto';

export type Key = string | number;

/** A number in [0, 1) that depends on the keys alone. */
export function draw(...keys: Key[]): number {
  const digest = createHash('sha256').update(keys.join('\0')).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** One of `items`, chosen by the keys. */
export function choose<T>(items: readonly T[], ...keys: Key[]): T {
  const item = items[Math.floor(draw(...keys) * items.length)];
  if (item === undefined) throw new RangeError('Expected at least one item to choose from');
  return item;
}

/** `items` in an order that depends on the keys and on each item's own name alone. */
export function shuffle<T>(items: readonly T[], name: (item: T) => string, ...keys: Key[]): T[] {
  return items
    .map((item) => ({ item, at: draw(...keys, name(item)) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
