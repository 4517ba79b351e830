/**
 * The rows of one or more datasets, in order, each key once. Keys are read before anything else of a row
 * group, so that groups of which nothing is wanted cost little.
 */

import { join } from 'node:path';
import type { ShardConfig } from '../../config.js';
import { type Manifest, readDataset } from '../../core/dataset.js';
import { WitError } from '../../core/errors.js';
import { requireIntact } from '../../core/intact.js';
import type { OutputFile } from '../../core/journal.js';
import {
  openParquet,
  type ParquetFile,
  type RowGroup,
  readRowGroup,
} from '../../core/parquet/reader.js';
import { type Pair, pairFields } from '../../core/types.js';
import { ownImage } from '../read.js';
import { KeySet } from './key-set.js';

/** The columns that rejects are made of. */
const BRIEF = ['key', 'text', 'url', 'pageUrl', 'license', 'extra'] as const;
export type BriefPair = Pick<Pair, (typeof BRIEF)[number]>;

interface SourceShard {
  readonly dir: string;
  readonly file: OutputFile;
}

export class RowSource {
  readonly manifests: readonly Manifest[];
  readonly shards: readonly SourceShard[];
  readonly #signal: AbortSignal;
  readonly #intact = new Set<SourceShard>();

  private constructor(
    manifests: readonly Manifest[],
    shards: readonly SourceShard[],
    signal: AbortSignal,
  ) {
    this.manifests = manifests;
    this.shards = shards;
    this.#signal = signal;
  }

  /**
   * All shards of the complete datasets in `dirs`, other splits than `train` too.
   * @throws WitError `dataset`, `config` where there is none.
   */
  static async open(dirs: readonly string[], signal: AbortSignal): Promise<RowSource> {
    if (dirs.length === 0) throw new WitError('config', 'Give at least one dataset');
    const manifests: Manifest[] = [];
    const shards: SourceShard[] = [];
    for (const dir of dirs) {
      const { manifest, complete } = await readDataset(dir);
      if (!complete) {
        throw new WitError('dataset', `${dir} is not complete`, {
          hint: 'Run the command that began it again: it goes on where it stopped.',
        });
      }
      manifests.push(manifest);
      const files = [...manifest.shards, ...Object.values(manifest.splits ?? {}).flat()];
      shards.push(...files.map((file) => ({ dir, file })));
    }
    return new RowSource(manifests, shards, signal);
  }

  get rows(): number {
    return this.shards.reduce((sum, { file }) => sum + file.rows, 0);
  }

  get bytes(): number {
    return this.shards.reduce((sum, { file }) => sum + file.bytes, 0);
  }

  /** Of the first dataset: how its shards are cut. */
  get shardConfig(): ShardConfig {
    const [first] = this.manifests as [Manifest];
    return (first.config as { shard: ShardConfig }).shard;
  }

  /** All keys, repeated ones too. */
  async *keys(): AsyncGenerator<string> {
    for await (const { file, group } of this.#groups()) {
      for (const { key } of await readRowGroup(file, pairFields, group, { columns: ['key'] })) {
        yield key;
      }
    }
  }

  /**
   * The rows that `wants` takes, from number `skip` of them on; of a key that comes twice the first. Images may be
   * views of a row group: copy what outlives the next one.
   */
  async *pairs(wants: (key: string) => boolean, skip = 0): AsyncGenerator<Pair> {
    const before = new KeySet();
    let passed = 0;
    for await (const { file, group } of this.#groups()) {
      const keys = await readRowGroup(file, pairFields, group, { columns: ['key'] });
      const isWanted = keys.map(({ key }) => wants(key) && before.add(key));
      const count = isWanted.filter(Boolean).length;
      if (count === 0 || passed + count <= skip) {
        passed += count;
        continue;
      }
      for (const [index, pair] of (await readRowGroup(file, pairFields, group)).entries()) {
        if (!isWanted[index] || passed++ < skip) continue;
        // A few rows must not keep their whole group in memory while they wait for a group of their own.
        yield count < keys.length ? ownImage(pair) : pair;
      }
    }
  }

  /** The rows whose key another row had before. */
  async *repeated(): AsyncGenerator<BriefPair> {
    const before = new KeySet();
    for await (const { file, group } of this.#groups()) {
      for (const pair of await readRowGroup(file, pairFields, group, { columns: BRIEF })) {
        if (!before.add(pair.key)) yield pair;
      }
    }
  }

  async *#groups(): AsyncGenerator<{ file: ParquetFile; group: RowGroup }> {
    for (const shard of this.shards) {
      const path = join(shard.dir, shard.file.path);
      if (!this.#intact.has(shard)) await requireIntact(path, shard.file);
      this.#intact.add(shard);
      const file = await openParquet(path);
      try {
        for (const group of file.rowGroups) {
          this.#signal.throwIfAborted();
          yield { file, group };
        }
      } finally {
        await file.close();
      }
    }
  }
}
