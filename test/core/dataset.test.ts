import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatasetWriter, readDataset } from '../../src/core/dataset.js';
import type { JournalHead, UnitCommit } from '../../src/core/journal.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-dataset-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const head: JournalHead = {
  schema: 1,
  snapshot: '2026-01-01T00:00:00Z',
  config: { seed: 1, filter: { cap: 10 }, net: { concurrency: 4 } },
  queries: { digest: 'q', count: 3 },
  rules: { language: '1' },
};

function commit(part: number): UnitCommit {
  const name = `train-0000${part}`;
  const path = `data/${name}.parquet`;
  return {
    unit: `fetch-0000${part}`,
    stage: 'fetch',
    outputs: [{ path, rows: 2, bytes: 10, sha256: `s${part}` }],
    counts: { kept: 2, 'lost.timeout': 1 },
  };
}

describe('DatasetWriter', () => {
  it('goes on with what was committed, and lists it in the manifest', async () => {
    const first = await DatasetWriter.open(dir, head);
    await first.journal.commit(commit(1));
    await first.journal.commit(commit(0));
    await first.close();
    const second = await DatasetWriter.open(dir, { ...head, snapshot: '2027-01-01T00:00:00Z' });
    expect(second.head.snapshot).toBe('2026-01-01T00:00:00Z');
    expect(second.journal.get('fetch-00001')).toEqual(commit(1));
    expect((await readDataset(dir)).complete).toBe(false);
    await second.complete();
    await second.close();
    const { manifest, complete } = await readDataset(dir);
    expect(complete).toBe(true);
    expect(manifest.shards.map((shard) => shard.name)).toEqual(['train-00000', 'train-00001']);
    expect(manifest.funnel.kept).toBe(4);
    expect(manifest.funnel.lost).toEqual({ fetch: { timeout: 2 } });
  });

  it('drops a torn last line and keeps the rest', async () => {
    const writer = await DatasetWriter.open(dir, head);
    await writer.journal.commit(commit(0));
    await writer.close();
    await appendFile(join(dir, 'journal.jsonl'), '{"unit":"fetch-00001","sta');
    const again = await DatasetWriter.open(dir, head);
    await again.journal.commit(commit(1));
    await again.close();
    const lines = (await readFile(join(dir, 'journal.jsonl'), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines.map((line) => JSON.parse(line).unit)).toEqual([
      undefined,
      'fetch-00000',
      'fetch-00001',
    ]);
  });

  const mayMount = process.getuid?.() === 0;
  if (!mayMount) console.warn('SKIPPED: a full disk (needs root, to mount a small one)');
  it.skipIf(!mayMount)(
    'writes nothing after a failed line, so that the torn line stays the last',
    async () => {
      const disk = join(dir, 'disk');
      await mkdir(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk]);
      try {
        const writer = await DatasetWriter.open(disk, head);
        await writer.journal.commit(commit(0));
        const large = { ...commit(1), unit: 'x'.repeat(50_000) };
        const results = await Promise.allSettled([
          writer.journal.commit(large),
          writer.journal.commit(commit(2)),
        ]);
        expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
        await writer.close();
        const again = await DatasetWriter.open(disk, head);
        expect(again.journal.commits().map(({ unit }) => unit)).toEqual(['fetch-00000']);
        await again.close();
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );

  it('refuses other settings and names them, but lets pace differ', async () => {
    await (await DatasetWriter.open(dir, head)).close();
    const paced = { ...head, config: { seed: 1, filter: { cap: 10 }, net: { concurrency: 99 } } };
    await (await DatasetWriter.open(dir, paced)).close();
    const other = { ...head, config: { seed: 1, filter: { cap: 11 }, net: { concurrency: 4 } } };
    await expect(DatasetWriter.open(dir, other)).rejects.toThrow('filter.cap (was 10, is 11)');
    const queries = { ...head, queries: { digest: 'r', count: 3 } };
    await expect(DatasetWriter.open(dir, queries)).rejects.toThrow('the query list');
    const changed = { ...head, rules: { language: '2' } };
    await expect(DatasetWriter.open(dir, changed)).rejects.toThrow(
      'rule.language (was "1", is "2")',
    );
    // A refused opening leaves the folder free.
    await (await DatasetWriter.open(dir, head)).close();
  });

  it('allows one writer, and takes over from a dead one', async () => {
    const living = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await writeFile(join(dir, '.lock'), String(living.pid));
    await expect(DatasetWriter.open(dir, head)).rejects.toThrow(
      `being written by process ${living.pid}`,
    );
    living.kill('SIGKILL');
    await once(living, 'exit');
    await (await DatasetWriter.open(dir, head)).close();
    expect(await readdir(dir)).not.toContain('.lock');
  });

  it('removes what interrupted writers left', async () => {
    await writeFile(join(dir, '.tmp-1-x.parquet'), 'half');
    await (await DatasetWriter.open(dir, head)).close();
    expect(await readdir(dir)).toEqual(['journal.jsonl']);
  });
});

describe('readDataset', () => {
  it('says what it found and what to do', async () => {
    await expect(readDataset(dir)).rejects.toThrow('holds no dataset');
    await writeFile(join(dir, 'dataset.json'), '{"schema": 1,');
    await expect(readDataset(dir)).rejects.toThrow('dataset.json is damaged');
  });
});
