/** The least cap of each image, for a target: the lowest of those of its candidates. */

import type { SpillSet, SpillWriter } from '../../core/spill.js';
import { CapHistogram } from '../target.js';
import type { JudgedCursor } from './judged.js';
import { ID_BYTES, KeyTable, partitionOf } from './keys.js';

/** Image URL's hash and the cap, a double. */
const RECORD = ID_BYTES + 8;

/** Puts candidates' least caps aside, by image. */
export class LeastCapSpill {
  readonly #writer: SpillWriter;
  readonly #record = Buffer.alloc(RECORD);

  constructor(writer: SpillWriter) {
    this.#writer = writer;
  }

  add(row: JudgedCursor, cap: number): void {
    row.bytes.copy(this.#record, 0, row.imageAt, row.imageAt + ID_BYTES);
    this.#record.writeDoubleLE(cap, ID_BYTES);
    this.#writer.append(partitionOf(this.#record, 0, this.#writer.partitions), this.#record);
  }
}

/** @param pause called between partitions */
export async function leastCaps(
  images: SpillSet,
  pause: () => Promise<void>,
): Promise<CapHistogram> {
  const histogram = new CapHistogram();
  for (let partition = 0; partition < images.partitions; partition++) {
    await pause();
    const bytes = images.read(partition);
    const table = new KeyTable(bytes, RECORD);
    const count = bytes.length / RECORD;
    const caps = new Float64Array(count);
    for (let record = 0; record < count; record++) {
      const cap = bytes.readDoubleLE(record * RECORD + ID_BYTES);
      const before = table.put(record);
      caps[record] = before < 0 ? cap : Math.min(cap, caps[before] as number);
    }
    for (const record of table.last()) histogram.add(caps[record] as number);
  }
  return histogram;
}
