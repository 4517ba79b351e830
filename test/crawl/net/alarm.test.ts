import { describe, expect, it } from 'vitest';
import { seeded } from '../../../bench/random.js';
import { Alarm } from '../../../src/crawl/net/alarm.js';
import { VirtualClock } from '../support.js';

describe('alarm', () => {
  it('wakes everyone at their time, with one timer, but those who called it off', async () => {
    const clock = new VirtualClock();
    const woken: [item: number, at: number][] = [];
    const alarm = new Alarm<number>(clock, (item) => woken.push([item, clock.now()]));
    const random = seeded(5);
    const times = Array.from({ length: 2_000 }, () => Math.floor(random() * 500));
    for (const [item, at] of times.entries()) {
      alarm.set(item, at);
      expect(clock.sleeping).toBe(1);
    }
    const off = (item: number) => item % 3 === 0;
    for (const item of times.keys()) if (off(item)) alarm.delete(item);
    await clock.run(clock.sleep(600));
    const expected = [...times.entries()].filter(([item]) => !off(item));
    expect([...woken].sort(([a], [b]) => a - b)).toEqual(expected);
    expect(woken.map(([, at]) => at)).toEqual(woken.map(([, at]) => at).sort((a, b) => a - b));
    expect(clock.sleeping).toBe(0);
  });

  it('can be set again by who wakes, and lets go of its timer when nobody sleeps', async () => {
    const clock = new VirtualClock();
    const woken: number[] = [];
    const alarm = new Alarm<string>(clock, (item) => {
      woken.push(clock.now());
      if (woken.length < 3) alarm.set(item, clock.now() + 10);
    });
    alarm.set('a', 5);
    await clock.run(clock.sleep(100));
    expect(woken).toEqual([5, 15, 25]);
    alarm.set('a', 500);
    alarm.set('b', 300);
    alarm.delete('b');
    expect(clock.sleeping).toBe(1);
    alarm.delete('a');
    expect(clock.sleeping).toBe(0);
  });
});
