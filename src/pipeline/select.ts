/**
 * Selection: one pass over all candidates decides what is worth downloading. It sees every candidate,
 * so it is one unit; its outputs are the parts that fetch will download, in a random order.
 */

import { join } from 'node:path';
import type { BuildConfig } from '../config.js';
import { type DatasetWriter, QUERIES_FILE } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import type { OutputFile } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import {
  type Candidate,
  candidateFields,
  type Query,
  queryUseFields,
  rejectFields,
  selectionFields,
} from '../core/types.js';
import { selectCandidates } from '../filter/index.js';
import { lossCounts, partName, writePart } from './parts.js';

const UNIT = 'select';

/** Returns the parts to fetch, in order. */
export async function select(
  dataset: DatasetWriter,
  queries: readonly Query[],
  options: { config: BuildConfig; emit: Emit; signal: AbortSignal },
): Promise<OutputFile[]> {
  const before = dataset.journal.get(UNIT);
  if (before !== undefined) return selectedParts(before.outputs);
  const { config, emit, signal } = options;
  const inputs = dataset.journal
    .commits()
    .flatMap((commit) => commit.outputs)
    .filter((output) => output.path.startsWith('candidates/'))
    .map((output) => output.path)
    .sort();
  const read = async function* (): AsyncGenerator<Candidate> {
    for (const path of inputs) yield* readRecords(join(dataset.dir, path), candidateFields);
  };
  const result = await selectCandidates(read, queries, config.filter, config.seed, {
    emit,
    signal,
  });
  const outputs: OutputFile[] = [];
  const size = config.shard.selectionsPerShard;
  for (let start = 0; start < result.selections.length; start += size) {
    const path = `selected/${partName(start / size)}.parquet`;
    const rows = result.selections.slice(start, start + size);
    outputs.push(await writePart(dataset.dir, path, selectionFields, rows));
  }
  if (result.rejects.length > 0) {
    const path = 'rejects/select.parquet';
    outputs.push(await writePart(dataset.dir, path, rejectFields, result.rejects));
  }
  outputs.push(await writePart(dataset.dir, QUERIES_FILE, queryUseFields, result.perQuery));
  await dataset.journal.commit({
    unit: UNIT,
    stage: 'select',
    outputs,
    counts: { selected: result.selections.length, ...lossCounts(result.rejects) },
  });
  return selectedParts(outputs);
}

function selectedParts(outputs: readonly OutputFile[]): OutputFile[] {
  return outputs.filter((output) => output.path.startsWith('selected/'));
}
