/**
 * What the benchmark of Common Crawl runs: discovery alone, on one archive, into a dataset folder.
 *
 *     node dist/bench/discover-archive.js FILE OUT
 */

import { buildSchema } from '../src/config.js';
import { DatasetWriter } from '../src/core/dataset.js';
import { silent } from '../src/core/events.js';
import { localRunner } from '../src/core/runner.js';
import { createCommonCrawlSource, WebClient } from '../src/crawl/index.js';
import { discover } from '../src/pipeline/discover.js';

const [file, out] = process.argv.slice(2) as [string, string];
const config = buildSchema.parse({
  sources: { commonCrawl: [file] },
  net: { connectTo: ['::127.0.0.1:1'] },
});
const client = new WebClient(config.net);
const dataset = await DatasetWriter.open(out, {
  schema: 1,
  snapshot: '2026-01-01T00:00:00Z',
  config,
  queries: { digest: '', count: 0 },
  rules: {},
});
const { signal } = new AbortController();
const sources = [createCommonCrawlSource(config.sources, client)];
await discover(dataset, sources, { runner: localRunner(1), emit: silent, signal });
const { counts } = dataset.journal.commits()[0] as { counts: Record<string, number> };
await dataset.close();
await client.close();
process.stdout.write(JSON.stringify(counts));
