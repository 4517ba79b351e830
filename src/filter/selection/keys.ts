/** Ids and hashes of image URLs as bytes, and where they go: both are halves of a SHA-256. */

import { WitError } from '../../core/errors.js';

export const ID_BYTES = 16;

/**
 * An id as bytes.
 * @throws WitError `bad_file` when it is not 32 hex digits.
 */
export function idBytes(id: string): Buffer {
  const bytes = Buffer.from(id, 'hex');
  if (bytes.length === ID_BYTES && id.length === 2 * ID_BYTES) return bytes;
  throw new WitError('bad_file', `A candidate's id is not 32 hex digits: ${id.slice(0, 80)}`);
}

/** The partition, of `partitions`, of a key that begins at `at`. */
export function partitionOf(bytes: Buffer, at: number, partitions: number): number {
  return Math.floor((bytes.readUInt32BE(at) / 2 ** 32) * partitions);
}

/** Records of equal length, each beginning with a key: which of them share it? */
export class KeyTable {
  readonly #words: Uint32Array;
  readonly #stride: number;
  readonly #mask: number;
  /** Open addressing: a record's number, plus one. */
  readonly #table: Uint32Array;

  /** @param bytes must begin at a multiple of four in its memory, and `recordBytes` be one */
  constructor(bytes: Buffer, recordBytes: number) {
    const count = bytes.length / recordBytes;
    this.#stride = recordBytes / 4;
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, count * this.#stride);
    // Half full at most.
    const size = 2 ** Math.ceil(Math.log2(Math.max(8, 2 * count)));
    this.#mask = size - 1;
    this.#table = new Uint32Array(size);
  }

  /** The record that was last put under the key of `record`, or -1; `record` takes its place. */
  put(record: number): number {
    const slot = this.#slotOf(record);
    const before = (this.#table[slot] as number) - 1;
    this.#table[slot] = record + 1;
    return before;
  }

  /** The records last put under each key, in no order that means anything. */
  *last(): Generator<number> {
    for (const record of this.#table) if (record !== 0) yield record - 1;
  }

  #slotOf(record: number): number {
    const words = this.#words;
    const at = record * this.#stride;
    // The partition is in the first word; the others are as good as random.
    let slot = (words[at + 1] as number) & this.#mask;
    for (
      let other = this.#table[slot] as number;
      other !== 0;
      other = this.#table[slot] as number
    ) {
      const otherAt = (other - 1) * this.#stride;
      if (
        words[at] === words[otherAt] &&
        words[at + 1] === words[otherAt + 1] &&
        words[at + 2] === words[otherAt + 2] &&
        words[at + 3] === words[otherAt + 3]
      ) {
        break;
      }
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}
