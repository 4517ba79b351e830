/**
 * Which candidates are worth downloading: text rules, query matching and the cap, on text alone. Every
 * candidate has exactly one fate: it is selected, or rejected for one reason.
 *
 * Whether a query admits a match depends on all of its matches, and whether a caption is an image's best
 * on all of the image's captions. So there are passes, each in memory that does not grow with the
 * number of candidates (but for a bit each) and time that grows in step with it:
 *
 * 1. `judge`, unit by unit: text rules and matches, a few dozen bytes a candidate.
 * 2. `admit`, over those bytes: repeated ids, matches of each query, the cap, one caption an image. What
 *    must meet meets in a partition of a spill file.
 * 3. `decide`, unit by unit: the candidates again, each with its fate.
 * 4. `inOrder`: the selections in their seeded order.
 *
 * All intermediate files are in one folder. A unit's file there means that it was judged; the passes of
 * `admit` are cheap and done anew after a restart. No result depends on where units begin and end.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { FilterConfig } from '../config.js';
import type { Emit } from '../core/events.js';
import { orderOf } from '../core/ids.js';
import { mapOrdered } from '../core/ordered.js';
import type { Loss } from '../core/reasons.js';
import { SpillSet, SpillWriter } from '../core/spill.js';
import type { Candidate, Query, QueryUse, Reject, Selection } from '../core/types.js';
import { type Admission, Draws, HardCap, SoftCap } from './cap.js';
import { captionOf } from './judge.js';
import { cachedImage } from './match/cache.js';
import { countRepeats, type Repeats } from './rules/repeated.js';
import {
  chooseCaptions,
  ImageSpill,
  type Loser,
  LoserSpill,
  losersOf,
} from './selection/images.js';
import { type Judgeable, JudgedCursor } from './selection/judged.js';
import { type Judging, openJudging } from './selection/judging.js';
import { LeastCapSpill, leastCaps } from './selection/least.js';
import { inOrder, OrderSpill, OTHER_TEXTS_READ } from './selection/order.js';
import { type Bits, findRepeated, IdSpill } from './selection/repeated.js';
import { leastCap } from './target.js';

/** A run of candidates: what is judged and decided at once. Units follow each other without gaps. */
export interface SelectUnit {
  /** From 0. */
  readonly index: number;
  /** How many candidates stand in the units before it. */
  readonly first: number;
  readonly rows: number;
  /** Its candidates, in the same order each time. */
  readonly read: () => AsyncIterable<Candidate>;
}

export interface SelectOptions {
  /** For intermediate files; to be removed when the result is safe. */
  readonly folder: string;
  readonly units: readonly SelectUnit[];
  readonly queries: readonly Query[];
  readonly config: FilterConfig;
  readonly seed: number;
  /** That judge beside this one, at most; none for few candidates. */
  readonly threads: number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Of a spill file, at most: each costs a buffer while it is written. */
const MOST_PARTITIONS = 256;
/** Candidates and selections of one partition, about: a few MB. */
const IDS_PER_PARTITION = 200_000;
const IMAGES_PER_PARTITION = 100_000;
const SELECTIONS_PER_PARTITION = 8_000;
/** Candidates between two progress events of the other passes. */
const PROGRESS = 1_000;
/** Candidates judged in one go: a few milliseconds. */
const BATCH = 500;
/** Of the candidates to judge, at least, for each thread. */
const ROWS_PER_THREAD = 50_000;

/** What `admit` found out. */
interface Admitted {
  readonly repeated: Bits;
  readonly admission: Admission;
  /** The cap that was applied. */
  readonly cap: number;
  readonly matched: Uint32Array;
  readonly admitted: Uint32Array;
  /** How many will be selected. */
  readonly images: number;
  readonly losers: SpillSet;
}

export class Selector {
  readonly #options: SelectOptions;
  readonly #total: number;
  #result: Admitted | undefined;
  /** Judged so far, for progress. */
  #judged = 0;

