/**
 * One streaming pass over a dataset folder: every part once, only the columns that are counted, and
 * memory that does not grow with the number of rows (see tally.ts, spread.ts, draw.ts for how).
 * The pixels of a few sample rows are read at the end.
 */

import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { messageOf, WitError } from '../core/errors.js';
import { type Emit, silent } from '../core/events.js';
import { openParquet, readRecords } from '../core/parquet/reader.js';
import { IMAGE_REASONS } from '../core/reasons.js';
import type { Fields, RecordOf } from '../core/record.js';
import {
  candidateFields,
  pairFields,
  rejectFields,
  type StageName,
  type TextSource,
} from '../core/types.js';
import { LossCounter } from './losses.js';
import { PAIR_COLUMNS, PairCounter } from './pairs.js';
import { queryStats } from './queries.js';
import { withThumbnails } from './samples.js';
import { Tally } from './tally.js';
import { cut, hostOf, NAME_LENGTH } from './text.js';
import {
  type FunnelStats,
  type ProvenanceStats,
  SCHEMA_VERSION,
  type StageLosses,
  type Stats,
  type StatsInput,
} from './types.js';

const LISTED_HOSTS = 20;
/** Rows between two progress events. */
const PROGRESS_ROWS = 5_000;

export interface CollectOptions {
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
}

/**
 * Reads the dataset and counts. The result depends on the dataset alone.
 * @throws WitError `missing_file` or `bad_file` naming the part; the signal's reason when aborted.
 */
export async function collectStats(
  input: StatsInput,
  options: CollectOptions = {},
): Promise<Stats> {
  const { emit = silent, signal = new AbortController().signal } = options;
  const { dir, outputs, config } = input;
  const pass = new Pass(dir, emit, signal);
  const rows = {
    candidates: await pass.countRows(outputs.candidates),
    selected: await pass.countRows(outputs.selected),
    kept: await pass.countRows(outputs.shards),
    rejected: await pass.countRows(outputs.rejects),
  };
  emit({
    type: 'begin',
    task: 'stats',
    unit: 'rows',
    total: rows.candidates + rows.kept + rows.rejected,
  });

  const found = new CandidateCounter();
  const columns = ['imageUrl', 'textSource', 'source'] as const;
  for (const path of outputs.candidates) {
    for await (const row of pass.read(path, candidateFields, columns)) found.add(row);
  }
  const lost = new LossCounter(config.seed);
  for (const path of outputs.rejects) {
    for await (const row of pass.read(path, rejectFields)) lost.add(row);
  }
  const kept = new PairCounter(config.seed, rows.kept);
  for (const path of outputs.shards) {
    let index = 0;
    for await (const row of pass.read(path, pairFields, PAIR_COLUMNS)) {
      kept.add(row, join(dir, path), index++);
    }
  }

  const losses = lost.describe();
  const queriesFile = input.queries.file && join(dir, input.queries.file);
  const stats: Stats = {
    schemaVersion: SCHEMA_VERSION,
    name: input.name ?? basename(resolve(dir)),
    complete: input.complete,
    snapshot: input.snapshot,
    bytes: await fileBytes(dir, outputs.shards),
    shards: outputs.shards.length,
    funnel: funnelOf(input.pages, rows, losses),
    losses,
    queries: await queryStats(
      queriesFile,
      { count: input.queries.count, cap: input.queries.cap ?? config.filter.cap },
      kept.queries,
    ),
    captions: { ...kept.captions(), sources: found.textSources.ranking(10) },
    images: kept.images(),
    provenance: provenanceOf(found, kept),
    samples: await withThumbnails(kept.drawn.items(), signal),
    config,
  };
  emit({ type: 'end', task: 'stats', done: pass.done });
  return stats;
}

/** Reading with progress and a way to stop. */
class Pass {
  done = 0;
  readonly #dir: string;
  readonly #emit: Emit;
  readonly #signal: AbortSignal;

  constructor(dir: string, emit: Emit, signal: AbortSignal) {
    this.#dir = dir;
    this.#emit = emit;
    this.#signal = signal;
  }

  /** From the footers alone. */
  async countRows(paths: readonly string[]): Promise<number> {
    let rows = 0;
    for (const path of paths) {
      this.#signal.throwIfAborted();
      const file = await openParquet(join(this.#dir, path));
      rows += file.rows;
      await file.close();
    }
    return rows;
  }

  async *read<F extends Fields, K extends keyof F & string = keyof F & string>(
    path: string,
    fields: F,
    columns?: readonly K[],
  ): AsyncGenerator<RecordOf<Pick<F, K>>> {
    this.#signal.throwIfAborted();
    const options = columns === undefined ? {} : { columns };
    for await (const row of readRecords<F, K>(join(this.#dir, path), fields, options)) {
      yield row;
      this.done += 1;
      if (this.done % PROGRESS_ROWS === 0) {
        this.#signal.throwIfAborted();
        this.#emit({ type: 'progress', task: 'stats', done: this.done, note: path });
      }
    }
  }
}

class CandidateCounter {
  readonly hosts = new Tally();
  readonly sources = new Tally();
  readonly textSources = new Tally<TextSource>();

  add(row: { imageUrl: string; source: string; textSource: TextSource }): void {
    this.hosts.add(hostOf(row.imageUrl));
    this.sources.add(cut(row.source, NAME_LENGTH));
    this.textSources.add(row.textSource);
  }
}

function funnelOf(
  pages: number,
  rows: { candidates: number; selected: number; kept: number },
  losses: readonly StageLosses[],
): FunnelStats {
  const { candidates, selected, kept } = rows;
  const lostIn = (...stages: StageName[]) => losses.filter(({ stage }) => stages.includes(stage));
  const afterSelection = sum(lostIn('fetch', 'shard'));
  const imageLosses = sum(
    lostIn('fetch', 'shard')
      .flatMap(({ reasons }) => reasons)
      .filter(({ reason }) => IMAGE_REASONS.has(reason)),
  );
  return {
    pages,
    candidates,
    selected,
    fetched: kept + imageLosses,
    kept,
    unaccounted: {
      select: candidates - selected - sum(lostIn('select')),
      fetch: selected - kept - afterSelection,
    },
  };
}

function sum(counted: readonly { count: number }[]): number {
  return counted.reduce((total, { count }) => total + count, 0);
}

function provenanceOf(found: CandidateCounter, kept: PairCounter): ProvenanceStats {
  return {
    hosts: {
      top: found.hosts.top(LISTED_HOSTS).map(({ name, count }) => ({
        host: name,
        candidates: count,
        kept: kept.hosts.get(name),
      })),
      distinct: found.hosts.distinct,
      error: found.hosts.error,
    },
    keptHosts: kept.hosts.distinct,
    sources: found.sources.ranking(10),
    licences: kept.licences.ranking(12),
  };
}

async function fileBytes(dir: string, paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const path of paths) {
    const full = join(dir, path);
    try {
      bytes += (await stat(full)).size;
    } catch (cause) {
      throw new WitError('missing_file', `Cannot read ${full}: ${messageOf(cause)}`, { cause });
    }
  }
  return bytes;
}
