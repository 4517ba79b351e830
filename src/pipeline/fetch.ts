/**
 * Fetch and shard: downloads what was selected and turns each selected part into one
 * shard. Downloads of many parts overlap; what depends on order (which of two duplicates stays) is
 * decided here in one sequence, so shards do not depend on concurrency or restarts.
 */

import { rm } from 'node:fs/promises';
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
import { type Pair, pairFields, type Selection, selectionFields } from '../core/types.js';
import type { WebClient } from '../crawl/index.js';
import { DuplicateIndex } from '../filter/index.js';
import { Doubts } from './doubts.js';
import { fetchOne, type Outcome } from './fetch-one.js';
import { FetchPart, fetchUnit, LOG_FOLDER, logPath } from './fetch-part.js';
import { judgePairs, type PairJudges } from './judge-pairs.js';
import { shardsByPart } from './parts.js';

/**
 * Selections under way for each request that may be in flight: enough to keep every place busy while a host
 * is slow, as none is left behind. A silent host takes minutes to be given up, in which others go on.
 */
const WINDOW_PER_REQUEST = 32;
/** Stored images that wait in memory for their turn; those beyond are read from their part's log again. */
const HELD_BYTES = 64 * 1024 * 1024;
/** Twice the cores: while some images wait for the main thread, all cores have work. */
const DECODED_AT_ONCE = 2 * availableParallelism();

interface Item {
  part: FetchPart;
  /** Of the selection in its part. */
  row: number;
  selection: Selection;
}

interface FetchOptions {
  config: BuildConfig;
  client: WebClient;
  judges: PairJudges;
  emit: Emit;
  signal: AbortSignal;
  /** Default: HELD_BYTES. */
  heldBytes?: number;
}

export async function fetchAndShard(
  dataset: DatasetWriter,
  parts: readonly OutputFile[],
  options: FetchOptions,
): Promise<void> {
  const { config, client, judges, emit, signal, heldBytes = HELD_BYTES } = options;
  const window = WINDOW_PER_REQUEST * config.net.concurrency;
  let held = 0;
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  const duplicates = new DuplicateIndex(config.filter.nearDuplicateBits, {
    capacity: total,
    path: join(dataset.dir, LOG_FOLDER, 'duplicates'),
  });
  let done = 0;
  let kept = 0;

  const first = await resumeAt(dataset, parts, duplicates, (commit) => {
    done += commit.counts.fetched ?? 0;
    kept += commit.counts.kept ?? 0;
  });
  let earlier = done;
  let keptEarlier = kept;
  const tell = () => emit({ type: 'progress', task: 'fetch', done, earlier, kept, keptEarlier });
  emit({ type: 'begin', task: 'fetch', unit: 'images', total });
  tell();

  const decoding = new PQueue({ concurrency: DECODED_AT_ONCE });
  const underWay = new Set<FetchPart>();
  /** Parts whose selections all have their fate, in order; some losses may still be in doubt. */
  const whole: FetchPart[] = [];
  const doubts = new Doubts(client);
  const commitUpTo = async (isReady: (part: FetchPart) => boolean): Promise<void> => {
    for (let part = whole[0]; part !== undefined && isReady(part); part = whole[0]) {
      await part.commit();
      whole.shift();
      underWay.delete(part);
      tell();
    }
  };
  const outcomes = mapOrdered(
    readItems(dataset, parts, first, underWay, options),
    async (item) => {
      const { outcome, isEarlier } = await outcomeOf(item, decoding, doubts, options);
      const bytes = 'pair' in outcome ? outcome.pair.image.bytes.length : 0;
      const isHeld = held + bytes <= heldBytes;
      if (isHeld) held += bytes;
      // Counted as they end, not in order: one slow image must not look like a crawl that stands still.
      done += 1;
      if (isEarlier) earlier += 1;
      if (done % 20 === 0) tell();
      return { ...item, outcome: isHeld ? outcome : undefined, bytes, isEarlier };
    },
    { concurrency: window, window, signal },
  );
  const inTurn = async function* () {
    for await (const { bytes, ...item } of outcomes) {
      if (item.outcome !== undefined) held -= bytes;
      const outcome = item.outcome ?? (await item.part.log.read(item.row));
      if (outcome === undefined) {
        throw new Error(`row ${item.row} of ${logPath(item.part.index)} is not there`);
      }
      yield { ...item, outcome };
    }
  };
  try {
    for await (const { part, selection, outcome, isEarlier } of judgePairs(inTurn(), judges)) {
      const loss = 'loss' in outcome ? outcome.loss : duplicateLoss(duplicates, outcome.pair);
      if ('pair' in outcome && loss === undefined) {
        duplicates.add(outcome.pair);
        await part.keep(outcome.pair);
        kept += 1;
        if (isEarlier) keptEarlier += 1;
      } else if (loss !== undefined) {
        part.reject(selection, loss);
        if (!isEarlier) emit({ type: 'loss', stage: 'fetch', reason: loss.reason, count: 1 });
      }
      if (part.isWhole) whole.push(part);
      await commitUpTo((first) => !doubts.has(first));
    }
    await client.confirmNetwork();
    signal.throwIfAborted();
    await commitUpTo(() => true);
  } finally {
    for (const part of underWay) await part.leave();
    duplicates.close();
  }
  await rm(join(dataset.dir, LOG_FOLDER), { recursive: true, force: true });
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
  const shards = shardsByPart(dataset.outputs());
  for (let part = 0; part < parts.length; part++) {
    const commit = dataset.journal.get(fetchUnit(part));
    if (commit === undefined) return part;
    onCommitted(commit);
    // A kill between the commit and the end of its log leaves the log.
    await rm(join(dataset.dir, logPath(part)), { force: true });
    const columns = ['key', 'sha256', 'dhash'] as const;
    const shard = shards.get(part);
    if (shard === undefined) continue;
    for await (const row of readRecords(join(dataset.dir, shard.path), pairFields, { columns })) {
      duplicates.add(row);
    }
  }
  return parts.length;
}

