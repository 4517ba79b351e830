/**
 * Shards in the formats of others. A shard is a unit: its files appear whole, its line in
 * `OUT/.export/journal.jsonl` says so, and a rerun goes on with the shards that have none. The bytes depend
 * on the dataset and the options alone.
 */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShardConfig } from '../../config.js';
import { DatasetWriter, readDataset } from '../../core/dataset.js';
import { systemCode, WitError } from '../../core/errors.js';
import { type Emit, silent } from '../../core/events.js';
import { sha256 } from '../../core/ids.js';
import type { OutputFile } from '../../core/journal.js';
import { localRunner } from '../../core/runner.js';
import { removeTemporaries } from '../../core/store.js';
import { readPairs } from '../read.js';
import type { Split } from '../split.js';
import { shardNumber } from '../writer.js';
import { folder } from './folder.js';
import { huggingface } from './huggingface.js';
import { img2dataset } from './img2dataset.js';
import type { ExportPlace, ExportTarget } from './target.js';
import { webdataset } from './webdataset.js';

const TARGETS = { webdataset, img2dataset, folder, huggingface } satisfies Record<
  string,
  ExportTarget
>;
export type ExportFormat = keyof typeof TARGETS;
export const EXPORT_FORMATS = Object.keys(TARGETS) as ExportFormat[];

const STATE = '.export';
/** Shards at work at once; each holds a row group or two. */
const SHARDS = 2;

export interface ExportOptions {
  to: ExportFormat;
  splits?: readonly Split[];
  /** Of `folder`: what the rows are written as. Default `jsonl`. */
  metadata?: 'jsonl' | 'csv';
  /** Shards at work at once. Default 2. */
  jobs?: number;
  emit?: Emit;
  signal?: AbortSignal;
}

export interface Exported {
  /** Relative to the folder of the export. */
  files: OutputFile[];
  rows: number;
  bytes: number;
}

/**
 * Exports the shards of the complete dataset in `dir` to `out`.
 * @throws WitError `dataset` for an incomplete dataset and for a folder that holds something else,
 *   `bad_file` naming a damaged shard, `disk`; the signal's reason when aborted.
 */
export async function exportShards(
  dir: string,
  out: string,
  options: ExportOptions,
): Promise<Exported> {
  const { to, splits = [], metadata = 'jsonl', jobs = SHARDS, emit = silent } = options;
  const signal = options.signal ?? new AbortController().signal;
  const { manifest, complete } = await readDataset(dir);
  if (!complete) {
    throw new WitError('dataset', `${dir} is not complete: only complete datasets are exported`, {
      hint: 'Run the command that began it again: it goes on where it stopped.',
    });
  }
  await requireOwnFolder(out);
  const { shards, snapshot } = manifest;
  const { shard } = manifest.config as { shard: ShardConfig };
  const target: ExportTarget = TARGETS[to];
  const place: ExportPlace = {
    dir,
    out,
    splits,
    snapshot,
    metadata,
    rowGroupRows: shard.rowGroupRows,
  };
  const state = await DatasetWriter.open(join(out, STATE), {
    schema: 1,
    snapshot,
    config: { export: { to, splits, metadata, shards: sha256(JSON.stringify(shards)) } },
    queries: { digest: '', count: 0 },
    rules: {},
  });
  try {
    await removeTemporaries(out);
    const total = shards.reduce((sum, { rows }) => sum + rows, 0);
    let done = 0;
    emit({ type: 'begin', task: 'export', unit: 'rows', total });
    const units = shards.map((source, index) => ({ source, index }));
    const write = async ({ source, index }: (typeof units)[number]): Promise<OutputFile[]> => {
      const unit = `export-${shardNumber(index)}`;
      const before = state.journal.get(unit);
      if (before !== undefined && (await areThere(out, before.outputs))) {
        done += source.rows;
        emit({ type: 'progress', task: 'export', done });
        return before.outputs;
      }
      const pairs = counted(readPairs(dir, source, signal), () => {
        done += 1;
        if (done % 100 === 0) emit({ type: 'progress', task: 'export', done });
      });
      const outputs = await target.write({ index, source, pairs }, place);
      if (to === 'huggingface' && splits.length === 0) done += source.rows;
      await state.journal.commit({ unit, stage: 'shard', outputs, counts: {} });
      return outputs;
    };
    const files: OutputFile[] = [];
    for await (const outputs of localRunner(jobs).run(units, write, signal)) {
      files.push(...outputs);
    }
    await target.finish?.(files, place);
    emit({ type: 'end', task: 'export', done });
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { files, rows: total, bytes };
  } finally {
    await state.close();
  }
}

/** An export's folder holds an export or nothing. */
async function requireOwnFolder(out: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(out);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return;
    throw new WitError('disk', `Cannot write to ${out}`, { cause });
  }
  if (names.length === 0 || names.includes(STATE)) return;
  throw new WitError('dataset', `${out} is not empty and holds no export`, {
    hint: 'Give a folder that is empty or not there yet.',
  });
}

async function areThere(out: string, files: readonly OutputFile[]): Promise<boolean> {
  for (const { path, bytes } of files) {
    try {
      if ((await stat(join(out, path))).size !== bytes) return false;
    } catch {
      return false;
    }
  }
  return true;
}

function counted<T>(items: AsyncIterable<T>, onItem: () => void): () => AsyncGenerator<T> {
  return async function* () {
    for await (const item of items) {
      yield item;
      onItem();
    }
  };
}
