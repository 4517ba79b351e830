/**
 * A part under way: its selections are being fetched, its shard is being written. What has become of
 * each stands in its log until all is committed at once.
 */

import { join } from 'node:path';
import type { BuildConfig } from '../config.js';
import type { DatasetWriter } from '../core/dataset.js';
import type { OutputFile } from '../core/journal.js';
import type { Loss } from '../core/reasons.js';
import { type Pair, type Reject, rejectFields, type Selection } from '../core/types.js';
import { ShardWriter } from '../shard/index.js';
import { FetchLog } from './fetch-log.js';
import { lossCounts, partName, writePart } from './parts.js';

/** Where the logs stand, below the dataset folder. */
export const LOG_FOLDER = 'fetching';

/** The unit of part `index`. */
export function fetchUnit(index: number): string {
  return `fetch-${partName(index)}`;
}

/** The log of part `index`, relative to the dataset folder. */
export function logPath(index: number): string {
  return `${LOG_FOLDER}/${partName(index)}.log`;
}

export class FetchPart {
  readonly index: number;
  readonly log: FetchLog;
  readonly #dataset: DatasetWriter;
  readonly #config: BuildConfig;
  /** Selections whose fate is not known yet. */
  #left: number;
  #kept = 0;
  readonly #rejects: Reject[] = [];
  #shard: ShardWriter | undefined;

  private constructor(
    dataset: DatasetWriter,
    config: BuildConfig,
    part: { index: number; rows: number; log: FetchLog },
  ) {
    this.#dataset = dataset;
    this.#config = config;
    this.index = part.index;
    this.log = part.log;
    this.#left = part.rows;
  }

  /** @param file with the part's selections */
  static async open(
    dataset: DatasetWriter,
    config: BuildConfig,
    index: number,
    file: OutputFile,
  ): Promise<FetchPart> {
    const log = await FetchLog.open(join(dataset.dir, logPath(index)), {
      dataset: dataset.digest,
      selections: file.sha256,
    });
    return new FetchPart(dataset, config, { index, rows: file.rows, log });
  }

  /** Whether every selection has its fate. */
  get isWhole(): boolean {
    return this.#left === 0;
  }

  async keep(pair: Pair): Promise<void> {
    this.#shard ??= await ShardWriter.open(this.#dataset.dir, `train-${partName(this.index)}`, {
      shard: this.#config.shard,
      losses: this.#rejects,
      snapshot: this.#config.snapshot as string,
    });
    await this.#shard.append(pair);
    this.#kept += 1;
    this.#left -= 1;
  }

  reject(selection: Selection, loss: Loss): void {
    this.#rejects.push(rejectOf(selection, loss));
    this.#left -= 1;
  }

  /** Puts shard and rejects in their places, commits both, and lets go of the log. */
  async commit(): Promise<void> {
    const rejects = this.#rejects;
    const outputs = (await this.#shard?.close()) ?? [];
    if (rejects.length > 0) {
      const path = `rejects/fetch-${partName(this.index)}.parquet`;
      outputs.push(await writePart(this.#dataset.dir, path, rejectFields, rejects));
    }
    await this.#dataset.journal.commit({
      unit: fetchUnit(this.index),
      stage: 'fetch',
      outputs,
      counts: {
        fetched: this.#kept + rejects.length,
        kept: this.#kept,
        ...lossCounts(rejects),
      },
    });
    await this.log.remove();
  }

  /** Leaves the part for another run, which finds what is logged. */
  async leave(): Promise<void> {
    await this.#shard?.abort();
    await this.log.close();
  }
}

function rejectOf(selection: Selection, loss: Loss): Reject {
  const {
    queries: _queries,
    admittedBy: _admittedBy,
    rank: _rank,
    otherTexts: _otherTexts,
    ...candidate
  } = selection;
  return { ...candidate, stage: 'fetch', ...loss };
}
