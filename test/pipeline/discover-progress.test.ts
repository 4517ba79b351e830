/** What discovery tells while a unit is under way, from sources that a server keeps waiting. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { buildSchema } from '../../src/config.js';
import { DatasetWriter } from '../../src/core/dataset.js';
import type { WorkEvent } from '../../src/core/events.js';
import { localRunner } from '../../src/core/runner.js';
import type { AnySource } from '../../src/core/source.js';
import { createCommonCrawlSource, createWebSource } from '../../src/crawl/index.js';
import { discover } from '../../src/pipeline/discover.js';
import { packed, response } from '../crawl/commoncrawl/archives.js';
import { clientFor, html, never, newFolder, serve, withoutRobots } from '../crawl/support.js';

type Progress = Extract<WorkEvent, { type: 'progress' }>;

/** All that one discovery into `dir` tells. */
async function told(dir: string, sources: AnySource[]): Promise<Progress[]> {
  const dataset = await DatasetWriter.open(dir, {
    schema: 1,
    snapshot: '2026-01-01T00:00:00Z',
    config: buildSchema.parse({}),
    queries: { digest: '', count: 0 },
    rules: {},
  });
  const events: WorkEvent[] = [];
  const emit = (event: WorkEvent) => events.push(event);
  try {
    await discover(dataset, sources, { runner: localRunner(4), emit, signal: never });
  } finally {
    await dataset.close();
  }
  expect(events.at(-1)).toMatchObject({ type: 'end', task: 'discover' });
  return events.filter((event) => event.type === 'progress');
}

const PAGES = 40;

describe('progress of discovery', () => {
  it('moves page by page, of the pages that a round visits', async () => {
    const links = Array.from({ length: PAGES }, (_, n) => `<a href=/${n}>${n}</a>`).join('');
    const server = await serve(
      withoutRobots((req, res) => {
        setTimeout(() => html(res, req.url === '/' ? links : '<p>'), 50);
      }),
    );
    const client = clientFor(server.port);
    const { sources } = buildSchema.parse({
      sources: { seeds: ['http://a.test/'], sitemaps: false, maxDepth: 1 },
    });
    const folder = join(await newFolder(), 'out');
    const events = await told(folder, [await createWebSource(sources, client)]);
    const all = PAGES + 1;
    const within = events.filter(({ done }) => done > 1 && done < all);
    // Two pages at once of 50 ms each: a second, of which every quarter is told.
    expect(within.length).toBeGreaterThan(1);
    for (const { total } of within) expect(total).toBe(all);
    expect(events.at(-1)).toMatchObject({ done: all, total: all, earlier: 0 });

    const again = await told(folder, [await createWebSource(sources, client)]);
    for (const { done, earlier } of again) expect(earlier).toBe(done);
    expect(again.at(-1)).toMatchObject({ done: all, total: all });
  });

  it('moves with the bytes of an archive, which say how many pages there will be', async () => {
    const pages = 800;
    // Texts that do not pack: an archive is read a quarter of a megabyte ahead of its records.
    const text = () => randomBytes(100).toString('base64');
    const image = (_: unknown, n: number) => `<img src=${n}.png alt="${text()}">`;
    const records = Array.from({ length: pages }, (_, n) =>
      response(`http://a.test/${n}/`, Array.from({ length: 100 }, image).join('')),
    );
    const archive = packed(records);
    const server = await serve(async (_req, res) => {
      res.writeHead(200, { 'content-length': archive.length });
      const slice = Math.ceil(archive.length / 12);
      for (let at = 0; at < archive.length; at += slice) {
        res.write(archive.subarray(at, at + slice));
        await sleep(100);
      }
      res.end();
    });
    const client = clientFor(server.port);
    const { sources } = buildSchema.parse({
      sources: { commonCrawl: ['http://a.test/a.warc.gz'] },
    });
    const folder = join(await newFolder(), 'out');
    const events = await told(folder, [createCommonCrawlSource(sources, client)]);
    const within = events.filter(({ done }) => done > 0 && done < pages);
    expect(within.length).toBeGreaterThan(1);
    for (const { done, total = 0 } of within) expect(total).toBeGreaterThanOrEqual(done);
    const later = within.filter(({ done }) => done > pages / 3);
    expect(later.length).toBeGreaterThan(0);
    for (const { total = 0 } of later) {
      expect(total).toBeGreaterThan(pages * 0.75);
      expect(total).toBeLessThan(pages * 1.25);
    }
    expect(events.at(-1)).toMatchObject({ done: pages, total: pages });
  });
});
