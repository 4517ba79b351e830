/**
 * Which pages a crawl has visited and which it visits next: each page once, and no more of a host than
 * its budget. All of it stands on disk, sorted, and is only ever read and written from one end to the
 * other, so the number of URLs does not matter to memory.
 *
 * A round sorts the links found in the round before (sort.ts) and walks through them and what is
 * there already, side by side:
 *
 * ```
 * visited-N   every page admitted up to round N
 * hosts-N     the hosts of these, with the number of their pages
 * round-N     the pages admitted in round N: what it visits
 * state.json  the last round that is whole, and what it was worked out from; written last
 * ```
 *
 * Membership is exact: the URLs themselves are compared. Links beyond a host's budget are not kept, as
 * a budget that is used up stays so.
 */

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { systemCode } from '../../../core/errors.js';
import { sha256 } from '../../../core/ids.js';
import type { Links } from '../../../core/source.js';
import { writeAtomically } from '../../../core/store.js';
import { version } from '../../../core/version.js';
import {
  compareKeys,
  hostLength,
  hrefOf,
  KeyCursor,
  type KeyStream,
  KeyWriter,
  keyBuffer,
} from './keys.js';
import { SORT_LIMITS, type SortLimits, UrlSorter } from './sort.js';

export interface FrontierOptions {
  readonly folder: string;
  readonly maxPagesPerHost: number;
  readonly limits?: SortLimits;
}

interface State {
  readonly round: number;
  /** Of everything that the round was worked out from. */
  readonly key: string;
  /** That the round visits. */
  readonly pages: number;
}

/** Links looked at between two turns of the event loop: some tens of milliseconds. */
const TURN = 1 << 16;

export class Frontier {
  readonly #options: FrontierOptions;

  constructor(options: FrontierOptions) {
    this.#options = options;
  }

