import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CrawlMonitor } from '../../../src/crawl/index.js';

/** A monitor whose time the test moves, a tick a second. */
function monitored() {
  const time = { ms: 1_000_000 };
  const monitor = new CrawlMonitor(() => time.ms);
  return {
    monitor,
    async run(seconds: number, each: (second: number) => void = () => {}) {
      for (let second = 0; second < seconds; second++) {
        time.ms += 1_000;
        each(second);
        monitor.tick();
      }
    },
  };
}

describe('rates', () => {
  it('tells now from the whole run', async () => {
    const { monitor, run } = monitored();
    const work = (images: number) => () => {
      for (let i = 0; i < images; i++) {
        monitor.exchanged('image', 'a.test', 'answer', 50, false);
        monitor.received(1_000);
      }
      monitor.exchanged('page', 'a.test', 'answer', 50, false);
      monitor.exchanged('image', 'a.test', 'timeout', 50, false);
    };
    await run(90, work(10));
    await run(10, work(40));
    const { recent, run: whole, seconds } = monitor.snapshot();
    expect(seconds).toBe(100);
    expect(recent).toEqual({ seconds: 10, images: 40, pages: 1, requests: 42, bytes: 40_000 });
    expect(whole).toEqual({ seconds: 100, images: 13, pages: 1, requests: 15, bytes: 13_000 });
  });

  it('are right when ticks come late', () => {
    let ms = 0;
    const monitor = new CrawlMonitor(() => ms);
    for (let i = 0; i < 70; i++) monitor.exchanged('page', 'a.test', 'answer', 1, false);
    ms = 7_000;
    monitor.tick();
    ms = 35_000;
    monitor.tick();
    expect(monitor.snapshot().recent).toMatchObject({ seconds: 28, requests: 0 });
    expect(monitor.snapshot().run).toMatchObject({ seconds: 35, requests: 2 });
  });
});

describe('time left', () => {
  const begin = { type: 'begin', task: 'fetch', unit: 'images', total: 100_000 } as const;
  const at = (done: number, earlier: number) =>
    ({ type: 'progress', task: 'fetch', done, earlier }) as const;

  it('goes by the pace of this run alone', async () => {
    const { monitor, run } = monitored();
    monitor.listen(begin);
    monitor.listen(at(60_000, 60_000));
    await run(5);
    expect(monitor.snapshot().progress).toMatchObject({ perSecond: 0, secondsLeft: null });
    await run(5, (second) => monitor.listen(at(60_000 + 200 * (second + 1), 60_000)));
    // 1,000 in 10 s; 39,000 are left.
    expect(monitor.snapshot().progress).toEqual({
      task: 'fetch',
      unit: 'images',
      done: 61_000,
      earlier: 60_000,
      total: 100_000,
      perSecond: 100,
      secondsLeft: 390,
    });
  });

  it('goes by the last minute, and is unknown when nothing moves', async () => {
    const { monitor, run } = monitored();
    monitor.listen(begin);
    await run(100, (second) => monitor.listen(at(500 * (second + 1), 0)));
    await run(60, (second) => monitor.listen(at(50_000 + 100 * (second + 1), 0)));
    expect(monitor.snapshot().progress).toMatchObject({ perSecond: 100, secondsLeft: 440 });
    await run(60);
    expect(monitor.snapshot().progress).toMatchObject({ perSecond: 0, secondsLeft: null });
  });

  it('is not there without a total, and begins anew with each task', async () => {
    const { monitor, run } = monitored();
    expect(monitor.snapshot().progress).toBeNull();
    monitor.listen({ type: 'begin', task: 'discover', unit: 'pages' });
    await run(5, (second) =>
      monitor.listen({ type: 'progress', task: 'discover', done: 1_000 * second, earlier: 0 }),
    );
    expect(monitor.snapshot().progress).toMatchObject({ total: null, secondsLeft: null });
    monitor.listen(begin);
    await run(2, (second) => monitor.listen(at(10 * (second + 1), 0)));
    expect(monitor.snapshot().progress).toMatchObject({ perSecond: 10, done: 20 });
  });
});

describe('what is counted', () => {
  it('tells requests that failed from images that are lost', () => {
    const { monitor } = monitored();
    monitor.exchanged('robots', 'a.test', 'http_client_error', 1, false);
    monitor.exchanged('tdm-file', 'a.test', 'http_client_error', 1, false);
    monitor.exchanged('image', 'a.test', 'timeout', 1, false);
    monitor.exchanged('image', 'a.test', 'reset', 1, true);
    monitor.exchanged('image', 'a.test', 'reset', 1, true);
    monitor.exchanged('image', 'a.test', 'answer', 1, true);
    monitor.listen({ type: 'begin', task: 'fetch', unit: 'images', total: 10 });
    monitor.listen({ type: 'loss', stage: 'select', reason: 'no_query', count: 7 });
    monitor.listen({ type: 'loss', stage: 'fetch', reason: 'timeout', count: 1 });
    monitor.listen({ type: 'loss', stage: 'fetch', reason: 'blank', count: 2 });
    const done = { done: 9, earlier: 3, kept: 5, keptEarlier: 2 };
    monitor.listen({ type: 'progress', task: 'fetch', ...done });
    expect(monitor.snapshot()).toMatchObject({
      requests: 6,
      repeats: 3,
      failures: { reset: 2, timeout: 1 },
      exchanges: {
        robots: { http_client_error: 1 },
        'tdm-file': { http_client_error: 1 },
        image: { reset: 2, timeout: 1, answer: 1 },
      },
      lost: { select: { no_query: 7 }, fetch: { blank: 2, timeout: 1 } },
      images: { kept: 3, lost: 3, downloaded: 5 },
    });
    expect(Object.keys(monitor.snapshot().failures)).toEqual(['reset', 'timeout']);
    // Rows that are tried again are fetched by a second task of the same name.
    monitor.listen({ type: 'begin', task: 'fetch', unit: 'images', total: 14 });
    const more = { done: 12, earlier: 9, kept: 7, keptEarlier: 5 };
    monitor.listen({ type: 'progress', task: 'fetch', ...more });
    expect(monitor.snapshot().images).toEqual({ kept: 5, lost: 3, downloaded: 7 });
  });

  it('needs no more memory for more hosts and a longer time', async () => {
    const { monitor, run } = monitored();
    let host = 0;
    const busy = () => {
      for (let i = 0; i < 2_000; i++) {
        monitor.exchanged('image', `${host++}.test`, 'answer', 100, false);
      }
    };
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    await run(20, busy);
    const before = heap();
    await run(200, busy);
    // 400,000 more names of 50 bytes and more would be 20 MB.
    expect(heap() - before).toBeLessThan(2e6);
    expect(JSON.stringify(monitor.snapshot()).length).toBeLessThan(2_000);
  });
});
