/** A stream of bytes of which the next few can be looked at before they are taken. */
export class ByteWindow {
  readonly #source: AsyncIterator<Buffer>;
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #at = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Offset of the window's first byte in the stream. */
  get at(): number {
    return this.#at;
  }

  /** Bytes in the window. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** The window's bytes; good until it grows. */
  view(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Takes `bytes` from the front. */
  skip(bytes: number): void {
    this.#start += bytes;
    this.#at += bytes;
  }

  /** Adds the stream's next chunk; false at its end. */
  async grow(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    const chunk = next.value;
    const { length } = this;
    if (this.#end + chunk.length > this.#buffer.length) {
      const needed = length + chunk.length;
      const to =
        needed <= this.#buffer.length
          ? this.#buffer
          : Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(to, 0, this.#start, this.#end);
      this.#buffer = to;
      this.#start = 0;
      this.#end = length;
    }
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
    return true;
  }

  /** Grows until the window holds `wanted` bytes; false when the stream ends before. */
  async fill(wanted: number): Promise<boolean> {
    while (this.length < wanted && (await this.grow())) {}
    return this.length >= wanted;
  }
}
