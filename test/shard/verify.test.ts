import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutputFile } from '../../src/core/journal.js';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { int, string } from '../../src/core/record.js';
import type { Pair } from '../../src/core/types.js';
import { verifyShards, writeShard } from '../../src/shard/index.js';
import { type Fixture, makeDataset, makePairs, SNAPSHOT } from './fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await makeDataset(await mkdtemp(join(tmpdir(), 'wit-verify-')));
});
afterEach(async () => {
  await rm(fixture.dir, { recursive: true });
});

const pathOf = (index: number) => join(fixture.dir, fixture.shards[index]?.path as string);
const kinds = async (shards: readonly OutputFile[], decode = true) =>
  (await verifyShards(fixture.dir, shards, { decode })).problems.map((problem) => problem.kind);

describe('verifyShards', () => {
  it('finds nothing wrong with a good dataset', async () => {
    expect(await verifyShards(fixture.dir, fixture.shards)).toEqual({
      shards: 2,
      rows: 85,
      images: 85,
      problems: [],
    });
    expect(await verifyShards(fixture.dir, fixture.shards, { decode: false })).toMatchObject({
      rows: 85,
      images: 0,
      problems: [],
    });
  });

  it('finds one flipped bit anywhere', async () => {
    const [, second] = fixture.shards as [OutputFile, OutputFile];
    for (const position of [0, 5, Math.floor(second.bytes / 2), second.bytes - 1]) {
      const handle = await open(pathOf(1), 'r+');
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, position);
      await handle.write(Buffer.from([(byte[0] as number) ^ 1]), 0, 1, position);
      const { problems } = await verifyShards(fixture.dir, fixture.shards, { decode: false });
      expect(problems[0]).toMatchObject({ path: second.path, kind: 'checksum' });
      await handle.write(byte, 0, 1, position);
      await handle.close();
    }
    expect(await kinds(fixture.shards)).toEqual([]);
  });

  it('names what is missing, cut or not Parquet, and goes on with the rest', async () => {
    await rm(pathOf(0));
    expect(await verifyShards(fixture.dir, fixture.shards)).toMatchObject({
      rows: 25,
      problems: [{ path: 'data/train-00000.parquet', kind: 'missing' }],
    });
    await truncate(pathOf(1), 500);
    expect(await kinds(fixture.shards)).toEqual(['missing', 'size', 'unreadable']);
    await writeFile(pathOf(1), 'not Parquet at all');
    expect(await kinds(fixture.shards)).toEqual(['missing', 'size', 'unreadable']);
  });

  it('compares rows with the manifest', async () => {
    const [first] = fixture.shards as [OutputFile];
    const { problems } = await verifyShards(fixture.dir, [{ ...first, rows: 61 }]);
    expect(problems).toEqual([{ path: first.path, kind: 'rows', detail: '60 rows instead of 61' }]);
  });

  it('names columns that are missing or of another type', async () => {
    const path = 'data/other.parquet';
    const written = await writeParquet(
      join(fixture.dir, path),
      { key: int(), text: string() },
      [{ key: 1, text: 'a' }],
      { rowGroupRows: 10 },
    );
    const { problems } = await verifyShards(fixture.dir, [{ path, ...written }]);
    expect(problems.map((problem) => problem.detail)).toEqual(
      expect.arrayContaining([
        'column key is int32, expected string',
        'column image is missing, expected struct<bytes: binary, path: string>',
      ]),
    );
    // Four of the columns may be missing.
    expect(problems).toHaveLength(13);
  });

  it('names images that do not decode or have another size', async () => {
    const pairs = await makePairs(5, 20);
    const change = (index: number, changes: Partial<Pair>) =>
      Object.assign(pairs[index] as Pair, changes);
    change(1, { image: { bytes: Buffer.from('no image'), path: 'a.jpg' } });
    change(3, { width: 31 });
    const whole = pairs[4]?.image.bytes as Buffer;
    change(4, { image: { bytes: whole.subarray(0, whole.length - 20), path: 'b.jpg' } });
    const outputs = await writeShard(fixture.dir, 'train-00002', pairs, {
      shard: { rowGroupRows: 2 },
      losses: [],
      snapshot: SNAPSHOT,
    });
    const shard = outputs.slice(0, 1);
    const { images, problems } = await verifyShards(fixture.dir, shard);
    expect(images).toBe(2);
    expect(problems.map(({ kind, row }) => [kind, row])).toEqual([
      ['image', 1],
      ['image', 3],
      ['image', 4],
    ]);
    expect(problems[1]?.detail).toMatch(/: 34×35 pixels instead of 31×35$/);
    expect(await kinds(shard, false)).toEqual([]);
  });
});
