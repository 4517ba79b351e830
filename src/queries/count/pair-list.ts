/** A list of pairs of numbers that is sorted by radix: two arrays, no objects, linear time. */

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

export class PairList {
  size = 0;
  firsts = new Uint32Array(1 << 16);
  seconds = new Uint32Array(1 << 16);
  #spareFirsts = new Uint32Array(0);
  #spareSeconds = new Uint32Array(0);

  push(first: number, second: number): void {
    if (this.size === this.firsts.length) {
      this.firsts = doubled(this.firsts);
      this.seconds = doubled(this.seconds);
    }
    this.firsts[this.size] = first;
    this.seconds[this.size++] = second;
  }

  clear(): void {
    this.size = 0;
  }

  /**
   * Replaces every number `i` by `rank[i]` and sorts by first, then second. Ranks are in
   * [0, rank.length).
   */
  rankAndSort(rank: Uint32Array): void {
    const { firsts, seconds, size } = this;
    for (let i = 0; i < size; i++) {
      firsts[i] = rank[firsts[i] as number] as number;
      seconds[i] = rank[seconds[i] as number] as number;
    }
    if (this.#spareFirsts.length < size) {
      this.#spareFirsts = new Uint32Array(firsts.length);
      this.#spareSeconds = new Uint32Array(firsts.length);
    }
    // Least significant digit first: the seconds' digits, then the firsts'.
    for (const bySecond of [true, false]) {
      for (let shift = 0; shift < 32 && 2 ** shift < rank.length; shift += DIGIT_BITS) {
        this.#scatter(bySecond, shift);
      }
    }
  }

  #scatter(bySecond: boolean, shift: number): void {
    const { firsts, seconds, size } = this;
    const keys = bySecond ? seconds : firsts;
    const places = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < size; i++) {
      const place = (((keys[i] as number) >>> shift) & (DIGITS - 1)) + 1;
      places[place] = (places[place] as number) + 1;
    }
    for (let i = 1; i <= DIGITS; i++) {
      places[i] = (places[i] as number) + (places[i - 1] as number);
    }
    const toFirsts = this.#spareFirsts;
    const toSeconds = this.#spareSeconds;
    for (let i = 0; i < size; i++) {
      const digit = ((keys[i] as number) >>> shift) & (DIGITS - 1);
      const place = places[digit] as number;
      places[digit] = place + 1;
      toFirsts[place] = firsts[i] as number;
      toSeconds[place] = seconds[i] as number;
    }
    this.#spareFirsts = firsts;
    this.#spareSeconds = seconds;
    this.firsts = toFirsts;
    this.seconds = toSeconds;
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
