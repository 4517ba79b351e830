/**
 * The cap (the paper, §2.2: up to 20,000 pairs a query). Ranks and draws are seeded hashes of ids, so
 * which matches a query admits depends neither on the order in which candidates come nor on how they
 * are split: what parts have seen merges to the same answer.
 */

import { createHash } from 'node:crypto';
import { ID_BYTES } from './selection/keys.js';

/** Which matches are in. `bytes` holds the candidate's id, 16 bytes, at `at`. */
export interface Admission {
  admits(query: number, rank: number, bytes: Buffer, at: number): boolean;
}

/**
 * The hard cap: each query admits its `k` lowest matches by (rank, id). For this only the k-th lowest
 * need be known. As ranks are uniform, it lies near k/n for a query with n matches, within a window of a
 * few times √k/n. So where the numbers of matches are known, one pass that counts what is below the
 * window and keeps what is in it is enough: some 2,000 doubles a query for k = 20,000, whatever n.
 *
 * The answer is exact whatever the ranks; only the number of passes depends on their being uniform: where
 * the window missed, a further pass keeps the k lowest; where ranks tie at the k-th, one looks at the ids.
 * Call `see` with every match, then `endPass`, until `isSettled`.
 */
export class HardCap implements Admission {
  readonly k: number;
  /** The k-th lowest rank; Infinity where all are admitted; NaN while it is not known. */
  readonly #thresholds: Float64Array;
  /** Of ranks that tie at the threshold, the highest id that is admitted, hex. */
  readonly #ties = new Map<number, string>();
  /** By query: what is being found out; queries that are settled have none. */
  #looks: (Look | undefined)[] = [];
  #unsettled = 0;

  /** @param counts matches of each query, over all parts */
  constructor(k: number, counts: Uint32Array) {
    this.k = k;
    this.#thresholds = new Float64Array(counts.length).fill(Number.POSITIVE_INFINITY);
    this.#looks = new Array<Look | undefined>(counts.length);
    for (const [query, n] of counts.entries()) {
      if (n <= k) continue;
      this.#thresholds[query] = Number.NaN;
      this.#looks[query] = new Window(k, n);
      this.#unsettled += 1;
    }
  }

  get isSettled(): boolean {
    return this.#unsettled === 0;
  }

  /** Takes one match into account. Each (query, id) is to be seen once in each pass. */
  see(query: number, rank: number, bytes: Buffer, at: number): void {
    this.#looks[query]?.see(rank, bytes, at);
  }

  /** One that sees a part of the matches in this pass, here or on another machine, to be merged. */
  fork(): HardCap {
    const part = new HardCap(this.k, new Uint32Array(0));
    part.#looks = this.#looks.map((look) => look?.anew());
    return part;
  }

  /** Adds what a fork has seen in this pass. */
  merge(other: HardCap): void {
    for (const [query, look] of other.#looks.entries()) {
      if (look !== undefined) this.#looks[query]?.merge(look);
    }
  }

  /** All matches were seen. */
  endPass(): void {
    for (const [query, look] of this.#looks.entries()) {
      if (look === undefined) continue;
      const found = look.result();
      if (found.rank !== undefined) this.#thresholds[query] = found.rank;
      if (found.id !== undefined) this.#ties.set(query, found.id);
      this.#looks[query] = found.next;
      if (found.next === undefined) this.#unsettled -= 1;
    }
  }

  admits(query: number, rank: number, bytes: Buffer, at: number): boolean {
    const threshold = this.#thresholds[query] as number;
    if (rank !== threshold) return rank < threshold;
    const tie = this.#ties.get(query);
    return tie === undefined || bytes.toString('hex', at, at + ID_BYTES) <= tie;
  }
}

/** What one query finds out in one pass. */
interface Look {
  see(rank: number, bytes: Buffer, at: number): void;
  /** The same, having seen nothing. */
  anew(): Look;
  /** Adds what another, made by `anew`, has seen. */
  merge(other: Look): void;
  /** The threshold, the id that ends a tie, and what a further pass must find out. */
  result(): { rank?: number; id?: string; next?: Look };
}

/** Half-width of a window in standard deviations: outside lies one in a billion. */
const DEVIATIONS = 6;

/** Counts the ranks below the place where the k-th should be, and keeps those around it. */
class Window implements Look {
  readonly #k: number;
  readonly #n: number;
  readonly #from: number;
  readonly #to: number;
  #below = 0;
  readonly #ranks: Float64Array;
  #size = 0;

