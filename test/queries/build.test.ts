/** `buildQueryList` from real files: dumps in every packing, cut, damaged, interrupted; page views. */

import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queryBuildSchema } from '../../src/config.js';
import type { WorkEvent } from '../../src/core/events.js';
import type { Query } from '../../src/core/types.js';
import { packageRoot } from '../../src/core/version.js';
import { buildQueryList } from '../../src/queries/build.js';
import { findBlocks } from '../../src/queries/dump/bzip2.js';
import type { BuiltList } from '../../src/queries/finish.js';
import { bzip2, dumpXml, pageXml, type SamplePage, zipfPages } from './dump/sample.js';
import { referencePages, referenceProse, referenceRuns } from './reference.js';

const folder = mkdtempSync(join(tmpdir(), 'wit-build-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PAGES: SamplePage[] = [
  ...zipfPages(120, 2_000),
  { title: 'Talk:Zebra', namespace: 1, text: 'zebra '.repeat(500) },
  { title: 'Zebra crossing', text: 'A zebra crossing is a crossing. '.repeat(60) },
  {
    title: 'Crosswalk',
    redirect: 'Zebra crossing',
    text: '#REDIRECT [[Zebra crossing]] zebra zebra',
  },
  { title: 'Mercury (planet)', text: 'Mercury.' },
  { title: 'Mercury (element)', text: 'Mercury.' },
  { title: 'Mercury (disambiguation)', text: 'Mercury.' },
  { title: 'List of crossings', text: 'Crossings.' },
];
const XML = Buffer.from(dumpXml(PAGES));
/** Small parts, so that a small dump has many. */
const SIZES = { bzip2: 60_000, unpacked: 150_000 };
const SETTINGS = { minCount: 20, minBigramCount: 5, minViews: 10, size: null };

let runNumber = 0;
interface Outcome extends BuiltList {
  bytes: Buffer;
  events: WorkEvent[];
}

async function build(
  dump: string[],
  settings: Record<string, unknown> = {},
  options: { sizes?: typeof SIZES; work?: string; signal?: AbortSignal } = {},
): Promise<Outcome> {
  const out = join(folder, `list-${runNumber++}.parquet`);
  const config = queryBuildSchema.parse({ dump, workers: 2, ...SETTINGS, ...settings });
  const events: WorkEvent[] = [];
  const built = await buildQueryList(
    { config, out, ...(options.work !== undefined && { work: options.work }) },
    { emit: (event) => events.push(event), signal: options.signal ?? new AbortController().signal },
    options.sizes ?? SIZES,
  );
  return { ...built, bytes: readFileSync(out), events };
}

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function query(built: BuiltList, text: string): Query | undefined {
  return built.queries.find((found) => found.text === text);
}

describe('a list from a dump', () => {
  let whole: Outcome;
  beforeAll(async () => {
    whole = await build([file('whole.xml', XML)]);
  });

  it('has the words that a slow reading counts', () => {
    const counts = new Map<string, number>();
    const pairs = new Map<string, number>();
    const dump = referencePages(XML);
    for (const { text } of dump.pages) {
      for (const run of referenceRuns(referenceProse(text ?? '', dump.namespaces))) {
        for (const [i, word] of run.entries()) {
          counts.set(word, (counts.get(word) ?? 0) + 1);
          if (i === 0) continue;
          const pair = `${run[i - 1]} ${word}`;
          pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
        }
      }
    }
    const listed = whole.queries.filter(({ sources }) => sources.includes('unigram'));
    const expected = [...counts].filter(([, count]) => count >= 20);
    expect(new Map(listed.map((q) => [q.text.toLowerCase(), q.unigramCount]))).toEqual(
      new Map(expected),
    );
    const bigrams = whole.queries.filter(({ sources }) => sources.includes('bigram'));
    expect(new Map(bigrams.map((q) => [q.text.toLowerCase(), q.bigramCount]))).toEqual(
      new Map([...pairs].filter(([, count]) => count >= 5)),
    );
    // Namespace 1 and the redirect's text do not count.
    expect(query(whole, 'zebra')?.unigramCount).toBe(60);
    expect(whole.account.read).toMatchObject({ articles: PAGES.length - 2, redirects: 1 });
    expect(whole.account.lost).toEqual({});
  });

  it.each([
    ['bzip2 in one stream', 'one.xml.bz2', () => bzip2(XML)],
    [
      'bzip2 in many streams',
      'many.xml.bz2',
      () => Buffer.concat(PAGES.map((page, i) => bzip2(i === 0 ? dumpXml([page]) : pageXml(page)))),
    ],
    ['gzip', 'dump.xml.gz', () => gzipSync(XML)],
    [
      'gzip in members',
      'members.xml.gz',
      () => Buffer.concat([gzipSync(XML.subarray(0, 300_000)), gzipSync(XML.subarray(300_000))]),
    ],
    [
      'Zstandard',
      'dump.xml.zst',
      () => execFileSync('zstd', ['-c'], { input: XML, maxBuffer: 1 << 30 }),
    ],
  ])('is the same, byte for byte, from %s', async (_, name, pack) => {
    const built = await build([file(name, pack())]);
    expect(built.account.read).toEqual(whole.account.read);
    expect(built.bytes.equals(whole.bytes)).toBe(true);
  });

  it('is the same whatever the parts, the workers and the files', async () => {
    const packed = file('parts.xml.bz2', bzip2(XML));
    for (const [workers, bytes] of [
      [1, 20_000],
      [3, 45_001],
      [2, 1 << 30],
    ] as const) {
      const sizes = { bzip2: bytes, unpacked: bytes };
      const built = await build([packed], { workers }, { sizes });
      expect(built.bytes.equals(whole.bytes)).toBe(true);
    }
    const split = join(folder, 'split');
    mkdirSync(split);
    const names = [
      'enwiki-20260101-pages-articles1.xml-p1p60.bz2',
      'enwiki-20260101-pages-articles2.xml-p61p999.bz2',
    ];
    writeFileSync(join(split, names[0] as string), bzip2(dumpXml(PAGES.slice(0, 60))));
    writeFileSync(join(split, names[1] as string), bzip2(dumpXml(PAGES.slice(60))));
    writeFileSync(join(split, 'enwiki-20260101-pages-articles1.txt-index.bz2'), 'not a dump');
    expect((await build([split])).bytes.equals(whole.bytes)).toBe(true);
  });

  it('tells case apart where asked to', async () => {
    const built = await build([join(folder, 'whole.xml')], { case: 'keep' });
    expect(query(built, 'A')?.unigramCount).toBe(60);
    expect(query(built, 'zebra')?.unigramCount).toBe(60);
    expect(query(built, 'a')?.unigramCount ?? 0).toBe(60);
  });

  it('goes on after it was stopped, without counting a part twice', async () => {
    const packed = file('stopped.xml.bz2', bzip2(XML));
    const work = join(folder, 'stopped.work');
    const stop = new AbortController();
    const out = join(folder, 'stopped.parquet');
    const config = queryBuildSchema.parse({ dump: [packed], workers: 1, ...SETTINGS });
    const emit = (): void => {
      const done = existsSync(work) ? readdirSync(work).filter((n) => n.endsWith('.json')) : [];
      if (done.length > 2) stop.abort(new Error('stopped by the test'));
    };
    const interrupted = buildQueryList({ config, out, work }, { emit, signal: stop.signal }, SIZES);
    await expect(interrupted).rejects.toThrow('stopped by the test');
    const finished = readdirSync(work).filter((name) => /^\d+-\d+\.json$/.test(name));
    expect(finished.length).toBeGreaterThan(0);
    const before = new Map(finished.map((name) => [name, readFileSync(join(work, name), 'utf8')]));
    const built = await build([packed], {}, { work });
    expect(built.bytes.equals(whole.bytes)).toBe(true);
    const said = built.events
      .filter((event) => event.type === 'message')
      .map((event) => event.text);
    expect(said.join()).toMatch(/going on in .*stopped\.work: \d+ % of the dump is counted/);
    expect(before.size).toBeGreaterThan(0);
    expect(existsSync(work)).toBe(false);
  });

  it('survives kill -9 at any moment', async () => {
    const packed = file('killed.xml.bz2', bzip2(XML));
    const work = join(folder, 'killed.work');
    const out = join(folder, 'killed.parquet');
    const script = file(
      'build.mjs',
      `const { buildQueryList } = await import(${JSON.stringify(join(packageRoot, 'dist/src/queries/build.js'))});
      const { queryBuildSchema } = await import(${JSON.stringify(join(packageRoot, 'dist/src/config.js'))});
      const config = queryBuildSchema.parse(${JSON.stringify({ dump: [packed], workers: 2, ...SETTINGS })});
      await buildQueryList({ config, out: ${JSON.stringify(out)}, work: ${JSON.stringify(work)}, keepWork: true },
        { emit: () => {}, signal: new AbortController().signal }, ${JSON.stringify(SIZES)});`,
    );
    let kills = 0;
    for (let delay = 250; ; delay = Math.ceil(delay * 1.3)) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] });
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      const timer = setTimeout(() => child.kill('SIGKILL'), delay);
      const code = await ended;
      clearTimeout(timer);
      if (code === 0) break;
      expect(code).toBeNull();
      kills++;
    }
    expect(kills).toBeGreaterThan(1);
    expect(readFileSync(out).equals(whole.bytes)).toBe(true);
  });

  it('refuses a work folder that was begun with another dump', async () => {
    const work = join(folder, 'other.work');
    const config = queryBuildSchema.parse({ dump: [join(folder, 'whole.xml')], ...SETTINGS });
    const watch = { emit: () => {}, signal: new AbortController().signal };
    const out = join(folder, 'other.parquet');
    await buildQueryList({ config, out, work, keepWork: true }, watch, SIZES);
    const changed = build([file('changed.xml', dumpXml(PAGES.slice(5)))], {}, { work });
    await expect(changed).rejects.toThrow(/other\.work was begun with another dump/);
    // Thresholds may change: what was counted stays good.
    const again = await build([join(folder, 'whole.xml')], { minCount: 30 }, { work });
    expect(again.events.some((event) => event.type === 'message')).toBe(true);
  });
});

