/**
 * Which candidates repeat an earlier one: the first of each id counts. Ids are spilled by their first
 * bits, so that equal ones meet; the answer is one bit a candidate.
 */

import type { SpillSet, SpillWriter } from '../../core/spill.js';
import { ID_BYTES, idBytes, KeyTable, partitionOf } from './keys.js';

/** An id and the candidate's number among all, a double. */
const RECORD = ID_BYTES + 8;

/** Puts ids aside. */
export class IdSpill {
  readonly #writer: SpillWriter;
  readonly #record = Buffer.alloc(RECORD);

  constructor(writer: SpillWriter) {
    this.#writer = writer;
  }

  add(id: string, number: number): void {
    idBytes(id).copy(this.#record);
    this.#record.writeDoubleLE(number, ID_BYTES);
    this.#writer.append(partitionOf(this.#record, 0, this.#writer.partitions), this.#record);
  }
}

/** A set of whole numbers below a size, one bit each. */
export class Bits {
  readonly #bytes: Uint8Array;

  constructor(size: number) {
    this.#bytes = new Uint8Array(Math.ceil(size / 8));
  }

  has(number: number): boolean {
    const at = Math.floor(number / 8);
    return (((this.#bytes[at] as number) >> (number - 8 * at)) & 1) === 1;
  }

  add(number: number): void {
    const at = Math.floor(number / 8);
    this.#bytes[at] = (this.#bytes[at] as number) | (1 << (number - 8 * at));
  }
}

/**
 * @param ids spilled in the order of the candidates
 * @param size how many candidates there are
 * @param pause called between partitions
 */
export async function findRepeated(
  ids: SpillSet,
  size: number,
  pause: () => Promise<void>,
): Promise<Bits> {
  const repeated = new Bits(size);
  for (let partition = 0; partition < ids.partitions; partition++) {
    await pause();
    const bytes = ids.read(partition);
    const table = new KeyTable(bytes, RECORD);
    for (let at = 0; at < bytes.length; at += RECORD) {
      const isFirst = table.put(at / RECORD) < 0;
      if (!isFirst) repeated.add(bytes.readDoubleLE(at + ID_BYTES));
    }
  }
  return repeated;
}
