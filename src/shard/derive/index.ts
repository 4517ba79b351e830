/**
 * Datasets made of the rows of others: merged, cut anew, shuffled, split, sampled. Sources are only read. A shard is a
 * unit; a run that was interrupted goes on with the shard that was not whole. The same sources and
 * options give the same bytes.
 */

import { join } from 'node:path';
import type { ShardConfig } from '../../config.js';
import { DatasetWriter, type Manifest } from '../../core/dataset.js';
import { type Emit, silent } from '../../core/events.js';
import { rankOf, sha256 } from '../../core/ids.js';
import { ParquetFileWriter } from '../../core/parquet/writer.js';
import { type Pair, rejectFields } from '../../core/types.js';
import { writeCard } from '../card.js';
import { type Split, splitNames, splitOf } from '../split.js';
import { ShardWriter, shardNumber } from '../writer.js';
import { Shuffled } from './shuffle.js';
import { RowSource } from './source.js';

/** Rows between two progress events. */
const STEP = 500;
const SCATTER = '.scatter';
const ROWS_PER_GROUP = 5_000;

export interface DeriveOptions {
  /** Rows of a shard, at most. Default: `shard.selectionsPerShard` of the first source. */
  rows?: number;
  /** Bytes of images in a shard, at most (one more image may go over). Default: any. */
  bytes?: number;
  /** Rows of a row group. Default: as in the first source. */
  rowGroupRows?: number;
  /** Default `keep`: the sources one after the other. */
  order?: 'keep' | 'shuffle';
  /** Of `shuffle` and of `sample`. Default 0. */
  seed?: number;
  splits?: readonly Split[];
  /** Only so many rows, or such a share of them, drawn at random. */
  sample?: { rows: number } | { share: number };
  emit?: Emit;
  signal?: AbortSignal;
}

/**
 * Writes the rows of the datasets in `dirs` to the dataset folder `out`. Of rows with the same key the
 * first stays, the others are rejects (`duplicate_key`).
 * @param by the command's name, for the card
 * @throws WitError `dataset` for an incomplete source or an `out` begun otherwise, `bad_file` naming a damaged
 *   shard, `disk`; the signal's reason when aborted.
 */
export async function deriveDataset(
  by: 'merge' | 'reshard' | 'sample',
  dirs: readonly string[],
  out: string,
  options: DeriveOptions = {},
): Promise<Manifest> {
  const { order = 'keep', seed = 0, splits = [], sample, emit = silent } = options;
  const signal = options.signal ?? new AbortController().signal;
  const source = await RowSource.open(dirs, signal);
  const [first] = source.manifests as [Manifest];
  const shard: ShardConfig = {
    ...source.shardConfig,
    ...(options.rows !== undefined && { selectionsPerShard: options.rows }),
    ...(options.rowGroupRows !== undefined && { rowGroupRows: options.rowGroupRows }),
  };
  const { import: _import, derived: _derived, ...config } = first.config as Record<string, unknown>;
  const queries = source.manifests.map((manifest) => manifest.queries);
  const isOneList = queries.every(({ digest }) => digest === first.queries.digest);
  const dataset = await DatasetWriter.open(out, {
    schema: 1,
    snapshot: first.snapshot,
    config: {
      ...config,
      shard,
      derived: {
        by,
        sources: source.manifests.map(({ shards, splits }) =>
          sha256(JSON.stringify([shards, splits])),
        ),
        ...(options.bytes !== undefined && { bytes: options.bytes }),
        ...(order !== 'keep' && { order, seed }),
        ...(splits.length > 0 && { splits }),
        ...(sample !== undefined && { sample, seed }),
      },
    },
    queries: {
      digest: isOneList ? first.queries.digest : sha256(queries.map(({ digest }) => digest).join()),
      count: isOneList ? first.queries.count : queries.reduce((sum, { count }) => sum + count, 0),
    },
    rules: Object.assign({}, ...source.manifests.map(({ rules }) => rules)),
  });
  try {
    const progress = new Progress(emit, by, source.rows * (order === 'shuffle' ? 2 : 1));
    const isIn = sample === undefined ? () => true : await sampler(source, sample, seed);
    const scattered =
      order === 'shuffle'
        ? await Shuffled.scatter(source.pairs(isIn), {
            dir: join(out, SCATTER),
            seed,
            bytes: source.bytes,
            onRow: () => progress.add(1),
          })
        : undefined;
    for (const split of splitNames(splits)) {
      const wants = (key: string) => splitOf(key, splits) === split;
      await cut(dataset, split, { shard, bytes: options.bytes, by, progress, signal }, (skip) =>
        scattered !== undefined
          ? scattered.pairs(wants, skip)
          : source.pairs((key) => isIn(key) && wants(key), skip),
      );
    }
    if (sample === undefined) await rejectRepeated(dataset, source, by);
    await scattered?.remove();
    progress.end();
    await writeCard(out, dataset.manifest());
    await dataset.complete();
    return dataset.manifest();
  } finally {
    await dataset.close();
  }
}

