/**
 * Training batches in sample order: images decoded and cut, texts tokenised. One batch is made while
 * the one before it is being sent, and no more, so memory stays bounded whatever the engine's pace.
 */

import { availableParallelism } from 'node:os';
import { WitError } from '../core/errors.js';
import { DecodedCache, type DecodedRow } from './cache.js';
import { copySquare, decodeImage, randomCorner } from './images.js';
import { seededRandom } from './random.js';
import { type Sample, samples } from './samples.js';
import type { ShardReader } from './shards.js';
import type { Tokenizer } from './tokenizer.js';

export interface FeederOptions {
  readonly seed: number;
  readonly batchSize: number;
  /** Side of the model's input in pixels. */
  readonly size: number;
  /** Tokens in a row. */
  readonly context: number;
  readonly shuffleRowGroups: number;
  /** Draw each sample's text from all its texts anew in each epoch. */
  readonly sampleTexts: boolean;
  /** Decoded images kept between epochs, at most. */
  readonly cacheBytes: number;
}

export interface TrainBatch {
  /** Of the first sample. */
  readonly position: number;
  /** Of the first sample. */
  readonly epoch: number;
  readonly images: Uint8Array;
  /** `[batchSize, size, size, 3]`. */
  readonly imagesShape: readonly number[];
  readonly tokens: Int32Array;
  /** `[batchSize, context]`. */
  readonly tokensShape: readonly number[];
}

export class Feeder {
  readonly #reader: ShardReader;
  readonly #tokenizer: Tokenizer;
  readonly #options: FeederOptions;
  readonly #cache: DecodedCache;

  constructor(reader: ShardReader, tokenizer: Tokenizer, options: FeederOptions) {
    this.#reader = reader;
    this.#tokenizer = tokenizer;
    this.#options = options;
    this.#cache = new DecodedCache(options.cacheBytes);
  }

  /**
   * `count` batches from position `from` on; fewer only when the dataset has no rows. An abort ends
   * them with the signal's reason.
   * @throws WitError `bad_file` naming the shard and row of an image that cannot be decoded, `config`
   * when the whole dataset is smaller than one batch.
   */
  async *batches(from: number, count: number, signal: AbortSignal): AsyncGenerator<TrainBatch> {
    const groups = this.#groups(from, count);
    const make = async (): Promise<TrainBatch | undefined> => {
      signal.throwIfAborted();
      const { value, done } = await groups.next();
      return done === true ? undefined : await this.#batch(value);
    };
    let upcoming = make();
    try {
      for (;;) {
        const batch = await upcoming;
        if (batch === undefined) return;
        upcoming = make();
        // Awaited in its turn; until then a failure is not "unhandled".
        upcoming.catch(() => {});
        yield batch;
      }
    } finally {
      await upcoming.catch(() => {});
      await groups.return(undefined);
    }
  }

  async *#groups(from: number, count: number): AsyncGenerator<Sample[]> {
    const { batchSize } = this.#options;
    if (count === 0) return;
    let group: Sample[] = [];
    let made = 0;
    for await (const sample of samples(this.#reader, this.#cache, this.#options, from)) {
      group.push(sample);
      if (group.length < batchSize) continue;
      if (sample.epoch > (group[0] as Sample).epoch) await this.#checkBatchFits();
      yield group;
      if (++made === count) return;
      group = [];
    }
  }

  /** A pair that is twice in one batch would be its own wrong answer. */
  async #checkBatchFits(): Promise<void> {
    const rows = await this.#reader.totalRows();
    const { batchSize } = this.#options;
    if (rows >= batchSize) return;
    throw new WitError(
      'config',
      `The dataset has ${rows} rows, less than a batch of ${batchSize}`,
      {
        hint: `Set train.batchSize to ${Math.max(2, Math.floor(rows / 2))} or less (--batch-size).`,
      },
    );
  }

  async #batch(group: readonly Sample[]): Promise<TrainBatch> {
    const { size, context } = this.#options;
    const first = group[0] as Sample;
    const imageBytes = size * size * 3;
    const images = new Uint8Array(group.length * imageBytes);
    const tokens = new Int32Array(group.length * context);
    await eachConcurrently(group, async (sample, i) => {
      const row = await this.#decode(sample);
      const { seed, sampleTexts } = this.#options;
      const { epoch, position } = sample;
      const corner = randomCorner(row.pixels, size, seed, epoch, position);
      copySquare(row.pixels, corner, size, images, i * imageBytes);
      const text = sampleTexts ? drawText(row, seed, epoch, position) : row.text;
      this.#tokenizer.writeRow(text, tokens.subarray(i * context, (i + 1) * context));
    });
    return {
      position: first.position,
      epoch: first.epoch,
      images,
      imagesShape: [group.length, size, size, 3],
      tokens,
      tokensShape: [group.length, context],
    };
  }

  async #decode(sample: Sample): Promise<DecodedRow> {
    const { shard, row, edition, stored } = sample;
    const cached = this.#cache.get(shard, row, edition);
    if (cached !== undefined) return cached;
    if (stored === undefined) throw new Error(`row ${row} of shard ${shard} was not read`);
    try {
      const pixels = await decodeImage(stored.image, this.#options.size);
      const decoded = { edition, pixels, text: stored.text, otherTexts: stored.otherTexts };
      this.#cache.offer(shard, row, decoded);
      return decoded;
    } catch (cause) {
      throw this.#reader.badRow(shard, row, cause);
    }
  }
}

/** One of the row's texts, uniform, fixed by (seed, epoch, position). */
function drawText(row: DecodedRow, seed: number, epoch: number, position: number): string {
  const texts = [row.text, ...row.otherTexts];
  if (texts.length === 1) return row.text;
  return texts[seededRandom('text', seed, epoch, position).below(texts.length)] as string;
}

/** Decoders at work at once: what keeps every core busy. */
const DECODERS = 2 * availableParallelism();

async function eachConcurrently<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(DECODERS, items.length) }, worker));
}
