import { appendFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { WitError } from '../../src/core/errors.js';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { Feeder, type FeederOptions, type TrainBatch } from '../../src/train/feeder.js';
import { ShardReader, type ShardSource } from '../../src/train/shards.js';
import { Tokenizer } from '../../src/train/tokenizer.js';
import { GrowingSource, makeRow, makeShards, type Row, rowFields, sourceOf } from './shards.js';

const tokenizer = new Tokenizer();
const signal = new AbortController().signal;
const OPTIONS: FeederOptions = {
  seed: 3,
  batchSize: 8,
  size: 24,
  context: 12,
  shuffleRowGroups: 2,
  sampleTexts: false,
  cacheBytes: 0,
};

async function collect(
  source: ShardSource,
  options: Partial<FeederOptions>,
  from: number,
  count: number,
): Promise<TrainBatch[]> {
  const reader = new ShardReader(source);
  const feeder = new Feeder(reader, tokenizer, { ...OPTIONS, ...options });
  const batches: TrainBatch[] = [];
  try {
    for await (const batch of feeder.batches(from, count, signal)) batches.push(batch);
  } finally {
    await reader.close();
  }
  return batches;
}

describe('Feeder', () => {
  it('makes batches with all rows of an epoch, images beside their texts', async () => {
    const shards = await makeShards([13, 7, 12]);
    const batches = await collect(sourceOf(shards), {}, 0, 4);
    expect(batches.map(({ position, epoch }) => [position, epoch])).toEqual([
      [0, 0],
      [8, 0],
      [16, 0],
      [24, 0],
    ]);
    expect(batches[0]?.imagesShape).toEqual([8, 24, 24, 3]);
    const rows = batches.flatMap(({ tokens }) =>
      Array.from({ length: 8 }, (_, i) => tokens.subarray(i * 12, (i + 1) * 12).join()),
    );
    const texts = Array.from({ length: 32 }, (_, i) => `picture number ${i}`);
    const expected = texts.map((text) => tokenizer.tokenize([text], 12).join());
    expect([...rows].sort()).toEqual([...expected].sort());
    // The picture beside text 0 has the colours of picture 0.
    const place = rows.indexOf(expected[0] as string);
    const images = batches[Math.floor(place / 8)]?.images as Uint8Array;
    const start = (place % 8) * 24 * 24 * 3;
    const { decodeImage } = await import('../../src/train/images.js');
    const own = await decodeImage((await makeRow(0)).image.bytes, 24);
    const colours = (bytes: Uint8Array): string =>
      [...bytes.subarray(0, 3)].map((value) => Math.round(value / 16)).join();
    expect(colours(images.subarray(start))).toBe(colours(own.data));
  });

  it('gives the same bytes from any position, with any cache, and from a growing dataset', async () => {
    const shards = await makeShards([13, 7, 12]);
    const whole = await collect(sourceOf(shards), {}, 0, 10);
    expect(await collect(sourceOf(shards), {}, 40, 5)).toEqual(whole.slice(5));
    for (const cacheBytes of [20_000, 1e9]) {
      expect(await collect(sourceOf(shards), { cacheBytes }, 0, 10)).toEqual(whole);
    }
    const growing = new GrowingSource(shards);
    const timer = setInterval(() => growing.release(), 30);
    expect(await collect(growing, {}, 0, 10)).toEqual(whole);
    clearInterval(timer);
  });

  it('starts on the first shard while later ones are missing', async () => {
    const shards = await makeShards([20, 20]);
    const growing = new GrowingSource(shards);
    growing.release();
    const stop = new AbortController();
    const reader = new ShardReader(growing, stop.signal);
    const batches = new Feeder(reader, tokenizer, OPTIONS).batches(0, 100, stop.signal);
    expect((await batches.next()).value?.position).toBe(0);
    expect((await batches.next()).value?.position).toBe(8);
    // The third batch needs rows of the second shard, which never comes: an abort ends the wait.
    setTimeout(() => stop.abort(new WitError('interrupted', 'stopped')), 100);
    await expect(batches.next()).rejects.toThrow('stopped');
    await reader.close();
  });

  it('goes on when a shard it has read is written again, and is up to date from the next epoch on', async () => {
    const shards = await makeShards([20, 20]);
    const known = shards.map((shard) => ({ ...shard, sha256: 'before' }));
    const growing = new GrowingSource(known);
    growing.release();
    const rewrite = async (row: (i: number) => Promise<Row>) => {
      for (const [index, { path }] of shards.entries()) {
        const rows = Array.from({ length: 20 }, (_, i) => row(20 * index + i));
        await writeParquet(path, rowFields, await Promise.all(rows), { rowGroupRows: 5 });
      }
    };
    const otherwise = async (i: number) => ({
      ...(await makeRow(i)),
      text: `another text of ${i}`,
    });
    for (const cacheBytes of [0, 20_000, 1e9]) {
      await rewrite(makeRow);
      const old = await collect(sourceOf(shards), { cacheBytes }, 0, 5);
      await rewrite(otherwise);
      const renewed = await collect(sourceOf(shards), { cacheBytes }, 0, 15);
      await rewrite(makeRow);
      const source = new GrowingSource(known);
      source.release();
      const reader = new ShardReader(source);
      const feeder = new Feeder(reader, tokenizer, { ...OPTIONS, cacheBytes });
      const seen: TrainBatch[] = [];
      for await (const batch of feeder.batches(0, 15, signal)) {
        seen.push(batch);
        if (seen.length !== 2) continue;
        // The first shard is open, and in the cache; the second has not been read.
        await rewrite(otherwise);
        known.splice(0, 2, ...shards.map((shard) => ({ ...shard, sha256: 'after' })));
        source.release();
      }
      await reader.close();
      known.splice(0, 2, ...shards.map((shard) => ({ ...shard, sha256: 'before' })));
      expect(seen.slice(0, 2)).toEqual(old.slice(0, 2));
      expect(seen.slice(5)).toEqual(renewed.slice(5));
    }
  });

  it('draws among all texts when asked, differently in each epoch', async () => {
    const shards = await makeShards([32]);
    const count = (batches: TrainBatch[]): number =>
      batches.flatMap(({ tokens }) => [...tokens]).filter((id) => id === again).length;
    const again = tokenizer.encode('again')[0];
    const drawn = await collect(sourceOf(shards), { sampleTexts: true }, 0, 8);
    expect(count(drawn)).toBeGreaterThan(16);
    expect(count(drawn)).toBeLessThan(48);
    expect(count(await collect(sourceOf(shards), {}, 0, 8))).toBe(0);
    expect(await collect(sourceOf(shards), { sampleTexts: true }, 16, 6)).toEqual(drawn.slice(2));
  });

  it('holds about one block of stored images, however fast it could read', async () => {
    const shards = await makeShards([60, 60], { rowGroupRows: 4 });
    const reader = new ShardReader(sourceOf(shards));
    let read = 0;
    const inner = reader.read.bind(reader);
    reader.read = async (group) => {
      read += group.rows;
      return await inner(group);
    };
    const feeder = new Feeder(reader, tokenizer, { ...OPTIONS, batchSize: 4 });
    const batches = feeder.batches(0, 30, signal);
    let taken = 0;
    for (let i = 0; i < 10; i++) {
      await batches.next();
      taken += 4;
      await new Promise((resolve) => setTimeout(resolve, 20));
      // A block is 8 rows; two batches are made ahead.
      expect(read - taken).toBeLessThanOrEqual(8 + 4 + 4 + 2 * 4);
    }
    await batches.return(undefined);
    await reader.close();
  });

  it('reads nothing again that the cache holds', async () => {
    const shards = await makeShards([16]);
    const reader = new ShardReader(sourceOf(shards));
    let groups = 0;
    const inner = reader.read.bind(reader);
    reader.read = async (group) => {
      groups++;
      return await inner(group);
    };
    const feeder = new Feeder(reader, tokenizer, { ...OPTIONS, cacheBytes: 1e9 });
    let batches = 0;
    for await (const _ of feeder.batches(0, 20, signal)) batches++;
    expect(batches).toBe(20);
    // Four groups an epoch; what was read ahead before the cache was full counts too.
    expect(groups).toBeLessThanOrEqual(8);
    await reader.close();
  });

  it('names the shard and the row of an image that cannot be decoded', async () => {
    const shards = await makeShards([8], {
      row: async (i) => {
        const row = await makeRow(i);
        if (i === 5) row.image.bytes = row.image.bytes.subarray(0, 40);
        return row;
      },
    });
    const error = await collect(sourceOf(shards), {}, 0, 1).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(WitError);
    expect((error as WitError).code).toBe('bad_file');
    expect((error as WitError).message).toContain(`row 5 of ${shards[0]?.path}`);
    expect((error as WitError).hint).toContain('crawl-and-build');
  });

  it('refuses a dataset smaller than a batch, and a damaged shard', async () => {
    const shards = await makeShards([6]);
    await expect(collect(sourceOf(shards), {}, 0, 2)).rejects.toThrow(
      'The dataset has 6 rows, less than a batch of 8',
    );
    const [shard] = shards;
    await appendFile(shard?.path as string, 'x');
    await expect(collect(sourceOf(shards), {}, 0, 1)).rejects.toThrow(shard?.path as string);
    const liar = { ...(await makeShards([6]))[0], rows: 7 } as never;
    await expect(collect(sourceOf([liar]), {}, 0, 1)).rejects.toThrow('has 6 rows');
  });
});
