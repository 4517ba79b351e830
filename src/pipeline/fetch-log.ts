/**
 * What became of each selection of a part that is still being fetched, so that a run that is killed
 * downloads nothing twice. Outcomes are appended as they come, in any order, whole images included;
 * the log goes when its part is committed.
 *
 * The file is a row of frames: length and CRC-32 of the content (32 bits each, little-endian), then the
 * content. The first frame says what the log belongs to. What a kill tears is the last frame: it is cut.
 * A frame that does not match its checksum costs its outcome, which is fetched again.
 *
 * An outcome counts once it is handed to the system, which a kill -9 does not undo; at the latest a second
 * afterwards it is flushed to the disk, which is what a power cut may cost.
 */

import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { messageOf, WitError } from '../core/errors.js';
import { writeError } from '../core/store.js';
import type { Outcome } from './fetch-one.js';

/** What a log belongs to: another part, or the same under other settings, has another one. */
export interface LogHead {
  /** Of the dataset, which stands for its settings, query list and snapshot. */
  readonly dataset: string;
  /** SHA-256 of the file with the part's selections. */
  readonly selections: string;
}

/** Length and checksum. */
const HEADER_BYTES = 8;
const CHUNK_BYTES = 4 * 1024 * 1024;
const SYNC_MS = 1_000;

interface Frame {
  readonly at: number;
  readonly bytes: number;
}

export class FetchLog {
  readonly #path: string;
  readonly #handle: FileHandle;
  /** Where each outcome stands, by the row of its selection. */
  readonly #frames = new Map<number, Frame>();
  /** Of the file, with what is not yet written. */
  #end = 0;
  /** Not yet written, in order. */
  #pending: Buffer[] = [];
  /** The last of the writes, one after the other: a failed one fails all after it. */
  #last: Promise<void> = Promise.resolve();
  #sync: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Frames that did not match their checksums. */
  damaged = 0;
  /** Whether a log of something else had to make way. */
  replaced = false;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /**
   * Opens the log at `path`, new or left by an earlier run.
   * @throws WitError `disk`.
   */
  static async open(path: string, head: LogHead): Promise<FetchLog> {
    let handle: FileHandle | undefined;
    try {
      await mkdir(dirname(path), { recursive: true });
      handle = await open(path, 'a+');
      const log = new FetchLog(path, handle);
      await log.#resume(head);
      return log;
    } catch (cause) {
      await handle?.close();
      throw writeError(path, cause);
    }
  }

  /** Outcomes that are there to be read. */
  get size(): number {
    return this.#frames.size;
  }

