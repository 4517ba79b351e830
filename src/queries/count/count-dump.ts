/**
 * Counts a dump in a work folder. The parts are fixed by the files alone, not by the number of workers;
 * finished ones are kept, so an interrupted count goes on where it stopped.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WitError } from '../../core/errors.js';
import type { Emit } from '../../core/events.js';
import { sha256 } from '../../core/ids.js';
import { writeAtomically } from '../../core/store.js';
import type { DumpFile } from '../dump/files.js';
import { type Part, type PartRecord, partName } from './part.js';
import type { Pool } from './pool.js';
import type { CounterOptions, Tally } from './unit.js';
import type { Edge, Job } from './worker.js';

/** Bytes of a file in one part: of bzip2 as it lies on disk, of all else as it is unpacked. */
const PART_BYTES = { bzip2: 48 << 20, unpacked: 192 << 20 };
/** Every run is an open file while runs are merged, and 1,024 is what systems commonly allow. */
const MOST_PARTS = 480;
const SEAMS = 'seams';
const TASK = 'count words';

export interface CountedDump {
  /** Names of the runs in the work folder. */
  runs: string[];
  /** Names of files of titles. */
  titles: string[];
  read: Tally;
  lost: Tally;
}

/** Sizes of parts, for tests: a small dump in many. */
export interface PartSizes {
  bzip2: number;
  unpacked: number;
}

export function partSizes(files: readonly DumpFile[]): PartSizes {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const least = Math.ceil(bytes / MOST_PARTS);
  return {
    bzip2: Math.max(PART_BYTES.bzip2, least),
    unpacked: Math.max(PART_BYTES.unpacked, least),
  };
}

/**
 * @throws WitError `input` when the folder was begun with another dump or other settings, `disk`, and
 * whatever a part throws.
 */
export async function countDump(
  files: readonly DumpFile[],
  sizes: PartSizes,
  folder: string,
  counter: CounterOptions,
  pool: Pool,
  emit: Emit,
): Promise<CountedDump> {
  await claim(folder, { files: files.map(identityOf), sizes, counter });
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  emit({ type: 'begin', task: TASK, total, unit: 'bytes' });
  let done = 0;
  const advance = (bytes: number): void => {
    done += bytes;
    emit({ type: 'progress', task: TASK, done });
  };
  const there = new Set(await readdir(folder));
  const jobs: Job[] = [];
  for (const [index, file] of files.entries()) {
    const prefix = `${String(index).padStart(3, '0')}-`;
    if (isCut(file)) {
      for (const part of partsOf(file, prefix, sizes)) {
        if (there.has(`${part.name}.json`)) done += part.to - part.from;
        else jobs.push({ kind: 'part', part });
      }
    } else {
      const records = await streamRecords(folder, prefix, there);
      if (records.at(-1)?.last === true) done += file.bytes;
      else {
        const { path, packing } = file;
        jobs.push({ kind: 'stream', file: { path, packing, prefix, done: records.length } });
      }
    }
  }
  if (done > 0) {
    const text = `going on in ${folder}: ${Math.round((100 * done) / total)} % of the dump is counted`;
    emit({ type: 'message', level: 'info', text });
    advance(0);
  }
  await pool.run(jobs, advance, () => {});
  emit({ type: 'end', task: TASK, done });

  const edges: Edge[] = [];
  const result: CountedDump = { runs: [], titles: [], read: {}, lost: {} };
  const include = (name: string, record: PartRecord): void => {
    for (let run = 0; run < record.runs; run++) result.runs.push(`${name}-${run}`);
    result.titles.push(`${name}.titles`);
    addTo(result.read, record.read);
    addTo(result.lost, record.lost);
  };
  for (const [index, file] of files.entries()) {
    const prefix = `${String(index).padStart(3, '0')}-`;
    const names = isCut(file)
      ? partsOf(file, prefix, sizes).map(({ name }) => name)
      : (await streamRecords(folder, prefix, new Set(await readdir(folder)))).map((_, part) =>
          partName(prefix, part),
        );
    for (const [part, name] of names.entries()) {
      const record = await readRecord(folder, name);
      include(name, record);
      edges.push({ part: name, gap: record.gap, lastOfFile: part === names.length - 1 });
    }
  }
  if (!there.has(`${SEAMS}.json`)) {
    await pool.run(
      [{ kind: 'seams', name: SEAMS, edges }],
      () => {},
      () => {},
    );
  }
  include(SEAMS, await readRecord(folder, SEAMS));
  return result;
}

/** Whether parts of the file can be read without what stands before them. */
function isCut(file: DumpFile): boolean {
  return file.packing === 'bzip2' || file.packing === 'none';
}

function partsOf(file: DumpFile, prefix: string, sizes: PartSizes): Part[] {
  const partBytes = file.packing === 'bzip2' ? sizes.bzip2 : sizes.unpacked;
  const count = Math.max(1, Math.ceil(file.bytes / partBytes));
  return Array.from({ length: count }, (_, index) => ({
    name: partName(prefix, index),
    path: file.path,
    packing: file.packing,
    from: index * partBytes,
    to: Math.min(file.bytes, (index + 1) * partBytes),
    size: file.bytes,
  }));
}

/** The finished parts of a file that is read from its beginning. */
async function streamRecords(
  folder: string,
  prefix: string,
  there: ReadonlySet<string>,
): Promise<PartRecord[]> {
  const records: PartRecord[] = [];
  while (there.has(`${partName(prefix, records.length)}.json`)) {
    records.push(await readRecord(folder, partName(prefix, records.length)));
  }
  return records;
}

async function readRecord(folder: string, name: string): Promise<PartRecord> {
  return JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
}

/** Size and time tell files apart well enough, and reading 22 GB only to hash them does not pay. */
function identityOf({ name, bytes, modifiedMs }: DumpFile): object {
  return { name, bytes, modifiedMs };
}

/** Makes sure that what the folder holds was counted from the same dump with the same settings. */
async function claim(folder: string, what: object): Promise<void> {
  const path = join(folder, 'dump.json');
  const digest = sha256(JSON.stringify(what));
  const content = await readFile(path, 'utf8').catch(() => undefined);
  if (content === undefined) {
    await writeAtomically(path, JSON.stringify({ digest, ...what }, null, 2));
  } else if (JSON.parse(content).digest !== digest) {
    throw new WitError('input', `${folder} was begun with another dump or other word settings`, {
      hint: `Give another folder with --work, or delete ${folder} to begin anew.`,
    });
  }
}

function addTo(sum: Tally, tally: Tally): void {
  for (const [key, count] of Object.entries(tally)) sum[key] = (sum[key] ?? 0) + count;
}
