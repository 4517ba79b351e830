/**
 * The dataset folder as a whole: its journal while it grows, its manifest (dataset.json) when it is
 * complete. Readers follow these, never a listing of the folder, so leftovers are never read.
 */

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { messageOf, systemCode, WitError } from './errors.js';
import { sha256 } from './ids.js';
import {
  Journal,
  type JournalHead,
  type OutputFile,
  readJournal,
  type UnitCommit,
} from './journal.js';
import { lockFolder } from './lock.js';
import { removeTemporaries, writeAtomically } from './store.js';

export const MANIFEST_NAME = 'dataset.json';
/** What the candidates held for each query. */
export const QUERIES_FILE = 'queries.parquet';

/** What became of everything, from pages to rows. All counts. */
export interface Funnel {
  pages: number;
  candidates: number;
  selected: number;
  kept: number;
  /** Losses by stage and reason. */
  lost: Record<string, Record<string, number>>;
  /** Those to evaluation sets and scorers, by reason and the name of what refused them; where there are any. */
  lostBy?: Record<string, Record<string, number>>;
}

export type NamedFile = OutputFile & { name: string };

export interface Manifest extends JournalHead {
  units: string[];
  shards: NamedFile[];
  /** The shards of other splits than `train`, by the split's name; nothing trains on them. */
  splits?: Record<string, NamedFile[]>;
  /** The other Parquet files that tell how the shards came about. */
  files: {
    candidates: OutputFile[];
    selected: OutputFile[];
    rejects: OutputFile[];
    /** queries.parquet, once selection has run. */
    queries?: OutputFile;
    /** Selections that were tried again, once there are such. */
    retried?: OutputFile[];
  };
  funnel: Funnel;
  /** The cap that selection applied: as set, or found for a target; once selection has run. */
  cap?: number;
}

/** A dataset folder that this process may write. */
export class DatasetWriter {
  readonly dir: string;
  readonly head: JournalHead;
  readonly journal: Journal;
  readonly #unlock: () => Promise<void>;

  private constructor(
    dir: string,
    head: JournalHead,
    journal: Journal,
    unlock: () => Promise<void>,
  ) {
    this.dir = dir;
    this.head = head;
    this.journal = journal;
    this.#unlock = unlock;
  }

