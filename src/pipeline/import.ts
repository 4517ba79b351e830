/**
 * Datasets of others → a dataset of ours: each tar, range of a Parquet file or folder of images is a unit
 * that becomes one shard and its rejects. What is wrong with a row is counted and kept as a reject. Interrupt
 * it anywhere and call it again: it goes on and ends with the same bytes.
 */

import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import { type BuildConfig, buildSchema, importSchema, validateConfig } from '../config.js';
import { DatasetWriter, type Manifest } from '../core/dataset.js';
import { type Emit, silent } from '../core/events.js';
import { sha256 } from '../core/ids.js';
import { mapOrdered } from '../core/ordered.js';
import type { Reason } from '../core/reasons.js';
import { localRunner } from '../core/runner.js';
import { rejectFields } from '../core/types.js';
import {
  type ForeignRow,
  type ImportUnit,
  planImport,
  readForeign,
  ShardWriter,
  writeCard,
} from '../shard/index.js';
import { defaultSnapshot } from './build.js';
import { importRow } from './import-row.js';
import { PartWriter, partName } from './parts.js';

/** Units at work at once: while one is flushed, another decodes. */
const UNITS = 2;
/** Twice the cores: while some images wait for the main thread, all cores have work. */
const DECODED_AT_ONCE = 2 * availableParallelism();

export interface ImportOptions {
  /** Units at work at once; changes no result. Default 2. */
  jobs?: number;
  emit?: Emit;
  signal?: AbortSignal;
}

/**
 * Imports `inputs` (files and folders) into the dataset folder `out`. Of `settings`, `import`, `filter`,
 * `shard`, `snapshot` and `net.maxImageBytes` count.
 * @throws WitError `missing_file` and `input` for what cannot be imported, `disk`, `dataset` when `out` was
 *   begun from something else; the signal's reason when aborted.
 */
export async function importDataset(
  inputs: readonly string[],
  out: string,
  settings: { import?: unknown; build?: unknown },
  options: ImportOptions = {},
): Promise<Manifest> {
  const { emit = silent, jobs = UNITS } = options;
  const signal = options.signal ?? new AbortController().signal;
  const config = validateConfig(importSchema, settings.import ?? {}, 'import');
  const build = validateConfig(buildSchema, settings.build ?? {}, 'settings');
  const units = await planImport(inputs, config, build.shard.selectionsPerShard);
  const sources = units.map(({ path: _path, ...unit }) => unit);
  const dataset = await DatasetWriter.open(out, {
    schema: 1,
    snapshot: build.snapshot ?? defaultSnapshot(),
    config: {
      ...build,
      import: { ...config, units: units.length, sources: sha256(JSON.stringify(sources)) },
    },
    queries: { digest: sha256(''), count: 0 },
    rules: {},
  });
  try {
    const { snapshot } = dataset.head;
    const bytes = units.reduce((sum, unit) => sum + unit.bytes, 0);
    const progress = new Progress(emit, bytes);
    const decoding = new PQueue({ concurrency: DECODED_AT_ONCE });
    const work = async ({ unit, index }: { unit: ImportUnit; index: number }): Promise<void> => {
      const before = dataset.journal.get(unitName(index));
      if (before !== undefined) progress.skip(unit.bytes, before.counts.kept ?? 0);
      else {
        await importUnit(dataset, unit, index, {
          config,
          build,
          snapshot,
          decoding,
          progress,
          signal,
        });
      }
    };
    const numbered = units.map((unit, index) => ({ unit, index }));
    for await (const _ of localRunner(jobs).run(numbered, work, signal)) {
      // The work is all there is.
    }
    progress.end();
    await writeCard(out, dataset.manifest());
    await dataset.complete();
    return dataset.manifest();
  } finally {
    await dataset.close();
  }
}

interface UnitOptions {
  config: ReturnType<typeof importSchema.parse>;
  build: BuildConfig;
  snapshot: string;
  decoding: PQueue;
  progress: Progress;
  signal: AbortSignal;
}

