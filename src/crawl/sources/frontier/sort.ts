/**
 * Sorts any number of URLs in bounded memory: gathered until a buffer is full, sorted, written as a run,
 * and the runs merged, a bounded number at a time. Repetitions are dropped at each step.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Tournament } from '../../../core/tournament.js';
import { KeyGatherer } from './gather.js';
import { compareKeys, KeyCursor, type KeyStream, KeyWriter, keyBuffer } from './keys.js';

export interface SortLimits {
  /** URLs, and characters of them, held in memory. */
  readonly urls: number;
  readonly characters: number;
  /** Files read at once. */
  readonly files: number;
}

/** About 50 MB, files' buffers included. */
export const SORT_LIMITS: SortLimits = { urls: 1 << 18, characters: 1 << 25, files: 64 };

const FILE_BUFFER_BYTES = 1 << 17;

export class UrlSorter {
  readonly #folder: string;
  readonly #limits: SortLimits;
  readonly #gathered: KeyGatherer;
  /** Runs by the number of merges that they went through. */
  readonly #runs: string[][] = [];
  #named = 0;

  /** @param folder for the runs; what it holds is removed. */
  constructor(folder: string, limits: SortLimits = SORT_LIMITS) {
    this.#folder = folder;
    this.#limits = limits;
    this.#gathered = new KeyGatherer(limits.urls, limits.characters);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }

  /** URLs as `writeKey` takes them. */
  add(urls: Iterable<string>): void {
    for (const url of urls) {
      this.#gathered.add(url);
      if (this.#gathered.isFull) this.#spill();
    }
  }

  /** All that was added, sorted, each once. Close it, then `remove` the runs. */
  sorted(): KeyStream {
    this.#spill();
    for (let level = 0; this.#runs.flat().length > this.#limits.files; level++) this.#merge(level);
    return merged(this.#runs.flat());
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spill(): void {
    if (this.#gathered.size === 0) return;
    this.#write(0, (writer) => this.#gathered.drain((key, length) => writer.add(key, length)));
    for (let level = 0; (this.#runs[level]?.length ?? 0) >= this.#limits.files; level++) {
      this.#merge(level);
    }
  }

  /** Makes one run of all runs of a level. */
  #merge(level: number): void {
    const runs = this.#runs[level] ?? [];
    if (runs.length === 0) return;
    this.#runs[level] = [];
    const stream = merged(runs);
    try {
      this.#write(level + 1, (writer) => {
        while (stream.next()) writer.add(stream.key, stream.length);
      });
    } finally {
      stream.close();
    }
    for (const run of runs) rmSync(run);
  }

  #write(level: number, write: (writer: KeyWriter) => void): void {
    const path = join(this.#folder, String(this.#named++));
    const writer = new KeyWriter(path);
    try {
      write(writer);
      writer.commit(false);
    } catch (error) {
      writer.abort();
      throw error;
    }
    this.#runs[level] ??= [];
    this.#runs[level].push(path);
  }
}

function merged(paths: readonly string[]): KeyStream {
  return new MergedKeys(paths.map((path) => new KeyCursor(path, FILE_BUFFER_BYTES)));
}

/** Several sorted inputs as one, each key once. */
class MergedKeys implements KeyStream {
  readonly key = keyBuffer();
  length = 0;
  readonly #inputs: readonly KeyCursor[];
  readonly #live: boolean[];
  readonly #tree: Tournament;

  constructor(inputs: readonly KeyCursor[]) {
    this.#inputs = inputs;
    this.#live = inputs.map((input) => input.next());
    this.#tree = new Tournament(inputs.length, (a, b) => {
      if (this.#live[a] !== true || this.#live[b] !== true) return this.#live[a] === true;
      const [one, two] = [inputs[a] as KeyCursor, inputs[b] as KeyCursor];
      return compareKeys(one.key, one.length, two.key, two.length) < 0;
    });
  }

  next(): boolean {
    const tree = this.#tree;
    for (;;) {
      const winner = tree.winner;
      const input = this.#inputs[winner];
      if (input === undefined || this.#live[winner] !== true) return false;
      const isNew = compareKeys(input.key, input.length, this.key, this.length) !== 0;
      if (isNew) {
        input.key.copy(this.key, 0, 0, input.length);
        this.length = input.length;
      }
      this.#live[winner] = input.next();
      tree.replay();
      if (isNew) return true;
    }
  }

  close(): void {
    for (const input of this.#inputs) input.close();
  }
}
