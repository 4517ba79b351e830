/**
 * Files of page views of a synthetic dump's titles, in the two formats that Wikimedia publishes:
 *
 * - hourly, `pageviews-YYYYMMDD-HH0000.gz`: `domain title views bytes`, the domain `en` for the desktop
 *   and `en.m` for the mobile site, bytes always 0 since 2015
 *   (wikitech.wikimedia.org/wiki/Analytics/Data_Lake/Traffic/Pageviews);
 * - daily, `pageviews-YYYYMMDD-user.bz2`: `wiki title page-id access views hours`, the page id `null`
 *   where unknown, hours as letters A (0) to X (23), each followed by that hour's views
 *   (dumps.wikimedia.org/other/pageview_complete/readme.html).
 *
 * Titles have underscores for spaces. Views follow a power law. Lines of other wikis, of pages that do
 * not exist and of special pages stand between, as they do in the real files.
 */

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Random, seeded, seedOf } from './random.js';
import { realPages } from './real-pages.js';
import { SyntheticPages } from './synthetic-pages.js';

export interface PageviewFiles {
  hourly: string;
  daily: string;
  /** Lines of the hourly and of the daily file. */
  lines: [number, number];
}

const VIEWS = 11;

export async function writePageviews(options: {
  folder: string;
  /** Bytes of XML of the dump whose titles are viewed. */
  size: number;
  seed?: number;
}): Promise<PageviewFiles> {
  const { folder, size, seed = 1 } = options;
  await mkdir(folder, { recursive: true });
  const pages = new SyntheticPages(realPages(), seed);
  const hourly: string[] = [];
  const daily: string[] = [];
  let made = 0;
  for (let index = 0; made < size; index++) {
    made += pages.page(index).length;
    const { id, title, namespace } = pages.head(index);
    const name = unescapeXml(title).replaceAll(' ', '_');
    const random = seeded(seedOf(seed, index, VIEWS));
    // Most pages have a few views a day, some have millions (Pareto).
    const views = Math.floor(3 * (1 - random()) ** -1.2);
    for (const [mobile, access] of [
      [false, 'desktop'],
      [true, 'mobile-web'],
    ] as const) {
      const hours = spread(Math.ceil(views / 2), random);
      const now = hours[12] ?? 0;
      if (now > 0) hourly.push(`en${mobile ? '.m' : ''} ${name} ${now} 0\n`);
      const pageId = random() < 0.95 ? id : 'null';
      daily.push(`en.wikipedia ${name} ${pageId} ${access} ${sum(hours)} ${letters(hours)}\n`);
    }
    if (namespace === 0 && index % 3 === 0) {
      hourly.push(`de ${name} ${views} 0\n`, `en.b ${name} 1 0\n`);
      daily.push(`de.wikipedia ${name} ${id} desktop ${views} A${views}\n`);
    }
    if (index % 50 === 0) {
      hourly.push(
        `en - ${views} 0\n`,
        `en Special:Search/${name} 1 0\n`,
        `en No_such_${index} 2 0\n`,
      );
      daily.push(`en.wikipedia Special:Search/${name} null desktop 2 C1X1\n`);
    }
  }
  // Wikimedia's files are sorted by wiki and title.
  const files = {
    hourly: join(folder, 'pageviews-20260101-120000.gz'),
    daily: join(folder, 'pageviews-20260101-user.bz2'),
  };
  await writeFile(files.hourly, gzipSync(hourly.sort().join('')));
  const bzip2 = { input: daily.sort().join(''), maxBuffer: 2 ** 31 };
  await writeFile(files.daily, execFileSync('bzip2', ['-9'], bzip2));
  return { ...files, lines: [hourly.length, daily.length] };
}

/** Views over the 24 hours of a day. */
function spread(views: number, random: Random): number[] {
  const hours = new Array<number>(24).fill(0);
  if (views > 240) return hours.map(() => Math.floor((views / 24) * (0.5 + random())));
  for (let i = 0; i < views; i++) {
    const hour = Math.floor(random() * 24);
    hours[hour] = (hours[hour] as number) + 1;
  }
  return hours;
}

const sum = (hours: readonly number[]): number => hours.reduce((total, views) => total + views, 0);

const letters = (hours: readonly number[]): string =>
  hours.map((views, hour) => (views === 0 ? '' : String.fromCharCode(65 + hour) + views)).join('');

const unescapeXml = (text: string): string =>
  text.replace(
    /&(?:quot|lt|gt|amp);/g,
    (entity) => ({ '&quot;': '"', '&lt;': '<', '&gt;': '>' })[entity] ?? '&',
  );
