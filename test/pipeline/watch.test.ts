import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PartialConfig } from '../../src/config.js';
import type { CrawlSnapshot } from '../../src/core/crawl-snapshot.js';
import type { WorkEvent } from '../../src/core/events.js';
import { REASONS } from '../../src/core/reasons.js';
import { packageRoot } from '../../src/core/version.js';
import type { ExchangeKind } from '../../src/crawl/net/observer.js';
import { buildDataset } from '../../src/pipeline/build.js';
import { run } from '../commands/command-line.js';
import { testPython } from '../train/python.js';
import { type Internet, startInternet } from '../web/internet.js';

let root: string;
let internet: Internet;
const queries = join(packageRoot, 'queries', 'demo.txt');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-watch-'));
  internet = await startInternet({ concepts: 40, px: 48 });
}, 60_000);
afterAll(async () => {
  await internet.close();
  await rm(root, { recursive: true, force: true });
});

function config(net: PartialConfig['net'] = {}): PartialConfig {
  return {
    queries: { file: queries },
    sources: { seeds: internet.seeds, hosts: internet.hosts, unitSize: 40 },
    net: {
      connectTo: internet.connectTo,
      allowPrivate: true,
      perHostDelayMs: 10,
      timeoutMs: 2_000,
      retries: 1,
      backoffMs: 20,
      ...net,
    },
    filter: { cap: 10 },
    shard: { sidePx: 40, selectionsPerShard: 50 },
    snapshot: '2026-01-01T00:00:00Z',
  };
}

interface Scrape {
  contentType: string | null;
  text: string;
}

