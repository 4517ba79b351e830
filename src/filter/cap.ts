/**
 * The cap (the paper, §2.2: up to 20,000 pairs a query). Each query admits its `k` lowest-ranked
 * matches. Ranks are seeded hashes of ids, so which ones these are depends neither on the order in
 * which candidates come nor on how they are split: partial counters merge to the same answer.
 */

/** One bounded max-heap a query: the `k` lowest (rank, id) seen so far, the highest of them on top. */
interface Heap {
  ranks: number[];
  ids: string[];
}

export class CapCounter {
  readonly #k: number;
  readonly #heaps: (Heap | undefined)[];
  readonly #matched: Uint32Array;

  constructor(k: number, queryCount: number) {
    this.#k = k;
    this.#heaps = new Array<Heap | undefined>(queryCount);
    this.#matched = new Uint32Array(queryCount);
  }

  /** Counts one match. Each (query, id) is to be added once. */
  add(query: number, rank: number, id: string): void {
    this.#matched[query] = (this.#matched[query] as number) + 1;
    this.#offer(query, rank, id);
  }

  /** Adds what another counter, with the same `k` and queries, has seen of other candidates. */
  merge(other: CapCounter): void {
    for (const [query, heap] of other.#heaps.entries()) {
      this.#matched[query] = (this.#matched[query] as number) + (other.#matched[query] as number);
      for (const [at, rank] of heap?.ranks.entries() ?? []) {
        this.#offer(query, rank, heap?.ids[at] as string);
      }
    }
  }

  /** Whether `query` admits this match, given all that were added. */
  admits(query: number, rank: number, id: string): boolean {
    const heap = this.#heaps[query];
    if (heap === undefined) return false;
    if (heap.ranks.length < this.#k) return true;
    return !isAbove(rank, id, heap.ranks[0] as number, heap.ids[0] as string);
  }

  /** Matches of a query before the cap, and those admitted. */
  use(query: number): { matched: number; admitted: number } {
    const matched = this.#matched[query] as number;
    return { matched, admitted: Math.min(matched, this.#k) };
  }

  #offer(query: number, rank: number, id: string): void {
    let heap = this.#heaps[query];
    if (heap === undefined) {
      heap = { ranks: [], ids: [] };
      this.#heaps[query] = heap;
    }
    const { ranks, ids } = heap;
    if (ranks.length < this.#k) {
      ids.push(id);
      siftUp(heap, ranks.push(rank) - 1, rank, id);
    } else if (isAbove(ranks[0] as number, ids[0] as string, rank, id)) {
      siftDown(heap, rank, id);
    }
  }
}

/** Order by rank, then id: ranks may tie, ids do not. */
function isAbove(rank: number, id: string, otherRank: number, otherId: string): boolean {
  return rank > otherRank || (rank === otherRank && id > otherId);
}

function siftUp({ ranks, ids }: Heap, start: number, rank: number, id: string): void {
  let at = start;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isAbove(rank, id, ranks[parent] as number, ids[parent] as string)) break;
    ranks[at] = ranks[parent] as number;
    ids[at] = ids[parent] as string;
    at = parent;
  }
  ranks[at] = rank;
  ids[at] = id;
}

/** Replaces the top. */
function siftDown({ ranks, ids }: Heap, rank: number, id: string): void {
  const size = ranks.length;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    const right = child + 1;
    if (
      right < size &&
      isAbove(
        ranks[right] as number,
        ids[right] as string,
        ranks[child] as number,
        ids[child] as string,
      )
    ) {
      child = right;
    }
    if (!isAbove(ranks[child] as number, ids[child] as string, rank, id)) break;
    ranks[at] = ranks[child] as number;
    ids[at] = ids[child] as string;
    at = child;
  }
  ranks[at] = rank;
  ids[at] = id;
}
