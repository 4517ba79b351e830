/**
 * Reads Wikimedia's page view files. Two formats, told apart line by line:
 *
 * - hourly (`pageviews-YYYYMMDD-HH0000.gz`, and `pagecounts-…` before 2015):
 *   `en Albert_Einstein 37 0`: domain code, title, views, bytes (unused)
 * - daily and monthly (`pageviews-YYYYMMDD-user.bz2`, "pageview complete"):
 *   `en.wikipedia Albert_Einstein 736 desktop 951 A37B40…`: wiki, title, page id (may be missing),
 *   access, views, and the views of each hour
 *
 * (wikitech.wikimedia.org, "Data Platform/Data Lake/Traffic/Pageviews"; dumps.wikimedia.org,
 * "Pageview complete dumps".) In titles spaces are underscores; older files percent-encode them.
 */

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode, WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { DamagedStream, openStream, type Packing, packingOf } from './dump/open.js';

export interface ViewFile {
  path: string;
  name: string;
  packing: Packing;
  bytes: number;
}

export interface ViewOptions {
  /** Of the wiki: `en`. */
  language: string;
  /** Hourly rows of fewer views are passed over. */
  minHourlyViews: number;
  /** Also views on the mobile site, which hourly files count under a code of their own. */
  mobile: boolean;
}

export interface ViewTally {
  /** Rows of the wiki. */
  rows: number;
  /** Losses by reason: `bad_view_row`, `damaged_view_file`. */
  lost: Record<string, number>;
}

const VIEW_NAME = /^(?:pageviews|pagecounts)-.*\d/;
const TASK = 'read page views';

/**
 * The view files at `paths`: files as given, and those of folders, by name.
 * @throws WitError `missing_file`, `input` when a folder holds none.
 */
export async function viewFiles(paths: readonly string[]): Promise<ViewFile[]> {
  const files: ViewFile[] = [];
  for (const path of paths) {
    const info = await stat(path).catch((cause: unknown) => {
      const code = systemCode(cause) === 'ENOENT' ? 'missing_file' : 'bad_file';
      throw new WitError(code, `Cannot read the page views ${path}`, { cause });
    });
    const found = info.isDirectory()
      ? (await readdir(path)).filter((name) => VIEW_NAME.test(name)).sort()
      : [''];
    if (found.length === 0) {
      throw new WitError('input', `No page views in ${path}: no file named pageviews-… in it`, {
        hint: 'Wikimedia publishes them as pageviews-YYYYMMDD-HH0000.gz and pageviews-YYYYMMDD-user.bz2.',
      });
    }
    for (const name of found) {
      const file = name === '' ? path : join(path, name);
      const { packing, bytes } = await packingOf(file);
      files.push({ path: file, name: basename(file), packing, bytes });
    }
  }
  return files;
}

/**
 * Reads the views of one wiki. `add` gets each row's title, with spaces, and its views; a damaged file
 * counts as far as it can be read.
 */
export async function readViews(
  files: readonly ViewFile[],
  options: ViewOptions,
  add: (title: string, views: number) => void,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<ViewTally> {
  const tally: ViewTally = { rows: 0, lost: {} };
  const lose = (reason: string): void => {
    tally.lost[reason] = (tally.lost[reason] ?? 0) + 1;
  };
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  emit({ type: 'begin', task: TASK, total, unit: 'bytes' });
  for (const file of files) {
    const progress = (bytes: number): void => {
      done += bytes;
      emit({ type: 'progress', task: TASK, done, note: file.name });
    };
    const lines = new LineCutter((line) => {
      const row = readRow(line, options);
      if (row === 'other') return;
      if (row === 'bad') return lose('bad_view_row');
      tally.rows++;
      add(row.title, row.views);
    }, prefixesOf(options));
    try {
      for await (const chunk of openStream(file.path, file.packing, progress)) {
        signal.throwIfAborted();
        lines.push(chunk);
      }
      lines.end();
    } catch (error) {
      if (!(error instanceof DamagedStream)) throw error;
      lose('damaged_view_file');
      const text = `${file.path} is damaged (${error.message}); its rows up to there count`;
      emit({ type: 'message', level: 'warning', text });
    }
  }
  emit({ type: 'end', task: TASK, done });
  return tally;
}

/** What the rows of a wiki begin with. */
function prefixesOf({ language, mobile }: ViewOptions): Buffer[] {
  const codes = [language, `${language}.wikipedia`];
  if (mobile) codes.push(`${language}.m`, `${language}.m.wikipedia`, `${language}.zero`);
  return codes.map((code) => Buffer.from(`${code} `));
}

/** Cuts lines out of chunks and gives those that begin with one of the prefixes. */
class LineCutter {
  #rest: Buffer = Buffer.alloc(0);
  readonly #line: (line: string) => void;
  readonly #prefixes: readonly Buffer[];

  constructor(line: (line: string) => void, prefixes: readonly Buffer[]) {
    this.#line = line;
    this.#prefixes = prefixes;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
      this.#take(bytes, start, end);
      start = end + 1;
    }
    // No row is this long: what has no line ends is not kept.
    this.#rest = bytes.length - start > 1 << 20 ? Buffer.alloc(0) : bytes.subarray(start);
  }

  end(): void {
    if (this.#rest.length > 0) this.#take(this.#rest, 0, this.#rest.length);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    for (const prefix of this.#prefixes) {
      const stop = start + prefix.length;
      if (stop <= end && prefix.compare(bytes, start, stop) === 0) {
        this.#line(bytes.toString('utf8', start, end));
        return;
      }
    }
  }
}

type Row = { title: string; views: number } | 'bad' | 'other';

function readRow(line: string, { minHourlyViews }: ViewOptions): Row {
  const fields = line.trimEnd().split(' ');
  const title = fields[1] as string;
  const daily = (fields[0] as string).endsWith('.wikipedia');
  // A daily row ends in access, views and the hours; the page id before them may be missing.
  const wrong = daily ? fields.length < 5 || fields.length > 6 : fields.length !== 4;
  if (wrong || title === '') return 'bad';
  const field = fields[daily ? fields.length - 2 : 2] as string;
  if (!/^\d{1,15}$/.test(field)) return 'bad';
  const views = Number(field);
  if (!daily && views < minHourlyViews) return 'other';
  return { title: decode(title).replaceAll('_', ' '), views };
}

function decode(title: string): string {
  if (!title.includes('%')) return title;
  try {
    return decodeURIComponent(title);
  } catch {
    return title;
  }
}