/** The samples of a scrape as Prometheus's own parser reads them: `name{label="value",…}` → value. */
function parsed(scrapes: readonly Scrape[]): Map<string, number>[] {
  const script = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
for text in json.load(sys.stdin):
    samples = []
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
        assert family.type in ("counter", "gauge", "histogram"), family.type
        for name, labels, value, *_ in family.samples:
            labels = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
            samples.append([f"{name}{{{labels}}}", value])
    print(json.dumps(samples))
`;
  const lines = execFileSync(testPython(), ['-c', script], {
    input: JSON.stringify(scrapes.map(({ text }) => text)),
    encoding: 'utf8',
  });
  return lines
    .trim()
    .split('\n')
    .map((line) => new Map(JSON.parse(line) as [string, number][]));
}

describe('a crawl that is watched', () => {
  let events: WorkEvent[];
  let scrapes: Scrape[];
  let elsewhere: number[];
  let url: string;
  let kept: number;

  beforeAll(async () => {
    events = [];
    scrapes = [];
    elsewhere = [];
    const scraping: Promise<void>[] = [];
    const emit = (event: WorkEvent) => {
      events.push(event);
      if (event.type === 'message') url = /http:\S+/.exec(event.text)?.[0] ?? url;
      if (event.type !== 'crawl' || event.over) return;
      const scrape = async () => {
        const answer = await fetch(url);
        const contentType = answer.headers.get('content-type');
        scrapes.push({ contentType, text: await answer.text() });
        elsewhere.push((await fetch(new URL('/', url))).status);
        elsewhere.push((await fetch(url, { method: 'POST' })).status);
      };
      scraping.push(scrape());
    };
    const manifest = await buildDataset(config({ metricsPort: 0 }), join(root, 'watched'), {
      emit,
    });
    // The last scrape may find the endpoint closed.
    await Promise.allSettled(scraping);
    kept = manifest.funnel.kept;
  }, 120_000);

  const snapshots = () => events.filter((event) => event.type === 'crawl');
  const last = () => snapshots().at(-1) as CrawlSnapshot;

  it('tells once a second how it goes, and once that it is over', () => {
    expect(snapshots().length).toBeGreaterThan(2);
    expect(
      snapshots()
        .map(({ over }) => over)
        .indexOf(true),
    ).toBe(snapshots().length - 1);
    const tasks = new Set(snapshots().map(({ progress }) => progress?.task));
    expect(tasks).toContain('discover');
    expect(tasks).toContain('fetch');
    expect(events.some(({ type }) => type === 'loss')).toBe(false);
  });

  it('accounts for everything that was asked for and lost', async () => {
    const { images, exchanges, requests, lost, progress, latency, bytes } = last();
    const manifest = JSON.parse(await readFile(join(root, 'watched', 'dataset.json'), 'utf8'));
    expect(lost).toEqual(manifest.funnel.lost);
    expect(images.kept).toBe(kept);
    expect(images.kept + images.lost).toBe(manifest.funnel.selected);
    expect(progress).toMatchObject({ task: 'fetch', done: images.kept + images.lost, earlier: 0 });
    const counted = Object.values(exchanges).flatMap((outcomes) => Object.values(outcomes));
    expect(counted.reduce((a, b) => a + b)).toBe(requests);
    // What the server never saw had no connection; the reverse would be a request that is not counted.
    const answered = Object.values(exchanges).reduce((n, { answer = 0 }) => n + answer, 0);
    expect(internet.requests.all.length).toBeLessThanOrEqual(requests);
    expect(internet.requests.all.length).toBeGreaterThanOrEqual(answered);
    expect(latency?.p50).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(100_000);
  });

  it('serves metrics that Prometheus can read, counters that only rise', () => {
    expect(new Set(scrapes.map(({ contentType }) => contentType))).toEqual(
      new Set(['text/plain; version=0.0.4; charset=utf-8']),
    );
    const all = parsed(scrapes);
    expect(all.length).toBeGreaterThan(1);
    all.forEach((samples, at) => {
      for (const [name, value] of samples) {
        if (!/_(total|bucket|count|sum)\{/.test(name) || /^wit_task/.test(name)) continue;
        expect(value, name).toBeGreaterThanOrEqual(all[at - 1]?.get(name) ?? 0);
      }
      const requests = [...samples].filter(([name]) => name.startsWith('wit_requests_total'));
      const sum = requests.reduce((total, [, value]) => total + value, 0);
      expect(samples.get('wit_request_duration_seconds_count{}')).toBe(sum);
      expect(samples.get('wit_request_duration_seconds_bucket{le="+Inf"}')).toBe(sum);
    });
    const names = new Set([...(all.at(-1)?.keys() ?? [])].map((name) => name.replace(/\{.*/, '')));
    for (const name of ['wit_lost_total', 'wit_hosts', 'wit_received_bytes_total']) {
      expect(names).toContain(name);
    }
  });

  it('has no label but words of its own', () => {
    const words = /\w+="([^"]*)"/g;
    const labels = new Set(
      scrapes.flatMap(({ text }) => [...text.matchAll(words)].map((m) => m[1])),
    );
    const kinds: Record<ExchangeKind, 1> = {
      ...{ image: 1, page: 1, sitemap: 1, robots: 1, 'tdm-file': 1, api: 1, archive: 1 },
    };
    const own = new Set([
      ...Object.keys(REASONS),
      ...Object.keys(kinds),
      ...['answer', 'redirect'],
      ...['discover', 'select', 'fetch', 'shard', 'active', 'waiting', 'backing_off', '+Inf'],
    ]);
    const strange = [...labels].filter((label) => !own.has(label ?? '') && !Number(label));
    expect(strange).toEqual([]);
  });

  it('serves nothing else, and nothing once it is over', async () => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(new Set(elsewhere)).toEqual(new Set([404, 405]));
    await expect(fetch(url)).rejects.toThrow();
  });

  it('counts what an earlier run did for no rate and no share', async () => {
    let again: CrawlSnapshot | undefined;
    const discovered: [done: number, earlier: number | undefined][] = [];
    await rm(join(root, 'watched', 'dataset.json'));
    await buildDataset(config(), join(root, 'watched'), {
      emit: (event) => {
        if (event.type === 'crawl') again = event;
        if (event.type === 'progress' && event.task === 'discover') {
          discovered.push([event.done, event.earlier]);
        }
      },
    });
    const { done } = last().progress as { done: number };
    expect(discovered.at(-1)?.[0]).toBeGreaterThan(100);
    for (const [all, earlier] of discovered) expect(earlier).toBe(all);
    expect(again?.progress).toMatchObject({ task: 'fetch', done, earlier: done, perSecond: 0 });
    expect(again).toMatchObject({ requests: 0, images: { kept: 0, lost: 0 }, lost: {} });
  });
});

describe('wit crawl-and-build', () => {
  const flags = () => [
    ...['crawl-and-build', '--queries', queries, '--seed-url', ...internet.seeds],
    ...['--connect-to', ...internet.connectTo, '--allow-private', '--delay', '0'],
  ];

  it('does not begin when the port for metrics is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const asked = internet.requests.all.length;
    const out = join(root, 'taken');
    const ran = await run([...flags(), '--metrics-port', String(port), '--out', out]);
    server.close();
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(`Cannot serve metrics on 127.0.0.1, port ${port}`);
    expect(ran.stderr).toContain('another program uses this port');
    expect(existsSync(out)).toBe(false);
    expect(internet.requests.all.length).toBe(asked);
  });

  it('sums up what came of it, for people and for machines', async () => {
    const people = await run([...flags(), '--out', join(root, 'people')]);
    const lines = people.stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^\d+ candidates, \d+ selected, \d+ kept in /);
    expect(people.stdout).toMatch(/^lost in select: [\d,]+ \([a-z_]+ [\d,]+/m);
    expect(people.stdout).toMatch(
      /^this run: \d+ s, [\d,]+ images at [\d.]+\/s, [\d.]+% downloaded, [\d,]+ requests, \S+ \wB at \S+ \wB\/s, peak memory \S+ MB$/m,
    );
    const machines = await run([...flags(), '--json', '--out', join(root, 'machines')]);
    const { value } = JSON.parse(machines.stdout);
    expect(value.run).toMatchObject({ over: true, images: { kept: value.funnel.kept } });
    expect(value.run.requests).toBeGreaterThan(value.run.images.kept);
  }, 120_000);
});
