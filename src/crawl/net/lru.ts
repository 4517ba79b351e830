/** A map that holds at most `size` entries and forgets the least recently used first. */

export class LruMap<Key, Value> {
  readonly #size: number;
  /** A Map keeps insertion order, so its first key is the one longest unused. */
  readonly #map = new Map<Key, Value>();

  constructor(size: number) {
    if (!(size >= 1)) throw new RangeError(`Expected a size of at least 1, got ${size}`);
    this.#size = size;
  }

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: Key, value: Value): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#size) this.#map.delete(this.#map.keys().next().value as Key);
  }

  /** Forgets `key` if it still holds `value`. */
  deleteIf(key: Key, value: Value): void {
    if (this.#map.get(key) === value) this.#map.delete(key);
  }
}
