/** Fetching by itself, from the parts of a dataset that was built before. */

import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { buildSchema } from '../../src/config.js';
import { DatasetWriter, type Manifest } from '../../src/core/dataset.js';
import { silent } from '../../src/core/events.js';
import { JOURNAL_NAME } from '../../src/core/journal.js';
import { WebClient } from '../../src/crawl/index.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { EvaluationSets } from '../../src/pipeline/evaluation-sets.js';
import { fetchAndShard } from '../../src/pipeline/fetch.js';
import { Scorers } from '../../src/pipeline/scorers.js';
import { netFor, never, newFolder, serve, withoutRobots } from '../crawl/support.js';

const IMAGES = 50;

async function pictures(): Promise<Buffer[]> {
  return await Promise.all(
    Array.from({ length: IMAGES }, (_, n) => {
      const noise = { type: 'gaussian', mean: 40 + 3 * n, sigma: 30 } as const;
      const image = sharp({
        create: { width: 64, height: 64, channels: 3, background: 'red', noise },
      });
      return image.png().toBuffer();
    }),
  );
}

describe('images that wait for their turn', () => {
  it('come from the log when there is no room for them in memory, and are the same', async () => {
    const images = await pictures();
    const server = await serve(
      withoutRobots((req, res) => {
        const n = Number(req.url?.slice(1));
        // Late are those that others wait for.
        setTimeout(() => res.end(n % 9 === 0 ? undefined : images[n]), n % 7 === 0 ? 200 : 0);
      }),
    );
    const root = await newFolder();
    await writeFile(join(root, 'queries.txt'), 'picture\n');
    const rows = images.map((_, n) => `http://h${n}.test/${n},a picture of the old house ${n}`);
    await writeFile(join(root, 'list.csv'), `url,caption\n${rows.join('\n')}\n`);
    const config = buildSchema.parse({
      queries: { file: join(root, 'queries.txt') },
      sources: { lists: [join(root, 'list.csv')] },
      net: netFor(server.port),
      filter: { preset: 'none' },
      shard: { sidePx: 48, selectionsPerShard: 20 },
      snapshot: '2026-01-01T00:00:00Z',
    });
    const built = join(root, 'built');
    const { shards, files }: Manifest = await buildDataset(config, built);
    expect(shards.length).toBe(3);

    const again = join(root, 'again');
    await cp(built, again, { recursive: true });
    for (const name of ['dataset.json', 'data', 'README.md']) {
      await rm(join(again, name), { recursive: true });
    }
    const journal = join(again, JOURNAL_NAME);
    const lines = (await readFile(journal, 'utf8')).split('\n');
    await writeFile(journal, lines.filter((line) => !line.includes('"unit":"fetch-')).join('\n'));
    const [head = ''] = lines;
    const dataset = await DatasetWriter.open(again, JSON.parse(head));
    const client = new WebClient(config.net);
    try {
      expect(dataset.manifest().shards).toEqual([]);
      const judges = {
        evaluation: await EvaluationSets.load(config, { emit: silent, signal: never }),
        scorers: await Scorers.open(config.filter, never),
      };
      const options = { config, client, judges, emit: silent, signal: never, heldBytes: 0 };
      await fetchAndShard(dataset, files.selected, options);
      expect(dataset.manifest().shards).toEqual(shards);
      expect(dataset.manifest().funnel.lost).toEqual({ fetch: { bad_response: 6 } });
    } finally {
      await client.close();
      await dataset.close();
    }
  });
});