  /**
   * Begins a dataset in `dir`, or goes on with the one that is there.
   * @throws WitError `dataset` when the folder holds a dataset begun under other settings, or when
   * another process is writing it.
   */
  static async open(dir: string, head: JournalHead): Promise<DatasetWriter> {
    const unlock = await lockFolder(dir);
    try {
      const content = await readJournal(dir);
      if (content.head !== undefined) assertSameSettings(dir, content.head, head);
      await removeTemporaries(dir);
      const effective = content.head ?? head;
      const journal = await Journal.open(dir, effective, content);
      return new DatasetWriter(dir, effective, journal, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /** Names the dataset by its settings and query list, from its first moment on. */
  get digest(): string {
    return digestOf(this.head);
  }

  /** The manifest of what is committed so far. */
  manifest(): Manifest {
    return manifestOf(this.head, this.journal.commits());
  }

  /** The files of all units that none has replaced, by path. */
  outputs(): OutputFile[] {
    return outputsOf(this.journal.commits());
  }

  /**
   * Writes the manifest, last of all files: the dataset is complete. Files that were replaced are
   * deleted then, as nothing names them any more.
   */
  async complete(): Promise<void> {
    const text = `${JSON.stringify(this.manifest(), null, 2)}\n`;
    await writeAtomically(join(this.dir, MANIFEST_NAME), text);
    for (const { replaces = [] } of this.journal.commits()) {
      for (const path of replaces) await rm(join(this.dir, path), { force: true });
    }
  }

  /** Takes the manifest back, before files that it names are written again: the dataset is not complete. */
  async reopen(): Promise<void> {
    await rm(join(this.dir, MANIFEST_NAME), { force: true });
  }

  /** The units that the manifest on disk names; none before the dataset was complete for the first time. */
  async publishedUnits(): Promise<ReadonlySet<string>> {
    const manifest = await readManifest(this.dir);
    return new Set(manifest?.units);
  }

  async close(): Promise<void> {
    await this.journal.close();
    await this.#unlock();
  }
}

export interface DatasetState {
  /** Of a growing dataset: what is committed so far. */
  manifest: Manifest;
  complete: boolean;
  /** Names the dataset by its settings and query list, from its first moment on. */
  datasetDigest: string;
}

/**
 * Reads what is known of the dataset in `dir`.
 * @throws WitError `dataset` when `dir` holds no dataset, `bad_file` when its manifest is damaged.
 */
export async function readDataset(dir: string): Promise<DatasetState> {
  const written = await readManifest(dir);
  if (written !== undefined) {
    return { manifest: written, complete: true, datasetDigest: digestOf(written) };
  }
  const { head, commits } = await readJournal(dir);
  if (head === undefined) {
    throw new WitError(
      'dataset',
      `${dir} holds no dataset (neither dataset.json nor journal.jsonl)`,
      {
        hint: 'Give the folder that `wit crawl-and-build --out DIR` wrote.',
      },
    );
  }
  const manifest = manifestOf(head, commits);
  return { manifest, complete: false, datasetDigest: digestOf(manifest) };
}

/** The manifest of a dataset that is, or was, complete. */
async function readManifest(dir: string): Promise<Manifest | undefined> {
  const path = join(dir, MANIFEST_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new WitError('bad_file', `Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  try {
    return JSON.parse(text) as Manifest;
  } catch (cause) {
    throw new WitError('bad_file', `${path} is damaged: ${messageOf(cause)}`, {
      cause,
      hint: 'Delete it and run the command that built the dataset again: it is made anew from the journal.',
    });
  }
}

function digestOf({ snapshot, config, queries, rules }: JournalHead): string {
  return sha256(JSON.stringify([snapshot, queries.digest, resultSettings(config), rules]));
}

function manifestOf(head: JournalHead, unsorted: readonly UnitCommit[]): Manifest {
  const commits = [...unsorted].sort((a, b) => (a.unit < b.unit ? -1 : 1));
  const outputs = outputsOf(commits);
  const folder = (name: string): OutputFile[] =>
    outputs.filter(({ path }) => path.startsWith(`${name}/`) && path.endsWith('.parquet'));
  const cap = commits.find(({ counts }) => counts.cap !== undefined)?.counts.cap;
  const queries = outputs.find(({ path }) => path === QUERIES_FILE);
  const retried = folder('retried');
  const shards = folder('data').map((output) => ({ name: shardName(output.path), ...output }));
  const inSplit = (split: string) => (shard: NamedFile) => shard.name.startsWith(`${split}-`);
  const splits = new Set(shards.map(({ name }) => name.slice(0, name.indexOf('-'))));
  splits.delete('train');
  return {
    ...head,
    units: commits.map((commit) => commit.unit),
    shards: shards.filter(({ name }) => name.startsWith('train-')),
    ...(splits.size > 0 && {
      splits: Object.fromEntries(
        [...splits].map((split) => [split, shards.filter(inSplit(split))]),
      ),
    }),
    files: {
      candidates: folder('candidates'),
      selected: folder('selected'),
      rejects: folder('rejects'),
      ...(queries && { queries }),
      ...(retried.length > 0 && { retried }),
    },
    funnel: funnelOf(commits),
    ...(cap !== undefined && { cap }),
  };
}

/**
 * By path, numbers in it by value: `train-100000` comes after `train-99999`. A file that was written again
 * under its name is what the last of its units says, by their names.
 */
function outputsOf(commits: readonly UnitCommit[]): OutputFile[] {
  const replaced = new Set(commits.flatMap(({ replaces = [] }) => replaces));
  const byPath = new Map<string, OutputFile>();
  for (const { outputs } of [...commits].sort((a, b) => (a.unit < b.unit ? -1 : 1))) {
    for (const output of outputs) byPath.set(output.path, output);
  }
  const digits = 10;
  return [...byPath.values()]
    .filter(({ path }) => !replaced.has(path))
    .map((output) => ({
      output,
      key: output.path.replace(/\d+/g, (number) => number.padStart(digits, '0')),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ output }) => output);
}

/** `data/train-00003.parquet` → `train-00003`. */
function shardName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1, -'.parquet'.length);
}

/** Adds up the counts of committed units. */
export function funnelOf(commits: readonly UnitCommit[]): Funnel {
  const funnel: Funnel = { pages: 0, candidates: 0, selected: 0, kept: 0, lost: {} };
  for (const { stage, counts } of commits) {
    for (const [name, n] of Object.entries(counts)) {
      if (name.startsWith('lost.')) {
        const reasons = funnel.lost[stage] ?? {};
        addTo(reasons, name.slice('lost.'.length), n);
        funnel.lost[stage] = reasons;
      } else if (name.startsWith('lostBy.')) {
        const [, reason, by] = /^lostBy\.(\w+)\.(.*)$/s.exec(name) as unknown as string[];
        funnel.lostBy ??= {};
        const names = funnel.lostBy[reason as string] ?? {};
        addTo(names, by as string, n);
        funnel.lostBy[reason as string] = names;
      } else if (
        name === 'pages' ||
        name === 'candidates' ||
        name === 'selected' ||
        name === 'kept'
      ) {
        funnel[name] += n;
      }
    }
  }
  return funnel;
}

function addTo(counts: Record<string, number>, name: string, n: number): void {
  counts[name] = (counts[name] ?? 0) + n;
  // What was tried again is not lost, as long as it is not lost again.
  if (counts[name] === 0) delete counts[name];
}

/** Settings that cannot change a result (pace, time limits) may differ when a run is resumed. */
function assertSameSettings(dir: string, before: JournalHead, now: JournalHead): void {
  const differences: string[] = [];
  if (before.queries.digest !== now.queries.digest) differences.push('the query list');
  differences.push(...differingKeys(resultSettings(before.config), resultSettings(now.config)));
  differences.push(...differingKeys(before.rules ?? {}, now.rules, 'rule'));
  if (differences.length === 0) return;
  throw new WitError(
    'dataset',
    `${dir} holds a dataset begun under other settings; different now: ${differences.join(', ')}`,
    { hint: 'Use the same settings to go on with it, or another --out to begin anew.' },
  );
}

function resultSettings(config: unknown): Record<string, unknown> {
  const {
    net: _net,
    snapshot: _snapshot,
    queries: _queries,
    workers: _workers,
    ...rest
  } = config as Record<string, unknown>;
  return rest;
}

function differingKeys(a: unknown, b: unknown, path = ''): string[] {
  if (isDeepStrictEqual(a, b)) return [];
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return [`${path} (was ${JSON.stringify(a)}, is ${JSON.stringify(b)})`];
  }
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) =>
    differingKeys(
      (a as Record<string, unknown>)[key],
      (b as Record<string, unknown>)[key],
      path === '' ? key : `${path}.${key}`,
    ),
  );
}
