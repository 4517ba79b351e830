import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapOrdered } from '../../src/core/ordered.js';

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of items) out.push(item);
  return out;
}

const numbers = Array.from({ length: 200 }, (_, i) => i);

describe('mapOrdered', () => {
  it('yields results in input order, whatever finishes first', async () => {
    const work = async (n: number): Promise<number> => {
      await delay((n * 7) % 5);
      return n * 2;
    };
    for (const concurrency of [1, 3, 64]) {
      expect(await collect(mapOrdered(numbers, work, { concurrency }))).toEqual(
        numbers.map((n) => n * 2),
      );
    }
  });

  it('keeps to its concurrency and to its window', async () => {
    let atWork = 0;
    let most = 0;
    let started = 0;
    let consumed = 0;
    let ahead = 0;
    const work = async (n: number): Promise<number> => {
      started += 1;
      atWork += 1;
      most = Math.max(most, atWork);
      ahead = Math.max(ahead, started - consumed);
      await delay(n === 0 ? 30 : 1);
      atWork -= 1;
      return n;
    };
    for await (const _ of mapOrdered(numbers, work, { concurrency: 4, window: 10 })) consumed += 1;
    expect(most).toBe(4);
    expect(ahead).toBeLessThanOrEqual(11);
  });

  it('ends with the first error, after what was started has ended', async () => {
    let atWork = 0;
    const work = async (n: number): Promise<number> => {
      atWork += 1;
      await delay(2);
      atWork -= 1;
      if (n === 5) throw new Error('five');
      return n;
    };
    await expect(collect(mapOrdered(numbers, work, { concurrency: 8 }))).rejects.toThrow('five');
    expect(atWork).toBe(0);
  });

  it('stops on abort with the reason given', async () => {
    const stop = new AbortController();
    let done = 0;
    const work = async (n: number): Promise<number> => {
      await delay(1);
      done += 1;
      if (n === 20) stop.abort(new Error('enough'));
      return n;
    };
    const run = collect(mapOrdered(numbers, work, { concurrency: 2, signal: stop.signal }));
    await expect(run).rejects.toThrow('enough');
    expect(done).toBeLessThan(40);
  });
});