async function importUnit(
  dataset: DatasetWriter,
  unit: ImportUnit,
  index: number,
  { config, build, snapshot, decoding, progress, signal }: UnitOptions,
): Promise<void> {
  const { dir } = dataset;
  const lost = new Map<Reason, number>();
  const rejects = new PartWriter(dir, `rejects/${unitName(index)}.parquet`, rejectFields);
  let shard: ShardWriter | undefined;
  let kept = 0;
  let rows = 0;
  const read = progress.of(unit.bytes);
  const found = readForeign(unit, { config, maxBytes: build.net.maxImageBytes, signal });
  const work = (row: ForeignRow) =>
    decoding.add(() => importRow(row, { config, build, snapshot })) as ReturnType<typeof importRow>;
  try {
    const outcomes = mapOrdered(read.rows(found), work, {
      concurrency: DECODED_AT_ONCE,
      signal,
    });
    for await (const outcome of outcomes) {
      rows += 1;
      if ('pair' in outcome) {
        shard ??= await ShardWriter.open(dir, `train-${partName(index)}`, {
          shard: build.shard,
          losses: lossesOf(lost),
          snapshot,
        });
        await shard.append(outcome.pair);
        kept += 1;
        progress.keep();
      } else {
        const { reason } = outcome.reject;
        lost.set(reason, (lost.get(reason) ?? 0) + 1);
        await rejects.append([outcome.reject]);
        progress.lose(reason);
      }
    }
    const outputs = (await shard?.close()) ?? [];
    if (rejects.begun) outputs.push(await rejects.close());
    const losses = [...lost].map(([reason, count]) => [`lost.${reason}`, count] as const);
    await dataset.journal.commit({
      unit: unitName(index),
      stage: 'shard',
      outputs,
      counts: { candidates: rows, selected: rows, kept, ...Object.fromEntries(losses.sort()) },
    });
    read.end();
  } catch (error) {
    await shard?.abort();
    await rejects.abort();
    throw error;
  }
}

function unitName(index: number): string {
  return `import-${partName(index)}`;
}

/** Each loss once, told from their counts when it is asked for. */
function lossesOf(counts: ReadonlyMap<Reason, number>): Iterable<{ reason: Reason }> {
  return {
    *[Symbol.iterator]() {
      for (const [reason, count] of counts) for (let i = 0; i < count; i++) yield { reason };
    },
  };
}

const MB = 1_000_000;
/** Rows between two progress events. */
const STEP = 50;

/** Progress in megabytes of what is read, which is known beforehand; rows are not. */
class Progress {
  readonly #emit: Emit;
  readonly #total: number;
  #done = 0;
  #earlier = 0;
  #kept = 0;
  #events = 0;

  constructor(emit: Emit, total: number) {
    this.#emit = emit;
    this.#total = total;
    emit({ type: 'begin', task: 'import', unit: 'MB', total: Math.ceil(total / MB) });
  }

  skip(bytes: number, kept: number): void {
    this.#done += bytes;
    this.#earlier += bytes;
    this.#kept += kept;
    this.#tell();
  }

  keep(): void {
    this.#kept += 1;
  }

  lose(reason: Reason): void {
    this.#emit({ type: 'loss', stage: 'shard', reason, count: 1 });
  }

  /** Follows one unit of `bytes`: by what its rows hold, and exactly at its end. */
  of(bytes: number): {
    rows(found: AsyncIterable<ForeignRow>): AsyncGenerator<ForeignRow>;
    end(): void;
  } {
    const self = this;
    let read = 0;
    const add = (more: number): void => {
      const step = Math.min(more, bytes - read);
      read += step;
      self.#done += step;
    };
    return {
      async *rows(found) {
        for await (const row of found) {
          yield row;
          add((row.image?.length ?? 0) + (row.text?.length ?? 0));
          self.#events += 1;
          if (self.#events % STEP === 0) self.#tell();
        }
      },
      end() {
        add(bytes);
        self.#tell();
      },
    };
  }

  end(): void {
    this.#emit({ type: 'end', task: 'import', done: Math.ceil(this.#total / MB) });
  }

  #tell(): void {
    this.#emit({
      type: 'progress',
      task: 'import',
      done: Math.floor(this.#done / MB),
      earlier: Math.floor(this.#earlier / MB),
      kept: this.#kept,
    });
  }
}
