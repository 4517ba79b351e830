import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { type Address, DnsCache, nameServers } from '../../../src/crawl/net/dns.js';
import { VirtualClock } from '../support.js';

const address: Address = { address: '192.0.2.1', family: 4 };

function failing(code: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { code }));
}

describe('DnsCache', () => {
  it('asks once for many that wait, and again when the answer is old', async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [address];
    };
    const dns = new DnsCache({ resolve, clock, ttlMs: 1_000 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => dns.resolve('a.test')));
    expect(answers.every(([first]) => first === address)).toBe(true);
    expect(asked).toEqual(['a.test']);
    await clock.run(clock.sleep(999));
    await dns.resolve('a.test');
    expect(asked).toHaveLength(1);
    await clock.run(clock.sleep(1));
    await dns.resolve('a.test');
    expect(asked).toHaveLength(2);
  });

  it('remembers that a name does not exist, but not that nobody answered', async () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const resolve = (name: string) => {
      asked.push(name);
      return failing(name === 'gone.test' ? 'ENOTFOUND' : 'ETIMEOUT');
    };
    const dns = new DnsCache({ resolve, clock, negativeTtlMs: 1_000 });
    for (let i = 0; i < 3; i++) {
      await expect(dns.resolve('gone.test')).rejects.toThrow('ENOTFOUND');
      await expect(dns.resolve('slow.test')).rejects.toThrow('ETIMEOUT');
    }
    expect(asked.filter((name) => name === 'gone.test')).toHaveLength(1);
    expect(asked.filter((name) => name === 'slow.test')).toHaveLength(3);
    await clock.run(clock.sleep(1_000));
    await expect(dns.resolve('gone.test')).rejects.toThrow();
    expect(asked.filter((name) => name === 'gone.test')).toHaveLength(2);
  });

  it('keeps a bounded number of names', async () => {
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return [address];
    };
    const dns = new DnsCache({ resolve, clock: new VirtualClock(), size: 2 });
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await dns.resolve(name);
    // c pushed out b, the least recently used; a stayed.
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
  });

  it('takes an empty answer as a failure', async () => {
    const dns = new DnsCache({ resolve: async () => [], clock: new VirtualClock() });
    await expect(dns.resolve('empty.test')).rejects.toMatchObject({ code: 'ENODATA' });
  });
});

describe('nameServers', () => {
  it('ends, whatever the name servers do', async () => {
    const silent = createSocket('udp4');
    await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
    let queries = 0;
    silent.on('message', () => queries++);
    const resolve = nameServers({
      timeoutMs: 50,
      servers: [`127.0.0.1:${silent.address().port}`],
    });
    await expect(resolve('a.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    // Two tries each for IPv4 and IPv6.
    expect(queries).toBe(4);
    silent.close();
  });

  it('answers localhost without asking anyone', async () => {
    const resolve = nameServers();
    for (const name of ['localhost', 'localhost.', 'shop.localhost']) {
      expect(await resolve(name)).toContainEqual({ address: '127.0.0.1', family: 4 });
    }
  });
});
