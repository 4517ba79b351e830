/**
 * Discovery: runs every unit that the sources plan, round by round, and commits what each found:
 * candidates/NNNNN.parquet, the links for the next round, and the pages or rows that were lost. A round
 * whose units are all committed is committed itself, so that a run that goes on need not plan it again.
 * Neither plans nor links are ever in memory as a whole.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetWriter } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import { sha256 } from '../core/ids.js';
import type { OutputFile, UnitCommit } from '../core/journal.js';
import { openParquet } from '../core/parquet/reader.js';
import { string } from '../core/record.js';
import type { Runner } from '../core/runner.js';
import type { AnySource, Links, SourceResult, SourceUnit } from '../core/source.js';
import { candidateFields, rejectFields } from '../core/types.js';
import { DiscoverProgress } from './discover-progress.js';
import { lossCounts, PartWriter, partName } from './parts.js';

const linkFields = { url: string() };

interface Part {
  unit: SourceUnit;
  index: number;
}

/** Parts `[first, first + units)`. */
interface Round {
  readonly first: number;
  readonly units: number;
}

/** What sources keep while they discover, each in a folder of its name, below the dataset folder. */
const FRONTIER_FOLDER = 'frontier';

interface Options {
  readonly runner: Runner;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

export async function discover(
  dataset: DatasetWriter,
  sources: readonly AnySource[],
  options: Options,
): Promise<void> {
  const progress = new DiscoverProgress(options.emit);
  try {
    let first = 0;
    for (const source of sources) {
      first = await discoverSource(dataset, source, first, progress, options);
    }
  } finally {
    for (const source of sources) await source.close?.();
  }
  await rm(join(dataset.dir, FRONTIER_FOLDER), { recursive: true, force: true });
  progress.end();
}

/** Does all rounds of a source, beginning with part `first`; returns the number of the next part. */
async function discoverSource(
  dataset: DatasetWriter,
  source: AnySource,
  first: number,
  progress: DiscoverProgress,
  options: Options,
): Promise<number> {
  const { runner, signal } = options;
  const folder = join(dataset.dir, FRONTIER_FOLDER, source.name);
  const rounds: Round[] = [];
  const links = (round: number) => linksOf(dataset, rounds[round] as Round);
  let next = first;
  const expect = (size: number) => progress.expect(size);
  for (;;) {
    progress.nextRound();
    const unit = `round-${source.name}-${rounds.length}`;
    let units = dataset.journal.get(unit)?.counts.units;
    if (units !== undefined) {
      for (const { counts } of commitsOf(dataset, { first: next, units })) {
        progress.add({ counts, earlier: true });
      }
    } else {
      const plan = source.plan(rounds.length, { links, folder, signal, expect });
      const work = (part: Part) => discoverPart(dataset, source, part, progress, options);
      units = 0;
      for await (const _ of runner.run(numbered(plan, next), work, signal)) units++;
      await dataset.journal.commit({ unit, stage: 'discover', outputs: [], counts: { units } });
    }
    if (units === 0) break;
    rounds.push({ first: next, units });
    next += units;
  }
  return next;
}

async function* numbered(units: AsyncIterable<SourceUnit>, first: number): AsyncGenerator<Part> {
  let index = first;
  for await (const unit of units) yield { unit, index: index++ };
}

async function discoverPart(
  dataset: DatasetWriter,
  source: AnySource,
  part: Part,
  progress: DiscoverProgress,
  { emit, signal }: Pick<Options, 'emit' | 'signal'>,
): Promise<void> {
  const name = partName(part.index);
  const unit = `discover-${name}-${part.unit.id}`;
  const before = dataset.journal.get(unit);
  if (before !== undefined) {
    progress.add({ counts: before.counts, worked: part.unit.size, earlier: true });
    return;
  }
  const candidates = new PartWriter(dataset.dir, `candidates/${name}.parquet`, candidateFields);
  const links = new PartWriter(dataset.dir, `links/${name}.parquet`, linkFields);
  const rejects = new PartWriter(dataset.dir, `rejects/discover-${name}.parquet`, rejectFields);
  const counts: Record<string, number> = { candidates: 0 };
  const add = (more: Readonly<Record<string, number>>) => {
    for (const [key, n] of Object.entries(more)) counts[key] = (counts[key] ?? 0) + n;
  };
  let left = part.unit.size;
  try {
    for await (const result of resultsOf(source, part.unit, signal)) {
      await candidates.append(result.candidates);
      if (result.links.length > 0) await links.append(result.links.map((url) => ({ url })));
      if (result.rejects.length > 0) await rejects.append(result.rejects);
      const found = { ...result.counts, candidates: result.candidates.length };
      add(found);
      add(lossCounts(result.rejects));
      const { worked = 0 } = result;
      left -= worked;
      progress.add({ counts: found, worked });
      for (const { reason } of result.rejects) {
        emit({ type: 'loss', stage: 'discover', reason, count: 1 });
      }
    }
    const outputs: OutputFile[] = [await candidates.close()];
    if (links.begun) outputs.push(await links.close());
    if (rejects.begun) outputs.push(await rejects.close());
    await dataset.journal.commit({ unit, stage: 'discover', outputs, counts });
    progress.add({ counts: {}, worked: left });
  } catch (error) {
    for (const writer of [candidates, links, rejects]) await writer.abort();
    throw error;
  }
}

async function* resultsOf(
  source: AnySource,
  unit: SourceUnit,
  signal: AbortSignal,
): AsyncIterable<SourceResult> {
  if ('stream' in source) yield* source.stream(unit, signal);
  else yield await source.run(unit, signal);
}

/** The commits of a round's units, in order. */
function commitsOf({ journal }: DatasetWriter, { first, units }: Round): UnitCommit[] {
  const found: UnitCommit[] = [];
  for (const commit of journal.commits()) {
    const index = Number(/^discover-(\d+)-/.exec(commit.unit)?.[1] ?? Number.NaN);
    if (index >= first && index < first + units) found[index - first] = commit;
  }
  return found.filter((commit) => commit !== undefined);
}

function linksOf(dataset: DatasetWriter, round: Round): Links {
  const files = commitsOf(dataset, round)
    .flatMap(({ outputs }) => outputs)
    .filter(({ path }) => path.startsWith('links/'));
  return {
    digest: sha256(files.map((file) => file.sha256).join()),
    async *batches() {
      for (const { path } of files) yield* readLinks(join(dataset.dir, path));
    },
  };
}

async function* readLinks(path: string): AsyncGenerator<string[]> {
  const file = await openParquet(path);
  try {
    for (const { rowStart, rows } of file.rowGroups) {
      const group = await file.read({ columns: ['url'], rowStart, rowEnd: rowStart + rows });
      yield group.map((row) => row.url as string);
    }
  } finally {
    await file.close();
  }
}
