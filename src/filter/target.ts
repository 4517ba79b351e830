/**
 * Which cap gives about N pairs? Each candidate has a least cap under which it is in, so the number of
 * pairs for every cap is a running sum over a histogram of these.
 *
 * With the soft cap t, a match is in when u · n < t, for its draw u and the n matches of its query: the
 * least cap is exact. With the hard cap k, when its rank is among the k lowest of n; as ranks are uniform,
 * rank · n stands for its place. That is off by about √k places for one query and by as many up as down over
 * all of them, so the number of pairs is met within about √N.
 */

/** Bins a factor of two: caps are found to 0.02 %. */
const BINS = 4096;
const OCTAVES = 32;

/** The least cap of a match: `uniform` is its draw or its rank, `n` the matches of its query. */
export function leastCap(uniform: number, n: number): number {
  return Math.floor(uniform * n) + 1;
}

/** Least caps by their size: exact below BINS, in steps of a 4096th above. */
export class CapHistogram {
  readonly #counts = new Float64Array((OCTAVES + 1) * BINS);

  add(cap: number): void {
    const bin = binOf(cap);
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
  }

  /** The largest cap with at most `pairs` pairs; 1 where every cap has more. */
  capFor(pairs: number): number {
    let sum = 0;
    let cap = 1;
    for (const [bin, count] of this.#counts.entries()) {
      sum += count;
      if (sum > pairs) break;
      cap = Math.max(cap, lastOf(bin));
    }
    return cap;
  }
}

function binOf(cap: number): number {
  if (cap < BINS) return cap;
  const octave = Math.floor(Math.log2(cap / BINS));
  return (octave + 1) * BINS + Math.floor(cap / 2 ** octave) - BINS;
}

/** The largest whole number that falls into a bin. */
function lastOf(bin: number): number {
  if (bin < BINS) return bin;
  const octave = Math.floor(bin / BINS) - 1;
  return (bin - (octave + 1) * BINS + BINS + 1) * 2 ** octave - 1;
}
