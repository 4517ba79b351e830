/**
 * Repairing a dataset: rows that are broken are dropped, or fetched again, and nothing else is touched. A shard whose
 * bytes are not those that were written cannot be trusted in any row: it is dropped whole. One that is as it was
 * written but holds images that do not decode is written again without them. The round is one unit; it
 * can be interrupted anywhere.
 */

import { join } from 'node:path';
import type { BuildConfig } from '../config.js';
import { DatasetWriter, type Manifest, readDataset } from '../core/dataset.js';
import { WitError } from '../core/errors.js';
import { type Emit, silent } from '../core/events.js';
import { type OutputFile, readJournal } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import {
  type Pair,
  pairFields,
  type Reject,
  rejectFields,
  selectionFields,
} from '../core/types.js';
import {
  readPairs,
  type ShardProblem,
  verifyDataset,
  writeCard,
  writeShard,
} from '../shard/index.js';
import { type BuildOptions, buildDataset } from './build.js';
import { PartWriter, partName } from './parts.js';

export interface RepairOptions extends Pick<BuildOptions, 'web'> {
  /** Fetch again what a crawl had fetched, instead of only dropping it. Default false. */
  refetch?: boolean;
  emit?: Emit;
  signal?: AbortSignal;
}

export interface Repaired {
  /** What was found, all of it; also what repairing does not mend. */
  problems: readonly ShardProblem[];
  /** Shards that were written again or dropped. */
  shards: number;
  /** Rows that are no longer there, those that came again not counted. */
  dropped: number;
  /** Rows that were asked for again. */
  refetched: number;
  manifest: Manifest;
}

/** Of a file that is written again under its name the last unit counts, by name: `gather-` comes after this. */
const UNIT = 'fixed-';

/** What of a shard goes: some rows, or all. */
interface Damage {
  readonly shard: OutputFile;
  readonly rows: ReadonlySet<number> | 'all';
}

/**
 * Repairs the complete dataset in `dir`.
 * @throws WitError `dataset` for one that is incomplete or that another process writes, or whose rows cannot be
 *   fetched again; `disk`; the signal's reason when aborted.
 */
export async function repairDataset(dir: string, options: RepairOptions = {}): Promise<Repaired> {
  const { refetch = false, emit = silent } = options;
  const signal = options.signal ?? new AbortController().signal;
  const { complete } = await readDataset(dir);
  const { head } = await readJournal(dir);
  if (!complete || head === undefined) {
    throw new WitError('dataset', `${dir} is not complete, or its journal is missing`, {
      hint: 'Run the command that began it again: it goes on where it stopped.',
    });
  }
  const config = head.config as BuildConfig & { import?: unknown; derived?: unknown };
  if (refetch && (config.import !== undefined || config.derived !== undefined)) {
    throw new WitError('dataset', `${dir} was not fetched from the web: --refetch cannot help`, {
      hint: 'Repair without it, or make the dataset again from its source.',
    });
  }
  const dataset = await DatasetWriter.open(dir, head);
  let found: Omit<Repaired, 'manifest'>;
  try {
    await finishEarlier(dataset);
    const { problems } = await verifyDataset(dir, { emit, signal });
    const damages = damagesOf(dataset.manifest(), problems);
    const { dropped, refetched } =
      damages.length === 0
        ? { dropped: 0, refetched: 0 }
        : await commitRepair(dataset, damages, refetch, signal);
    found = { problems, shards: damages.length, dropped, refetched };
    if (refetched === 0) {
      await writeCard(dir, dataset.manifest());
      await dataset.complete();
    }
  } finally {
    await dataset.close();
  }
  if (found.refetched > 0) {
    const web = options.web === undefined ? {} : { web: options.web };
    await buildDataset(config, dir, { emit, signal, ...web });
  }
  return { ...found, manifest: (await readDataset(dir)).manifest };
}

/** A repair that was killed after its commit is published; what else was begun is not ours to finish. */
async function finishEarlier(dataset: DatasetWriter): Promise<void> {
  const published = await dataset.publishedUnits();
  const begun = dataset.journal.commits().filter(({ unit }) => !published.has(unit));
  if (begun.length === 0) return;
  if (begun.some(({ unit, counts }) => !unit.startsWith(UNIT) || (counts.retried ?? 0) > 0)) {
    throw new WitError('dataset', `${dataset.dir} has work under way: ${begun[0]?.unit}`, {
      hint: 'Run `wit crawl-and-build` with its settings first: it goes on where it stopped.',
    });
  }
  await dataset.complete();
}

function damagesOf(manifest: Manifest, problems: readonly ShardProblem[]): Damage[] {
  const shards = [...manifest.shards, ...Object.values(manifest.splits ?? {}).flat()];
  return shards.flatMap((shard): Damage[] => {
    const its = problems.filter(({ path }) => path === shard.path);
    if (its.length === 0) return [];
    const isWhole = its.some(({ row }) => row === undefined);
    const rows = new Set(its.flatMap(({ row }) => (row === undefined ? [] : [row])));
    return [{ shard, rows: isWhole ? 'all' : rows }];
  });
}

