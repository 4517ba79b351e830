/**
 * A map of bounded size that forgets the least recently used first. Sizes are in whatever its user weighs
 * entries by; without weights it is a number of entries.
 */

export class LruMap<Key, Value> {
  readonly #size: number;
  /** A Map keeps insertion order, so its first key is the one longest unused. */
  readonly #map = new Map<Key, { value: Value; weight: number }>();
  #weight = 0;

  constructor(size: number) {
    if (!(size >= 1)) throw new RangeError(`Expected a size of at least 1, got ${size}`);
    this.#size = size;
  }

  get size(): number {
    return this.#map.size;
  }

  /** Of all entries. */
  get weight(): number {
    return this.#weight;
  }

  values(): Value[] {
    return Array.from(this.#map.values(), ({ value }) => value);
  }

  get(key: Key): Value | undefined {
    const entry = this.#map.get(key);
    if (entry === undefined) return undefined;
    this.#map.delete(key);
    this.#map.set(key, entry);
    return entry.value;
  }

  /** An entry heavier than all that there is room for stays alone until another comes. */
  set(key: Key, value: Value, weight = 1): void {
    this.#delete(key);
    this.#map.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#map.keys()) {
      if (this.#weight <= this.#size || this.#map.size === 1) break;
      this.#delete(oldest);
    }
  }

  /** Sets the weight of `key` if it still holds `value`. */
  weigh(key: Key, value: Value, weight: number): void {
    if (this.#map.get(key)?.value === value) this.set(key, value, weight);
  }

  /** Forgets `key` if it still holds `value`. */
  deleteIf(key: Key, value: Value): void {
    if (this.#map.get(key)?.value === value) this.#delete(key);
  }

  #delete(key: Key): void {
    this.#weight -= this.#map.get(key)?.weight ?? 0;
    this.#map.delete(key);
  }
}
