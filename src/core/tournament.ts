/**
 * A tournament tree (Knuth, TAOCP 3, §5.4.1) that finds the first of many sorted inputs with one comparison a level:
 * half of what a heap needs.
 */
export class Tournament {
  /** The loser of each match; place 0 holds the winner of all. */
  readonly #tree: Int32Array;
  readonly #size: number;
  readonly #before: (a: number, b: number) => boolean;

  /** @param before whether input `a`'s present item comes before `b`'s; ended inputs come last. */
  constructor(size: number, before: (a: number, b: number) => boolean) {
    this.#size = size;
    this.#before = before;
    this.#tree = new Int32Array(Math.max(1, size));
    if (size > 0) this.#tree[0] = this.#play(1);
  }

  /** The input whose item comes first. */
  get winner(): number {
    return this.#tree[0] as number;
  }

  /** To be called when the winner's present item has changed. */
  replay(): void {
    const tree = this.#tree;
    let winner = tree[0] as number;
    for (let place = (winner + this.#size) >> 1; place > 0; place >>= 1) {
      const loser = tree[place] as number;
      if (this.#before(loser, winner)) {
        tree[place] = winner;
        winner = loser;
      }
    }
    tree[0] = winner;
  }

  /** Plays the matches below `place` for the first time; inputs stand at [size, 2 size). */
  #play(place: number): number {
    if (place >= this.#size) return place - this.#size;
    const a = this.#play(2 * place);
    const b = this.#play(2 * place + 1);
    const first = this.#before(b, a) ? b : a;
    this.#tree[place] = first === a ? b : a;
    return first;
  }
}
