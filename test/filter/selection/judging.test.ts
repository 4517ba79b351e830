import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filterSchema } from '../../../src/config.js';
import { mapOrdered } from '../../../src/core/ordered.js';
import { buildImage } from '../../../src/filter/match/image.js';
import { type Judgeable, JudgedCursor } from '../../../src/filter/selection/judged.js';
import { type Judging, openJudging } from '../../../src/filter/selection/judging.js';
import { below, pick, prng } from '../prng.js';

const QUERIES = ['dog', 'New York', 'red apple', 'the', 'café', 'St. Louis'];
const setting = {
  image: buildImage(QUERIES, 'normalized'),
  config: filterSchema.parse({ maxRepeats: 3, refusedExtensions: ['svg'] }),
  seed: 5,
};

const random = prng(2);
const WORDS = [
  ...QUERIES,
  'a',
  'picture',
  'of',
  'und',
  'der',
  'schönste',
  'Hund',
  '犬',
  '🐕',
  '\ud800',
  'IMG_1.jpg',
];
const candidates: Judgeable[] = Array.from({ length: 3_000 }, (_, n) => ({
  id: n.toString(16).padStart(32, '0'),
  imageUrl: `https://a.test/${n}.${n % 50 === 0 ? 'svg' : 'jpg'}`,
  text: Array.from({ length: below(random, n % 100 === 0 ? 3_000 : 12) }, () =>
    pick(random, WORDS),
  ).join(' '),
  textSource: pick(random, ['alt', 'title'] as const),
  ...(n % 3 === 0 && { pageUrl: 'https://b.test/' }),
  ...(n % 7 === 0 && { onHost: 4 }),
}));

function* batches(): Generator<Judgeable[]> {
  // Of sizes from one to hundreds, so that answers would overtake each other if they could.
  for (let at = 0, size = 1; at < candidates.length; at += size, size = (size * 7 + 3) % 400) {
    size = Math.max(1, size);
    yield candidates.slice(at, at + size);
  }
}

async function rowsOf(judging: Judging): Promise<Buffer> {
  const rows: Uint8Array[] = [];
  const judge = (batch: Judgeable[]) => judging.judge(batch);
  for await (const bytes of mapOrdered(batches(), judge, { concurrency: judging.width }))
    rows.push(bytes);
  return Buffer.concat(rows);
}

let expected: Buffer;
beforeAll(async () => {
  expected = await rowsOf(openJudging(setting, 0));
});

const open: Judging[] = [];
const withThreads = (threads: number): Judging => {
  const judging = openJudging(setting, threads);
  open.push(judging);
  return judging;
};
afterAll(() => Promise.all(open.map((judging) => judging.close())));

describe('openJudging', () => {
  it('knows rows of every kind', () => {
    const cursor = new JudgedCursor(expected);
    const fates = new Map<string, number>();
    while (cursor.next()) {
      const fate = cursor.isMatched
        ? `${Math.min(cursor.matchCount, 3)} queries`
        : cursor.loss().reason;
      fates.set(fate, (fates.get(fate) ?? 0) + 1);
    }
    expect([...fates.values()].reduce((a, b) => a + b)).toBe(candidates.length);
    for (const fate of [
      '1 queries',
      '3 queries',
      'no_query',
      'text_too_long',
      'repeated_text',
      'not_english',
      'unwanted_extension',
    ]) {
      expect(fates.get(fate), fate).toBeGreaterThan(5);
    }
  });

  it.each([1, 2, 3])('gives with %i threads the bytes that it gives with none', async (threads) => {
    expect((await rowsOf(withThreads(threads))).equals(expected)).toBe(true);
  });

  it('hands on the error of a batch, and judges the next', async () => {
    const judging = withThreads(1);
    const [first] = candidates as [Judgeable];
    const broken = { ...first, text: null as unknown as string };
    const failed = judging.judge([broken]);
    const next = judging.judge([first]);
    await expect(failed).rejects.toThrow('null');
    expect(Buffer.from(await next).equals(expected.subarray(0, (await next).length))).toBe(true);
  });

  it('leaves nobody waiting when it is closed', async () => {
    const judging = withThreads(2);
    const waiting = [judging.judge(candidates), judging.judge(candidates)].map((each) =>
      expect(each).rejects.toThrow('ended early'),
    );
    await judging.close();
    await Promise.all(waiting);
    await expect(judging.judge(candidates)).rejects.toThrow('ended early');
  });
});
