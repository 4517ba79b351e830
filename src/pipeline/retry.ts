/**
 * Trying again what fetch lost. A round takes rows out of the rejects, by reason, and makes further parts
 * of them, which are fetched like the first: further shards, further rejects. The round is one unit, and
 * each of its parts another, so it can be interrupted anywhere and repeated later.
 */

import { join } from 'node:path';
import type { BuildConfig } from '../config.js';
import type { DatasetWriter } from '../core/dataset.js';
import type { OutputFile } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import type { Reason } from '../core/reasons.js';
import { type Reject, rejectFields, type Selection, selectionFields } from '../core/types.js';
import { countLoss, PartWriter, partName, writePart } from './parts.js';

const UNIT = 'retry-';
const FOLDER = 'retried/';

/** The units of the rounds planned so far, finished or not. */
export function retryUnits(dataset: DatasetWriter): string[] {
  const units = dataset.journal.commits().map(({ unit }) => unit);
  return units.filter((unit) => unit.startsWith(UNIT));
}

/**
 * How many times selections were made parts again, to be tried again or to mend the dataset, and the first part of the
 * last time; 0 and 0 where never.
 */
export function lastRound(dataset: DatasetWriter): { round: number; first: number } {
  const firsts = dataset.journal.commits().flatMap(({ outputs }) => {
    const again = outputs.filter(({ path }) => path.startsWith(FOLDER));
    const numbers = again.map(({ path }) => Number(/\d+/.exec(path)?.[0]));
    return numbers.length > 0 ? [Math.min(...numbers)] : [];
  });
  return { round: firsts.length, first: Math.max(0, ...firsts) };
}

/** The parts of all rounds so far, in order: they follow those of selection. */
export function retriedParts(dataset: DatasetWriter): OutputFile[] {
  return dataset.outputs().filter(({ path }) => path.startsWith(FOLDER));
}

/**
 * Plans a round: selections that ended with one of `reasons` become parts again.
 * @param parts all of the dataset, each of them committed
 * @returns how many selections there are; 0 when there was nothing to plan
 */
export async function planRetry(
  dataset: DatasetWriter,
  parts: readonly OutputFile[],
  reasons: ReadonlySet<Reason>,
  options: { config: BuildConfig; signal: AbortSignal },
): Promise<number> {
  const { config, signal } = options;
  const lost = dataset.manifest().funnel.lost.fetch ?? {};
  if (!Object.keys(lost).some((reason) => reasons.has(reason as Reason))) return 0;
  const round = retryUnits(dataset).length + 1;
  const rejects = currentRejects(dataset);
  const counts: Record<string, number> = { retried: 0 };
  const outputs: OutputFile[] = [];
  const replaces: string[] = [];
  const writer = new RetryWriter(dataset.dir, parts.length, config.shard.selectionsPerShard);
  try {
    for (const [index, part] of parts.entries()) {
      signal.throwIfAborted();
      const before = rejects.get(index);
      if (before === undefined) continue;
      const again = new Set<string>();
      const rest: Reject[] = [];
      for await (const reject of readRecords(join(dataset.dir, before), rejectFields)) {
        if (!reasons.has(reject.reason)) {
          rest.push(reject);
          continue;
        }
        again.add(reject.id);
        // What a round takes out of the losses counts the other way.
        countLoss(counts, reject, -1);
      }
      if (again.size === 0) continue;
      counts.retried = (counts.retried as number) + again.size;
      replaces.push(before);
      if (rest.length > 0) {
        const path = `rejects/fetch-${partName(index)}-${partName(round)}.parquet`;
        outputs.push(await writePart(dataset.dir, path, rejectFields, rest));
      }
      for await (const selection of readRecords(join(dataset.dir, part.path), selectionFields)) {
        if (again.has(selection.id)) await writer.append(selection);
      }
    }
    outputs.push(...(await writer.close()));
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await dataset.journal.commit({
    unit: `${UNIT}${partName(round)}`,
    stage: 'fetch',
    outputs,
    replaces,
    counts,
  });
  return counts.retried as number;
}

/** The file with the rejects of each part that has any. */
export function currentRejects(dataset: DatasetWriter): Map<number, string> {
  const files = new Map<number, string>();
  for (const { path } of dataset.outputs()) {
    const part = /^rejects\/fetch-(\d+)/.exec(path)?.[1];
    if (part !== undefined) files.set(Number(part), path);
  }
  return files;
}

/** Writes selections into parts of equal size, numbered on from `next`. */
class RetryWriter {
  readonly #dir: string;
  readonly #size: number;
  readonly #outputs: OutputFile[] = [];
  #next: number;
  #part: PartWriter<typeof selectionFields> | undefined;
  #rows = 0;

  constructor(dir: string, next: number, size: number) {
    this.#dir = dir;
    this.#next = next;
    this.#size = size;
  }

  async append(selection: Selection): Promise<void> {
    this.#part ??= new PartWriter(
      this.#dir,
      `${FOLDER}${partName(this.#next++)}.parquet`,
      selectionFields,
    );
    await this.#part.append([selection]);
    this.#rows += 1;
    if (this.#rows === this.#size) await this.#finishPart();
  }

  async close(): Promise<OutputFile[]> {
    await this.#finishPart();
    return this.#outputs;
  }

  async abort(): Promise<void> {
    await this.#part?.abort();
  }

  async #finishPart(): Promise<void> {
    if (this.#part === undefined) return;
    this.#outputs.push(await this.#part.close());
    this.#part = undefined;
    this.#rows = 0;
  }
}
