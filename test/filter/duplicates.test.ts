import { describe, expect, it } from 'vitest';
import { DHASH_BITS, hamming } from '../../src/filter/dhash.js';
import { type Duplicate, DuplicateIndex, type Fingerprint } from '../../src/filter/duplicates.js';
import { below, pick, prng } from './prng.js';

/** What the index must answer, by comparing with everything. */
function search(
  added: readonly Fingerprint[],
  image: Omit<Fingerprint, 'key'>,
  bits: number,
): Duplicate | undefined {
  const exact = added.find((other) => other.sha256 === image.sha256);
  if (exact !== undefined) return { reason: 'duplicate_exact', key: exact.key };
  const near = added.find((other) => hamming(other.dhash, image.dhash) <= bits);
  return near && { reason: 'duplicate_near', key: near.key };
}

const toHex = (bits: readonly boolean[]): string =>
  Array.from({ length: DHASH_BITS / 4 }, (_, digit) => {
    const four = bits.slice(digit * 4, digit * 4 + 4);
    return four.reduce((sum, bit) => sum * 2 + (bit ? 1 : 0), 0).toString(16);
  }).join('');

/** Images many of which have a few bits other than an earlier one, and most of which share a rim. */
function stream(seed: number, count: number, bits: number): Fingerprint[] {
  const random = prng(seed);
  const drawn: boolean[][] = [];
  return Array.from({ length: count }, (_, index) => {
    const hash =
      drawn.length > 0 && random() < 0.6
        ? [...pick(random, drawn)]
        : Array.from({ length: DHASH_BITS }, (_, at) => at > 40 && random() < 0.3);
    if (drawn.length > 0) {
      // On both sides of the limit; a bit may flip back.
      for (let flips = below(random, bits + 4); flips > 0; flips--) {
        const at = below(random, DHASH_BITS);
        hash[at] = !hash[at];
      }
    }
    drawn.push(hash);
    const sha256 = `sha${random() < 0.1 ? below(random, index + 1) : index}`;
    return { key: `key${index}`, sha256, dhash: toHex(hash) };
  });
}

describe('DuplicateIndex', () => {
  it.each([-1, 0, 1, 2, 4, 6, 20, 60])('answers as a full search does, at %i bits', (bits) => {
    const outcomes = { kept: 0, duplicate_exact: 0, duplicate_near: 0 };
    for (let seed = 0; seed < 3; seed++) {
      const index = new DuplicateIndex(bits);
      const added: Fingerprint[] = [];
      for (const image of stream(seed, 300, Math.max(bits, 0))) {
        const found = index.check(image);
        expect(found).toEqual(search(added, image, bits));
        outcomes[found?.reason ?? 'kept'] += 1;
        // As a build does; now and then a duplicate too, so that one hash has several near ones.
        if (found === undefined || added.length % 17 === 0) {
          index.add(image);
          added.push(image);
        }
      }
    }
    expect(outcomes.kept).toBeGreaterThan(0);
    expect(outcomes.duplicate_exact).toBeGreaterThan(0);
    if (bits >= 0) expect(outcomes.duplicate_near).toBeGreaterThan(10);
    else expect(outcomes.duplicate_near).toBe(0);
  });

  it.each([DHASH_BITS - 1, DHASH_BITS])('works up to the end of the scale: %i bits', (bits) => {
    const index = new DuplicateIndex(bits);
    index.add({ key: 'a', sha256: '1', dhash: '0'.repeat(48) });
    const near = { reason: 'duplicate_near', key: 'a' };
    const opposite = index.check({ sha256: '2', dhash: 'f'.repeat(48) });
    expect(opposite).toEqual(bits === DHASH_BITS ? near : undefined);
    expect(index.check({ sha256: '2', dhash: `${'f'.repeat(47)}e` })).toEqual(near);
  });

  it('names the first of several; the same bytes go before likeness', () => {
    const zeros = '0'.repeat(47);
    const index = new DuplicateIndex(2);
    index.add({ key: 'a', sha256: '1', dhash: `${zeros}3` });
    index.add({ key: 'b', sha256: '2', dhash: `${zeros}0` });
    index.add({ key: 'c', sha256: '2', dhash: `${zeros}0` });
    const check = (sha256: string) => index.check({ sha256, dhash: `${zeros}0` });
    expect(check('3')).toEqual({ reason: 'duplicate_near', key: 'a' });
    expect(check('2')).toEqual({ reason: 'duplicate_exact', key: 'b' });
  });

  it('compares a new image with few of those it holds', () => {
    // 50,000 pictures with a white rim: a full search would take 1.25 billion comparisons.
    const random = prng(5);
    const index = new DuplicateIndex(4);
    const start = performance.now();
    for (let n = 0; n < 50_000; n++) {
      const bits = Array.from({ length: DHASH_BITS }, (_, at) => at % 64 > 15 && random() < 0.4);
      const image = { key: `${n}`, sha256: `${n}`, dhash: toHex(bits) };
      expect(index.check(image)).toBeUndefined();
      index.add(image);
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