describe('a damaged dump', () => {
  it('loses the damaged block and the pages in it, and counts them', async () => {
    const packed = bzip2(XML);
    const blocks = findBlocks(packed, packed.length);
    const victim = blocks[Math.floor(blocks.length / 2)] as { start: number; end: number };
    const at = Math.floor((victim.start + victim.end) / 16);
    packed[at] = (packed[at] as number) ^ 1;
    const damaged = await build([file('damaged.xml.bz2', packed)]);
    expect(damaged.account.lost).toMatchObject({ corrupt_block: 1 });
    const { articles } = damaged.account.read as { articles: number };
    const pagesInBlock = Math.ceil(100_000 / (XML.length / PAGES.length));
    expect(articles).toBeLessThan(PAGES.length - 2);
    expect(articles).toBeGreaterThanOrEqual(PAGES.length - 2 - pagesInBlock - 2);
    // The parts' sizes do not change what is lost.
    const inOne = await build(
      [join(folder, 'damaged.xml.bz2')],
      {},
      {
        sizes: { bzip2: 1 << 30, unpacked: 1 << 30 },
      },
    );
    expect(inOne.bytes.equals(damaged.bytes)).toBe(true);
  });

  it.each([
    ['bzip2', 'truncated_block', () => bzip2(XML)],
    ['gzip', 'damaged_stream', () => gzipSync(XML)],
    [
      'Zstandard',
      'damaged_stream',
      () => execFileSync('zstd', ['-c'], { input: XML, maxBuffer: 1 << 30 }),
    ],
  ])('cut short (%s) counts as far as it goes', async (name, reason, pack) => {
    const packed = pack();
    const cut = packed.subarray(0, Math.floor(packed.length * 0.7));
    const built = await build([file(`cut.${name}`, cut)]);
    expect(built.account.lost[reason]).toBe(1);
    expect(built.account.read.articles).toBeGreaterThan(PAGES.length / 3);
    expect(built.account.read.articles).toBeLessThan(PAGES.length - 2);
  });

  it('counts pages of bad UTF-8 and markup that never closes', async () => {
    const bad = Buffer.from(
      dumpXml([...zipfPages(3, 500), { title: 'Bad', text: 'caf? '.repeat(50) }]),
    );
    bad[bad.indexOf('caf?') + 3] = 0xc3;
    const open = { title: 'Open', text: `{{ [[File:x {|\n<ref> ${'tail '.repeat(40)}` };
    const path = file('bad.xml', Buffer.concat([bad, Buffer.from(pageXml(open))]));
    const built = await build([path]);
    expect(built.account.lost).toEqual({
      bad_utf8: 1,
      unclosed_template: 1,
      unclosed_file: 1,
      unclosed_tag: 1,
    });
    expect(query(built, 'tail')?.unigramCount).toBe(40);
  });

  it.each([
    ['missing.xml', undefined, /Cannot read the dump .*missing\.xml/],
    ['empty.xml', '', /empty\.xml is no MediaWiki export: it begins with ""/],
    [
      'page.html',
      '<html><body>Wikipedia</body></html>',
      /is no MediaWiki export: it begins with "<html>/,
    ],
    ['fake.bz2', 'BZh9 but not really', /fake\.bz2 cannot be unpacked from its beginning/],
    [
      'nothing.xml',
      dumpXml([{ title: 'Only', text: '1 2 3' }]),
      /No word was found in nothing\.xml/,
    ],
  ])('that is none (%s) is refused', async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : file(name, content);
    await expect(build([path])).rejects.toThrow(message);
  });

  it('given twice in one folder is refused', async () => {
    const twice = join(folder, 'twice');
    mkdirSync(twice);
    writeFileSync(join(twice, 'enwiki-20260101-pages-articles.xml.bz2'), bzip2(XML));
    writeFileSync(join(twice, 'enwiki-20260101-pages-articles-multistream.xml.bz2'), bzip2(XML));
    await expect(build([twice])).rejects.toThrow(
      /the same dump more than once: multistream .*, whole/,
    );
    await expect(build([mkdtempSync(join(folder, 'none-'))])).rejects.toThrow(/No dump in/);
  });
});

