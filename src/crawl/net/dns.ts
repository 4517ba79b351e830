/**
 * Names to addresses: cached, bounded, each name asked once however many requests wait for it. The
 * resolver is injected; the default asks the name servers directly, because the system's own lookup
 * would hold one of the few threads that images are decoded on for as long as a slow answer takes.
 */

import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../core/clock.js';
import { isLasting } from './errors.js';
import { LruMap } from './lru.js';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Every address of a name, best first. Rejects with a Node DNS error (`ENOTFOUND`, …). */
export type Resolve = (hostname: string) => Promise<readonly Address[]>;

/**
 * Asks name servers, by default the configured ones, for A and AAAA records. The hosts file is not read;
 * `localhost` and names below it are loopback without asking anyone (RFC 6761 §6.3).
 */
export function nameServers(
  options: { timeoutMs?: number; servers?: readonly string[] } = {},
): Resolve {
  const { timeoutMs = 5_000, servers } = options;
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return async (hostname) => {
    const name = hostname.replace(/\.$/, '');
    if (name === 'localhost' || name.endsWith('.localhost')) {
      return [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ];
    }
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses: Address[] = [];
    if (v4.status === 'fulfilled') {
      for (const address of v4.value) addresses.push({ address, family: 4 });
    }
    if (v6.status === 'fulfilled') {
      for (const address of v6.value) addresses.push({ address, family: 6 });
    }
    if (addresses.length > 0) return addresses;
    throw v4.status === 'rejected' ? v4.reason : noAddress(hostname);
  };
}

export interface DnsCacheOptions {
  readonly resolve: Resolve;
  readonly clock: Clock;
  /** Names kept; the least recently used are dropped. */
  readonly size?: number;
  readonly ttlMs?: number;
  /** How long a name that does not exist is remembered as such. Other failures are not kept. */
  readonly negativeTtlMs?: number;
}

/** A caching front to a resolver. */
export class DnsCache {
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #negativeTtlMs: number;
  readonly #entries: LruMap<string, { answer: Promise<readonly Address[]>; expires: number }>;

  constructor(options: DnsCacheOptions) {
    this.#resolve = options.resolve;
    this.#clock = options.clock;
    this.#ttlMs = options.ttlMs ?? 300_000;
    this.#negativeTtlMs = options.negativeTtlMs ?? 60_000;
    this.#entries = new LruMap(options.size ?? 10_000);
  }

  /** The addresses of `hostname`, never none. */
  async resolve(hostname: string): Promise<readonly Address[]> {
    const known = this.#entries.get(hostname);
    if (known !== undefined && known.expires > this.#clock.now()) return await known.answer;
    const entry = { answer: this.#ask(hostname), expires: Number.POSITIVE_INFINITY };
    this.#entries.set(hostname, entry);
    try {
      const addresses = await entry.answer;
      entry.expires = this.#clock.now() + this.#ttlMs;
      return addresses;
    } catch (error) {
      entry.expires = isLasting(error) ? this.#clock.now() + this.#negativeTtlMs : 0;
      throw error;
    }
  }

  async #ask(hostname: string): Promise<readonly Address[]> {
    const addresses = await this.#resolve(hostname);
    if (addresses.length === 0) throw noAddress(hostname);
    return addresses;
  }
}

function noAddress(hostname: string): Error {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENODATA' });
}
