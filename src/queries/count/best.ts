/** Keeps the best of a stream of numbered items, in bounded memory: a binary heap, the worst on top. */
export class Best {
  /** In no order until `sorted`. */
  size = 0;
  readonly #capacity: number;
  #scores: Float64Array;
  #keys: Float64Array;
  #counts: Float64Array;

  /** @param capacity how many are kept; Infinity for all. Of equal scores the lower keys are kept. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#scores = new Float64Array(1024);
    this.#keys = new Float64Array(1024);
    this.#counts = new Float64Array(1024);
  }

  offer(score: number, key: number, count: number): void {
    if (this.size === this.#capacity) {
      if (
        this.size === 0 ||
        !this.#worse(this.#scores[0] as number, this.#keys[0] as number, score, key)
      ) {
        return;
      }
      this.#sink(0, score, key, count);
      return;
    }
    if (this.size === this.#scores.length) this.#grow();
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentScore = this.#scores[parent] as number;
      const parentKey = this.#keys[parent] as number;
      if (this.#worse(parentScore, parentKey, score, key)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, score, key, count);
  }

  /** Best first. */
  sorted(): { score: number; key: number; count: number }[] {
    const items = Array.from({ length: this.size }, (_, i) => ({
      score: this.#scores[i] as number,
      key: this.#keys[i] as number,
      count: this.#counts[i] as number,
    }));
    return items.sort((a, b) => b.score - a.score || a.key - b.key);
  }

  #worse(score: number, key: number, otherScore: number, otherKey: number): boolean {
    return score < otherScore || (score === otherScore && key > otherKey);
  }

  /** Puts an item at `at`, letting worse children rise. */
  #sink(start: number, score: number, key: number, count: number): void {
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      const right = child + 1;
      if (right < this.size && this.#worseAt(right, child)) child = right;
      if (!this.#worse(this.#scores[child] as number, this.#keys[child] as number, score, key))
        break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, score, key, count);
  }

  #worseAt(a: number, b: number): boolean {
    return this.#worse(
      this.#scores[a] as number,
      this.#keys[a] as number,
      this.#scores[b] as number,
      this.#keys[b] as number,
    );
  }

  #move(from: number, to: number): void {
    this.#put(
      to,
      this.#scores[from] as number,
      this.#keys[from] as number,
      this.#counts[from] as number,
    );
  }

  #put(at: number, score: number, key: number, count: number): void {
    this.#scores[at] = score;
    this.#keys[at] = key;
    this.#counts[at] = count;
  }

  #grow(): void {
    const length = 2 * this.#scores.length;
    const larger = (array: Float64Array): Float64Array => {
      const copy = new Float64Array(length);
      copy.set(array);
      return copy;
    };
    this.#scores = larger(this.#scores);
    this.#keys = larger(this.#keys);
    this.#counts = larger(this.#counts);
  }
}