describe('titles by page views', () => {
  const hourly = [
    'de Zebra_crossing 900 0',
    'en Mercury_(planet) 40 0',
    'en Mercury_(element) 30 0',
    'en Mercury_(disambiguation) 99 0',
    'en List_of_crossings 99 0',
    'en Zebra_crossing 20 0',
    'en Crosswalk 5 0',
    'en Not_in_the_dump 500 0',
    'en Page_1',
    'en Page_2 many 0',
    'en.m Zebra_crossing 3 0',
    'en.m.b Zebra_crossing 700 0',
    'en.z Page_3 700 0',
  ].join('\n');
  const daily = [
    'de.wikipedia Zebra_crossing 1 desktop 900 A900',
    'en.wikipedia Crosswalk 12 desktop 7 A3B4',
    'en.wikipedia Zebra_crossing 13 mobile-web 11 A11',
    'en.wikipedia Page_5 null desktop 12 A12',
    'en.wikipedia Page_6 desktop 9 A9',
    'en.wikipedia Page_7 desktop',
    '',
  ].join('\n');

  it('sum both formats, follow redirects, and drop explanations and lists', async () => {
    const views = join(folder, 'views');
    mkdirSync(views);
    writeFileSync(join(views, 'pageviews-20260101-000000.gz'), gzipSync(hourly));
    writeFileSync(join(views, 'pageviews-20260101-user.bz2'), bzip2(daily));
    writeFileSync(join(views, 'README'), 'not views');
    const built = await build([join(folder, 'whole.xml')], { pageviews: [views] });
    const titles = built.queries.filter(({ sources }) => sources.includes('title'));
    expect(titles.map(({ text, views: count }) => [text, count])).toEqual([
      ['Mercury', 70],
      ['Page 5', 12],
      ['Zebra crossing', 20 + 5 + 3 + 7 + 11],
    ]);
    expect(built.account.lost).toEqual({ bad_view_row: 3 });
    expect(built.account.read.views_of_unknown_titles).toBe(500);
    // The two words are known from the dump, whichever source brought the title.
    expect(query(built, 'Zebra crossing')).toMatchObject({ bigramCount: 60 });
    const floor = await build([join(folder, 'whole.xml')], {
      pageviews: [views],
      minHourlyViews: 25,
    });
    expect(query(floor, 'Zebra crossing')?.views).toBe(7 + 11);
    expect(query(floor, 'Mercury')?.views).toBe(70);
  });

  it('are ranked without a dump, too', async () => {
    const path = file('pageviews-20260102-000000', hourly.replace('Page_1', 'Talk:Page_1 99 0'));
    const built = await build([], { pageviews: [path], size: 5_000 });
    const titles = built.queries.filter(({ sources }) => sources.includes('title'));
    expect(titles.map(({ text }) => text)).toEqual([
      'Mercury',
      'Not in the dump',
      'Zebra crossing',
    ]);
  });

  it('of a damaged file count as far as it goes', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `en Page_${i % 100} ${1 + (i % 7)} 0`);
    const packed = gzipSync(rows.join('\n'));
    const path = file('pageviews-20260103-000000.gz', packed.subarray(0, packed.length / 2));
    const built = await build([join(folder, 'whole.xml')], { pageviews: [path] });
    expect(built.account.lost.damaged_view_file).toBe(1);
    expect(built.account.read.view_rows).toBeGreaterThan(1_000);
    const warnings = built.events.filter((event) => event.type === 'message');
    expect(warnings.map((event) => event.text).join()).toMatch(
      /pageviews-20260103-000000\.gz is damaged/,
    );
  });

  it('that are missing are reported before anything is counted', async () => {
    const missing = build([join(folder, 'whole.xml')], { pageviews: [join(folder, 'no-views')] });
    await expect(missing).rejects.toThrow(/Cannot read the page views .*no-views/);
  });
});
