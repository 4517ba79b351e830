import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachedImage } from '../../../src/filter/match/cache.js';
import { QueryMatcher } from '../../../src/filter/match.js';

const QUERIES = ['cat', 'New York', 'a rather longer word than eight', 'NEW-YORK', 'St. Louis'];
const TEXT = 'A cat in New York, longer than eight. St. Louis';

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'wit-cache-')), 'matcher');
});
afterEach(() => rm(join(path, '..'), { recursive: true, force: true }));

const built = new QueryMatcher(QUERIES).match(TEXT);

async function match(queries = QUERIES, matching: 'normalized' | 'metaclip' = 'normalized') {
  return new QueryMatcher(await cachedImage(path, queries, matching)).match(TEXT);
}

describe('cachedImage', () => {
  it('matches from the file as from the queries, in both modes', async () => {
    for (const matching of ['normalized', 'metaclip'] as const) {
      const expected = new QueryMatcher(QUERIES, matching).match(TEXT);
      expect(await match(QUERIES, matching)).toEqual(expected);
      const bytes = await readFile(path);
      expect(await match(QUERIES, matching)).toEqual(expected);
      expect(await readFile(path)).toEqual(bytes);
    }
  });

  it('is taken from the file, not built again', async () => {
    await match();
    // A sign in the padding of the header, under a right digest: only what comes from the file has it.
    const { createHash } = await import('node:crypto');
    const image = (await readFile(path)).subarray(0, -32);
    image[127] = 7;
    await writeFile(path, Buffer.concat([image, createHash('sha256').update(image).digest()]));
    const cached = await cachedImage(path, QUERIES, 'normalized');
    expect(new Uint8Array(cached.buffer)[127]).toBe(7);
  });

  it('builds anew what has a wrong bit anywhere', async () => {
    await match();
    const whole = await readFile(path);
    for (let trial = 0; trial < 200; trial++) {
      const damaged = Buffer.from(whole);
      const at = Math.floor((trial * damaged.length) / 200);
      damaged[at] = (damaged[at] as number) ^ (1 << (trial % 8));
      await writeFile(path, damaged);
      expect(await match()).toEqual(built);
      expect((await readFile(path)).equals(whole)).toBe(true);
    }
  });

  it('builds anew what is cut short, empty, longer, or no file at all', async () => {
    await match();
    const whole = await readFile(path);
    for (const size of [0, 1, 31, 32, 33, 100, whole.length - 1, whole.length + 1]) {
      await writeFile(path, whole);
      await truncate(path, size);
      expect(await match()).toEqual(built);
      expect((await readFile(path)).equals(whole)).toBe(true);
    }
  });

  it('is of one list, in its order, and one mode', async () => {
    await match();
    const reversed = [...QUERIES].reverse();
    expect(await match(reversed)).toEqual(new QueryMatcher(reversed).match(TEXT));
    expect(await match(QUERIES, 'metaclip')).toEqual(
      new QueryMatcher(QUERIES, 'metaclip').match(TEXT),
    );
    expect(await match(['Louis'])).toEqual([0]);
  });

  it('says so where it cannot be written', async () => {
    await writeFile(path, 'a file');
    await expect(cachedImage(join(path, 'matcher'), QUERIES, 'normalized')).rejects.toThrow(
      'Cannot write',
    );
  });
});
