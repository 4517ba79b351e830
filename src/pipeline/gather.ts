/**
 * Gathers captions: a row gets those of the images that turned out to be the same as its own, under other
 * URLs. Which images these are is known only when all are downloaded, and by then the row's shard is long
 * committed. So this comes last, and writes the shards again in which a row says something else now.
 *
 * What it writes depends on selections and rejects alone, never on what a shard said before: a shard written
 * twice is the same. Each shard is a unit. Copies and rows meet by key, in partitions of spill files, so
 * memory does not grow with the dataset.
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DatasetWriter } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import { fault } from '../core/intact.js';
import type { OutputFile } from '../core/journal.js';
import { readRecords } from '../core/parquet/reader.js';
import { SpillSet, SpillWriter } from '../core/spill.js';
import { pairFields, rejectFields, selectionFields } from '../core/types.js';
import { type Captioned, ImageCaptions, type RowCaptions } from '../filter/index.js';
import { rewriteCaptions } from '../shard/index.js';
import { fetchUnit } from './fetch-part.js';
import { partName, shardsByPart } from './parts.js';
import { currentRejects, lastRound } from './retry.js';

const FOLDER = 'gathering';
const CAPTION_COLUMNS = ['id', 'text', 'textSource', 'queries', 'rank', 'otherTexts'] as const;
/** Of a spill file, at most: each costs a buffer of 4 kB or more while it is written. */
const MOST_PARTITIONS = 1_024;
/** Copies of one partition, about: some 30 MB. */
const PER_PARTITION = 100_000;
const KEY_BYTES = 16;

interface GatherOptions {
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Looks at the copies found since the last time. A shard that was damaged since it was written is named and left as
 * it is, with the checksum that shows it.
 * @param parts all of the dataset, each of them committed
 * @throws WitError `disk`, or `bad_file` for a damaged part.
 */
export async function gatherCaptions(
  dataset: DatasetWriter,
  parts: readonly OutputFile[],
  options: GatherOptions,
): Promise<void> {
  const { round, first } = lastRound(dataset);
  const copies = parts.map((_, part) => copiesIn(dataset, part));
  const folder = join(dataset.dir, FOLDER);
  const total = copies.reduce((a, b) => a + b, 0);
  if (total > 0) {
    const gathering = new Gathering(dataset, parts, folder, options);
    await gathering.collect(copies, total, first);
    await gathering.join(total, first);
    await gathering.rewrite(round);
  }
  await rm(folder, { recursive: true, force: true });
}

/** How many selections of a part were lost as duplicates, at most. */
function copiesIn(dataset: DatasetWriter, part: number): number {
  const counts = dataset.journal.get(fetchUnit(part))?.counts ?? {};
  return (counts['lost.duplicate_exact'] ?? 0) + (counts['lost.duplicate_near'] ?? 0);
}

class Gathering {
  readonly #dataset: DatasetWriter;
  readonly #parts: readonly OutputFile[];
  readonly #folder: string;
  readonly #options: GatherOptions;
  readonly #shards: ReadonlyMap<number, OutputFile>;

  constructor(
    dataset: DatasetWriter,
    parts: readonly OutputFile[],
    folder: string,
    options: GatherOptions,
  ) {
    this.#dataset = dataset;
    this.#parts = parts;
    this.#folder = folder;
    this.#options = options;
    this.#shards = shardsByPart(dataset.outputs());
  }

