/** Seeded randomness: the same bytes on every machine and run. */

/** Uniform in [0, 1) (Mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed for item `index` of a stream, so that any item can be made without those before it. */
export function seedOf(seed: number, index: number, purpose: number): number {
  let h = seed >>> 0;
  for (const part of [index >>> 0, Math.floor(index / 2 ** 32), purpose]) {
    h = Math.imul(h ^ part, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15), 0x85ebca77);
    h ^= h >>> 13;
  }
  return h >>> 0;
}

/**
 * A rank below `limit` of the Zipf–Mandelbrot law p(r) ∝ (r + offset)^-exponent, by inverting its
 * continuous distribution function. n draws hold about n^(1/exponent) distinct ranks (Heaps' law).
 */
export function zipfRank(u: number, exponent: number, offset: number, limit: number): number {
  const tail = (1 + limit / offset) ** (1 - exponent);
  return Math.floor(offset * ((1 - u * (1 - tail)) ** (1 / (1 - exponent)) - 1));
}

const CONSONANTS = 'bcdfghjklmnprstvwyz';
const VOWELS = 'aeiou';
const SYLLABLES = CONSONANTS.length * VOWELS.length;

/** Writes the pseudo-word of a rank at `at` and returns where it ends; 4 to 10 letters below 10⁹. */
export function writePseudoWord(rank: number, into: Uint8Array, at: number): number {
  let rest = rank;
  let end = at;
  do {
    const syllable = rest % SYLLABLES;
    into[end++] = CONSONANTS.charCodeAt(Math.floor(syllable / VOWELS.length));
    into[end++] = VOWELS.charCodeAt(syllable % VOWELS.length);
    rest = Math.floor(rest / SYLLABLES);
  } while (rest > 0 || end - at < 4);
  return end;
}

/** The pseudo-word of a rank as a string. */
export function pseudoWord(rank: number): string {
  const bytes = Buffer.alloc(24);
  return bytes.toString('latin1', 0, writePseudoWord(rank, bytes, 0));
}
