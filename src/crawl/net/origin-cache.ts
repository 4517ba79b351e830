/**
 * What is known of each origin from a file of its own, such as robots.txt: asked for once, however many
 * requests wait for it, kept for a time, and in bounded memory.
 */

import type { Clock } from '../../core/clock.js';
import { LruMap } from './lru.js';

/** A day: no robots.txt is used longer (RFC 9309 §2.4). */
export const DAY_MS = 86_400_000;
/** How long an origin whose file could not be reached is not asked again. */
export const UNREACHABLE_MS = 600_000;

/** Of an entry itself: its key, its promise, and what holds them. */
const ENTRY_BYTES = 1_000;

export interface Known<T> {
  readonly value: T;
  readonly ttlMs: number;
  /** Roughly what `value` takes of memory. */
  readonly bytes: number;
}

export interface OriginCacheOptions<T> {
  /** Asks `origin` (`https://host[:port]`). Throws only the signal's reason. */
  readonly ask: (origin: string, signal: AbortSignal) => Promise<Known<T>>;
  readonly clock: Clock;
  /** Of all that is kept; what was not used for longest goes first. */
  readonly maxBytes: number;
}

interface Entry<T> {
  readonly answer: Promise<Known<T>>;
  expires: number;
}

export class OriginCache<T> {
  readonly #options: OriginCacheOptions<T>;
  readonly #entries: LruMap<string, Entry<T>>;

  constructor(options: OriginCacheOptions<T>) {
    this.#options = options;
    this.#entries = new LruMap(options.maxBytes);
  }

  /** Origins known. */
  get size(): number {
    return this.#entries.size;
  }

  /** Roughly what they take of memory. */
  get bytes(): number {
    return this.#entries.weight;
  }

  /** @throws only the signal's reason. */
  async get(origin: string, signal: AbortSignal): Promise<T> {
    const { clock, ask } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      let entry = this.#entries.get(origin);
      if (entry === undefined || entry.expires <= clock.now()) {
        entry = { answer: ask(origin, signal), expires: Number.POSITIVE_INFINITY };
        this.#entries.set(origin, entry, ENTRY_BYTES);
      }
      try {
        const { value, ttlMs, bytes } = await entry.answer;
        if (entry.expires === Number.POSITIVE_INFINITY) {
          entry.expires = clock.now() + ttlMs;
          this.#entries.weigh(origin, entry, ENTRY_BYTES + bytes);
        }
        return value;
      } catch {
        // The request that asked was aborted; if that was not this one, ask again.
        this.#entries.deleteIf(origin, entry);
      }
    }
  }
}
