import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentId, sha256 } from '../../src/core/ids.js';
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

const image = (name: string, content: string, dhash: string): Fingerprint => ({
  key: contentId(name),
  sha256: sha256(content),
  dhash,
});

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
    const content = random() < 0.1 ? below(random, index + 1) : index;
    return image(`${index}`, `${content}`, toHex(hash));
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

  it.each([
    [2_000, 1],
    [2_000, 20_000],
    [100, 20_000],
    [1, 2 ** 30],
  ])(
    'answers the same made for %i images in %i bytes of memory, the rest on disk',
    async (capacity, memoryBytes) => {
      const dir = await mkdtemp(join(tmpdir(), 'wit-duplicates-'));
      for (const bits of [-1, 0, 4]) {
        const plain = new DuplicateIndex(bits);
        const index = new DuplicateIndex(bits, {
          capacity,
          memoryBytes,
          path: join(dir, 'under', 'way'),
        });
        let duplicates = 0;
        for (const image of stream(9, 1_500, Math.max(bits, 0))) {
          const found = index.check(image);
          expect(found).toEqual(plain.check(image));
          if (found !== undefined) duplicates += 1;
          else for (const each of [index, plain]) each.add(image);
        }
        expect(duplicates).toBeGreaterThan(100);
        // Whatever is on disk has no name.
        expect(
          (await readdir(dir, { recursive: true })).filter((name) => name !== 'under'),
        ).toEqual([]);
        index.close();
      }
      await rm(dir, { recursive: true });
    },
  );

  it.each([DHASH_BITS - 1, DHASH_BITS])('works up to the end of the scale: %i bits', (bits) => {
    const index = new DuplicateIndex(bits);
    index.add(image('a', '1', '0'.repeat(48)));
    const near = { reason: 'duplicate_near', key: contentId('a') };
    const opposite = index.check(image('', '2', 'f'.repeat(48)));
    expect(opposite).toEqual(bits === DHASH_BITS ? near : undefined);
    expect(index.check(image('', '2', `${'f'.repeat(47)}e`))).toEqual(near);
  });

  it('names the first of several; the same bytes go before likeness', () => {
    const zeros = '0'.repeat(47);
    const index = new DuplicateIndex(2);
    index.add(image('a', '1', `${zeros}3`));
    index.add(image('b', '2', `${zeros}0`));
    index.add(image('c', '2', `${zeros}0`));
    const check = (content: string) => index.check(image('', content, `${zeros}0`));
    expect(check('3')).toEqual({ reason: 'duplicate_near', key: contentId('a') });
    expect(check('2')).toEqual({ reason: 'duplicate_exact', key: contentId('b') });
  });

  it('holds 50,000 pictures with a white rim in 90 bytes each, and compares each with few', async () => {
    // A full search would take 1.25 billion comparisons.
    const dir = await mkdtemp(join(tmpdir(), 'wit-duplicates-'));
    const random = prng(5);
    const count = 50_000;
    for (const [memoryBytes, most] of [
      [2 ** 30, 90],
      [1e5, 16],
    ] as const) {
      const before = process.memoryUsage().arrayBuffers;
      const index = new DuplicateIndex(4, { capacity: count, path: join(dir, 'x'), memoryBytes });
      for (let n = 0; n < count; n++) {
        const bits = Array.from({ length: DHASH_BITS }, (_, at) => at % 64 > 15 && random() < 0.4);
        const each = image(`${n}`, `${n}`, toHex(bits));
        expect(index.check(each)).toBeUndefined();
        index.add(each);
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(most * count);
      index.close();
    }
    await rm(dir, { recursive: true });
  });

  it('still finds copies among pictures of nearly nothing, of which there are too many to compare', () => {
    // Seven bits of 192: most bands are empty, and the same in most pictures.
    const random = prng(6);
    const index = new DuplicateIndex(4);
    const drawn: string[] = [];
    for (let n = 0; n < 20_000; n++) {
      const bits = new Array<boolean>(DHASH_BITS).fill(false);
      for (let i = 0; i < 7; i++) bits[below(random, DHASH_BITS)] = true;
      const dhash = toHex(bits);
      drawn.push(dhash);
      index.add(image(`${n}`, `${n}`, dhash));
    }
    let found = 0;
    for (const [n, dhash] of drawn.entries()) {
      expect(index.check(image('', `${n}`, dhash))?.reason).toBe('duplicate_exact');
      if (index.check(image('', `other ${n}`, dhash))) found += 1;
    }
    // Beyond the crowd a copy is found where a band of it is rare.
    expect(found / drawn.length).toBeGreaterThan(0.95);
  });
});
