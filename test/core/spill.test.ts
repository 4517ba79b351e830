import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SpillSet, SpillWriter } from '../../src/core/spill.js';
import { below, prng } from '../filter/prng.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-spill-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('spill files', () => {
  it.each([1, 3, 256, 5_000])(
    'give back what was put into each of %i partitions, in order',
    async (partitions) => {
      const random = prng(partitions);
      const expected = new Map<number, Buffer[]>();
      const paths: string[] = [];
      for (let file = 0; file < 3; file++) {
        const path = join(root, `${partitions}-${file}`);
        const writer = await SpillWriter.open(path, partitions);
        for (let record = 0; record < 3_000; record++) {
          const partition = below(random, partitions);
          // Now and then larger than a chunk.
          const length = below(random, random() < 0.01 ? 100_000 : 100);
          const bytes = Buffer.alloc(length, record);
          writer.append(partition, bytes);
          expected.set(partition, [...(expected.get(partition) ?? []), bytes]);
        }
        await writer.close();
        paths.push(path);
      }
      const set = new SpillSet(paths);
      expect(set.partitions).toBe(partitions);
      for (let partition = 0; partition < partitions; partition += 1 + (partitions >> 6)) {
        const bytes = Buffer.concat(expected.get(partition) ?? []);
        expect(set.bytes(partition)).toBe(bytes.length);
        expect(set.read(partition).equals(bytes)).toBe(true);
        expect(Buffer.concat([...set.readChunks(partition)]).equals(bytes)).toBe(true);
      }
      const last = new SpillSet(paths.slice(2));
      expect(set.read(0, 2).equals(last.read(0))).toBe(true);
    },
  );

  it('appear whole or not at all', async () => {
    const folder = join(root, 'aborted');
    const writer = await SpillWriter.open(join(folder, 'x'), 2);
    writer.append(0, Buffer.alloc(200_000));
    expect(await readdir(folder)).toHaveLength(1);
    writer.abort();
    expect(await readdir(folder)).toEqual([]);
  });

  it('that are damaged, missing or divided otherwise are errors that name them', async () => {
    const paths = [2, 3].map((partitions) => join(root, `of-${partitions}`));
    for (const [index, path] of paths.entries()) {
      const writer = await SpillWriter.open(path, 2 + index);
      writer.append(1, Buffer.from('abc'));
      await writer.close();
    }
    expect(() => new SpillSet(paths)).toThrow(/of-3.*expected 2/);
    expect(() => new SpillSet([join(root, 'none')])).toThrow(/none/);
    const short = join(root, 'short');
    await writeFile(short, 'abc');
    expect(() => new SpillSet([short])).toThrow(/short.*3 bytes/);
    await writeFile(short, Buffer.alloc(16, 255));
    expect(() => new SpillSet([short])).toThrow(/short.*footer/);
  });
});
