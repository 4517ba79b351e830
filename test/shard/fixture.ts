/** A small dataset folder with real JPEGs and PNGs, odd texts and several row groups. */

import { join } from 'node:path';
import sharp from 'sharp';
import { type BuildConfig, buildSchema } from '../../src/config.js';
import type { Manifest } from '../../src/core/dataset.js';
import { candidateId, sha256 } from '../../src/core/ids.js';
import type { OutputFile } from '../../src/core/journal.js';
import type { Reason } from '../../src/core/reasons.js';
import type { Pair } from '../../src/core/types.js';
import { writeCard, writeShard } from '../../src/shard/index.js';

export const SNAPSHOT = '2026-01-02T03:04:05Z';

const TEXTS = [
  '😀',
  'a photo of a red square',
  '日本語の説明',
  'naïve – “quotes” & <b>tags</b>',
  '\uFEFFwith a byte order mark',
  'سماء زرقاء',
  'x'.repeat(1 << 20),
  'two\nlines\tand "quotes"',
  '\uFFFD',
  'z',
];

export async function makePair(index: number): Promise<Pair> {
  const text = TEXTS[index] ?? `caption number ${index}`;
  const url = `https://img.example/${index}.jpg?q=${encodeURIComponent('é😀')}`;
  const width = 32 + (index % 7);
  const height = 32 + (index % 5);
  const format = index % 4 === 3 ? 'png' : 'jpeg';
  const pixels = sharp({
    create: {
      width,
      height,
      channels: 3,
      background: { r: (index * 37) % 256, g: (index * 91) % 256, b: (index * 53) % 256 },
    },
  });
  const bytes = await pixels.toFormat(format).toBuffer();
  const key = candidateId(url, text);
  const pair: Pair = {
    key,
    text,
    otherTexts: Array.from({ length: index % 3 }, (_, n) => `${text.slice(0, 20)} ${n}`),
    url,
    queries: index % 5 === 0 ? [] : ['photo', 'naïve 😀'].slice(0, 1 + (index % 2)),
    width,
    height,
    originalWidth: width * 3,
    originalHeight: height * 3,
    format,
    sha256: sha256(bytes),
    dhash: sha256(`${index}`).slice(0, 48),
    fetchedAt: SNAPSHOT,
    image: { bytes, path: `${key}.${format === 'jpeg' ? 'jpg' : 'png'}` },
  };
  if (index % 2 === 0) pair.pageUrl = `https://page.example/${index}`;
  if (index % 6 === 0) pair.license = 'CC-BY-4.0';
  if (index % 3 === 0) pair.extra = JSON.stringify({ similarity: index / 4, note: text });
  if (index % 4 === 0) pair.scores = JSON.stringify({ clip: index / 100 });
  return pair;
}

export async function makePairs(count: number, first = 0): Promise<Pair[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => makePair(first + index)));
}

export const LOSSES: { reason: Reason }[] = [
  { reason: 'timeout' },
  { reason: 'blank' },
  { reason: 'timeout' },
  { reason: 'robots_disallowed' },
  { reason: 'opt_out' },
];

export interface Fixture {
  dir: string;
  pairs: Pair[];
  shards: OutputFile[];
  manifest: Manifest;
}

/** Two shards (60 and 25 rows, row groups of 16) and a card in `dir`. */
export async function makeDataset(dir: string): Promise<Fixture> {
  const config: BuildConfig = buildSchema.parse({
    queries: { file: '/some/where/queries.txt' },
    sources: { seeds: ['https://page.example/'] },
    shard: { rowGroupRows: 16 },
  });
  const options = { shard: config.shard, losses: LOSSES, snapshot: SNAPSHOT };
  const pairs = await makePairs(85);
  const outputs = [
    ...(await writeShard(dir, 'train-00000', pairs.slice(0, 60), options)),
    ...(await writeShard(dir, 'train-00001', pairs.slice(60), options)),
  ];
  const shards = outputs.filter((output) => output.path.endsWith('.parquet'));
  const manifest: Manifest = {
    schema: 1,
    snapshot: SNAPSHOT,
    config,
    queries: { digest: sha256('queries'), count: 1234 },
    rules: { 'max-chars': '1', language: '1' },
    units: ['fetch-00000', 'fetch-00001'],
    shards: shards.map((shard, index) => ({ name: `train-0000${index}`, ...shard })),
    files: { candidates: [], selected: [], rejects: [] },
    funnel: {
      pages: 12,
      candidates: 2000,
      selected: 95,
      kept: 85,
      lost: {
        discover: { robots_disallowed: 3 },
        select: { no_query: 1900, over_cap: 5 },
        fetch: { timeout: 4, blank: 2, robots_disallowed: 2, opt_out: 2 },
      },
    },
  };
  await writeCard(dir, manifest);
  return { dir, pairs, shards, manifest };
}

/** The python that holds the libraries others read shards with. */
export function testPython(): string {
  return process.env.WIT_TEST_PYTHON ?? join(import.meta.dirname, '../../.engine/bin/python');
}
