/**
 * Selection: decides on text alone what is worth downloading, in passes over all candidates
 * (src/filter/select.ts). Parts of candidates are judged and decided in units; what they leave in
 * `selecting/` lets an interrupted run go on, and is removed at the end. The outputs are the parts that
 * fetch will download, in a random order.
 */

import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BuildConfig } from '../config.js';
import { type DatasetWriter, QUERIES_FILE } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import type { OutputFile } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import {
  candidateFields,
  type Query,
  queryUseFields,
  type Reject,
  rejectFields,
  type Selection,
  selectionFields,
} from '../core/types.js';
import { version } from '../core/version.js';
import { Selector, type SelectUnit } from '../filter/index.js';
import { lossCounts, PartWriter, partName, writePart } from './parts.js';

/** The unit that is committed last; its parts are `select-00000` …, `selected-00000` …. */
const UNIT = 'select';
const FOLDER = 'selecting';
/** Candidates in one unit, at least: a few seconds of work and a few MB on disk. */
const UNIT_ROWS = 100_000;
/** Unless more are asked for: this one reads and writes for all of them. */
const MOST_THREADS = 8;

/** Threads that judge, unless a number is asked for: this one has enough to do to fill a core. */
const threadsOfThisMachine = (): number =>
  Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1));

/** Returns the parts to fetch, in order. */
export async function select(
  dataset: DatasetWriter,
  queries: readonly Query[],
  options: { config: BuildConfig; emit: Emit; signal: AbortSignal; unitRows?: number },
): Promise<OutputFile[]> {
  const root = join(dataset.dir, FOLDER);
  if (dataset.journal.get(UNIT) === undefined) {
    await selectAll(dataset, queries, join(root, version), options);
  }
  await rm(root, { recursive: true, force: true });
  return selectedParts(dataset);
}

async function selectAll(
  dataset: DatasetWriter,
  queries: readonly Query[],
  folder: string,
  options: { config: BuildConfig; emit: Emit; signal: AbortSignal; unitRows?: number },
): Promise<void> {
  const { config, emit, signal, unitRows = UNIT_ROWS } = options;
  const units = unitsOf(dataset, unitRows);
  const total = units.reduce((sum, { rows }) => sum + rows, 0);
  const { filter, seed } = config;
  const threads = config.workers > 0 ? config.workers : threadsOfThisMachine();
  const parts = { folder, units, queries };
  const selector = new Selector({ ...parts, config: filter, seed, threads, emit, signal });
  emit({ type: 'begin', task: UNIT, unit: 'candidates', total });
  await selector.judge();
  const { cap } = await selector.admit();
  for (const unit of units) await decide(dataset, selector, unit, emit);
  const matches = await writeSelected(dataset, selector.inOrder(), {
    size: config.shard.selectionsPerShard,
    signal,
  });
  const uses = selector.uses(matches);
  const outputs = [await writePart(dataset.dir, QUERIES_FILE, queryUseFields, uses)];
  await dataset.journal.commit({ unit: UNIT, stage: 'select', outputs, counts: { cap } });
  emit({ type: 'end', task: UNIT, done: total });
}

/** Parts of candidates, in order of their names, together where they are small. */
function unitsOf(dataset: DatasetWriter, unitRows: number): SelectUnit[] {
  const parts = dataset.journal
    .commits()
    .flatMap((commit) => commit.outputs)
    .filter((output) => output.path.startsWith('candidates/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const units: SelectUnit[] = [];
  let group: OutputFile[] = [];
  let rows = 0;
  let first = 0;
  const close = (): void => {
    const paths = group.map(({ path }) => join(dataset.dir, path));
    const read = async function* () {
      for (const path of paths) yield* readRecords(path, candidateFields);
    };
    units.push({ index: units.length, first, rows, read });
    first += rows;
    rows = 0;
    group = [];
  };
  for (const part of parts) {
    group.push(part);
    rows += part.rows;
    if (rows >= unitRows) close();
  }
  if (group.length > 0) close();
  return units;
}

/** Writes the rejects of one unit and puts its selections aside. */
async function decide(
  dataset: DatasetWriter,
  selector: Selector,
  unit: SelectUnit,
  emit: Emit,
): Promise<void> {
  const name = `${UNIT}-${partName(unit.index)}`;
  if (dataset.journal.get(name) !== undefined) return;
  const lost: Pick<Reject, 'reason'>[] = [];
  const writer = new PartWriter(dataset.dir, `rejects/${name}.parquet`, rejectFields);
  try {
    await selector.decide(unit, async (reject) => {
      lost.push({ reason: reject.reason });
      emit({ type: 'loss', stage: 'select', reason: reject.reason, count: 1 });
      await writer.append([reject]);
    });
    const outputs = lost.length > 0 ? [await writer.close()] : [];
    await dataset.journal.commit({
      unit: name,
      stage: 'select',
      outputs,
      counts: lossCounts(lost),
    });
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/**
 * Writes the parts that are not there yet. Returns how many selections each query matches.
 */
async function writeSelected(
  dataset: DatasetWriter,
  selections: AsyncIterable<Selection>,
  { size, signal }: { size: number; signal: AbortSignal },
): Promise<Map<string, number>> {
  const matches = new Map<string, number>();
  let rows: Selection[] = [];
  let part = 0;
  const write = async (): Promise<void> => {
    signal.throwIfAborted();
    const name = `selected-${partName(part)}`;
    if (dataset.journal.get(name) === undefined) {
      const path = `selected/${partName(part)}.parquet`;
      const outputs = [await writePart(dataset.dir, path, selectionFields, rows)];
      const counts = { selected: rows.length };
      await dataset.journal.commit({ unit: name, stage: 'select', outputs, counts });
    }
    part += 1;
    rows = [];
  };
  for await (const selection of selections) {
    for (const query of selection.queries) matches.set(query, (matches.get(query) ?? 0) + 1);
    rows.push(selection);
    if (rows.length === size) await write();
  }
  if (rows.length > 0) await write();
  return matches;
}

function selectedParts(dataset: DatasetWriter): OutputFile[] {
  return dataset.journal
    .commits()
    .flatMap((commit) => commit.outputs)
    .filter((output) => output.path.startsWith('selected/'))
    .sort((a, b) => a.path.length - b.path.length || (a.path < b.path ? -1 : 1));
}