async function commitRepair(
  dataset: DatasetWriter,
  damages: readonly Damage[],
  refetch: boolean,
  signal: AbortSignal,
): Promise<{ dropped: number; refetched: number }> {
  const before = dataset.outputs();
  const units = dataset.journal.commits().filter(({ unit }) => unit.startsWith(UNIT));
  const round = partName(units.length + 1);
  const parts = before.filter(({ path }) => /^(selected|retried)\/\d+\.parquet$/.test(path));
  const outputs: OutputFile[] = [];
  const replaces: string[] = [];
  const again = new PartWriter(
    dataset.dir,
    `retried/${partName(parts.length)}.parquet`,
    selectionFields,
  );
  const rejects = new PartWriter(dataset.dir, `rejects/repair-${round}.parquet`, rejectFields);
  let dropped = 0;
  let refetched = 0;
  try {
    for (const damage of damages) {
      signal.throwIfAborted();
      const { shard, rows } = damage;
      const stats = shard.path.replace(/\.parquet$/, '_stats.json');
      replaces.push(shard.path, ...before.flatMap(({ path }) => (path === stats ? [path] : [])));
      const gone = rows === 'all' ? shard.rows : rows.size;
      dropped += gone;
      const lost = await lostRows(dataset, damage, before);
      if (rows !== 'all') outputs.push(...(await rewrite(dataset, damage, round)));
      if (!refetch) {
        await rejects.append(lost.map(rejectOf));
        continue;
      }
      const ids = new Set(lost.map(({ key }) => key));
      const part = partOf(shard, before);
      if (part === undefined) continue;
      for await (const selection of readRecords(join(dataset.dir, part.path), selectionFields)) {
        if (!ids.has(selection.id)) continue;
        await again.append([selection]);
        refetched += 1;
      }
    }
    if (rejects.begun) outputs.push(await rejects.close());
    if (again.begun) outputs.push(await again.close());
  } catch (error) {
    await rejects.abort();
    await again.abort();
    throw error;
  }
  const lost = dropped - refetched;
  await dataset.journal.commit({
    unit: `${UNIT}${round}`,
    stage: refetch ? 'fetch' : 'shard',
    outputs,
    replaces,
    counts: {
      kept: -dropped,
      ...(refetched > 0 && { retried: refetched }),
      ...(lost > 0 && { 'lost.damaged': lost }),
    },
  });
  return { dropped: lost, refetched };
}

/** The rows that stay, in a file of another name: the old one is there until the new manifest is. */
async function rewrite(
  dataset: DatasetWriter,
  { shard, rows }: Damage,
  round: string,
): Promise<OutputFile[]> {
  const drop = rows as ReadonlySet<number>;
  const kept = async function* (): AsyncGenerator<Pair> {
    let index = 0;
    for await (const pair of readPairs(dataset.dir, shard)) {
      if (!drop.has(index++)) yield pair;
    }
  };
  if (drop.size === shard.rows) return [];
  const base = shard.path.slice('data/'.length).replace(/\.parquet$/, '');
  const name = `${base.replace(/^([a-z0-9_]+-\d+)-\d+$/, '$1')}-${round}`;
  const { shard: config } = dataset.head.config as BuildConfig;
  const { snapshot } = dataset.head;
  return await writeShard(dataset.dir, name, kept(), { shard: config, losses: [], snapshot });
}

type Brief = Pick<Pair, 'key' | 'text' | 'url' | 'pageUrl' | 'license' | 'extra'>;

/**
 * The rows that a damage takes, as far as it can be told: by what was selected and not lost, where a crawl
 * made the shard; else by what the shard itself says, if that can be read.
 */
async function lostRows(
  dataset: DatasetWriter,
  { shard, rows }: Damage,
  outputs: readonly OutputFile[],
): Promise<Brief[]> {
  const part = partOf(shard, outputs);
  if (rows === 'all' && part !== undefined) return await selectedRows(dataset, part, outputs);
  const found: Brief[] = [];
  const columns = ['key', 'text', 'url', 'pageUrl', 'license', 'extra'] as const;
  let index = 0;
  try {
    for await (const row of readRecords(join(dataset.dir, shard.path), pairFields, { columns })) {
      if (rows === 'all' || rows.has(index)) found.push(row);
      index += 1;
    }
  } catch {
    // What cannot be read is counted all the same.
  }
  return found;
}

async function selectedRows(
  dataset: DatasetWriter,
  part: OutputFile,
  outputs: readonly OutputFile[],
): Promise<Brief[]> {
  const number = part.path.replace(/\D/g, '');
  const elsewhere = new Set<string>();
  const columns = ['id'] as const;
  for (const { path } of outputs) {
    const isLater = path.startsWith('retried/') && path > `retried/${number}.parquet`;
    const isLost = path.startsWith(`rejects/fetch-${number}`) || path.startsWith('rejects/repair-');
    if (!isLater && !isLost) continue;
    const fields = isLater ? selectionFields : rejectFields;
    for await (const { id } of readRecords(join(dataset.dir, path), fields, { columns })) {
      elsewhere.add(id);
    }
  }
  const found: Brief[] = [];
  for await (const selection of readRecords(join(dataset.dir, part.path), selectionFields)) {
    const { id, text, imageUrl, pageUrl, license, extra } = selection;
    if (elsewhere.has(id)) continue;
    found.push({
      key: id,
      text,
      url: imageUrl,
      ...(pageUrl !== undefined && { pageUrl }),
      ...(license !== undefined && { license }),
      ...(extra !== undefined && { extra }),
    });
  }
  return found;
}

/** What a shard of a crawl was made from. */
function partOf(shard: OutputFile, outputs: readonly OutputFile[]): OutputFile | undefined {
  const number = /^data\/train-(\d+)/.exec(shard.path)?.[1];
  return outputs.find(
    ({ path }) => path === `selected/${number}.parquet` || path === `retried/${number}.parquet`,
  );
}

function rejectOf({ key, url, ...rest }: Brief): Reject {
  return {
    ...rest,
    id: key,
    imageUrl: url,
    textSource: 'list',
    source: 'repair',
    stage: 'shard',
    reason: 'damaged',
    detail: 'the row was damaged after it was written',
  };
}
