/** Synthetic dumps and page views are what they claim to be: other tools read them. */

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measure } from '../../bench/measure.js';
import { writePageviews } from '../../bench/pageviews.js';
import { pseudoWord } from '../../bench/random.js';
import { parseSize, type SyntheticDump, writeSyntheticDump } from '../../bench/synthetic-dump.js';
import { referencePages } from '../queries/reference.js';

const SIZE = 3e6;

let folder: string;
let plain: SyntheticDump;
let multistream: SyntheticDump;
let xml: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wit-synthetic-'));
  plain = await writeSyntheticDump({ path: join(folder, 'a.xml'), size: SIZE });
  multistream = await writeSyntheticDump({
    path: join(folder, 'b-multistream.xml.bz2'),
    size: SIZE,
    multistream: true,
  });
  xml = await readFile(plain.path);
});
afterAll(() => rm(folder, { recursive: true }));

const bunzip2 = (bytes: Buffer): Buffer =>
  execFileSync('bzip2', ['-dc'], { input: bytes, maxBuffer: 2 ** 28 });

describe('a synthetic dump', () => {
  it('is the same in every packing, and of the size asked for', async () => {
    expect(bunzip2(await readFile(multistream.path)).equals(xml)).toBe(true);
    const single = await writeSyntheticDump({ path: join(folder, 'c.xml.bz2'), size: SIZE });
    expect(bunzip2(await readFile(single.path)).equals(xml)).toBe(true);
    expect(plain.xmlBytes).toBe(xml.length);
    expect(xml.length).toBeGreaterThanOrEqual(SIZE);
  });

  it('differs by seed', async () => {
    const path = join(folder, 'd.xml');
    await writeSyntheticDump({ path, size: SIZE, seed: 2 });
    expect((await readFile(path)).equals(xml)).toBe(false);
  });

  it('has redirects, other namespaces and no title twice', () => {
    const { pages, namespaces } = referencePages(xml);
    const redirects = pages.filter(({ redirect }) => redirect !== undefined);
    expect(redirects.length / plain.pages).toBeGreaterThan(0.3);
    expect(redirects.length / plain.pages).toBeLessThan(0.5);
    expect(pages.length).toBeLessThan(plain.pages);
    expect(new Set(pages.map(({ title }) => title)).size).toBe(pages.length);
    expect(namespaces.get(14)).toBe('Category');
  });

  it('has an index that leads to the stream of each page', async () => {
    const bytes = await readFile(multistream.path);
    const lines = bunzip2(await readFile(multistream.index as string))
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines.length).toBe(multistream.pages);
    const offsets = [...new Set(lines.map((line) => Number(line.split(':')[0])))];
    for (const [i, offset] of offsets.entries()) {
      const stream = bunzip2(bytes.subarray(offset, offsets[i + 1])).toString();
      const own = lines.filter((line) => line.startsWith(`${offset}:`));
      expect(own.length).toBeLessThanOrEqual(100);
      for (const line of own) {
        const [, id, title] = /^\d+:(\d+):(.*)$/.exec(line) as unknown as [string, string, string];
        expect(stream).toContain(`<title>${title}</title>`);
        expect(stream).toContain(`<id>${id}</id>`);
      }
    }
  });
});

describe('page views', () => {
  it('are of the titles of the dump, in both formats', async () => {
    const files = await writePageviews({ folder, size: SIZE });
    const hourly = gunzipSync(await readFile(files.hourly))
      .toString()
      .trimEnd()
      .split('\n');
    const daily = bunzip2(await readFile(files.daily))
      .toString()
      .trimEnd()
      .split('\n');
    expect([hourly.length, daily.length]).toEqual(files.lines);
    for (const line of hourly) expect(line).toMatch(/^[a-z.]+ \S+ \d+ 0$/);
    for (const line of daily) {
      const fields = /^[a-z]+\.wikipedia \S+ (?:\d+|null) [a-z-]+ (\d+) ((?:[A-X]\d+)+)$/.exec(
        line,
      );
      const hours = [...(fields?.[2] ?? '').matchAll(/\d+/g)].map(Number);
      expect(
        hours.reduce((a, b) => a + b, 0),
        line,
      ).toBe(Number(fields?.[1]));
    }
    const viewed = new Set(daily.map((line) => line.split(' ')[1]));
    for (const { title } of referencePages(xml).pages)
      expect(viewed).toContain(title.replaceAll(' ', '_'));
  });
});

describe('a pseudo-word', () => {
  it('is the only one of its rank', () => {
    const ranks = Array.from({ length: 200_000 }, (_, i) => (i < 100_000 ? i : i * 499));
    expect(new Set(ranks.map(pseudoWord)).size).toBe(ranks.length);
  });
});

describe('a size', () => {
  it.each([
    ['500MB', 5e8],
    ['1.5 GB', 1.5e9],
    ['20kB', 2e4],
    ['7', 7],
  ])('%s', (text, bytes) => expect(parseSize(text)).toBe(bytes));
  it('that is none is refused', () => expect(() => parseSize('big')).toThrow('big'));
});

describe('measure', () => {
  it('counts the CPU time of grandchildren, and their memory', async () => {
    const busy = 'const b = Buffer.alloc(3e8, 1); while (process.cpuUsage().user < 4e5) b[0]++;';
    const { cpu, wall, peakRss } = await measure([
      'sh',
      '-c',
      `"${process.execPath}" -e "${busy}"; true`,
    ]);
    expect(cpu).toBeGreaterThan(0.4);
    expect(wall).toBeGreaterThan(0);
    if (process.platform === 'linux') expect(peakRss).toBeGreaterThan(3e8);
  });

  it('fails as the command does', async () => {
    await expect(measure(['sh', '-c', 'echo why >&2; exit 3'])).rejects.toThrow(/3\nwhy/);
  });
});