  constructor(options: SelectOptions) {
    this.#options = options;
    this.#total = options.units.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Pass 1. Units that an earlier run judged are passed over. */
  async judge(): Promise<void> {
    const { units, queries, config, seed, threads } = this.#options;
    const left = units.filter(({ index }) => !existsSync(this.#path('judged', index)));
    this.#judged = this.#total - left.reduce((sum, { rows }) => sum + rows, 0);
    if (left.length === 0) return;
    const texts = queries.map(({ text }) => text);
    const image = await cachedImage(this.#path('matcher'), texts, config.matching);
    const repeats = await this.#countRepeats();
    const rows = left.reduce((sum, unit) => sum + unit.rows, 0);
    // A thread takes some time to start.
    const worthwhile = Math.floor(rows / ROWS_PER_THREAD);
    const judging = openJudging({ image, config, seed }, Math.min(threads, worthwhile));
    try {
      for (const unit of left) await this.#judgeUnit(unit, judging, repeats);
    } finally {
      await judging.close();
    }
  }

  /** What the rule on repeated captions needs to know of all candidates, where it is on. */
  async #countRepeats(): Promise<Repeats | undefined> {
    const { units, config } = this.#options;
    if (config.maxRepeats === null) return undefined;
    const note = () => this.#progress(0, 'counting captions');
    const read = async function* () {
      for (const unit of units) {
        note();
        yield* unit.read();
      }
    };
    return await countRepeats(read, config.maxRepeats);
  }

  async #judgeUnit(
    unit: SelectUnit,
    judging: Judging,
    repeats: Repeats | undefined,
  ): Promise<void> {
    const partitions = partitionsFor(this.#total, IDS_PER_PARTITION);
    const idsPath = this.#path('ids', unit.index);
    const judge = async (batch: Candidate[]) => ({
      ids: batch.map(({ id }) => id),
      bytes: await judging.judge(batch.map((candidate) => judgeable(candidate, repeats))),
    });
    await writeSpill(idsPath, partitions, async (ids) => {
      // The judged rows are written last: where they are, the ids are too.
      await writeSpill(this.#path('judged', unit.index), 1, async (judged) => {
        const idSpill = new IdSpill(ids);
        let number = unit.first;
        const batches = inBatches(unit.read(), BATCH);
        for await (const batch of mapOrdered(batches, judge, { concurrency: judging.width })) {
          for (const id of batch.ids) idSpill.add(id, number++);
          judged.append(0, batch.bytes);
          this.#judged += batch.ids.length;
          this.#progress(this.#judged, 'matching');
        }
        await ids.close();
      });
    });
  }

  /** Pass 2, when every unit is judged. Returns the cap, found for a target or as set. */
  async admit(): Promise<{ cap: number; selected: number }> {
    const { units, queries, config, seed } = this.#options;
    const pause = (note: string) => () => this.#pause(note);
    const ids = new SpillSet(units.map(({ index }) => this.#path('ids', index)));
    const repeated = await findRepeated(ids, this.#total, pause('looking for repeats'));
    const judged = new SpillSet(units.map(({ index }) => this.#path('judged', index)));
    const rows = new MatchedRows(judged, units, repeated);

    const matched = new Uint32Array(queries.length);
    await rows.forEach(pause('counting matches'), (row) => {
      for (let i = 0; i < row.matchCount; i++) {
        const query = row.matches[i] as number;
        matched[query] = (matched[query] as number) + 1;
      }
    });
    const texts = queries.map(({ text }) => text);
    const draws = config.capMode === 'soft' ? new Draws(seed, texts) : undefined;
    const cap =
      config.target === undefined
        ? config.cap
        : await this.#capFor(config.target, rows, matched, draws);
    const admission = draws
      ? new SoftCap(cap, matched, draws)
      : await hardCap(cap, matched, rows, pause('finding thresholds'));

    const admitted = new Uint32Array(queries.length);
    const path = this.#path('images');
    await writeSpill(path, partitionsFor(this.#total, IMAGES_PER_PARTITION), async (writer) => {
      const spill = new ImageSpill(writer);
      await rows.forEach(pause('admitting'), (row, number) => {
        let isIn = false;
        for (let i = 0; i < row.matchCount; i++) {
          const query = row.matches[i] as number;
          if (!admission.admits(query, row.rank, row.bytes, row.idAt)) continue;
          admitted[query] = (admitted[query] as number) + 1;
          isIn = true;
        }
        if (isIn) spill.add(row, number);
      });
    });
    const losersPath = this.#path('losers');
    let images = 0;
    await writeSpill(losersPath, Math.max(1, units.length), async (writer) => {
      const spill = new LoserSpill(writer);
      const add = (loser: Loser): void => spill.add(unitOf(units, loser.number), loser);
      images = await chooseCaptions(new SpillSet([path]), seed, add, pause('choosing captions'));
    });
    const losers = new SpillSet([losersPath]);
    this.#result = { repeated, admission, cap, matched, admitted, images, losers };
    return { cap, selected: images };
  }

  /** The cap under which about `target` images are in. */
  async #capFor(
    target: number,
    rows: MatchedRows,
    matched: Uint32Array,
    draws: Draws | undefined,
  ): Promise<number> {
    const path = this.#path('least');
    const pause = () => this.#pause('looking for the cap');
    await writeSpill(path, partitionsFor(this.#total, IDS_PER_PARTITION), async (writer) => {
      const spill = new LeastCapSpill(writer);
      await rows.forEach(pause, (row) => {
        let least = Number.POSITIVE_INFINITY;
        for (let i = 0; i < row.matchCount; i++) {
          const query = row.matches[i] as number;
          const uniform = draws ? draws.at(query, row.bytes, row.idAt) : row.rank;
          least = Math.min(least, leastCap(uniform, matched[query] as number));
        }
        spill.add(row, least);
      });
    });
    const histogram = await leastCaps(new SpillSet([path]), pause);
    const most = matched.reduce((a, b) => Math.max(a, b), 1);
    return Math.min(most, histogram.capFor(target));
  }

  /**
   * Pass 3, of one unit, after `admit`: hands over its rejects in the order of the candidates and puts
   * its selections aside.
   */
  async decide(unit: SelectUnit, onReject: (reject: Reject) => Promise<void>): Promise<void> {
    const { seed, config } = this.#options;
    const { repeated, admission, cap, images, losers } = this.#admitted();
    const judged = new SpillSet([this.#path('judged', unit.index)]);
    const row = new JudgedCursor(judged.read(0));
    const lostHere = losersOf(losers, unit.index);
    const partitions = partitionsFor(images, SELECTIONS_PER_PARTITION);
    let number = unit.first;
    await writeSpill(this.#path('chosen', unit.index), partitions, async (writer) => {
      const spill = new OrderSpill(writer);
      for await (const candidate of unit.read()) {
        row.next();
        const at = number++;
        if (at % PROGRESS === 0) this.#progress(at, 'deciding');
        const reject = (loss: Loss) => onReject({ ...candidate, stage: 'select', ...loss });
        if (repeated.has(at)) {
          const detail = 'same image URL and text as an earlier candidate';
          await reject({ reason: 'duplicate_candidate', detail });
          continue;
        }
        if (!row.isMatched) {
          await reject(row.loss());
          continue;
        }
        const queries = [...row.matches.subarray(0, row.matchCount)];
        const admittedBy = queries.filter((query) =>
          admission.admits(query, row.rank, row.bytes, row.idAt),
        );
        if (admittedBy.length === 0) {
          await reject({ reason: 'over_cap', detail: this.#overCap(queries.length, cap) });
          continue;
        }
        const text = captionOf(candidate.text, config);
        const loser = lostHere.get(at);
        if (loser !== undefined) {
          const { winnerId, winnerOrder, place } = loser;
          const detail = `its text went to ${winnerId}`;
          await reject({ reason: 'same_image_url', detail, sameAs: winnerId });
          if (place < OTHER_TEXTS_READ) spill.add(winnerOrder, { winnerId, place, text });
          continue;
        }
        const order = orderOf(seed, candidate.id);
        spill.add(order, { ...candidate, text, queries, admittedBy, rank: row.rank });
      }
    });
  }

  #overCap(queries: number, cap: number): string {
    return this.#options.config.capMode === 'soft'
      ? `none of its ${queries} queries drew it`
      : `each of its ${queries} queries admits ${cap} lower ranks`;
  }

  /** Pass 4, when every unit is decided. */
  inOrder(): AsyncGenerator<Selection> {
    const { units, queries } = this.#options;
    const paths = units.map(({ index }) => this.#path('chosen', index));
    return inOrder(new SpillSet(paths), queries, this.#path('split'));
  }

  /** For every query, in list order; `selected` counts the selections that match. */
  uses(selected: ReadonlyMap<string, number>): QueryUse[] {
    const { matched, admitted } = this.#admitted();
    return this.#options.queries.map(({ text }, index) => ({
      query: text,
      matched: matched[index] as number,
      admitted: admitted[index] as number,
      selected: selected.get(text) ?? 0,
    }));
  }

  #admitted(): Admitted {
    if (this.#result === undefined) throw new Error('admit() comes first');
    return this.#result;
  }

  #path(name: string, unit?: number): string {
    const suffix = unit === undefined ? '' : `-${String(unit).padStart(5, '0')}`;
    return join(this.#options.folder, `${name}${suffix}`);
  }

  #progress(done: number, note: string): void {
    const { emit, signal } = this.#options;
    signal.throwIfAborted();
    emit({ type: 'progress', task: 'select', done, note });
  }

  /** Lets signals through in passes that do not wait for anything. */
  async #pause(note: string): Promise<void> {
    await setImmediate();
    this.#progress(this.#total, note);
  }
}

/** The rows that matched and are the first of their id, in memory one unit at a time. */
class MatchedRows {
  readonly #judged: SpillSet;
  readonly #units: readonly SelectUnit[];
  readonly #repeated: Bits;

  constructor(judged: SpillSet, units: readonly SelectUnit[], repeated: Bits) {
    this.#judged = judged;
    this.#units = units;
    this.#repeated = repeated;
  }

  async forEach(
    pause: () => Promise<void>,
    use: (row: JudgedCursor, number: number) => void,
  ): Promise<void> {
    for (const { index, first } of this.#units) {
      await pause();
      const row = new JudgedCursor(this.#judged.read(0, index));
      for (let number = first; row.next(); number++) {
        if (row.isMatched && !this.#repeated.has(number)) use(row, number);
      }
    }
  }
}

function judgeable(candidate: Candidate, repeats: Repeats | undefined): Judgeable {
  const { id, imageUrl, pageUrl, text, textSource } = candidate;
  return {
    id,
    imageUrl,
    text,
    textSource,
    ...(pageUrl !== undefined && { pageUrl }),
    ...(repeats && { onHost: repeats(candidate) }),
  };
}

async function* inBatches<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function hardCap(
  k: number,
  matched: Uint32Array,
  rows: MatchedRows,
  pause: () => Promise<void>,
): Promise<HardCap> {
  const cap = new HardCap(k, matched);
  while (!cap.isSettled) {
    await rows.forEach(pause, (row) => {
      for (let i = 0; i < row.matchCount; i++) {
        cap.see(row.matches[i] as number, row.rank, row.bytes, row.idAt);
      }
    });
    cap.endPass();
  }
  return cap;
}

async function writeSpill(
  path: string,
  partitions: number,
  write: (writer: SpillWriter) => Promise<void>,
): Promise<void> {
  const writer = await SpillWriter.open(path, partitions);
  try {
    await write(writer);
    await writer.close();
  } finally {
    writer.abort();
  }
}

function partitionsFor(items: number, each: number): number {
  return Math.max(1, Math.min(MOST_PARTITIONS, Math.ceil(items / each)));
}

/** The unit in which candidate `number` lies. */
function unitOf(units: readonly SelectUnit[], number: number): number {
  let low = 0;
  let high = units.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((units[middle] as SelectUnit).first <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}
