/**
 * A folder to push to the Hugging Face Hub: the shards, a file a shard and split, and a card whose
 * `configs` and `dataset_info` make `load_dataset` and the Hub's viewer show images and captions
 * without configuration. Nothing else of the dataset folder comes along.
 */

import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataset } from '../../core/dataset.js';
import { requireIntact } from '../../core/intact.js';
import type { OutputFile } from '../../core/journal.js';
import { ParquetFileWriter } from '../../core/parquet/writer.js';
import { commitFile, temporaryPath, writeError } from '../../core/store.js';
import { type Pair, pairFields } from '../../core/types.js';
import { writeCard } from '../card.js';
import { huggingFaceMetadata } from '../features.js';
import { TRAIN } from '../split.js';
import { shardNumber } from '../writer.js';
import { type ExportPlace, type ExportShard, type ExportTarget, writeSplits } from './target.js';

export const huggingface: ExportTarget = {
  async write(shard, place) {
    if (place.splits.length === 0) return [await copyShard(shard, place)];
    return await writeSplits(shard, place, (split) =>
      ShardSink.open(pathOf(split, shard.index), place),
    );
  },

  async finish(outputs, place) {
    const { manifest } = await readDataset(place.dir);
    const files = (split: string) =>
      outputs
        .filter(({ path }) => path.startsWith(`data/${split}-`))
        .map((file) => ({ name: file.path.slice('data/'.length, -'.parquet'.length), ...file }));
    const others = place.splits.map(({ name }) => [name, files(name)] as const);
    await writeCard(place.out, {
      ...manifest,
      shards: files(TRAIN),
      ...(others.length > 0 && { splits: Object.fromEntries(others) }),
    });
  },
};

function pathOf(split: string, index: number): string {
  return `data/${split}-${shardNumber(index)}.parquet`;
}

/** The shard as it is. */
async function copyShard({ index, source }: ExportShard, place: ExportPlace): Promise<OutputFile> {
  const path = pathOf(TRAIN, index);
  const target = join(place.out, path);
  const temporary = await temporaryPath(target);
  try {
    await copyFile(join(place.dir, source.path), temporary);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeError(target, cause);
  }
  try {
    await requireIntact(temporary, source);
  } catch {
    await rm(temporary, { force: true });
    await requireIntact(join(place.dir, source.path), source);
    throw writeError(target, new Error('the copy differs from the shard'));
  }
  await commitFile(temporary, target);
  return { ...source, path };
}

class ShardSink {
  readonly #path: string;
  readonly #file: ParquetFileWriter<typeof pairFields>;

  private constructor(path: string, file: ParquetFileWriter<typeof pairFields>) {
    this.#path = path;
    this.#file = file;
  }

  static async open(path: string, { out, rowGroupRows }: ExportPlace): Promise<ShardSink> {
    const file = await ParquetFileWriter.open(join(out, path), pairFields, {
      rowGroupRows,
      metadata: huggingFaceMetadata(pairFields),
    });
    return new ShardSink(path, file);
  }

  async append(pair: Pair): Promise<void> {
    await this.#file.append(pair);
  }

  async close(): Promise<OutputFile[]> {
    return [{ path: this.#path, ...(await this.#file.close()) }];
  }

  async abort(): Promise<void> {
    await this.#file.abort();
  }
}
