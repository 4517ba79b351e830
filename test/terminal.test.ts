import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CrawlSnapshot } from '../src/core/crawl-snapshot.js';
import { createReporter } from '../src/terminal.js';
import { Screen } from './screen.js';

function record(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  Object.assign(stream, { isTTY });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written };
}

describe('createReporter', () => {
  it('writes plain lines with rate and time left, not too many', () => {
    const { stream, text } = record(false);
    let now = 0;
    const { emit, close } = createReporter({ json: false, stream, now: () => now });
    emit({ type: 'begin', task: 'fetch', unit: 'images', total: 1_000 });
    emit({ type: 'progress', task: 'fetch', done: 200 });
    for (now = 1_000; now <= 10_000; now += 1_000) {
      emit({ type: 'progress', task: 'fetch', done: 200 + now / 50, note: 'x kept' });
    }
    emit({ type: 'end', task: 'fetch', done: 1_000 });
    close();
    // 20 a second since the run began; the 200 from an earlier run do not count.
    expect(text().split('\n')).toEqual([
      'fetch: started',
      'fetch: 300/1,000 images, 20/s, 35 s left, x kept',
      'fetch: 400/1,000 images, 20/s, 30 s left, x kept',
      'fetch: done, 1,000 images in 11 s',
      '',
    ]);
  });

  it('writes every event as JSON for machines', () => {
    const { stream, text } = record(true);
    const { emit } = createReporter({ json: true, stream });
    emit({ type: 'message', level: 'warning', text: 'line\nbreak' });
    expect(JSON.parse(text())).toEqual({ type: 'message', level: 'warning', text: 'line\nbreak' });
    expect(text().trim().split('\n')).toHaveLength(1);
  });
});

const rates = { seconds: 10, images: 56.25, pages: 0, requests: 61, bytes: 4_200_000 };
const snapshot: CrawlSnapshot = {
  seconds: 245,
  over: false,
  progress: {
    task: 'fetch',
    unit: 'images',
    done: 12_345,
    earlier: 2_000,
    total: 45_678,
    perSecond: 56.25,
    secondsLeft: 592.6,
  },
  recent: rates,
  run: { ...rates, seconds: 245, images: 42.2 },
  images: { kept: 9_000, lost: 1_345, downloaded: 9_800 },
  requests: 14_945,
  repeats: 310,
  bytes: 1_029_000_000,
  exchanges: { image: { answer: 13_000, timeout: 945 }, page: { answer: 1_000 } },
  failures: { timeout: 900, reset: 45 },
  lost: { select: { no_query: 1_000_000 }, fetch: { timeout: 545, blank: 500, animated: 300 } },
  inFlight: 64,
  hosts: { active: 31, waiting: 12, backingOff: 2 },
  latency: { p50: 0.12, p90: 0.85, p99: 4.1 },
  slowest: [
    { host: `${'very.'.repeat(40)}long.test`, seconds: 12.3, requests: 31 },
    { host: 'evil\x1b[2J\x07.test', seconds: 2.12, requests: 1_200 },
  ],
  memory: { rss: 5e8, peak: 6e8 },
};

