/**
 * Fetch and shard: downloads what was selected and turns each selected part into one
 * shard. Downloads of many parts overlap; what depends on order (which of two duplicates stays) is
 * decided here in one sequence, so shards do not depend on concurrency or restarts.
 */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { BuildConfig } from '../config.js';
import type { DatasetWriter } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import type { OutputFile, UnitCommit } from '../core/journal.js';
import { mapOrdered } from '../core/ordered.js';
import { readRecords } from '../core/parquet/reader.js';
import type { Loss } from '../core/reasons.js';
import {
  type Pair,
  pairFields,
  type Reject,
  rejectFields,
  type Selection,
  selectionFields,
} from '../core/types.js';
import type { WebClient } from '../crawl/index.js';
import { DuplicateIndex } from '../filter/index.js';
import { writeShard } from '../shard/index.js';
import { fetchOne } from './fetch-one.js';
import { lossCounts, partName, writePart } from './parts.js';

/**
 * Selections under way at once: enough to keep every host busy while one of them is slow. Each holds
 * at most one stored image (tens of kB) once it is done; bodies are bounded by `net.concurrency`.
 */
const WINDOW = 2_048;

interface Item {
  part: number;
  selection: Selection;
}

export async function fetchAndShard(
  dataset: DatasetWriter,
  parts: readonly OutputFile[],
  options: { config: BuildConfig; client: WebClient; emit: Emit; signal: AbortSignal },
): Promise<void> {
  const { config, emit, signal } = options;
  const duplicates = new DuplicateIndex(config.filter.nearDuplicateBits);
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  let done = 0;
  let kept = 0;

  const first = await resumeAt(dataset, parts, duplicates, (commit) => {
    done += commit.counts.fetched ?? 0;
    kept += commit.counts.kept ?? 0;
  });
  emit({ type: 'begin', task: 'fetch', unit: 'images', total });
  emit({ type: 'progress', task: 'fetch', done, note: `${kept} kept` });

  const decoding = new PQueue({ concurrency: availableParallelism() });
  const outcomes = mapOrdered(
    readItems(dataset.dir, parts, first),
    async (item) => ({ ...item, outcome: await fetchOne(item.selection, decoding, options) }),
    { concurrency: WINDOW, window: WINDOW, signal },
  );

  let pairs: Pair[] = [];
  let rejects: Reject[] = [];
  for await (const { part, selection, outcome } of outcomes) {
    const loss = 'loss' in outcome ? outcome.loss : duplicateLoss(duplicates, outcome.pair);
    if ('pair' in outcome && loss === undefined) {
      duplicates.add(outcome.pair);
      pairs.push(outcome.pair);
      kept += 1;
    } else if (loss !== undefined) {
      rejects.push(rejectOf(selection, loss));
      emit({ type: 'loss', reason: loss.reason, count: 1 });
    }
    done += 1;
    if (done % 20 === 0) emit({ type: 'progress', task: 'fetch', done, note: `${kept} kept` });
    if (pairs.length + rejects.length === parts[part]?.rows) {
      await commitShard(dataset, part, pairs, rejects, config);
      emit({ type: 'progress', task: 'fetch', done, note: `${kept} kept` });
      pairs = [];
      rejects = [];
    }
  }
  emit({ type: 'end', task: 'fetch', done });
}

/**
 * The first part that is not committed, after filling the duplicate index with the rows of the parts
 * before it. Parts are committed in order, so these are a prefix.
 */
async function resumeAt(
  dataset: DatasetWriter,
  parts: readonly OutputFile[],
  duplicates: DuplicateIndex,
  onCommitted: (commit: UnitCommit) => void,
): Promise<number> {
  for (let part = 0; part < parts.length; part++) {
    const commit = dataset.journal.get(unitName(part));
    if (commit === undefined) return part;
    onCommitted(commit);
    const shard = commit.outputs.find(
      (output) => output.path.startsWith('data/train-') && output.path.endsWith('.parquet'),
    );
    if (shard === undefined) continue;
    const columns = ['key', 'sha256', 'dhash'] as const;
    for await (const row of readRecords(join(dataset.dir, shard.path), pairFields, { columns })) {
      duplicates.add(row);
    }
  }
  return parts.length;
}

async function* readItems(
  dir: string,
  parts: readonly OutputFile[],
  first: number,
): AsyncGenerator<Item> {
  for (let part = first; part < parts.length; part++) {
    const path = (parts[part] as OutputFile).path;
    for await (const selection of readRecords(join(dir, path), selectionFields)) {
      yield { part, selection };
    }
  }
}

function duplicateLoss(duplicates: DuplicateIndex, pair: Pair): Loss | undefined {
  const twin = duplicates.check(pair);
  return twin && { reason: twin.reason, detail: `same image as ${twin.key}` };
}

function rejectOf(selection: Selection, loss: Loss): Reject {
  const {
    queries: _queries,
    admittedBy: _admittedBy,
    rank: _rank,
    otherTexts: _otherTexts,
    ...candidate
  } = selection;
  return { ...candidate, stage: 'fetch', reason: loss.reason, detail: loss.detail };
}

async function commitShard(
  dataset: DatasetWriter,
  part: number,
  pairs: readonly Pair[],
  rejects: readonly Reject[],
  config: BuildConfig,
): Promise<void> {
  const outputs: OutputFile[] = [];
  if (pairs.length > 0) {
    outputs.push(
      ...(await writeShard(dataset.dir, `train-${partName(part)}`, pairs, {
        shard: config.shard,
        losses: rejects,
        snapshot: config.snapshot as string,
      })),
    );
  }
  if (rejects.length > 0) {
    const path = `rejects/fetch-${partName(part)}.parquet`;
    outputs.push(await writePart(dataset.dir, path, rejectFields, rejects));
  }
  await dataset.journal.commit({
    unit: unitName(part),
    stage: 'fetch',
    outputs,
    counts: {
      fetched: pairs.length + rejects.length,
      kept: pairs.length,
      ...lossCounts(rejects),
    },
  });
}

function unitName(part: number): string {
  return `fetch-${partName(part)}`;
}
