/**
 * What bench/shard.ts measures of ours, in a process of its own:
 *
 *     node dist/bench/shard-work.js write DIR ROWS    writes a shard; prints {bytes, cpu, rss}
 *     node dist/bench/shard-work.js read FILE         reads its image column, three times
 *
 * Bytes are those of images; CPU in seconds, of all threads; memory in bytes, at its peak.
 */

import { openParquet } from '../src/core/parquet/reader.js';
import type { Pair } from '../src/core/types.js';
import { writeShard } from '../src/shard/index.js';
import { seeded } from './random.js';

/** Distinct images, which come again and again: nothing is made while time is taken. */
const IMAGES = 256;
const LEAST_BYTES = 20_000;
const MOST_BYTES = 80_000;
const PASSES = 3;

function images(): Buffer[] {
  const random = seeded(1);
  return Array.from({ length: IMAGES }, () => {
    const length = LEAST_BYTES + Math.floor(random() * (MOST_BYTES - LEAST_BYTES));
    const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => random() * 2 ** 32);
    return Buffer.from(words.buffer, 0, length);
  });
}

function* pairs(count: number, pictures: readonly Buffer[]): Generator<Pair> {
  for (let i = 0; i < count; i++) {
    const key = i.toString(16).padStart(32, '0');
    yield {
      key,
      text: `a photograph of something, number ${i}, as people describe it`,
      otherTexts: i % 4 === 0 ? [`another caption of ${i}`] : [],
      url: `https://images.example/${i % 977}/photograph-${i}.jpg`,
      pageUrl: `https://pages.example/${i % 977}/`,
      queries: ['photograph', 'something'],
      width: 256,
      height: 341,
      originalWidth: 1024,
      originalHeight: 1365,
      format: 'jpeg',
      sha256: key + key,
      dhash: (key + key).slice(0, 48),
      fetchedAt: '2026-01-01T00:00:00Z',
      license: 'CC-BY-4.0',
      image: { bytes: pictures[i % IMAGES] as Buffer, path: `${key}.jpg` },
    };
  }
}

async function write(dir: string, rows: number): Promise<number> {
  const pictures = images();
  const options = { shard: { rowGroupRows: 500 }, losses: [], snapshot: '2026-01-01T00:00:00Z' };
  begun = process.cpuUsage();
  await writeShard(dir, 'train-00000', pairs(rows, pictures), options);
  let bytes = 0;
  for (let i = 0; i < rows; i++) bytes += (pictures[i % IMAGES] as Buffer).length;
  return bytes;
}

async function read(path: string): Promise<number> {
  let bytes = 0;
  begun = process.cpuUsage();
  for (let pass = 0; pass < PASSES; pass++) {
    const file = await openParquet(path);
    for (const { rowStart, rows } of file.rowGroups) {
      const found = await file.read({ columns: ['image'], rowStart, rowEnd: rowStart + rows });
      for (const { image } of found) bytes += (image as { bytes: Uint8Array }).bytes.length;
    }
    await file.close();
  }
  return bytes;
}

let begun = process.cpuUsage();
const [, , what, path = '', rows = '0'] = process.argv;
const bytes = what === 'write' ? await write(path, Number(rows)) : await read(path);
const { user, system } = process.cpuUsage(begun);
const rss = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ bytes, cpu: (user + system) / 1e6, rss }));