  constructor(k: number, n: number) {
    this.#k = k;
    this.#n = n;
    // The number of ranks below x is binomial, with a variance of at most k around x = k/n.
    const margin = DEVIATIONS * Math.sqrt(k) + DEVIATIONS;
    this.#from = Math.max(0, (k - margin) / n);
    this.#to = Math.min(1, (k + margin) / n);
    const expected = (this.#to - this.#from) * n;
    const most = Math.ceil(expected + DEVIATIONS * Math.sqrt(expected) + DEVIATIONS);
    this.#ranks = new Float64Array(Math.min(n, most));
  }

  see(rank: number): void {
    if (rank >= this.#to) return;
    if (rank < this.#from) this.#below += 1;
    else {
      // Beyond the end of the array nothing is stored, but it is counted.
      this.#ranks[this.#size++] = rank;
    }
  }

  anew(): Window {
    return new Window(this.#k, this.#n);
  }

  merge(other: Window): void {
    this.#below += other.#below;
    const kept = Math.min(other.#size, other.#ranks.length);
    for (let i = 0; i < kept; i++) this.#ranks[this.#size + i] = other.#ranks[i] as number;
    this.#size += other.#size;
  }

  result(): { rank?: number; next?: Look } {
    const wanted = this.#k - this.#below;
    const missed = wanted < 1 || wanted > this.#size || this.#size > this.#ranks.length;
    if (missed) return { next: new Lowest(this.#k, this.#n) };
    const ranks = this.#ranks.subarray(0, this.#size).sort();
    const rank = ranks[wanted - 1] as number;
    if (ranks[wanted] !== rank) return { rank };
    return { rank, next: new Tie(rank, wanted - ranks.indexOf(rank)) };
  }
}

/** Keeps the k lowest ranks: exact for any ranks, at twice k doubles. */
class Lowest implements Look {
  readonly #k: number;
  readonly #n: number;
  readonly #ranks: Float64Array;
  #size = 0;
  #bound = Number.POSITIVE_INFINITY;

  constructor(k: number, n: number) {
    this.#k = k;
    this.#n = n;
    this.#ranks = new Float64Array(Math.min(2 * k, n));
  }

  see(rank: number): void {
    if (rank >= this.#bound) return;
    if (this.#size === this.#ranks.length) this.#cut();
    this.#ranks[this.#size++] = rank;
  }

  anew(): Lowest {
    return new Lowest(this.#k, this.#n);
  }

  merge(other: Lowest): void {
    for (const rank of other.#ranks.subarray(0, other.#size)) this.see(rank);
  }

  result(): { rank: number; next: Look } {
    this.#cut();
    const rank = this.#ranks[this.#k - 1] as number;
    // Equal ranks may have been cut away, so whether there are more of them is not known.
    return { rank, next: new Tie(rank, this.#k - this.#ranks.indexOf(rank)) };
  }

  #cut(): void {
    this.#ranks.subarray(0, this.#size).sort();
    this.#size = Math.min(this.#size, this.#k);
    if (this.#size === this.#k) this.#bound = this.#ranks[this.#k - 1] as number;
  }
}

/** Keeps the lowest ids of one rank. */
class Tie implements Look {
  readonly #rank: number;
  readonly #most: number;
  #ids: string[] = [];

  constructor(rank: number, most: number) {
    this.#rank = rank;
    this.#most = most;
  }

  see(rank: number, bytes: Buffer, at: number): void {
    if (rank === this.#rank) this.#add(bytes.toString('hex', at, at + ID_BYTES));
  }

  anew(): Tie {
    return new Tie(this.#rank, this.#most);
  }

  merge(other: Tie): void {
    for (const id of other.#ids) this.#add(id);
  }

  result(): { id?: string } {
    this.#ids.sort();
    const id = this.#ids[this.#most - 1];
    return id === undefined ? {} : { id };
  }

  #add(id: string): void {
    this.#ids.push(id);
    if (this.#ids.length > 2 * this.#most) {
      this.#ids.sort();
      this.#ids.length = this.#most;
    }
  }
}

/**
 * MetaCLIP's soft cap (Xu et al. 2023, §3.3, algorithm 1): a query with n matches keeps each with
 * probability min(1, t/n), independently, and a pair is in when any of its queries keeps it. So a query
 * admits about t, not at most t. There each run draws anew; here a draw is a hash of (seed, id, query).
 */
export class SoftCap implements Admission {
  readonly #t: number;
  readonly #counts: Uint32Array;
  readonly #draws: Draws;

  constructor(t: number, counts: Uint32Array, draws: Draws) {
    this.#t = t;
    this.#counts = counts;
    this.#draws = draws;
  }

  admits(query: number, _rank: number, bytes: Buffer, at: number): boolean {
    const n = this.#counts[query] as number;
    return n <= this.#t || this.#draws.at(query, bytes, at) * n < this.#t;
  }
}

/** Independent uniform numbers in [0, 1) for (seed, candidate, query). */
export class Draws {
  /** Two words a query: a hash of the seed and the query's text, so that a longer list changes nothing. */
  readonly #keys: Uint32Array;

  constructor(seed: number, queries: readonly string[]) {
    this.#keys = new Uint32Array(2 * queries.length);
    for (const [query, text] of queries.entries()) {
      const digest = createHash('sha256').update(`draw\0${seed}\0${text}`).digest();
      this.#keys[2 * query] = digest.readUInt32LE(0);
      this.#keys[2 * query + 1] = digest.readUInt32LE(4);
    }
  }

  /** @param bytes holds the candidate's id, which is a hash already, at `at` */
  at(query: number, bytes: Buffer, at: number): number {
    let a = (bytes.readUInt32LE(at) ^ (this.#keys[2 * query] as number)) | 0;
    let b = (bytes.readUInt32LE(at + 4) ^ (this.#keys[2 * query + 1] as number)) | 0;
    // Four Feistel rounds with MurmurHash3's finaliser as the round function.
    a ^= mix(b + 0x9e3779b9);
    b ^= mix(a + 0x3c6ef372);
    a ^= mix(b + 0xdaa66d2b);
    b ^= mix(a + 0x78dde6e4);
    return ((a >>> 6) * 2 ** 26 + (b >>> 6)) / 2 ** 52;
  }
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
