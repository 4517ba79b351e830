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
    const digits = Math.max(1, Math.ceil(Math.log2(rank.length + 1) / DIGIT_BITS));
    const ofFirsts = countsOf(digits);
    const ofSeconds = countsOf(digits);
    for (let i = 0; i < size; i++) {
      const first = rank[firsts[i] as number] as number;
      const second = rank[seconds[i] as number] as number;
      firsts[i] = first;
      seconds[i] = second;
      for (let digit = 0; digit < digits; digit++) {
        const shift = digit * DIGIT_BITS;
        count(ofFirsts[digit] as Uint32Array, (first >>> shift) & (DIGITS - 1));
        count(ofSeconds[digit] as Uint32Array, (second >>> shift) & (DIGITS - 1));
      }
    }
    if (this.#spareFirsts.length < size) {
      this.#spareFirsts = new Uint32Array(firsts.length);
      this.#spareSeconds = new Uint32Array(firsts.length);
    }
    // Least significant digit first: the seconds' digits, then the firsts'.
    for (let digit = 0; digit < digits; digit++) {
      this.#scatter(this.seconds, digit * DIGIT_BITS, ofSeconds[digit] as Uint32Array);
    }
    for (let digit = 0; digit < digits; digit++) {
      this.#scatter(this.firsts, digit * DIGIT_BITS, ofFirsts[digit] as Uint32Array);
    }
  }

  /** Moves each pair to its place by one digit of its key; `counts` says how many have which. */
  #scatter(keys: Uint32Array, shift: number, counts: Uint32Array): void {
    const { firsts, seconds, size } = this;
    const places = new Uint32Array(DIGITS);
    for (let digit = 1; digit < DIGITS; digit++) {
      places[digit] = (places[digit - 1] as number) + (counts[digit - 1] as number);
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

function countsOf(digits: number): Uint32Array[] {
  return Array.from({ length: digits }, () => new Uint32Array(DIGITS));
}

function count(counts: Uint32Array, digit: number): void {
  counts[digit] = (counts[digit] as number) + 1;
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
