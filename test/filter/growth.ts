/** How work grows with its input: a property of the algorithm, where seconds are one of the machine. */

/** Runs of each; the least of them is what the work takes when nothing else disturbs it. */
const RUNS = 7;

/** How many times as long as `small` does `large` take? */
export function growth(small: () => unknown, large: () => unknown): number {
  // Once first, so that both are compiled.
  small();
  large();
  const least = { small: Infinity, large: Infinity };
  for (let run = 0; run < RUNS; run++) {
    least.small = Math.min(least.small, took(small));
    least.large = Math.min(least.large, took(large));
  }
  return least.large / least.small;
}

function took(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