  /** Puts copies and the keys of all rows aside, by key. */
  async collect(copies: readonly number[], total: number, first: number): Promise<void> {
    const partitions = partitionsFor(total);
    const rejects = currentRejects(this.#dataset);
    await this.#spill('copies', partitions, async (writer) => {
      for (const [part, count] of copies.entries()) {
        const path = rejects.get(part);
        if (count > 0 && path !== undefined) await this.#spillCopies(writer, part, path, first);
      }
    });
    await this.#spill('rows', partitions, async (writer) => {
      for (const part of this.#parts.keys()) {
        this.#options.signal.throwIfAborted();
        const shard = this.#shards.get(part);
        if (shard === undefined) continue;
        const path = join(this.#dataset.dir, shard.path);
        for await (const { key } of readRecords(path, pairFields, { columns: ['key'] })) {
          writer.append(partitionOf(key, partitions), encode(key, part));
        }
      }
    });
  }

  async #spillCopies(
    writer: SpillWriter,
    part: number,
    rejects: string,
    first: number,
  ): Promise<void> {
    const { dir } = this.#dataset;
    const rowOf = new Map<string, string>();
    const columns = ['id', 'reason', 'sameAs'] as const;
    for await (const reject of readRecords(join(dir, rejects), rejectFields, { columns })) {
      const { id, reason, sameAs } = reject;
      const isCopy = reason === 'duplicate_exact' || reason === 'duplicate_near';
      if (isCopy && sameAs !== undefined) rowOf.set(id, sameAs);
    }
    for await (const selection of this.#selections(part)) {
      const key = rowOf.get(selection.id);
      if (key === undefined) continue;
      const copy = { ...selection, isNew: part >= first };
      writer.append(partitionOf(key, writer.partitions), encode(key, part, copy));
    }
  }

  /** Puts what the rows that are new, or have new copies, get aside, by the part in which they stand. */
  async join(total: number, first: number): Promise<void> {
    const copies = new SpillSet([join(this.#folder, 'copies')]);
    const rows = new SpillSet([join(this.#folder, 'rows')]);
    const partitions = Math.min(partitionsFor(total), this.#parts.length);
    await this.#spill('changes', partitions, async (writer) => {
      for (let partition = 0; partition < copies.partitions; partition++) {
        this.#options.signal.throwIfAborted();
        const captions = new Map<string, ImageCaptions>();
        const renewed = new Set<string>();
        for (const { key, value } of records(copies, partition)) {
          const { isNew, ...copy } = value as Captioned & { isNew: boolean };
          const before = captions.get(key) ?? new ImageCaptions();
          before.add(copy);
          captions.set(key, before);
          if (isNew) renewed.add(key);
        }
        for (const { key, part } of records(rows, partition)) {
          const its = captions.get(key);
          // A row itself may be back, with copies from before.
          if (its === undefined || !(renewed.has(key) || part >= first)) continue;
          const to = Math.floor((part / this.#parts.length) * partitions);
          writer.append(to, encode(key, part, its));
        }
      }
    });
  }

  /** Writes the shards again whose rows changed. */
  async rewrite(round: number): Promise<void> {
    const { emit, signal } = this.#options;
    const changes = new SpillSet([join(this.#folder, 'changes')]);
    emit({ type: 'begin', task: 'gather', unit: 'shards', total: this.#parts.length });
    let done = 0;
    for (let partition = 0; partition < changes.partitions; partition++) {
      const byPart = new Map<number, Map<string, ImageCaptions>>();
      for (const { key, part, value } of records(changes, partition)) {
        const rows = byPart.get(part) ?? new Map<string, ImageCaptions>();
        rows.set(key, new ImageCaptions(value as ReturnType<ImageCaptions['toJSON']>));
        byPart.set(part, rows);
      }
      for (const [part, rows] of [...byPart].sort(([a], [b]) => a - b)) {
        signal.throwIfAborted();
        await this.#rewritePart(part, rows, `gather-${partName(round)}-${partName(part)}`);
        emit({ type: 'progress', task: 'gather', done: ++done });
      }
    }
    emit({ type: 'end', task: 'gather', done });
  }

  async #rewritePart(
    part: number,
    copies: ReadonlyMap<string, ImageCaptions>,
    unit: string,
  ): Promise<void> {
    const { dir, journal } = this.#dataset;
    const shard = this.#shards.get(part);
    if (shard === undefined || journal.get(unit) !== undefined) return;
    const changed = new Map<string, RowCaptions>();
    for await (const own of this.#selections(part)) {
      const captions = copies.get(own.id);
      if (captions === undefined) continue;
      captions.add(own);
      const row = captions.row();
      const { text, otherTexts, queries } = own;
      if (!isDeepStrictEqual(row, { text, otherTexts, queries })) changed.set(own.id, row);
    }
    if (changed.size === 0) return;
    const wrong = await fault(join(dir, shard.path), shard);
    // A run that was killed may have put the new file in its place before the journal knew.
    if (wrong !== undefined && !(await saysAlready(join(dir, shard.path), changed))) {
      const text = `${shard.path} is not the file that was written (${wrong}): its captions stay as they are`;
      this.#options.emit({ type: 'message', level: 'warning', text });
      return;
    }
    // What a manifest from before says of the shard will no longer hold.
    await this.#dataset.reopen();
    const output = await rewriteCaptions(dir, shard.path, (key) => changed.get(key));
    const counts = { gathered: changed.size };
    await journal.commit({ unit, stage: 'shard', outputs: [output], counts });
  }

  #selections(part: number): AsyncGenerator<Captioned> {
    const path = join(this.#dataset.dir, (this.#parts[part] as OutputFile).path);
    return readRecords(path, selectionFields, { columns: CAPTION_COLUMNS });
  }

  async #spill(
    name: string,
    partitions: number,
    write: (writer: SpillWriter) => Promise<void>,
  ): Promise<void> {
    const writer = await SpillWriter.open(join(this.#folder, name), partitions);
    try {
      await write(writer);
      await writer.close();
    } finally {
      writer.abort();
    }
  }
}

/** Whether the rows of the shard at `path` say all of `changed`. */
async function saysAlready(
  path: string,
  changed: ReadonlyMap<string, RowCaptions>,
): Promise<boolean> {
  const columns = ['key', 'text', 'otherTexts', 'queries'] as const;
  for await (const { key, ...row } of readRecords(path, pairFields, { columns })) {
    const captions = changed.get(key);
    if (captions !== undefined && !isDeepStrictEqual(row, captions)) return false;
  }
  return true;
}

function partitionsFor(items: number): number {
  return Math.max(1, Math.min(MOST_PARTITIONS, Math.ceil(items / PER_PARTITION)));
}

/** Keys are hashes: their first 32 bits are uniform. */
function partitionOf(key: string, partitions: number): number {
  return Math.floor((Number.parseInt(key.slice(0, 8), 16) / 2 ** 32) * partitions);
}

/** Length and part (32 bits each), the row's key, and what belongs to it as JSON. */
function encode(key: string, part: number, value?: unknown): Buffer {
  const json = value === undefined ? '' : JSON.stringify(value);
  const record = Buffer.allocUnsafe(8 + KEY_BYTES + Buffer.byteLength(json));
  record.writeUInt32LE(record.length, 0);
  record.writeUInt32LE(part, 4);
  record.write(key, 8, 'hex');
  record.write(json, 8 + KEY_BYTES);
  return record;
}

function* records(
  set: SpillSet,
  partition: number,
): Generator<{ key: string; part: number; value: unknown }> {
  for (const chunk of set.readChunks(partition)) {
    for (let at = 0; at < chunk.length; ) {
      const json = at + 8 + KEY_BYTES;
      const end = at + chunk.readUInt32LE(at);
      const key = chunk.toString('hex', at + 8, json);
      const value = json === end ? undefined : JSON.parse(chunk.toString('utf8', json, end));
      yield { key, part: chunk.readUInt32LE(at + 4), value };
      at = end;
    }
  }
}