  /**
   * Works out which pages `round` visits. What is on disk from an earlier run is used where it follows
   * from the same links; else all rounds are worked out again.
   * @param found the links that each round begins with: seeds for round 0, then what the round before
   *   found. Each is a URL that may be visited, as `URL.href` spells it, without a fragment.
   * @returns how many pages those are
   */
  async advance(
    round: number,
    found: (round: number) => Links,
    signal: AbortSignal,
  ): Promise<number> {
    const { folder, maxPagesPerHost } = this.#options;
    // Another version may keep other files.
    const settings = JSON.stringify({ version, maxPagesPerHost });
    const keys: string[] = [];
    for (let i = 0; i <= round; i++)
      keys.push(sha256(`${keys[i - 1] ?? settings}\n${found(i).digest}`));
    const before = await readState(folder);
    const isOurs =
      before !== undefined && before.round <= round && before.key === keys[before.round];
    if (!isOurs) await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    let pages = isOurs ? before.pages : 0;
    for (let i = isOurs ? before.round + 1 : 0; i <= round; i++) {
      pages = await this.#admit(i, found(i), signal);
      const state: State = { round: i, key: keys[i] as string, pages };
      await writeAtomically(this.#path('state.json'), JSON.stringify(state));
      for (const name of ['visited', 'hosts', 'round']) {
        await rm(this.#path(`${name}-${i - 1}`), { force: true });
      }
    }
    return pages;
  }

  /** The pages that `round`, the last one worked out, visits: by host, then path, `size` at a time. */
  *pages(round: number, size: number): Generator<string[]> {
    const cursor = new KeyCursor(this.#path(`round-${round}`));
    try {
      let pages: string[] = [];
      while (cursor.next()) {
        pages.push(hrefOf(cursor));
        if (pages.length < size) continue;
        yield pages;
        pages = [];
      }
      if (pages.length > 0) yield pages;
    } finally {
      cursor.close();
    }
  }

  async #admit(round: number, links: Links, signal: AbortSignal): Promise<number> {
    const sorter = new UrlSorter(this.#path('runs'), this.#options.limits ?? SORT_LIMITS);
    for await (const batch of links.batches()) {
      signal.throwIfAborted();
      sorter.add(batch);
    }
    const sorted = sorter.sorted();
    const walk = new Walk(round, (name) => this.#path(name), this.#options.maxPagesPerHost);
    try {
      for (let seen = 1; sorted.next(); seen++) {
        walk.offer(sorted);
        if (seen % TURN !== 0) continue;
        await turn();
        signal.throwIfAborted();
      }
      return walk.commit();
    } finally {
      walk.close();
      sorted.close();
      sorter.remove();
    }
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
}

async function readState(folder: string): Promise<State | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')) as State;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** One walk along the sorted links, the pages visited before and their hosts. */
class Walk {
  readonly #budget: number;
  readonly #before: Input;
  readonly #hostsBefore: Input;
  readonly #visited: KeyWriter;
  readonly #hosts: KeyWriter;
  readonly #admitted: KeyWriter;
  /** The host at hand, and how many of its pages are admitted so far. */
  readonly #host = keyBuffer();
  #hostLength = 0;
  #pages = 0;
  #isCommitted = false;

  constructor(round: number, path: (name: string) => string, budget: number) {
    this.#budget = budget;
    this.#before = new Input(round === 0 ? undefined : path(`visited-${round - 1}`));
    this.#hostsBefore = new Input(round === 0 ? undefined : path(`hosts-${round - 1}`));
    this.#visited = new KeyWriter(path(`visited-${round}`));
    this.#hosts = new KeyWriter(path(`hosts-${round}`));
    this.#admitted = new KeyWriter(path(`round-${round}`));
  }

  /** Takes the next link: admits it, unless it was visited or its host has had its pages. */
  offer(link: KeyStream): void {
    const { key, length } = link;
    const host = hostLength(link);
    if (compareKeys(key, host, this.#host, this.#hostLength) !== 0) this.#begin(key, host);
    while (this.#before.compare(key, length) < 0) this.#keepPage();
    if (this.#pages >= this.#budget || this.#before.compare(key, length) === 0) return;
    this.#visited.add(key, length);
    this.#admitted.add(key, length);
    this.#pages++;
  }

  /** Returns how many pages were admitted. */
  commit(): number {
    this.#endHost();
    while (this.#before.isLive) this.#keepPage();
    while (this.#hostsBefore.isLive) this.#keepHost();
    for (const writer of this.#writers) writer.commit();
    this.#isCommitted = true;
    return this.#admitted.size;
  }

  close(): void {
    this.#before.close();
    this.#hostsBefore.close();
    if (!this.#isCommitted) for (const writer of this.#writers) writer.abort();
  }

  get #writers(): KeyWriter[] {
    return [this.#visited, this.#hosts, this.#admitted];
  }

  #begin(key: Buffer, length: number): void {
    this.#endHost();
    key.copy(this.#host, 0, 0, length);
    this.#hostLength = length;
    while (this.#hostsBefore.compare(key, length) < 0) this.#keepHost();
    if (this.#hostsBefore.compare(key, length) !== 0) return;
    this.#pages = this.#hostsBefore.number();
    this.#hostsBefore.next();
  }

  #endHost(): void {
    if (this.#pages > 0) this.#addHost(this.#host, this.#hostLength, this.#pages);
    this.#pages = 0;
  }

  #keepPage(): void {
    const { key, length } = this.#before;
    this.#visited.add(key, length);
    this.#before.next();
  }

  #keepHost(): void {
    const { key, length } = this.#hostsBefore;
    this.#addHost(key, length, this.#hostsBefore.number());
    this.#hostsBefore.next();
  }

  #addHost(key: Buffer, length: number, pages: number): void {
    this.#hosts.add(key, length);
    this.#hosts.number(pages);
  }
}

/** What the round before left: a file that may not be there, as before the first round. */
class Input {
  isLive: boolean;
  readonly #cursor: KeyCursor | undefined;

  constructor(path: string | undefined) {
    this.#cursor = path === undefined ? undefined : new KeyCursor(path);
    this.isLive = this.#cursor?.next() ?? false;
  }

  get key(): Buffer {
    return (this.#cursor as KeyCursor).key;
  }

  get length(): number {
    return (this.#cursor as KeyCursor).length;
  }

  /** Where the present key stands to `key[0, length)`; at the end of the file behind all keys. */
  compare(key: Buffer, length: number): number {
    return this.isLive ? compareKeys(this.key, this.length, key, length) : 1;
  }

  number(): number {
    return (this.#cursor as KeyCursor).number();
  }

  next(): void {
    this.isLive = (this.#cursor as KeyCursor).next();
  }

  close(): void {
    this.#cursor?.close();
  }
}
