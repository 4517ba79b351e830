import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectStats, type Extras, type StatsFile, writeReport } from '../../src/stats/index.js';
import { startBrowser } from './browser.js';
import { type Fate, temporaryFolder, writeDataset } from './fixture.js';

/** Where every attack reports to, should one get through. */
let trap: { url: string; hits: string[]; close(): Promise<void> };
let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
  const hits: string[] = [];
  const server = createServer((request, response) => {
    hits.push(request.url ?? '');
    response.end('window.owned = true');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  trap = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}, 600_000);

afterAll(async () => {
  await browser?.close();
  await trap?.close();
});

const extras: Extras = {
  training: {
    points: Array.from({ length: 50 }, (_, i) => ({
      step: i,
      loss: 5 / (i + 1),
      lr: i / 50,
      '<b>metric</b>': i,
    })),
    chanceLoss: Math.log(64),
    facts: [['Model', '<img src=x onerror=owned=1>']],
  },
  evaluation: [
    {
      name: 'held-out designer',
      n: 900,
      classes: 300,
      top1: 0.31,
      top5: 0.6,
      chance: 1 / 300,
      nearestNeighbour: 0.118,
    },
  ],
  retrieval: [
    {
      name: '</title><script>owned=1</script>',
      n: 10,
      imageToText: { r1: 0.5, r5: 0.8, r10: 1 },
      textToImage: { r1: 0.4, r5: 0.7, r10: 0.9 },
      chance: { r1: 0.1, r5: 0.5, r10: 1 },
    },
  ],
};

/** Texts that try to get out of where they stand. */
function attacks(): string[] {
  return [
    `<script>window.owned = true</script>`,
    `<script src="${trap.url}/script"></script>`,
    `"><img src=x onerror="window.owned=true">`,
    `' onmouseover='window.owned=true' x='`,
    `</style><script>window.owned = true</script>`,
    `</title></head><body onload=window.owned=true>`,
    `<svg onload=window.owned=true><a xlink:href="javascript:window.owned=true">x</a></svg>`,
    `<img src="${trap.url}/image">`,
    `<link rel=stylesheet href="${trap.url}/style">`,
    `<style>@import "${trap.url}/import"; body { background: url(${trap.url}/css) }</style>`,
    `<iframe src="${trap.url}/frame"></iframe><object data="${trap.url}/object"></object>`,
    `<meta http-equiv="refresh" content="0;url=${trap.url}/refresh">`,
    `<base href="${trap.url}/base">`,
    `]]><!--<script>window.owned = true</script>-->`,
    `&lt;script&gt; &#60;script&#62; &amp;`,
    `{{constructor.constructor('window.owned=true')()}} \${window.owned=true} \`window.owned=true\``,
    `nul \0 escape \x1b[31m right-to-left \u202egnp.exe\u202c isolate \u2066 mark \u200f`,
    `lone surrogates \ud83d and a combining tower Z${'\u0301\u0302\u0303\u0304\u0305'.repeat(40)}`,
    `${'unbreakable'.repeat(100)}`,
    `a megabyte ${'<script>window.owned = true</script>'.repeat(30_000)}`,
  ];
}

function hostileUrls(): string[] {
  return [
    'javascript:window.owned=true',
    'JaVaScRiPt:window.owned=true//https://example.org/',
    `data:text/html,<script>window.owned=true</script>`,
    `https://example.org/"><script>window.owned=true</script>`,
    `https://example.org/' onmouseover='window.owned=true`,
    `https://user:password@example.org/${'long'.repeat(200)}`,
    'https://xn--e1awd7f.example/%22%3E',
    '\u202ehttps://example.org/',
  ];
}

async function writeHostileReport(): Promise<{ page: string; stats: string; texts: string[] }> {
  const texts = attacks();
  const urls = hostileUrls();
  const urlAt = (i: number) => urls[i % urls.length] as string;
  const kept = texts.map(
    (text, i): Fate => ({
      url: urlAt(i),
      pageUrl: urlAt(i + 3),
      text,
      queries: [text.slice(0, 300)],
      license: text.slice(0, 300),
      source: text.slice(0, 100),
    }),
  );
  const lost = texts.map(
    (text, i): Fate => ({
      url: `${urlAt(i)}?${i}`,
      pageUrl: urlAt(i + 2),
      text,
      lost: i % 2 === 0 ? ['select', 'no_query', text] : ['fetch', 'http_client_error', text],
    }),
  );
  const dir = await temporaryFolder();
  const input = await writeDataset(dir, [...kept, ...lost], {
    uses: texts.map((text, i) => ({
      query: text.slice(0, 300),
      matched: 99 - i,
      admitted: 5,
      selected: 5,
    })),
    pages: urls.map((url) => [url, 'bad_url']),
  });
  const stats = await collectStats({ ...input, name: '</title><script>owned=1</script>' });
  return { ...(await writeReport(dir, stats, extras)), texts };
}

