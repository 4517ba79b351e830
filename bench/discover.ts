/**
 * What the benchmarks of Common Crawl and of pages run: discovery alone, of archives or of the web, into a
 * dataset folder. Prints what it counted.
 *
 *     node dist/bench/discover.js '{"sources": {…}, "net": {…}}' OUT
 */

import { boundHeap } from '../src/commands/heap.js';
import { buildSchema } from '../src/config.js';
import { DatasetWriter } from '../src/core/dataset.js';
import { silent } from '../src/core/events.js';
import { localRunner } from '../src/core/runner.js';
import { createCommonCrawlSource, createWebSource, WebClient } from '../src/crawl/index.js';
import { DISCOVER_UNITS } from '../src/pipeline/build.js';
import { discover } from '../src/pipeline/discover.js';

const [settings, out] = process.argv.slice(2) as [string, string];
const config = buildSchema.parse(JSON.parse(settings));
// As `wit crawl-and-build` does.
boundHeap(config.sources.commonCrawl);
const client = new WebClient(config.net);
const dataset = await DatasetWriter.open(out, {
  schema: 1,
  snapshot: '2026-01-01T00:00:00Z',
  config,
  queries: { digest: '', count: 0 },
  rules: {},
});
const { signal } = new AbortController();
const sources =
  config.sources.commonCrawl.length > 0
    ? [createCommonCrawlSource(config.sources, client)]
    : [await createWebSource(config.sources, client)];
await discover(dataset, sources, { runner: localRunner(DISCOVER_UNITS), emit: silent, signal });
const total: Record<string, number> = {};
for (const { counts } of dataset.journal.commits()) {
  for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
}
await dataset.close();
await client.close();
process.stdout.write(JSON.stringify(total));
