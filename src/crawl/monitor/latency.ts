/**
 * How long exchanges take, in fixed memory: logarithmic buckets, four to an octave, from 1 ms to 2^17 ms
 * (131 s). Counted twice: over the run, exactly, and over the last minutes, with counts that fade.
 */

const PER_OCTAVE = 4;
const OCTAVES = 17;
/** Bucket i holds what lies in (2^((i-1)/4), 2^(i/4)] ms; the first all below, the last all above. */
const BUCKETS = PER_OCTAVE * OCTAVES + 2;

export class Latency {
  readonly #run = new Float64Array(BUCKETS);
  readonly #recent = new Float64Array(BUCKETS);
  #count = 0;
  #ms = 0;

  get count(): number {
    return this.#count;
  }

  /** Sum of all durations, in seconds. */
  get seconds(): number {
    return this.#ms / 1000;
  }

  add(ms: number): void {
    const place = ms <= 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms) * PER_OCTAVE));
    this.#run[place] = (this.#run[place] as number) + 1;
    this.#recent[place] = (this.#recent[place] as number) + 1;
    this.#count += 1;
    this.#ms += ms;
  }

  /** Lets recent counts fade to `share` of what they are. */
  fade(share: number): void {
    for (let i = 0; i < BUCKETS; i++) this.#recent[i] = (this.#recent[i] as number) * share;
  }

  /**
   * The duration in seconds that a share `q` of recent exchanges did not exceed, as the middle of its
   * bucket: wrong by a factor of at most 2^(1/8), 9 %. Undefined when there were none.
   */
  quantile(q: number): number | undefined {
    let total = 0;
    for (const n of this.#recent) total += n;
    if (total === 0) return undefined;
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#recent[i] as number;
      if (seen >= q * total) return 2 ** ((i - 0.5) / PER_OCTAVE) / 1000;
    }
    return 2 ** OCTAVES / 1000;
  }

  /** Exchanges of the run that took at most `seconds`, for every power of two of milliseconds. */
  cumulative(): { seconds: number; count: number }[] {
    const steps: { seconds: number; count: number }[] = [];
    let count = 0;
    for (let i = 0; i <= PER_OCTAVE * OCTAVES; i++) {
      count += this.#run[i] as number;
      if (i % PER_OCTAVE === 0) steps.push({ seconds: 2 ** (i / PER_OCTAVE) / 1000, count });
    }
    return steps;
  }
}
