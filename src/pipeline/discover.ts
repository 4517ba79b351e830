/**
 * Discovery: runs every unit that the sources plan, round by round, and commits what each found:
 * candidates/NNNNN.parquet, the links for the next round, and the pages or rows that were lost.
 */

import { join } from 'node:path';
import type { DatasetWriter } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import type { OutputFile } from '../core/journal.js';
import { openParquet } from '../core/parquet/reader.js';
import { string } from '../core/record.js';
import type { Runner } from '../core/runner.js';
import type { AnySource, SourceResult, SourceUnit } from '../core/source.js';
import { candidateFields, rejectFields } from '../core/types.js';
import { lossCounts, PartWriter, partName, writePart } from './parts.js';

const linkFields = { url: string() };

interface Part {
  unit: SourceUnit;
  index: number;
}

export async function discover(
  dataset: DatasetWriter,
  sources: readonly AnySource[],
  options: { runner: Runner; emit: Emit; signal: AbortSignal },
): Promise<void> {
  const { runner, emit, signal } = options;
  let nextIndex = 0;
  let done = 0;
  let earlier = 0;
  let candidates = 0;
  emit({ type: 'begin', task: 'discover', unit: 'pages and rows' });
  for (const source of sources) {
    let links: string[] = [];
    for (let round = 0; ; round++) {
      const units = await source.plan(round, links);
      if (units.length === 0) break;
      const parts = units.map((unit): Part => ({ unit, index: nextIndex++ }));
      links = [];
      for await (const unit of runner.run(
        parts,
        (part) => discoverPart(dataset, source, part, options),
        signal,
      )) {
        links = links.concat(unit.links);
        const worked = (unit.counts.pages ?? 0) + (unit.counts.rows ?? 0);
        done += worked;
        if (unit.earlier) earlier += worked;
        candidates += unit.counts.candidates ?? 0;
        const note = `${candidates} candidates`;
        emit({ type: 'progress', task: 'discover', done, earlier, note });
      }
    }
  }
  emit({ type: 'end', task: 'discover', done });
}

async function discoverPart(
  dataset: DatasetWriter,
  source: AnySource,
  part: Part,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<Pick<SourceResult, 'links' | 'counts'> & { earlier: boolean }> {
  const name = partName(part.index);
  const unit = `discover-${name}-${part.unit.id}`;
  const linksPath = `links/${name}.parquet`;
  const before = dataset.journal.get(unit);
  if (before !== undefined) {
    const hasLinks = before.outputs.some((output) => output.path === linksPath);
    const links = hasLinks ? await readLinks(dataset, linksPath) : [];
    return { links, counts: before.counts, earlier: true };
  }
  const candidates = new PartWriter(dataset.dir, `candidates/${name}.parquet`, candidateFields);
  const rejects = new PartWriter(dataset.dir, `rejects/discover-${name}.parquet`, rejectFields);
  const links: string[] = [];
  const counts: Record<string, number> = { candidates: 0 };
  const add = (more: Readonly<Record<string, number>>) => {
    for (const [key, n] of Object.entries(more)) counts[key] = (counts[key] ?? 0) + n;
  };
  let lost = 0;
  try {
    for await (const result of resultsOf(source, part.unit, signal)) {
      await candidates.append(result.candidates);
      if (result.rejects.length > 0) await rejects.append(result.rejects);
      for (const link of result.links) links.push(link);
      lost += result.rejects.length;
      add({ ...result.counts, candidates: result.candidates.length });
      add(lossCounts(result.rejects));
      for (const { reason } of result.rejects) {
        emit({ type: 'loss', stage: 'discover', reason, count: 1 });
      }
    }
    const outputs: OutputFile[] = [await candidates.close()];
    if (links.length > 0) {
      const rows = links.map((url) => ({ url }));
      outputs.push(await writePart(dataset.dir, linksPath, linkFields, rows));
    }
    if (lost > 0) outputs.push(await rejects.close());
    await dataset.journal.commit({ unit, stage: 'discover', outputs, counts });
    return { links, counts, earlier: false };
  } catch (error) {
    await candidates.abort();
    await rejects.abort();
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

async function readLinks(dataset: DatasetWriter, path: string): Promise<string[]> {
  const file = await openParquet(join(dataset.dir, path));
  try {
    return (await file.read({ columns: ['url'] })).map((row) => row.url as string);
  } finally {
    await file.close();
  }
}
