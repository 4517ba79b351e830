/**
 * The journal: what a dataset folder holds so far, one line a committed unit of work.
 *
 * A unit is committed by first giving its output files their final names and then appending one
 * flushed line here. So a process killed at any moment leaves either a unit whole or no trace that
 * matters: files without a line are written again, with the same bytes. A torn last line is dropped.
 */

import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WitError } from './errors.js';
import { writeError } from './store.js';
import type { StageName } from './types.js';

export const JOURNAL_NAME = 'journal.jsonl';

export interface OutputFile {
  /** Relative to the dataset folder, with forward slashes. */
  path: string;
  rows: number;
  bytes: number;
  sha256: string;
}

export interface UnitCommit {
  unit: string;
  stage: StageName;
  outputs: OutputFile[];
  /** Paths of outputs of earlier units whose place these outputs take: they are read no more. */
  replaces?: string[];
  /**
   * Numbers for the funnel; losses are counted under `lost.REASON`, those to an evaluation set or a scorer
   * under `lostBy.REASON.NAME` as well, and negative where a unit takes back what an earlier one counted.
   */
  counts: Record<string, number>;
}

/** The first line: under which settings the dataset was begun. */
export interface JournalHead {
  schema: 1;
  /** ISO 8601: every row's fetchedAt. */
  snapshot: string;
  config: unknown;
  queries: { digest: string; count: number };
  /** What judged candidates and images beside the settings, by name: the versions of rules. */
  rules: Record<string, string>;
}

export interface JournalContent {
  head: JournalHead | undefined;
  commits: UnitCommit[];
  /** Length of the readable part; what follows is a torn line. */
  bytes: number;
}

/** Reads the journal of `dir`; a missing one reads as empty. */
export async function readJournal(dir: string): Promise<JournalContent> {
  const path = join(dir, JOURNAL_NAME);
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return { head: undefined, commits: [], bytes: 0 };
    throw new WitError('bad_file', `Cannot read ${path}`, { cause });
  }
  const bytes = content.lastIndexOf(0x0a) + 1;
  const lines = content.subarray(0, bytes).toString('utf8').split('\n').slice(0, -1);
  let head: JournalHead | undefined;
  const commits: UnitCommit[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      if (index === 0) head = JSON.parse(line) as JournalHead;
      else commits.push(JSON.parse(line) as UnitCommit);
    } catch (cause) {
      throw new WitError('bad_file', `${path}, line ${index + 1} is damaged`, {
        cause,
        hint: 'Delete that line and all lines after it; the units they name will be done again.',
      });
    }
  }
  if (head !== undefined && head.schema !== 1) {
    throw new WitError('dataset', `${path} has schema ${String(head.schema)}, expected 1`);
  }
  return { head, commits, bytes };
}

/** The writing end. Hold the folder's lock while one is open. */
export class Journal {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #units: Map<string, UnitCommit>;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, handle: FileHandle, units: Map<string, UnitCommit>) {
    this.#path = path;
    this.#handle = handle;
    this.#units = units;
  }

  /** Opens for appending, cutting a torn last line; writes `head` when the journal is new. */
  static async open(dir: string, head: JournalHead, content: JournalContent): Promise<Journal> {
    const path = join(dir, JOURNAL_NAME);
    try {
      const handle = await open(path, 'a');
      await truncate(path, content.bytes);
      const units = new Map(content.commits.map((commit) => [commit.unit, commit]));
      const journal = new Journal(path, handle, units);
      if (content.head === undefined) await journal.#append(head);
      return journal;
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  get(unit: string): UnitCommit | undefined {
    return this.#units.get(unit);
  }

  /** Every committed unit, by name. */
  commits(): UnitCommit[] {
    return [...this.#units.values()].sort((a, b) => (a.unit < b.unit ? -1 : 1));
  }

  /** Records a unit whose outputs are in place. */
  async commit(commit: UnitCommit): Promise<void> {
    try {
      await this.#append(commit);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
    this.#units.set(commit.unit, commit);
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {});
    await this.#handle.close();
  }

  /**
   * One line at a time, in the order of the calls. After a failure (a full disk) nothing more is
   * written: the line may be torn, and a torn line is only recognised as the last one.
   */
  #append(line: unknown): Promise<void> {
    this.#last = this.#last.then(async () => {
      await this.#handle.appendFile(`${JSON.stringify(line)}\n`);
      await this.#handle.sync();
    });
    return this.#last;
  }
}