describe('on a terminal', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function fetching(columns: number, rows = 24) {
    const screen = new Screen({ columns, rows });
    const { emit, close } = createReporter({ json: false, stream: screen.stream, now: () => 0 });
    emit({ type: 'begin', task: 'select', unit: 'candidates' });
    emit({ type: 'end', task: 'select', done: 50_000 });
    emit({ type: 'begin', task: 'fetch', unit: 'images', total: 45_678 });
    emit({ type: 'progress', task: 'fetch', done: 12_345, earlier: 2_000, kept: 11_000 });
    emit({ type: 'crawl', ...snapshot });
    vi.advanceTimersByTime(1_000);
    return { screen, emit, close };
  }

  const block = [
    '  now        56 images/s · 0.0 pages/s · 61 requests/s · 4.20 MB/s',
    '  this run   42 images/s · 0.0 pages/s · 61 requests/s · 4.20 MB/s',
    '  success    94.7% of images downloaded · 87.0% kept · 93.7% of requests',
    '  requests   64 in flight · hosts: 31 active · 12 waiting · 2 backing off',
    '  answers    50% within 120 ms · 90% 850 ms · 99% 4.1 s',
    '  lost       timeout 545 · blank 500 · animated 300',
    '  failures   timeout 900 · reset 45',
    '  slowest    …very.very.very.very.very.very.long.test 12 s (31)',
  ];

  it('shows bars and what the crawl is doing, within 80 columns', () => {
    const { screen } = fetching(80);
    expect(screen.lines.slice(0, 2)).toEqual([
      'select     ━━━━━━━━━━━ 50,000 candidates in 0 s',
      'fetch      ━━━╌╌╌╌╌╌╌╌ 12,345/45,678 images, 56/s, 9 min 53 s left, 11,000 kept',
    ]);
    expect(screen.lines.slice(2)).toEqual(block);
    expect(screen.cursorShown).toBe(false);
  });

  it('shows more where there is room, and no control character of any host', () => {
    const { screen } = fetching(120);
    expect(screen.lines).toContain(`${block[1]} · 1.03 GB in 4 min 5 s`);
    expect(screen.lines.at(-1)).toBe(`${block[7]} · evil�[2J�.test 2.1 s (1,200)`);
  });

  it('redraws in one write, and only when there is something new', () => {
    const { screen, emit } = fetching(80);
    const { writes, lines } = screen;
    vi.advanceTimersByTime(5_000);
    expect(screen.writes).toBe(writes);
    for (let i = 0; i < 1_000; i++) emit({ type: 'crawl', ...snapshot });
    vi.advanceTimersByTime(200);
    expect(screen.writes).toBe(writes + 1);
    expect(screen.lines).toEqual(lines);
  });

  it('keeps messages above, whatever they hold', () => {
    const { screen, emit } = fetching(80);
    const { lines } = screen;
    emit({ type: 'message', level: 'warning', text: 'one\x1b]0;title\x07\ntwo' });
    vi.advanceTimersByTime(200);
    expect(screen.lines).toEqual(['warning: one�]0;title�', 'two', ...lines]);
  });

  it('follows a terminal that changes its size, and leaves nothing behind', () => {
    const { screen, emit } = fetching(120);
    emit({ type: 'message', level: 'info', text: 'above' });
    for (const columns of [60, 100, 80]) {
      screen.resize(columns);
      expect(Math.max(...screen.lines.map((line) => line.length))).toBeLessThan(columns);
    }
    expect(screen.lines.slice(3)).toEqual(block);
    expect(screen.lines[0]).toBe('above');
  });

  it('is cut to the height of the terminal', () => {
    const { screen } = fetching(80, 5);
    expect(screen.lines).toHaveLength(4);
  });

  it('stands where it was when the user types', () => {
    const { screen, emit } = fetching(80);
    const { lines } = screen;
    screen.write('^C');
    emit({ type: 'message', level: 'info', text: 'stopping' });
    vi.advanceTimersByTime(200);
    expect(screen.lines).toEqual(['stopping', ...lines]);
  });

  it('ends with the bars alone, and with a cursor', () => {
    const { screen, emit, close } = fetching(80);
    emit({ type: 'end', task: 'fetch', done: 45_678 });
    emit({ type: 'crawl', ...snapshot, over: true });
    close();
    expect(screen.lines).toEqual([
      `select     ${'━'.repeat(24)} 50,000 candidates in 0 s`,
      `fetch      ${'━'.repeat(24)} 45,678 images in 0 s`,
    ]);
    expect(screen.cursorShown).toBe(true);
  });

  it('prints messages where there is no task, and draws nothing for nothing', () => {
    const screen = new Screen({ columns: 80, rows: 24 });
    const { emit, close } = createReporter({ json: false, stream: screen.stream });
    vi.advanceTimersByTime(1_000);
    expect(screen.writes).toBe(0);
    emit({ type: 'message', level: 'info', text: 'hello' });
    close();
    expect(screen.lines).toEqual(['hello']);
  });
});

describe('elsewhere', () => {
  it('says the same of a crawl in one line every ten seconds', () => {
    const { stream, text } = record(false);
    let now = 0;
    const { emit } = createReporter({ json: false, stream, now: () => now });
    emit({ type: 'begin', task: 'fetch', unit: 'images', total: 45_678 });
    for (; now <= 21_000; now += 1_000) {
      emit({ type: 'progress', task: 'fetch', done: 12_345, earlier: 2_000, kept: 11_000 });
      emit({ type: 'crawl', ...snapshot });
    }
    const line =
      'fetch: 12,345/45,678 images, 56/s, 9 min 53 s left, 11,000 kept; 56 images/s, 0.0 pages/s, ' +
      '61 requests/s, 4.20 MB/s; success 94.7% of images downloaded, 87.0% kept, 93.7% of requests; ' +
      'requests 64 in flight, hosts: 31 active, 12 waiting, 2 backing off; ' +
      'lost timeout 545, blank 500, animated 300; failures timeout 900, reset 45; ' +
      'slowest …very.very.very.very.very.very.long.test 12 s (31), evil�[2J�.test 2.1 s (1,200)';
    expect(text().split('\n')).toEqual(['fetch: started', line, line, '']);
  });
});
