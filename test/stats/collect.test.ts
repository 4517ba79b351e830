import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { WorkEvent } from '../../src/core/events.js';
import { collectStats } from '../../src/stats/index.js';
import { type Fate, temporaryFolder, writeDataset } from './fixture.js';

const fates: Fate[] = [
  {
    url: 'https://a.example/1.jpg',
    text: 'A dog runs on the beach with a ball',
    pageUrl: 'https://a.example/page',
    license: 'CC0-1.0',
    queries: ['dog', 'beach'],
    size: [200, 100],
  },
  {
    url: 'https://a.example/2.jpg',
    text: 'Ein Hund läuft mit einem Ball über die Wiese',
    textSource: 'caption',
    queries: ['dog'],
    size: [50, 50],
  },
  {
    url: 'https://b.example:8080/3.jpg',
    text: 'The cat is sleeping in the warm sun',
    source: 'list',
    textSource: 'list',
    queries: ['cat'],
    size: [100, 300],
  },
  { url: 'not a url', text: 'x', lost: ['select', 'text_too_short'] },
  { url: 'https://a.example/5.jpg', text: 'nothing known', lost: ['select', 'no_query'] },
  {
    url: 'https://a.example/6.jpg',
    text: 'another dog',
    lost: ['fetch', 'timeout', 'no answer in 20,000 ms'],
  },
  { url: 'https://c.example/7.jpg', text: 'a third dog', lost: ['fetch', 'animated'] },
  { url: 'https://c.example/8.jpg', text: 'a third dog', lost: ['fetch', 'duplicate_near'] },
];
const uses = [
  { query: 'dog', matched: 6, admitted: 5, selected: 5 },
  { query: 'beach', matched: 1, admitted: 1, selected: 1 },
  { query: 'cat', matched: 1, admitted: 1, selected: 1 },
  { query: 'zebra', matched: 0, admitted: 0, selected: 0 },
];

