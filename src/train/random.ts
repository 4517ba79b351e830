/**
 * Randomness as a pure function of its name: the same name gives the same numbers on every machine,
 * and drawing for one sample never shifts the numbers of another.
 */

import { createHash } from 'node:crypto';

export interface Random {
  /** A whole number, uniform in [0, n); n ≤ 2³². */
  below(n: number): number;
}

/** Numbers for `name`: sfc32 (Doty-Humphrey, PractRand), its state the SHA-256 of the name. */
export function seededRandom(...name: (string | number)[]): Random {
  const digest = createHash('sha256').update(name.join('\0')).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  const next = (): number => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  return {
    below(n) {
      // Values from the incomplete last interval would favour small results: draw again.
      const limit = 2 ** 32 - (2 ** 32 % n);
      let value = next();
      while (value >= limit) value = next();
      return value % n;
    },
  };
}

/** A uniform permutation of 0 … n−1 (Fisher–Yates). */
export function permutation(n: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}