interface CutOptions {
  readonly shard: ShardConfig;
  readonly bytes: number | undefined;
  readonly by: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Writes the rows of a split as its shards, from the first that is not committed on. */
async function cut(
  dataset: DatasetWriter,
  split: string,
  { shard, bytes: maxBytes = Number.POSITIVE_INFINITY, by, progress, signal }: CutOptions,
  pairsFrom: (skip: number) => AsyncIterable<Pair>,
): Promise<void> {
  const unitOf = (index: number) => `${by}-${split}-${shardNumber(index)}`;
  let index = 0;
  let earlier = 0;
  for (let unit = dataset.journal.get(unitOf(0)); unit !== undefined; ) {
    earlier += unit.counts.kept ?? 0;
    unit = dataset.journal.get(unitOf(++index));
  }
  progress.skip(earlier);
  let writer: ShardWriter | undefined;
  let rows = 0;
  let bytes = 0;
  const finish = async (): Promise<void> => {
    if (writer === undefined) return;
    const outputs = await writer.close();
    const counts = { candidates: rows, selected: rows, kept: rows };
    await dataset.journal.commit({ unit: unitOf(index), stage: 'shard', outputs, counts });
    writer = undefined;
    index += 1;
    rows = 0;
    bytes = 0;
  };
  try {
    for await (const pair of pairsFrom(earlier)) {
      signal.throwIfAborted();
      writer ??= await ShardWriter.open(dataset.dir, `${split}-${shardNumber(index)}`, {
        shard,
        losses: [],
        snapshot: dataset.head.snapshot,
      });
      await writer.append(pair);
      rows += 1;
      bytes += pair.image.bytes.length;
      progress.add(1);
      if (rows >= shard.selectionsPerShard || bytes >= maxBytes) await finish();
    }
    await finish();
  } catch (error) {
    await writer?.abort();
    throw error;
  }
}

/** Whether a key is in the sample. A number of rows takes two passes over the keys, and no list of them. */
async function sampler(
  source: RowSource,
  sample: { rows: number } | { share: number },
  seed: number,
): Promise<(key: string) => boolean> {
  const rank = (key: string) => rankOf(seed, `sample\0${key}`);
  if ('share' in sample) return (key) => rank(key) < sample.share;
  const counts = new Float64Array(65_536);
  const binOf = (at: number) => Math.floor(at * counts.length);
  for await (const key of source.keys()) {
    const bin = binOf(rank(key));
    counts[bin] = (counts[bin] as number) + 1;
  }
  let below = 0;
  let bin = 0;
  while (bin < counts.length && below + (counts[bin] as number) < sample.rows) {
    below += counts[bin++] as number;
  }
  if (bin === counts.length) return () => true;
  const ranks: number[] = [];
  for await (const key of source.keys()) if (binOf(rank(key)) === bin) ranks.push(rank(key));
  ranks.sort((a, b) => a - b);
  const last = ranks[sample.rows - below - 1];
  return (key) => last !== undefined && rank(key) <= last;
}

/** Rows whose key was there before, as rejects. */
async function rejectRepeated(
  dataset: DatasetWriter,
  source: RowSource,
  by: string,
): Promise<void> {
  const unit = `${by}-rejects`;
  if (dataset.journal.get(unit) !== undefined) return;
  const path = `rejects/${by}-00000.parquet`;
  let file: ParquetFileWriter<typeof rejectFields> | undefined;
  let count = 0;
  try {
    for await (const { key, url, ...rest } of source.repeated()) {
      file ??= await ParquetFileWriter.open(join(dataset.dir, path), rejectFields, {
        rowGroupRows: ROWS_PER_GROUP,
      });
      await file.append({
        ...rest,
        id: key,
        imageUrl: url,
        textSource: 'list',
        source: by,
        stage: 'shard',
        reason: 'duplicate_key',
        detail: 'an earlier row has this key',
        sameAs: key,
      });
      count += 1;
    }
    if (file === undefined) return;
    const outputs = [{ path, ...(await file.close()) }];
    const counts = { candidates: count, selected: count, 'lost.duplicate_key': count };
    await dataset.journal.commit({ unit, stage: 'shard', outputs, counts });
  } catch (error) {
    await file?.abort();
    throw error;
  }
}

class Progress {
  readonly #emit: Emit;
  readonly #task: string;
  #done = 0;
  #earlier = 0;

  constructor(emit: Emit, task: string, total: number) {
    this.#emit = emit;
    this.#task = task;
    emit({ type: 'begin', task, unit: 'rows', total });
  }

  add(rows: number): void {
    this.#done += rows;
    if (this.#done % STEP === 0) this.#tell();
  }

  skip(rows: number): void {
    this.#done += rows;
    this.#earlier += rows;
    this.#tell();
  }

  end(): void {
    this.#emit({ type: 'end', task: this.#task, done: this.#done });
  }

  #tell(): void {
    this.#emit({ type: 'progress', task: this.#task, done: this.#done, earlier: this.#earlier });
  }
}
