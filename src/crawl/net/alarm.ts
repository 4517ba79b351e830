/** Wakes any number of sleepers, each at its time, with one timer: that of whoever is due first. */

import type { Clock } from '../../core/clock.js';

interface Due<T> {
  readonly at: number;
  readonly item: T;
}

export class Alarm<T> {
  readonly #clock: Clock;
  readonly #wake: (item: T) => void;
  /** Who sleeps, and until when. What stands in the heap and not here was called off. */
  readonly #asleep = new Map<T, number>();
  /** A binary heap: none is due before the one at half its place. */
  #heap: Due<T>[] = [];
  #timer: { readonly at: number; readonly control: AbortController } | undefined;

  constructor(clock: Clock, wake: (item: T) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** `wake(item)` is called at `at`, on the clock. */
  set(item: T, at: number): void {
    this.#asleep.set(item, at);
    this.#push({ at, item });
    this.#arm();
  }

  delete(item: T): void {
    this.#asleep.delete(item);
    if (this.#asleep.size > 0) return;
    this.#heap = [];
    this.#disarm();
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined) return;
    if (this.#timer !== undefined && this.#timer.at <= first.at) return;
    this.#disarm();
    const control = new AbortController();
    this.#timer = { at: first.at, control };
    const sleep = this.#clock.sleep(Math.max(0, first.at - this.#clock.now()), control.signal);
    // Only a sleep that was called off rejects.
    sleep.then(
      () => this.#ring(),
      () => {},
    );
  }

  #disarm(): void {
    this.#timer?.control.abort();
    this.#timer = undefined;
  }

  #ring(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const due: T[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#asleep.get(first.item) !== first.at) continue;
      this.#asleep.delete(first.item);
      due.push(first.item);
    }
    this.#arm();
    for (const item of due) this.#wake(item);
  }

  #push(due: Due<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Due<T>;
      if (above.at <= due.at) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due<T>;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1]?.at ?? Number.POSITIVE_INFINITY) < (heap[child] as Due<T>).at) child++;
      if ((heap[child] as Due<T>).at >= last.at) break;
      heap[at] = heap[child] as Due<T>;
      at = child;
    }
    heap[at] = last;
  }
}