describe('collectStats', () => {
  it('counts exactly', async () => {
    const input = await writeDataset(await temporaryFolder(), fates, {
      uses,
      pages: [['https://a.example/private', 'robots_disallowed']],
    });
    const stats = await collectStats(input);

    expect(stats.funnel).toEqual({
      pages: 7,
      candidates: 8,
      selected: 6,
      // The timeout never arrived; the animation and the duplicate did.
      fetched: 5,
      kept: 3,
      unaccounted: { select: 0, fetch: 0 },
    });
    expect(
      stats.losses.map(({ stage, count, reasons }) => [
        stage,
        count,
        reasons.map((each) => [each.reason, each.count]),
      ]),
    ).toEqual([
      ['discover', 1, [['robots_disallowed', 1]]],
      [
        'select',
        2,
        [
          ['no_query', 1],
          ['text_too_short', 1],
        ],
      ],
      [
        'fetch',
        3,
        [
          ['animated', 1],
          ['duplicate_near', 1],
          ['timeout', 1],
        ],
      ],
    ]);
    expect(stats.losses[2]?.reasons[2]?.samples).toEqual([
      {
        text: 'another dog',
        url: 'https://a.example/6.jpg',
        detail: 'no answer in 20,000 ms',
      },
    ]);

    expect(stats.queries).toMatchObject({ count: 10, matched: 3, kept: 3, cap: 5, atCap: 1 });
    expect(stats.queries.head).toEqual([
      { query: 'dog', matched: 6, admitted: 5, selected: 5, kept: 2 },
      { query: 'beach', matched: 1, admitted: 1, selected: 1, kept: 1 },
      { query: 'cat', matched: 1, admitted: 1, selected: 1, kept: 1 },
    ]);

    const { words, chars, sources, languages, languagesOf } = stats.captions;
    expect([words.min, words.median, words.max, words.count]).toEqual([8, 9, 9, 3]);
    expect([chars.min, chars.max]).toEqual([35, 44]);
    expect(sources.top).toEqual([
      { name: 'alt', count: 6 },
      { name: 'caption', count: 1 },
      { name: 'list', count: 1 },
    ]);
    expect(languages.top).toEqual([
      { name: 'en', count: 2 },
      { name: 'de', count: 1 },
    ]);
    expect(languagesOf).toBe(3);

    const { originalSide, storedSide, aspect, formats, reduced } = stats.images;
    expect([originalSide.min, originalSide.max]).toEqual([50, 100]);
    expect([storedSide.min, storedSide.max]).toEqual([50, 64]);
    expect(storedSide.bins.map((bin) => [bin.from, bin.to])).toEqual(
      originalSide.bins.map((bin) => [bin.from, bin.to]),
    );
    expect(aspect.bins.map((bin) => bin.count)).toEqual([1, 0, 0, 0, 1, 0, 0, 1, 0]);
    expect(formats.top).toEqual([{ name: 'jpeg', count: 3 }]);
    expect(reduced).toBe(2);

    expect(stats.provenance.hosts.top).toEqual([
      { host: 'a.example', candidates: 4, kept: 2 },
      { host: 'c.example', candidates: 2, kept: 0 },
      { host: '(none)', candidates: 1, kept: 0 },
      { host: 'b.example:8080', candidates: 1, kept: 1 },
    ]);
    expect(stats.provenance.keptHosts).toBe(2);
    expect(stats.provenance.sources.top).toEqual([
      { name: 'web', count: 7 },
      { name: 'list', count: 1 },
    ]);
    expect(stats.provenance.licences.top).toEqual([
      { name: 'unknown', count: 2 },
      { name: 'CC0-1.0', count: 1 },
    ]);
    expect(stats.bytes).toBeGreaterThan(1_000);
    expect(stats.shards).toBe(2);
  });

  it('shows each sample with its own picture', async () => {
    const input = await writeDataset(await temporaryFolder(), fates);
    const { samples } = await collectStats(input);
    expect(samples.map((sample) => sample.url).sort()).toEqual(
      fates.slice(0, 3).map((fate) => fate.url),
    );
    for (const sample of samples) {
      const base64 = sample.thumbnail?.replace('data:image/webp;base64,', '') ?? '';
      const image = sharp(Buffer.from(base64, 'base64'));
      const { width, height } = await image.metadata();
      expect([width, height]).toEqual([sample.width, sample.height]);
      // The fixture paints each image in the colour its key spells.
      const { dominant } = await image.stats();
      const painted = [0, 2, 4].map((at) => Number.parseInt(sample.key.slice(at, at + 2), 16));
      const seen = [dominant.r, dominant.g, dominant.b];
      for (const [i, level] of seen.entries()) {
        // `dominant` is binned by 16 levels.
        expect(Math.abs(level - (painted[i] as number))).toBeLessThan(24);
      }
    }
  });

  it('leaves out the picture of a row whose image is damaged', async () => {
    const damaged = [{ ...(fates[0] as Fate), bytes: Buffer.from('no image') }];
    const input = await writeDataset(await temporaryFolder(), damaged);
    const { samples } = await collectStats(input);
    expect(samples).toHaveLength(1);
    expect(samples[0]?.thumbnail).toBeUndefined();
  });

  it('cuts what is long, and counts it whole', async () => {
    const text = `word ${'a'.repeat(1_000_000)}`;
    const long: Fate[] = [
      { url: 'https://a.example/1.jpg', text },
      {
        url: `https://a.example/${'b'.repeat(100_000)}`,
        text,
        license: 'c'.repeat(100_000),
        lost: ['select', 'text_too_long', 'd'.repeat(100_000)],
      },
    ];
    const stats = await collectStats(await writeDataset(await temporaryFolder(), long));
    expect(stats.captions.chars.max).toBe(1_000_005);
    expect(stats.captions.words.max).toBe(2);
    expect(JSON.stringify(stats).length).toBeLessThan(50_000);
  });

  it('names what is not accounted for', async () => {
    const input = await writeDataset(await temporaryFolder(), fates);
    const stats = await collectStats({ ...input, outputs: { ...input.outputs, rejects: [] } });
    expect(stats.funnel.unaccounted).toEqual({ select: 2, fetch: 3 });
  });

  it('works on a dataset without a row', async () => {
    const stats = await collectStats(await writeDataset(await temporaryFolder(), []));
    expect(stats.funnel).toMatchObject({ candidates: 0, kept: 0 });
    expect(stats.samples).toEqual([]);
  });

  it('does not depend on how rows are divided over files', async () => {
    const a = await collectStats(await writeDataset(await temporaryFolder(), fates, { uses }));
    const reversed = [...fates].reverse();
    const b = await collectStats(await writeDataset(await temporaryFolder(), reversed, { uses }));
    expect({ ...b, bytes: 0 }).toEqual({ ...a, bytes: 0 });
  });

  it('names a missing part', async () => {
    const dir = await temporaryFolder();
    const input = await writeDataset(dir, fates);
    await rm(join(dir, 'data/train-00001.parquet'));
    await expect(collectStats(input)).rejects.toMatchObject({
      code: 'missing_file',
      message: expect.stringContaining('train-00001.parquet'),
    });
  });

  it('stops when asked to, and reports what it does', async () => {
    const input = await writeDataset(await temporaryFolder(), fates);
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(collectStats(input, { signal: stop.signal })).rejects.toThrow('stopped');
    const events: WorkEvent[] = [];
    await collectStats(input, { emit: (event) => events.push(event) });
    // 8 candidates, 5 rejects, 3 rows.
    expect(events[0]).toEqual({ type: 'begin', task: 'stats', unit: 'rows', total: 16 });
    expect(events.at(-1)).toEqual({ type: 'end', task: 'stats', done: 16 });
  });
});
