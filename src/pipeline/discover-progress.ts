/**
 * How far discovery has come, for whoever watches. It is counted in pages and rows, as they are read,
 * whatever the source; how many there are in all is worked out from the share of the round that is done.
 */

import type { Emit } from '../core/events.js';

const TASK = 'discover';
/** Between two events: sources may have thousands of pieces a second. */
const EVERY_MS = 250;

/** Some of a unit, or all of it. */
export interface Piece {
  readonly counts: Readonly<Record<string, number>>;
  /** How much of the round this is, in the measure of its source. */
  readonly worked?: number;
  /** Whether an earlier run did it. */
  readonly earlier?: boolean;
}

export class DiscoverProgress {
  readonly #emit: Emit;
  #done = 0;
  #earlier = 0;
  #candidates = 0;
  /** Of the round under way: what was done before it, its size, and how much of that is done. */
  #before = 0;
  #size = 0;
  #worked = 0;
  #told = Number.NEGATIVE_INFINITY;

  constructor(emit: Emit) {
    this.#emit = emit;
    emit({ type: 'begin', task: TASK, unit: 'pages and rows' });
  }

  nextRound(): void {
    this.#before = this.#done;
    this.#size = 0;
    this.#worked = 0;
  }

  /** Tells the size of the round under way, in the measure of its source. */
  expect(size: number): void {
    this.#size = size;
  }

  add({ counts, worked = 0, earlier = false }: Piece): void {
    const read = (counts.pages ?? 0) + (counts.rows ?? 0);
    this.#done += read;
    if (earlier) this.#earlier += read;
    this.#candidates += counts.candidates ?? 0;
    this.#worked += worked;
    const now = performance.now();
    if (now - this.#told < EVERY_MS) return;
    this.#told = now;
    this.#tell();
  }

  end(): void {
    this.nextRound();
    this.#tell();
    this.#emit({ type: 'end', task: TASK, done: this.#done });
  }

  #tell(): void {
    this.#emit({
      type: 'progress',
      task: TASK,
      done: this.#done,
      total: this.#total,
      earlier: this.#earlier,
      note: `${this.#candidates} candidates`,
    });
  }

  /** With the round under way as long as the part of it that is done says; rounds to come are unknown. */
  get #total(): number {
    if (this.#worked <= 0) return this.#done;
    const read = this.#done - this.#before;
    return Math.max(this.#done, this.#before + Math.round((read * this.#size) / this.#worked));
  }
}