/** Opens a file, and notes what it asked for and complained about. */
async function open(
  file: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(dialog.message()));
  await page.goto(pathToFileURL(file).href);
  return { page, requests, complaints };
}

const owned = (page: Page) => page.evaluate('window.owned !== undefined');

describe('the report page', () => {
  it('runs no script and sends no request, whatever captions and URLs say', async () => {
    const { page: file, texts } = await writeHostileReport();
    const { page, requests, complaints } = await open(file);
    // Give everything a chance to act: open all disclosures, pass over every element.
    await page.evaluate(
      `document.querySelectorAll('details').forEach((d) => { d.open = true; });
       document.querySelectorAll('*').forEach((e) => {
         for (const type of ['mouseover', 'load', 'error', 'focus']) e.dispatchEvent(new Event(type));
       });`,
    );
    await page.waitForTimeout(300);
    expect(await owned(page)).toBe(false);
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
    expect(trap.hits).toEqual([]);

    // Nothing but the template's own elements is there.
    const tags = await page.evaluate(
      `[...new Set([...document.querySelectorAll('*')].map((e) => e.localName))]`,
    );
    for (const tag of ['script', 'iframe', 'object', 'base', 'embed', 'form']) {
      expect(tags).not.toContain(tag);
    }
    expect(
      await page.evaluate(
        `[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes])
          .filter((a) => a.name.startsWith('on') || a.name === 'style').length`,
      ),
    ).toBe(0);
    const links = (await page.evaluate(
      `[...document.links].map((a) => [a.protocol, a.getAttribute('href'), a.rel])`,
    )) as [string, string, string][];
    const outside = links.filter(([, href]) => !href.startsWith('#') && href !== 'stats.json');
    expect(outside.length).toBeGreaterThan(10);
    for (const [protocol, href, rel] of outside) {
      expect(protocol, href).toMatch(/^https?:$/);
      expect(rel).toContain('noreferrer noopener');
    }

    // The texts are shown as they are, their controls visible.
    const shown = (await page.evaluate('document.body.textContent')) as string;
    for (const text of texts.slice(0, 15)) expect(shown).toContain(text.slice(0, 60));
    expect(shown).toContain('nul ␀ escape ␛[31m right-to-left ⟨U+202E⟩gnp.exe⟨U+202C⟩');
    expect(await page.title()).toBe('</title><script>owned=1</script> · WebImageText');
    expect(shown.length).toBeLessThan(100_000);
    await page.context().close();
  });

  it('has a policy that stops what an escape might miss', async () => {
    const { page: file } = await writeHostileReport();
    const markup = await readFile(file, 'utf8');
    // No policy keeps a page from being refreshed to another, so that attack rests on escaping alone.
    const raw = attacks().filter((text) => text.length < 10_000 && !text.includes('http-equiv'));
    const injected = markup.replace('</main>', () => `${raw.join('\n')}</main>`);
    const broken = `${file}.broken.html`;
    await writeFile(broken, injected);
    const guarded = await open(broken);
    await guarded.page.waitForTimeout(300);
    expect(await owned(guarded.page)).toBe(false);
    expect(trap.hits).toEqual([]);
    await guarded.page.context().close();

    // The same attacks work without the policy, so the trap does catch.
    await writeFile(
      broken,
      injected.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ''),
    );
    const unguarded = await open(broken);
    await unguarded.page.waitForTimeout(300);
    expect(await owned(unguarded.page)).toBe(true);
    expect(trap.hits).toContain('/image');
    await unguarded.page.context().close();
    trap.hits.length = 0;
  });

  it.each([390, 320, 820, 1280])('does not scroll sideways at %d px', async (width) => {
    const { page: file } = await writeHostileReport();
    const { page } = await open(file, { viewport: { width, height: 800 } });
    await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
    const widths = await page.evaluate(
      `[document.documentElement.scrollWidth, document.documentElement.clientWidth]`,
    );
    expect(widths).toEqual([width, width]);
    await page.context().close();
  });

  it('is legible in light and in dark', async () => {
    const { page: file } = await writeHostileReport();
    const backgrounds: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(file, { colorScheme });
      const colours = (await page.evaluate(
        `['.about', '.note', '.chart text', '.total', '.legend', 'h1'].map((selector) => {
          const style = getComputedStyle(document.querySelector(selector));
          return selector === '.chart text' ? style.fill : style.color;
        })`,
      )) as string[];
      const background = (await page.evaluate(
        'getComputedStyle(document.body).backgroundColor',
      )) as string;
      backgrounds.push(background);
      // WCAG 2.2, 1.4.3: 4.5 to 1.
      for (const colour of colours) expect(contrast(colour, background)).toBeGreaterThan(4.5);
      await page.context().close();
    }
    expect(luminance(backgrounds[0] as string)).toBeGreaterThan(0.8);
    expect(luminance(backgrounds[1] as string)).toBeLessThan(0.05);
  });

  it('draws its charts and pictures', async () => {
    const { page: file } = await writeHostileReport();
    const { page } = await open(file);
    const broken = await page.evaluate(
      `[...document.images].filter((image) => image.naturalWidth === 0).length`,
    );
    expect(broken).toBe(0);
    expect(await page.evaluate('document.images.length')).toBe(attacks().length);
    const charts = (await page.evaluate(
      `[...document.querySelectorAll('svg.chart')].map((svg) => {
        const box = svg.getBBox();
        return [svg.getAttribute('aria-label') !== '', box.width > 300, box.height > 100];
      })`,
    )) as boolean[][];
    // Long tail, words, characters, sides, shapes, loss, two more metrics.
    expect(charts).toEqual(Array.from({ length: 8 }, () => [true, true, true]));
    const ids = await page.evaluate(`[...document.querySelectorAll('nav a')].map((a) => a.hash)`);
    for (const id of ids as string[]) {
      expect(await page.evaluate(`document.querySelector('${id}') !== null`)).toBe(true);
    }
    await page.context().close();
  });

  it('can be drawn for an empty dataset', async () => {
    const dir = await temporaryFolder();
    const stats = await collectStats(await writeDataset(dir, []));
    const { page: file } = await writeReport(dir, { ...stats, complete: false });
    const { page, complaints } = await open(file, { viewport: { width: 390, height: 800 } });
    expect(complaints).toEqual([]);
    const shown = (await page.evaluate('document.body.innerText')) as string;
    expect(shown).toContain('still growing');
    expect(shown).not.toMatch(/NaN|undefined|Infinity/);
    await page.context().close();
  });
});

