/** How work grows with its input: a property of the algorithm, where seconds are one of the machine. */

/** Runs of each; the least of them is what the work takes when nothing else disturbs it. */
const RUNS = 7;

/** Of what is small, done over and over: enough that it is not one turn of the scheduler that is measured. */
const LEAST_MS = 2;

/** How many times as much CPU time as `small` does `large` take? */
export function growth(small: () => unknown, large: () => unknown): number {
  // Once first, so that both are compiled.
  small();
  large();
  const times = Math.ceil(LEAST_MS / Math.max(0.01, took(small)));
  const repeated = () => {
    for (let time = 0; time < times; time++) small();
  };
  const least = { small: Infinity, large: Infinity };
  for (let run = 0; run < RUNS; run++) {
    least.small = Math.min(least.small, took(repeated) / times);
    least.large = Math.min(least.large, took(large));
  }
  return least.large / least.small;
}

/** Milliseconds of CPU time: those of the clock pass for other work of the machine too. */
function took(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