async function* readItems(
  dataset: DatasetWriter,
  parts: readonly OutputFile[],
  first: number,
  underWay: Set<FetchPart>,
  { config, emit }: FetchOptions,
): AsyncGenerator<Item> {
  for (let index = first; index < parts.length; index++) {
    const file = parts[index] as OutputFile;
    const part = await FetchPart.open(dataset, config, index, file);
    underWay.add(part);
    const { damaged, replaced } = part.log;
    if (replaced || damaged > 0) {
      const what = replaced
        ? 'belongs to another dataset'
        : `is damaged in ${damaged} place${damaged === 1 ? '' : 's'}; what stood there is downloaded again`;
      emit({ type: 'message', level: 'warning', text: `${logPath(index)} ${what}` });
    }
    let row = 0;
    for await (const selection of readRecords(join(dataset.dir, file.path), selectionFields)) {
      yield { part, row: row++, selection };
    }
  }
}

/** What became of a selection: by the log of an earlier run, or else by the web. */
async function outcomeOf(
  { part, row, selection }: Item,
  decoding: PQueue,
  doubts: Doubts,
  options: FetchOptions,
): Promise<{ outcome: Outcome; isEarlier: boolean }> {
  const known = await part.log.read(row);
  if (known !== undefined) return { outcome: known, isEarlier: true };
  const outcome = await fetchOne(selection, decoding, options);
  if (doubts.concern(outcome)) doubts.add(part, row, outcome);
  else await Promise.all([part.log.append(row, outcome), doubts.settle()]);
  return { outcome, isEarlier: false };
}

function duplicateLoss(duplicates: DuplicateIndex, pair: Pair): Loss | undefined {
  const twin = duplicates.check(pair);
  return twin && { reason: twin.reason, detail: `same image as ${twin.key}`, sameAs: twin.key };
}