  /**
   * What became of the selection in `row` of the part, if that is known.
   * @throws WitError `bad_file`.
   */
  async read(row: number): Promise<Outcome | undefined> {
    const frame = this.#frames.get(row);
    if (frame === undefined) return undefined;
    try {
      const content = Buffer.allocUnsafe(frame.bytes);
      await this.#handle.read(content, 0, frame.bytes, frame.at);
      return outcomeOf(content);
    } catch (cause) {
      throw new WitError('bad_file', `Cannot read ${this.#path}: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * Notes an outcome. Once the log is closed there is nothing left to note.
   * @throws WitError `disk`; then nothing more is written, so that a torn frame stays the last.
   */
  async append(row: number, outcome: Outcome): Promise<void> {
    if (this.#isClosed) return;
    const frame = this.#add(frameOf(row, outcome));
    this.#last = this.#last.then(() => this.#write());
    try {
      await this.#last;
      this.#frames.set(row, frame);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }

  /** Leaves the file for another run. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#sync);
    await this.#last.catch(() => {});
    await this.#handle.close();
  }

  /** Closes the log and deletes it: its part is committed. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }

  /** Lets a frame wait to be written; returns where it will stand. */
  #add(buffers: readonly Buffer[]): Frame {
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0) - HEADER_BYTES;
    const frame = { at: this.#end + HEADER_BYTES, bytes };
    this.#pending.push(...buffers);
    this.#end = frame.at + bytes;
    return frame;
  }

  /** Everything that waits, in one go. */
  async #write(): Promise<void> {
    const buffers = this.#pending;
    if (buffers.length === 0) return;
    this.#pending = [];
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten } = await this.#handle.writev(buffers);
    if (bytesWritten < bytes) {
      // The system says why only when it is asked to write the rest.
      await this.#handle.appendFile(Buffer.concat(buffers).subarray(bytesWritten));
    }
    this.#sync ??= setTimeout(() => {
      this.#sync = undefined;
      this.#last = this.#last.then(() => this.#handle.datasync());
      // The next append reports it.
      this.#last.catch(() => {});
    }, SYNC_MS);
  }

  async #resume(head: LogHead): Promise<void> {
    const { size } = await this.#handle.stat();
    const content = await this.#scan(size);
    if (!isDeepStrictEqual(content, head)) {
      this.replaced = content !== undefined;
      this.#frames.clear();
      this.damaged = 0;
      this.#end = 0;
    }
    await this.#handle.truncate(this.#end);
    if (this.#end > 0) return;
    this.#add(enframe([Buffer.from(JSON.stringify(head))]));
    await this.#write();
  }

  /** Finds the frames; returns what the first one says, undefined when there is none. */
  async #scan(size: number): Promise<unknown> {
    let head: unknown;
    let chunk = Buffer.alloc(0);
    let chunkAt = 0;
    const bytesAt = async (at: number, bytes: number): Promise<Buffer> => {
      if (at + bytes > chunkAt + chunk.length) {
        chunk = Buffer.allocUnsafe(Math.min(size - at, Math.max(bytes, CHUNK_BYTES)));
        chunkAt = at;
        await this.#handle.read(chunk, 0, chunk.length, at);
      }
      return chunk.subarray(at - chunkAt, at - chunkAt + bytes);
    };
    while (this.#end + HEADER_BYTES <= size) {
      const header = await bytesAt(this.#end, HEADER_BYTES);
      const bytes = header.readUInt32LE(0);
      const checksum = header.readUInt32LE(4);
      const at = this.#end + HEADER_BYTES;
      if (bytes === 0 || at + bytes > size) break;
      const content = await bytesAt(at, bytes);
      const isGood = crc32(content) === checksum;
      if (this.#end === 0) {
        // Without its first frame a log belongs to nothing.
        if (!isGood) return undefined;
        head = JSON.parse(content.toString());
      } else if (isGood) {
        this.#frames.set(rowOf(content), { at, bytes });
      } else {
        this.damaged += 1;
      }
      this.#end = at + bytes;
    }
    return head;
  }
}

/** Row and length of the JSON (32 bits each), JSON, image. */
function frameOf(row: number, outcome: Outcome): Buffer[] {
  const prefix = Buffer.allocUnsafe(8);
  prefix.writeUInt32LE(row, 0);
  if ('loss' in outcome) {
    const json = Buffer.from(JSON.stringify(outcome));
    prefix.writeUInt32LE(json.length, 4);
    return enframe([prefix, json]);
  }
  const { image, ...rest } = outcome.pair;
  const json = Buffer.from(JSON.stringify({ pair: { ...rest, image: { path: image.path } } }));
  prefix.writeUInt32LE(json.length, 4);
  return enframe([prefix, json, image.bytes]);
}

function enframe(content: readonly Buffer[]): Buffer[] {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(
    content.reduce((sum, { length }) => sum + length, 0),
    0,
  );
  header.writeUInt32LE(
    content.reduce((sum, part) => crc32(part, sum), 0),
    4,
  );
  return [header, ...content];
}

function rowOf(content: Buffer): number {
  return content.readUInt32LE(0);
}

function outcomeOf(content: Buffer): Outcome {
  const jsonEnd = 8 + content.readUInt32LE(4);
  const outcome = JSON.parse(content.toString('utf8', 8, jsonEnd)) as Outcome;
  if ('pair' in outcome) outcome.pair.image.bytes = content.subarray(jsonEnd);
  return outcome;
}
