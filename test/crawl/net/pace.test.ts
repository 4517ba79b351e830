import { describe, expect, it } from 'vitest';
import { Pace, type PaceOptions, type Try } from '../../../src/crawl/net/pace.js';
import { never, VirtualClock } from '../support.js';

const whenClosed = (): never => {
  throw new Error('closed');
};

function paceWith(options: Partial<PaceOptions> = {}) {
  const clock = new VirtualClock();
  const pace = new Pace({
    concurrency: 64,
    perHostConcurrency: 2,
    perHostDelayMs: 0,
    retries: 4,
    backoffMs: 500,
    maxBackoffMs: 30_000,
    clock,
    ...options,
  });
  return { clock, pace };
}

/** Starts `n` requests of `ms` each to a host; notes when each begins and how many are open. */
function requests(setup: ReturnType<typeof paceWith>, host: string, n: number, ms: number) {
  const { clock, pace } = setup;
  const starts: number[] = [];
  const state = { open: 0, mostOpen: 0 };
  const attempt = async (): Promise<Try<undefined>> => {
    starts.push(clock.now());
    state.mostOpen = Math.max(state.mostOpen, ++state.open);
    await clock.sleep(ms);
    state.open--;
    return { value: undefined };
  };
  const all = Array.from({ length: n }, () =>
    pace.run(host, attempt, { signal: never, whenClosed }),
  );
  return { starts, state, done: Promise.all(all) };
}

