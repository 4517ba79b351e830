import { describe, expect, it } from 'vitest';
import { SlowHosts } from '../../../src/crawl/monitor/slow-hosts.js';
import { prng } from '../../filter/prng.js';

describe('SlowHosts', () => {
  it('is exact while there are no more hosts than places', () => {
    const hosts = new SlowHosts(8);
    for (let i = 0; i < 4; i++) {
      hosts.add('slow.test', 1_000 + 500 * i);
      hosts.add('quick.test', 500);
    }
    hosts.add('rare.test', 60_000);
    expect(hosts.slowest(5)).toEqual([
      { host: 'slow.test', seconds: 1.75, requests: 4 },
      { host: 'quick.test', seconds: 0.5, requests: 4 },
    ]);
    expect(hosts.slowest(1).map(({ host }) => host)).toEqual(['slow.test']);
  });

  it.each([1, 2, 3])('finds what holds a crawl of very many hosts up (%i)', (seed) => {
    const random = prng(seed);
    const places = 64;
    const hosts = new SlowHosts(places);
    const spent = new Map<string, number>();
    const slow = ['a.slow', 'b.slow', 'c.slow'];
    for (let i = 0; i < 200_000; i++) {
      // One request in 200 goes to a slow host; each of the others to one of 100,000 quick ones.
      const isSlow = random() < 0.005;
      const host = isSlow
        ? (slow[Math.floor(random() * slow.length)] as string)
        : `${Math.floor(random() * 100_000)}.quick`;
      const ms = isSlow ? 4_000 + 4_000 * random() : 100 * random();
      hosts.add(host, ms);
      spent.set(host, (spent.get(host) ?? 0) + ms);
    }
    const all = [...spent.values()].reduce((a, b) => a + b);
    const listed = hosts.slowest(places);
    // Those beyond the threshold are there …
    const held = [...spent].filter(([, ms]) => ms > (2 * all) / places).map(([host]) => host);
    expect(held.sort()).toEqual(slow);
    for (const host of slow) expect(listed.map((one) => one.host)).toContain(host);
    // … with their own means, and nobody below it is.
    for (const { host, seconds } of listed) {
      expect(spent.get(host) as number).toBeGreaterThanOrEqual(all / places);
      expect(seconds).toBeGreaterThan(5.5);
      expect(seconds).toBeLessThan(6.5);
    }
  });

  it('lets go of hosts that are slow no longer', () => {
    const hosts = new SlowHosts(4);
    for (let i = 0; i < 10; i++) hosts.add('was.slow', 10_000);
    for (let minute = 0; minute < 8; minute++) {
      hosts.fade(0.5);
      for (let i = 0; i < 100; i++) hosts.add('is.slow', 1_000);
    }
    expect(hosts.slowest(5)).toEqual([{ host: 'is.slow', seconds: 1, requests: 199 }]);
  });
});
