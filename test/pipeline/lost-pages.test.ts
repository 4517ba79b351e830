/** Pages that discovery lost: what trying again does about them, and the way that docs/crawl.md gives. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import type { WorkEvent } from '../../src/core/events.js';
import { packageRoot } from '../../src/core/version.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { html, netFor, newFolder, serve, withoutRobots } from '../crawl/support.js';

const PAGES = 6;
const LOST = 4;

/** The statement that docs/crawl.md gives, in `folder`. */
async function documentedSeeds(folder: string): Promise<void> {
  const docs = await readFile(join(packageRoot, 'docs', 'crawl.md'), 'utf8');
  const sql = /```sql\n(COPY [\s\S]*?)```/.exec(docs)?.[1] as string;
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    sql.replaceAll("'data/", `'${folder}/data/`).replace("'again.txt'", `'${folder}/again.txt'`),
  );
  connection.closeSync();
}

describe('pages that were lost', () => {
  it('are named when others are tried again, and come as seeds of a dataset with the same candidates', async () => {
    const noise = (n: number) => ({ type: 'gaussian', mean: 50 + 20 * n, sigma: 30 }) as const;
    const pictures = await Promise.all(
      Array.from({ length: PAGES }, (_, n) =>
        sharp({
          create: { width: 64, height: 64, channels: 3, background: 'red', noise: noise(n) },
        })
          .png()
          .toBuffer(),
      ),
    );
    let ill = true;
    const server = await serve(
      withoutRobots((req, res) => {
        const [, kind, n] = /^\/(page|image)\/(\d)/.exec(req.url ?? '') ?? [];
        if (kind === 'image') res.end(pictures[Number(n)]);
        else if (kind === 'page' && ill && Number(n) === LOST) res.writeHead(503).end();
        else if (kind === 'page') {
          html(res, `<img src="/image/${n}" alt="a picture of the old house number ${n}">`);
        } else {
          html(res, pictures.map((_, n) => `<a href="/page/${n}?a=1,2">${n}</a>`).join(''));
        }
      }),
    );
    const root = await newFolder();
    await writeFile(join(root, 'queries.txt'), 'picture\n');
    const config = (sources: PartialConfig['sources']): PartialConfig => ({
      queries: { file: join(root, 'queries.txt') },
      sources: { sitemaps: false, ...sources },
      net: netFor(server.port, { retries: 0 }),
      filter: { nearDuplicateBits: -1 },
      shard: { sidePx: 48 },
      snapshot: '2026-01-01T00:00:00Z',
    });
    const first = config({ seeds: ['http://a.test/'] });
    const data = join(root, 'data');
    const before = await buildDataset(first, data);
    expect(before.funnel).toMatchObject({
      kept: PAGES - 1,
      lost: { discover: { http_server_error: 1 } },
    });

    ill = false;
    const events: WorkEvent[] = [];
    const emit = (event: WorkEvent) => events.push(event);
    const after = await buildDataset(first, data, { emit, retryFailed: ['http_server_error'] });
    expect(after).toEqual(before);
    const warnings = events.filter((event) => event.type === 'message').map(({ text }) => text);
    expect(warnings.join('\n')).toMatch(/^1 losses of discovery for these reasons are not tried/m);

    await documentedSeeds(root);
    expect(await readFile(join(root, 'again.txt'), 'utf8')).toBe(
      `http://a.test/page/${LOST}?a=1,2\n`,
    );
    const both = await buildDataset(
      config({
        lists: [join(data, 'candidates', '*.parquet')],
        urlColumn: 'image_url',
        captionColumn: 'text',
        extraColumns: ['page_url'],
        seedFiles: [join(root, 'again.txt')],
      }),
      join(root, 'data2'),
    );
    expect(both.funnel).toMatchObject({ kept: PAGES, lost: {} });
  });
});