describe('pace', () => {
  it('counts what its hosts are doing', async () => {
    const setup = paceWith({ perHostDelayMs: 100, perHostConcurrency: 1 });
    const { clock, pace } = setup;
    const counts: Record<string, unknown> = {};
    const failing = async (): Promise<Try<undefined>> => ({ value: undefined, retry: {} });
    const working = [
      requests(setup, 'busy.test', 1, 1_000).done,
      // Its second request waits for the delay.
      requests(setup, 'waits.test', 2, 1).done,
      pace.run('fails.test', failing, { signal: never, whenClosed }),
    ];
    const look = async () => {
      for (const at of [50, 150]) {
        await clock.sleep(at - clock.now());
        counts[at] = pace.census();
      }
    };
    await clock.run(Promise.all([...working, look()]));
    expect(counts).toEqual({
      50: { inFlight: 1, active: 1, waiting: 1, backingOff: 1 },
      150: { inFlight: 1, active: 1, waiting: 0, backingOff: 1 },
    });
    expect(pace.census()).toEqual({ inFlight: 0, active: 0, waiting: 0, backingOff: 0 });
  });

  it('starts requests to a host no closer than the delay', async () => {
    const setup = paceWith({ perHostDelayMs: 100, perHostConcurrency: 8 });
    const { starts, done } = requests(setup, 'a.test', 6, 1);
    await setup.clock.run(done);
    expect(starts).toEqual([0, 100, 200, 300, 400, 500]);
  });

  it('keeps each host and all together within their concurrency', async () => {
    const setup = paceWith({ concurrency: 5, perHostConcurrency: 2 });
    const hosts = ['a', 'b', 'c', 'd'].map((host) => requests(setup, host, 6, 10));
    let most = 0;
    const watch = async () => {
      for (let i = 0; i < 200; i++) {
        most = Math.max(
          most,
          hosts.reduce((sum, { state }) => sum + state.open, 0),
        );
        await setup.clock.sleep(1);
      }
    };
    await setup.clock.run(Promise.all([watch(), ...hosts.map(({ done }) => done)]));
    expect(hosts.map(({ state }) => state.mostOpen)).toEqual([2, 2, 2, 2]);
    expect(most).toBe(5);
  });

  it('does not let one slow host hold up the others', async () => {
    const setup = paceWith({ perHostDelayMs: 0 });
    const slow = requests(setup, 'slow', 10, 10_000);
    const quick = requests(setup, 'quick', 10, 10);
    await setup.clock.run(quick.done);
    expect(setup.clock.now()).toBe(50);
    await setup.clock.run(slow.done);
  });

  it('raises the delay to robots.txt’s crawl-delay', async () => {
    const { clock, pace } = paceWith({ perHostDelayMs: 100 });
    const starts: number[] = [];
    const attempt = async () => {
      starts.push(clock.now());
      return { value: null };
    };
    const run = () => pace.run('a.test', attempt, { signal: never, delayMs: 2_000, whenClosed });
    await clock.run(Promise.all([run(), run(), run()]));
    expect(starts).toEqual([0, 2_000, 4_000]);
  });

  it('tries a failed request again before any other of its host', async () => {
    const { clock, pace } = paceWith({ perHostConcurrency: 1 });
    const arrivals: string[] = [];
    const failed = new Set<string>();
    const request = (name: string) =>
      pace.run(
        'a.test',
        async (): Promise<Try<string>> => {
          arrivals.push(name);
          // The host fails every third request it sees.
          const fails = arrivals.length % 3 === 0;
          if (fails) failed.add(name);
          return fails ? { value: 'failed', retry: {} } : { value: 'ok' };
        },
        { signal: never, whenClosed },
      );
    const names = Array.from({ length: 20 }, (_, i) => `r${i}`);
    const results = await clock.run(Promise.all(names.map(request)));
    expect(results).toEqual(names.map(() => 'ok'));
    for (const [i, name] of arrivals.entries()) {
      if (i % 3 === 2) expect(arrivals[i + 1]).toBe(name);
    }
    expect(failed.size).toBe(Math.floor((arrivals.length - 1) / 3));
  });

  it('pauses the whole host after a failure, doubling up to the limit', async () => {
    const { clock, pace } = paceWith({ backoffMs: 100, maxBackoffMs: 300, retries: 4 });
    const failures: number[] = [];
    const failing = pace.run(
      'a.test',
      async () => {
        failures.push(clock.now());
        return { value: 'failed', retry: {} };
      },
      { signal: never, whenClosed },
    );
    const others: number[] = [];
    const other = async () => {
      others.push(clock.now());
      return { value: 'ok' };
    };
    await clock.run(failing);
    expect(failures).toEqual([0, 100, 300, 600, 900]);
    // Another host never waited; the same host is open again once no retry is owed.
    await clock.run(pace.run('b.test', other, { signal: never, whenClosed }));
    await clock.run(pace.run('a.test', other, { signal: never, whenClosed }));
    expect(others).toEqual([900, 900]);
  });

  it('holds back fresh requests of a host while it pauses', async () => {
    const { clock, pace } = paceWith({ backoffMs: 1_000, perHostConcurrency: 2 });
    const log: string[] = [];
    const request = (name: string, failures: number) => {
      let left = failures;
      return pace.run(
        'a.test',
        async (): Promise<Try<null>> => {
          log.push(`${clock.now()} ${name}`);
          await clock.sleep(10);
          return left-- > 0 ? { value: null, retry: {} } : { value: null };
        },
        { signal: never, whenClosed },
      );
    };
    await clock.run(Promise.all([request('fails', 1), request('b', 0), request('c', 0)]));
    expect(log).toEqual(['0 fails', '0 b', '1010 fails', '1010 c']);
  });

  it('never asks sooner than Retry-After says, be it shorter or longer than its own back-off', async () => {
    const { clock, pace } = paceWith({ backoffMs: 1_000, maxBackoffMs: 5_000, retries: 3 });
    const starts: number[] = [];
    const waits = [3_000, 10, 5_000];
    const attempt = async (): Promise<Try<null>> => {
      starts.push(clock.now());
      const afterMs = waits[starts.length - 1];
      return afterMs === undefined ? { value: null } : { value: null, retry: { afterMs } };
    };
    await clock.run(pace.run('a.test', attempt, { signal: never, whenClosed }));
    expect(starts).toEqual([0, 3_000, 5_000, 10_000]);
  });

  it('waits for Retry-After also when the retries are used up', async () => {
    const { clock, pace } = paceWith({ retries: 0 });
    const starts: number[] = [];
    const attempt = async (): Promise<Try<null>> => {
      starts.push(clock.now());
      return { value: null, retry: { afterMs: 2_000 } };
    };
    const run = () => pace.run('a.test', attempt, { signal: never, whenClosed });
    await clock.run(Promise.all([run(), run()]));
    expect(starts).toEqual([0, 0]);
    await clock.run(run());
    expect(starts).toEqual([0, 0, 2_000]);
  });

  it('leaves a host alone that asks for more than is waited, and nobody else', async () => {
    const setup = paceWith({ maxBackoffMs: 5_000, perHostConcurrency: 1 });
    const { clock, pace } = setup;
    const starts: number[] = [];
    const closed = { reason: 'http_too_many_requests', detail: 'an hour' } as const;
    const attempt = async (): Promise<Try<string>> => {
      starts.push(clock.now());
      if (starts.length > 1) return { value: 'answer' };
      return { value: 'first', retry: { afterMs: 3_600_000, closed } };
    };
    const run = () =>
      pace.run('a.test', attempt, { signal: never, whenClosed: ({ detail }) => detail });
    expect(await clock.run(Promise.all([run(), run(), run()]))).toEqual([
      'first',
      'an hour',
      'an hour',
    ]);
    const other = requests(setup, 'b.test', 2, 10);
    await clock.run(other.done);
    await clock.run(clock.sleep(3_500_000));
    expect(await run()).toBe('an hour');
    expect(starts).toEqual([0]);
    // However long it is: it waits on no timer, and its lane is not forgotten.
    expect(clock.sleeping).toBe(0);
    await clock.run(clock.sleep(100_000));
    expect(await clock.run(run())).toBe('answer');
    expect(starts).toHaveLength(2);
    expect(await clock.run(run())).toBe('answer');
  });

  it('keeps the crawl-delay of a host while requests that do not know it come between', async () => {
    const { clock, pace } = paceWith({ perHostDelayMs: 100 });
    const starts: number[] = [];
    const attempt = async () => {
      starts.push(clock.now());
      return { value: null };
    };
    const run = (delayMs?: number) =>
      pace.run('a.test', attempt, { signal: never, whenClosed, delayMs });
    await clock.run(Promise.all([run(2_000), run(), run(2_000)]));
    expect(starts).toEqual([0, 2_000, 4_000]);
  });

  it('gives the last value when the retries are used up', async () => {
    const { clock, pace } = paceWith({ retries: 2 });
    let tries = 0;
    const attempt = async () => ({ value: ++tries, retry: {} });
    expect(await clock.run(pace.run('a.test', attempt, { signal: never, whenClosed }))).toBe(3);
  });

  it('lets go of waiting requests and of its timer when aborted', async () => {
    const { clock, pace } = paceWith({ perHostDelayMs: 60_000 });
    const control = new AbortController();
    let started = 0;
    const attempt = async () => {
      started++;
      return { value: null };
    };
    const run = () => pace.run('a.test', attempt, { signal: control.signal, whenClosed });
    await clock.run(run());
    const waiting = [run(), run()].map((request) => request.catch((error: Error) => error.message));
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.sleeping).toBe(1);
    control.abort(new Error('stopped'));
    expect(await Promise.all(waiting)).toEqual(['stopped', 'stopped']);
    expect(clock.sleeping).toBe(0);
    await expect(run()).rejects.toThrow('stopped');
    expect(started).toBe(1);
  });

  it('passes on what a request throws and goes on with the next', async () => {
    const { clock, pace } = paceWith({ perHostConcurrency: 1 });
    const bad = pace.run('a.test', () => Promise.reject(new Error('bug')), {
      signal: never,
      whenClosed,
    });
    const good = pace.run('a.test', async () => ({ value: 'ok' }), { signal: never, whenClosed });
    await expect(clock.run(bad)).rejects.toThrow('bug');
    expect(await clock.run(good)).toBe('ok');
  });

  it('waits for 100,000 hosts at once on one timer, and forgets them afterwards', async () => {
    const { clock, pace } = paceWith({ perHostDelayMs: 1_000, concurrency: 1_000 });
    const hosts = 100_000;
    let mostTimers = 0;
    let mostLanes = 0;
    const starts = new Map<string, number[]>();
    const request = (host: string) =>
      pace.run(
        host,
        async () => {
          mostTimers = Math.max(mostTimers, clock.sleeping);
          mostLanes = Math.max(mostLanes, pace.lanes);
          const times = starts.get(host) ?? [];
          starts.set(host, [...times, clock.now()]);
          return { value: null };
        },
        { signal: never, whenClosed },
      );
    const all: Promise<null>[] = [];
    for (let i = 0; i < hosts; i++) all.push(request(`h${i}.test`), request(`h${i}.test`));
    await clock.run(Promise.all(all));
    expect(starts.size).toBe(hosts);
    for (const times of starts.values()) expect(times).toEqual([0, 1_000]);
    expect(mostTimers).toBeLessThanOrEqual(1);
    expect(mostLanes).toBe(hosts);
    expect(clock.sleeping).toBe(0);
    // Once they owe no wait, the next hosts take their places.
    await clock.run(clock.sleep(1_000));
    for (let i = 0; i < 2 * hosts; i++) {
      await pace.run(`n${i}.test`, async () => ({ value: null }), { signal: never, whenClosed });
      if (i % 1_000 === 0) await clock.run(clock.sleep(1_000));
    }
    expect(pace.lanes).toBeLessThan(8_192);
  });

  it('forgets hosts that are idle', async () => {
    const { clock, pace } = paceWith({ perHostDelayMs: 10 });
    for (let i = 0; i < 5_000; i++) {
      await pace.run(`h${i}.test`, async () => ({ value: null }), { signal: never, whenClosed });
      if (i % 100 === 0) await clock.run(clock.sleep(10));
    }
    expect(pace.lanes).toBeLessThanOrEqual(1_024);
  });
});
