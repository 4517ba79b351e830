import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatasetWriter } from '../../src/core/dataset.js';
import type { JournalHead } from '../../src/core/journal.js';
import { followShards } from '../../src/pipeline/follow.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-follow-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const head: JournalHead = {
  schema: 1,
  snapshot: '2026-01-01T00:00:00Z',
  config: {},
  queries: { digest: 'q', count: 1 },
  rules: {},
};

async function addShard(writer: DatasetWriter, part: number): Promise<void> {
  const path = `data/train-0000${part}.parquet`;
  await writer.journal.commit({
    unit: `fetch-0000${part}`,
    stage: 'fetch',
    outputs: [{ path, rows: 10 + part, bytes: 1, sha256: 's' }],
    counts: { kept: 10 + part },
  });
}

describe('followShards', () => {
  it('gives shards in order, waits for those to come, and ends with the dataset', async () => {
    // The dataset is not even begun when the first shard is asked for.
    const source = followShards(dir, { growing: async () => true });
    const first = source.next(0);
    const writer = await DatasetWriter.open(dir, head);
    await addShard(writer, 0);
    expect(await first).toMatchObject({
      name: 'train-00000',
      path: join(dir, 'data', 'train-00000.parquet'),
      rows: 10,
    });
    const second = source.next(1);
    const state = await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 600))]);
    expect(state).toBeUndefined();
    await addShard(writer, 1);
    expect((await second)?.rows).toBe(11);
    const third = source.next(2);
    await writer.complete();
    expect(await third).toBeUndefined();
    await writer.close();
    expect((await followShards(dir).next(1))?.name).toBe('train-00001');
  });

  it('tells an abandoned dataset from a growing one', async () => {
    const writer = await DatasetWriter.open(dir, head);
    await addShard(writer, 0);
    const source = followShards(dir);
    expect((await source.next(0))?.rows).toBe(10);
    const next = source.next(1);
    await writer.close();
    await expect(next).rejects.toThrow('is incomplete and nobody is writing it');
  });

  it('names a folder that holds no dataset, and ends on abort', async () => {
    await expect(followShards(dir).next(0)).rejects.toThrow(dir);
    const stop = new AbortController();
    const waiting = followShards(dir, { growing: async () => true, signal: stop.signal }).next(0);
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow();
  });
});
