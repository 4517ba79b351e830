/** Shares in 0..1 from ranked answers. */

/** Share of images whose class is among the first `k` answers. */
export function topK(
  answers: readonly (readonly number[])[],
  labels: readonly number[],
  k: number,
): number {
  const right = labels.filter((label, i) => (answers[i] ?? []).slice(0, k).includes(label));
  return right.length / labels.length;
}

/** Mean over the classes that occur of the share of their images that are right at once. */
export function meanPerClass(
  answers: readonly (readonly number[])[],
  labels: readonly number[],
): number {
  const right = new Map<number, number>();
  const total = new Map<number, number>();
  labels.forEach((label, i) => {
    total.set(label, (total.get(label) ?? 0) + 1);
    if (answers[i]?.[0] === label) right.set(label, (right.get(label) ?? 0) + 1);
  });
  let sum = 0;
  for (const [label, n] of total) sum += (right.get(label) ?? 0) / n;
  return sum / total.size;
}

/** Share of queries whose best right answer is among the first `k`; `ranks` count from 0. */
export function recallAt(ranks: readonly number[], k: number): number {
  return ranks.filter((rank) => rank < k).length / ranks.length;
}

/**
 * What `recallAt` is expected to be when answers come in random order: for a query with `right` right
 * answers among `gallery`, 1 − Π (gallery − right − i) / (gallery − i) over i < k; the mean of these.
 */
export function chanceRecallAt(right: readonly number[], gallery: number, k: number): number {
  const chances = right.map((own) => {
    let missed = 1;
    for (let i = 0; i < Math.min(k, gallery); i++) {
      missed *= Math.max(0, gallery - own - i) / (gallery - i);
    }
    return 1 - missed;
  });
  return chances.reduce((sum, chance) => sum + chance, 0) / right.length;
}