describe('writeReport', () => {
  it('writes the same bytes for the same dataset', async () => {
    const dir = await temporaryFolder();
    const input = await writeDataset(dir, [
      { url: 'https://a.example/1.jpg', text: 'a dog', queries: ['dog'] },
    ]);
    const first = await writeReport(dir, await collectStats(input), extras);
    const [page, json] = [await readFile(first.page), await readFile(first.stats)];
    await writeReport(dir, await collectStats(input), extras);
    expect(await readFile(first.page)).toEqual(page);
    expect(await readFile(first.stats)).toEqual(json);
  });

  it('writes stats.json with the results and without pictures', async () => {
    const dir = await temporaryFolder();
    const stats = await collectStats(
      await writeDataset(dir, [{ url: 'https://a.example/1.jpg', text: 'a dog' }]),
    );
    const files = await writeReport(dir, stats, extras);
    expect(files).toEqual({
      page: join(dir, 'report', 'index.html'),
      stats: join(dir, 'report', 'stats.json'),
    });
    const read = JSON.parse(await readFile(files.stats, 'utf8')) as StatsFile;
    expect(read).toMatchObject({ schemaVersion: 1, name: 'test set', funnel: { kept: 1 } });
    expect(read.samples).toHaveLength(1);
    expect(read.samples[0]).not.toHaveProperty('thumbnail');
    expect(read.evaluation).toEqual(extras.evaluation);
    expect(read.training?.points).toHaveLength(50);
  });
});

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Relative luminance of `rgb(r, g, b)` (WCAG 2.2). */
function luminance(colour: string): number {
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? []).map((level) => {
    const c = Number(level) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
