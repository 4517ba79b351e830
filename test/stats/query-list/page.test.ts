import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryAccount } from '../../../src/core/query-account.js';
import type { Query } from '../../../src/core/types.js';
import { renderListPage, writeListReport } from '../../../src/stats/query-list/index.js';
import { startBrowser } from '../browser.js';

const attack = '<img src="http://127.0.0.1:1/x" onerror="window.owned=1">';

const queries: Query[] = [
  { text: attack, sources: ['title'], views: 100 },
  { text: 'New York', sources: ['wordnet', 'bigram'], bigramCount: 9, pmi: 7.5 },
  { text: 'the', sources: ['unigram'], unigramCount: 4096 },
  { text: 'x'.repeat(300), sources: ['unigram'], unigramCount: 100 },
];

const row = { passed: 2, target: 2, left: 0, gained: 0, measure: 'm' };
const account: QueryAccount = {
  schema: 1,
  inputs: [
    { kind: 'dump', name: `${attack}.xml.bz2`, bytes: 1_700_000, license: 'CC BY-SA 4.0' },
    ...Array.from({ length: 700 }, (_, i) => ({
      kind: 'pageviews' as const,
      name: `pageviews-${i}.gz`,
      bytes: 1000,
    })),
  ],
  settings: { minCount: 100, size: 8, note: attack },
  read: { articles: 12_345, words: 4_000_000_000 },
  lost: { corrupt_block: 3, bad_utf8: 0 },
  sources: [
    { ...row, source: 'wordnet', charged: 1, listed: 1, left: 1, cut: 0.5 },
    { ...row, source: 'unigram', charged: 2, listed: 2, cut: 100 },
    { ...row, source: 'bigram', charged: 0, listed: 1, left: 2, cut: null },
    { ...row, source: 'title', charged: 1, listed: 1, left: 1, cut: 100 },
  ],
  overlap: [{ a: 'wordnet', b: 'bigram', count: 1 }],
  size: 4,
  unigramCounts: [0, 0, 0, 5, 9, 3, 2, 0, 0, 0, 0, 0, 1].map((count, i) => ({
    from: 2 ** i,
    to: 2 ** (i + 1),
    count,
  })),
  unigramRanks: [
    { rank: 1, count: 4096 },
    { rank: 10, count: 32 },
    { rank: 20, count: 8 },
  ],
  pmi: [-2, -1, 0, 1, 2, 3].map((from) => ({ from, to: from + 1, count: 10 + from })),
  views: [{ from: 64, to: 128, count: 2 }],
};

let browser: Browser;
let dir: string;
beforeAll(async () => {
  browser = await startBrowser();
  dir = await mkdtemp(join(tmpdir(), 'wit-list-page-'));
}, 600_000);
afterAll(async () => {
  await browser?.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the page of a query list', () => {
  it('shows the numbers of the account, and the same bytes each time', async () => {
    const path = join(dir, 'mine.html');
    await writeListReport(path, account, queries);
    const page = await readFile(path, 'utf8');
    expect(page).toBe(renderListPage('mine', account, queries));
    for (const text of [
      '4 search terms from 12,345 articles of Wikipedia and WordNet',
      'WordNet + bigram',
      'corrupt block',
      'and 689 more',
      '7.5 bits',
      'WordNet lemmas left 1, Bigrams left 2, Article titles left 1',
      '4 places stayed empty',
      'kept from 100',
    ]) {
      expect(page).toContain(text);
    }
    expect(page).not.toContain('bad utf8');
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  it.each([
    ['on a desk', 1200, 'light'],
    ['on a phone, in the dark', 360, 'dark'],
  ] as const)('fits %s, runs nothing and asks for nothing', async (_, width, colorScheme) => {
    const path = join(dir, `${width}.html`);
    await writeListReport(path, account, queries);
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const page = await context.newPage();
    const asked: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => errors.push(message.text()));
    await page.goto(pathToFileURL(path).href);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await page.evaluate('window.owned')).toBeUndefined();
    expect(asked).toEqual([pathToFileURL(path).href]);
    expect(errors).toEqual([]);
    // Every drawing says what it shows to those who do not see it.
    const charts = await page.locator('svg.chart').all();
    expect(charts.length).toBe(6);
    for (const chart of charts) expect(await chart.getAttribute('aria-label')).toMatch(/\w{4}/);
    await context.close();
  });

  it('says so where there is nothing', () => {
    const bare: QueryAccount = {
      ...account,
      inputs: [],
      lost: {},
      unigramCounts: [],
      unigramRanks: [],
      pmi: [],
      views: [],
      sources: account.sources.map((of) => ({ ...of, target: null, left: 0 })),
    };
    const page = renderListPage('bare', bare, queries);
    expect(page).toContain('Nothing was lost while reading');
    expect(page).toContain('No view files were read');
    expect(page).toContain('There were no targets');
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });
});
