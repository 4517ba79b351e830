import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Block,
  type Bzip2Program,
  DamagedBzip2,
  decodeBlock,
  decompress,
  findBlocks,
  LONGEST_BLOCK,
  streamOf,
} from '../../../src/queries/dump/bzip2.js';
import { bzip2, dumpXml, randomBy, zipfPages } from './sample.js';

async function decoded(
  bytes: Uint8Array,
  blocks: readonly Block[],
  program?: Bzip2Program,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of decompress(streamOf(bytes, blocks), program)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

beforeAll(() => {
  if (spawnSync('lbzip2', ['--version'], { stdio: 'ignore' }).error === undefined) return;
  try {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'lbzip2'], {
      stdio: 'ignore',
    });
  } catch (cause) {
    throw new Error('lbzip2 is missing and apt-get could not install it', { cause });
  }
}, 300_000);

const text = Buffer.from(dumpXml(zipfPages(60, 3_000)));
const single = bzip2(text);
/** Several streams, one behind the other, as Wikimedia's multistream files are. */
const multi = Buffer.concat(
  Array.from({ length: 9 }, (_, i) => {
    const size = Math.ceil(text.length / 9);
    return bzip2(text.subarray(i * size, (i + 1) * size), 1 + (i % 9));
  }),
);

describe.each([
  ['a single stream', single],
  ['many streams', multi],
])('%s', (_, packed) => {
  it.each(['bzip2', 'lbzip2'] as const)(
    'is read whole through its blocks by %s',
    async (program) => {
      const blocks = findBlocks(packed, packed.length);
      expect(blocks.length).toBeGreaterThan(8);
      expect(blocks.every(({ whole }) => whole)).toBe(true);
      expect((await decoded(packed, blocks, program)).equals(text)).toBe(true);
    },
  );

  it('is read in parts, cut anywhere, without losing or repeating a byte', async () => {
    const random = randomBy(5);
    for (let round = 0; round < 4; round++) {
      const cuts = Array.from({ length: 5 }, () => Math.floor(random() * packed.length));
      const edges = [0, ...cuts.sort((a, b) => a - b), packed.length];
      const parts: Buffer[] = [];
      for (const [i, from] of edges.slice(0, -1).entries()) {
        const to = edges[i + 1] as number;
        const bytes = packed.subarray(from, Math.min(packed.length, to + LONGEST_BLOCK));
        parts.push(await decoded(bytes, findBlocks(bytes, to - from)));
      }
      expect(Buffer.concat(parts).equals(text)).toBe(true);
    }
  });

  it.each(['bzip2', 'lbzip2'] as const)(
    'gives every block but the damaged one, by %s',
    async (program) => {
      const blocks = findBlocks(packed, packed.length);
      const victim = blocks[4] as Block;
      const damaged = Buffer.from(packed);
      const at = Math.floor((victim.start + victim.end) / 16);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      await expect(decoded(damaged, findBlocks(damaged, damaged.length))).rejects.toThrow(
        DamagedBzip2,
      );
      const results = await Promise.all(
        blocks.map((block) => decodeBlock(damaged, block, program)),
      );
      expect(results.map((result) => result instanceof DamagedBzip2)).toEqual(
        blocks.map((block) => block === victim),
      );
    },
  );
});

it('says which block a cut file ends in', () => {
  const cut = single.subarray(0, single.length - 5_000);
  const blocks = findBlocks(cut, cut.length);
  expect(blocks.map(({ whole }) => whole).lastIndexOf(false)).toBe(blocks.length - 1);
  expect(blocks.filter(({ whole }) => !whole)).toHaveLength(1);
});

it('finds no block in random bytes, and does not fail on few', () => {
  const random = randomBy(11);
  const bytes = Buffer.from(Array.from({ length: 100_000 }, () => Math.floor(256 * random())));
  expect(findBlocks(bytes, bytes.length)).toEqual([]);
  for (let length = 0; length < 20; length++) {
    expect(findBlocks(single.subarray(0, length), length).length).toBeLessThan(2);
  }
});
