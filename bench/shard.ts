/**
 * Writing a shard and reading its image column, ours and pyarrow's in one run: megabytes of images per
 * second of CPU time, and memory.
 */

import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { type Bench, type BenchOptions, cost, rate } from './figures.js';
import { measure } from './measure.js';
import { benchPython } from './python.js';

const ROWS = 20_000;
const WRITE_GOAL = 150;
const READ_GOAL = 800;
const MEMORY_GOAL_MB = 512;

export const shard: Bench = {
  about: 'writing shards and reading their images, against pyarrow',
  run,
};

/** Of one process: bytes of images, CPU seconds, peak memory. */
interface Work {
  bytes: number;
  cpu: number;
  rss: number;
}

async function run({ quick, say }: BenchOptions) {
  const python = benchPython(say);
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-shard-'));
  const written = join(folder, 'data', 'train-00000.parquet');
  const file = join(folder, 'shard.parquet');
  const rows = quick ? ROWS / 5 : ROWS;
  const node = (...args: string[]) =>
    work([process.execPath, join(packageRoot, 'dist', 'bench', 'shard-work.js'), ...args]);
  const pyarrow = (...args: string[]) =>
    work([python, join(packageRoot, 'bench', 'pyarrow_shard.py'), ...args]);
  const repeat = async (work: () => Promise<Work>): Promise<Work> => {
    const found: Work[] = [];
    for (let i = 0; i < (quick ? 1 : 5); i++) found.push(await work());
    found.sort((a, b) => a.cpu - b.cpu);
    return found[Math.floor((found.length - 1) / 2)] as Work;
  };
  try {
    say(`writing ${rows} rows …`);
    const ourWriting = await repeat(() => node('write', folder, String(rows)));
    await copyFile(written, file);
    const theirWriting = await repeat(() => pyarrow('write', file, join(folder, 'theirs.parquet')));
    say('reading …');
    const ourReading = await repeat(() => node('read', file));
    const theirReading = await repeat(() => pyarrow('read', file));
    if (ourReading.bytes !== theirReading.bytes) {
      throw new Error(`${ourReading.bytes} bytes read by us, ${theirReading.bytes} by pyarrow`);
    }
    const unit = 'MB/CPU s';
    return {
      figures: [
        rate('written, peer: pyarrow', unit, speed(ourWriting), speed(theirWriting), 0.25),
        rate('written, peer: the goal', unit, speed(ourWriting), WRITE_GOAL, 1),
        cost(
          'peak memory of writing, peer: the limit',
          'MB',
          ourWriting.rss / 1e6,
          MEMORY_GOAL_MB,
          1,
        ),
        cost(
          'peak memory of writing, peer: pyarrow',
          'MB',
          ourWriting.rss / 1e6,
          theirWriting.rss / 1e6,
          0.5,
        ),
        rate('image column read, peer: pyarrow', unit, speed(ourReading), speed(theirReading), 0.5),
        rate('image column read, peer: the goal', unit, speed(ourReading), READ_GOAL, 1),
      ],
      notes: [
        `${rows} rows of 17 columns, ${(ourWriting.bytes / 1e6).toFixed(0)} MB of images of 20 to 80 kB (random bytes), row groups of 500, from the page cache.`,
        'Ours takes rows one by one, computes SHA-256 on the way and flushes to disk; pyarrow is handed the same rows as Arrow ' +
          'batches, which takes no part of its time, and does neither. Medians of five processes, CPU of all threads.',
        'Reading ends with the bytes of each image at hand: views of a buffer (ours), an Arrow array (pyarrow).',
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function work(command: readonly string[]): Promise<Work> {
  return JSON.parse((await measure(command)).output) as Work;
}

function speed({ bytes, cpu }: Work): number {
  return bytes / 1e6 / cpu;
}
