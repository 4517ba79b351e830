/** What was damaged after it was written is never trained on. */

import { mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followShards } from '../../src/pipeline/follow.js';
import { ShardReader } from '../../src/train/shards.js';
import { run } from '../commands/command-line.js';
import { type Complete, makeComplete } from '../shard/complete.js';
import { makePairs } from '../shard/fixture.js';
import { testPython } from './python.js';

let data: Complete;
const second = () => join(data.dir, 'data/train-00001.parquet');
beforeEach(async () => {
  const pairs = (await makePairs(61)).filter(({ text }) => text.length < 1_000);
  data = await makeComplete(await mkdtemp(join(tmpdir(), 'wit-integrity-')), pairs);
});
afterEach(() => rm(data.dir, { recursive: true }));

/** In a value of a caption, where nothing but the checksum tells. */
async function flipBit(): Promise<void> {
  const handle = await open(second(), 'r+');
  const bytes = await handle.readFile();
  const at = bytes.indexOf('caption number 4');
  expect(at).toBeGreaterThan(0);
  await handle.write(Buffer.from([(bytes[at] as number) ^ 1]), 0, 1, at);
  await handle.close();
}

async function readAll(options = {}): Promise<number> {
  const reader = new ShardReader(followShards(data.dir), undefined, options);
  try {
    let rows = 0;
    for (let index = 0; ; index++) {
      const group = await reader.at(index);
      if (group === undefined) return rows;
      rows += (await reader.read(group)).length;
    }
  } finally {
    await reader.close();
  }
}

describe('ShardReader', () => {
  it('reads what is as it was written', async () => {
    expect(await readAll()).toBe(60);
  });

  it('refuses a flipped bit that no decoder notices', async () => {
    await flipBit();
    await expect(readAll()).rejects.toThrow(
      /train-00001\.parquet is not the file that was written: its SHA-256 is/,
    );
    expect(await readAll({ verify: false })).toBe(60);
  });

  it('refuses a truncated file and a missing one, by name', async () => {
    await truncate(second(), 3_000);
    await expect(readAll()).rejects.toThrow('train-00001.parquet');
    await rm(second());
    await expect(readAll()).rejects.toThrow(/train-00001\.parquet does not exist/);
  });
});

describe('wit train-from-shards', () => {
  it('ends at a damaged shard, names it, and leaves no checkpoint', async () => {
    await flipBit();
    const out = join(data.dir, 'run');
    const { code, stderr } = await run([
      ...['train-from-shards', data.dir, '--out', out, '--model', 'tiny-resnet'],
      ...['--steps', '20', '--batch-size', '8', '--device', 'cpu', '--python', testPython()],
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('train-00001.parquet is not the file that was written');
    const names = await readdir(out, { recursive: true }).catch(() => []);
    expect(names.filter((name) => name.endsWith('.safetensors'))).toEqual([]);
  }, 120_000);
});
