/**
 * Spill files: records put aside on disk by partition, so that what belongs together (the same id, the
 * same image) can be looked at one partition at a time, in memory that the number of partitions bounds.
 *
 * A file is a run of chunks, each of one partition, and a footer that lists them. Files are written
 * once, whole or not at all; many files with the same partitions read as one. Calls are synchronous:
 * records are small and many, and a chunk is written in well under a millisecond.
 */

import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { messageOf, WitError } from './errors.js';
import { commitFile, temporaryPath, writeError } from './store.js';

/** Chunks being filled take at most about this much together. */
const BUFFER_BYTES = 8 << 20;
const LEAST_CHUNK = 4 << 10;
const MOST_CHUNK = 64 << 10;
/** In the footer, a chunk is its partition, its length (32 bits each) and its offset (a double). */
const ENTRY = 16;
/** At the end of the file: the number of chunks and of partitions. */
const TAIL = 8;

export class SpillWriter {
  readonly partitions: number;
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: number;
  readonly #chunkBytes: number;
  readonly #chunks: (Buffer | undefined)[];
  readonly #filled: Uint32Array;
  readonly #entries: { partition: number; length: number; offset: number }[] = [];
  #offset = 0;
  #isOpen = true;

  private constructor(path: string, temporary: string, file: number, partitions: number) {
    this.partitions = partitions;
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    const share = Math.floor(BUFFER_BYTES / partitions);
    this.#chunkBytes = Math.max(LEAST_CHUNK, Math.min(MOST_CHUNK, share));
    this.#chunks = new Array<Buffer | undefined>(partitions);
    this.#filled = new Uint32Array(partitions);
  }

  /** @throws WitError `disk` when the file cannot be made. */
  static async open(path: string, partitions: number): Promise<SpillWriter> {
    const temporary = await temporaryPath(path);
    try {
      return new SpillWriter(path, temporary, openSync(temporary, 'w'), partitions);
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /**
   * Adds `bytes` to the end of a partition.
   * @throws WitError `disk`.
   */
  append(partition: number, bytes: Uint8Array): void {
    const filled = this.#filled[partition] as number;
    if (filled + bytes.length > this.#chunkBytes) {
      this.#flush(partition);
      if (bytes.length >= this.#chunkBytes) {
        this.#write(partition, bytes);
        return;
      }
    }
    let chunk = this.#chunks[partition];
    if (chunk === undefined) {
      chunk = Buffer.allocUnsafeSlow(this.#chunkBytes);
      this.#chunks[partition] = chunk;
    }
    chunk.set(bytes, this.#filled[partition]);
    this.#filled[partition] = (this.#filled[partition] as number) + bytes.length;
  }

  /** Writes what is left, flushes, and gives the file its name. Harmless when called again. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    for (let partition = 0; partition < this.partitions; partition++) this.#flush(partition);
    const footer = Buffer.alloc(this.#entries.length * ENTRY + TAIL);
    for (const [index, { partition, length, offset }] of this.#entries.entries()) {
      footer.writeUInt32LE(partition, index * ENTRY);
      footer.writeUInt32LE(length, index * ENTRY + 4);
      footer.writeDoubleLE(offset, index * ENTRY + 8);
    }
    footer.writeUInt32LE(this.#entries.length, footer.length - TAIL);
    footer.writeUInt32LE(this.partitions, footer.length - TAIL + 4);
    this.#writeAll(footer);
    this.#end();
    await commitFile(this.#temporary, this.#path);
  }

  /** Gives up: no file is left. Harmless after `close`. */
  abort(): void {
    this.#end();
    rmSync(this.#temporary, { force: true });
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
  }

  #flush(partition: number): void {
    const filled = this.#filled[partition] as number;
    if (filled === 0) return;
    this.#filled[partition] = 0;
    this.#write(partition, (this.#chunks[partition] as Buffer).subarray(0, filled));
  }

  #write(partition: number, bytes: Uint8Array): void {
    this.#entries.push({ partition, length: bytes.length, offset: this.#offset });
    this.#writeAll(bytes);
  }

  #writeAll(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.#file, bytes, at, bytes.length - at);
      }
      this.#offset += bytes.length;
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }
}

/** Several spill files with the same partitions. */
export class SpillSet {
  readonly partitions: number;
  readonly #paths: readonly string[];
  /** By file: the chunks as they stand in its footer. */
  readonly #footers: readonly Buffer[];
  readonly #bytes: Float64Array;
  /** What `read` gives; used again, so that reading allocates nothing. */
  #buffer = Buffer.alloc(0);

  /** @throws WitError `bad_file`. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    const read = paths.map(readFooter);
    this.#footers = read.map(({ footer }) => footer);
    this.partitions = read[0]?.partitions ?? 0;
    this.#bytes = new Float64Array(this.partitions);
    for (const [index, { footer, partitions }] of read.entries()) {
      if (partitions !== this.partitions) {
        throw badSpill(
          paths[index] as string,
          `${partitions} partitions, expected ${this.partitions}`,
        );
      }
      for (let at = 0; at < footer.length; at += ENTRY) {
        const partition = footer.readUInt32LE(at);
        this.#bytes[partition] = (this.#bytes[partition] as number) + footer.readUInt32LE(at + 4);
      }
    }
  }

  bytes(partition: number): number {
    return this.#bytes[partition] ?? 0;
  }

  /**
   * A partition's bytes, in the order of the files and, within one, of the calls to `append`. They are
   * good until the next `read`.
   * @param file only those of this file, by its number
   * @throws WitError `bad_file`.
   */
  read(partition: number, file?: number): Buffer {
    const chunks = [...this.#chunksOf(partition, file)];
    const total = chunks.reduce((sum, { length }) => sum + length, 0);
    if (total > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(Math.ceil(total * 1.1));
    let filled = 0;
    for (const chunk of chunks) {
      this.#readChunk(chunk, this.#buffer, filled);
      filled += chunk.length;
    }
    return this.#buffer.subarray(0, filled);
  }

  /** A partition's chunks one after another. Records that were appended whole are whole in them. */
  *readChunks(partition: number): Generator<Buffer> {
    for (const chunk of this.#chunksOf(partition)) {
      const bytes = Buffer.allocUnsafe(chunk.length);
      this.#readChunk(chunk, bytes, 0);
      yield bytes;
    }
  }

  *#chunksOf(
    partition: number,
    file?: number,
  ): Generator<{ path: string; length: number; offset: number }> {
    for (const [index, footer] of this.#footers.entries()) {
      if (file !== undefined && index !== file) continue;
      for (let at = 0; at < footer.length; at += ENTRY) {
        if (footer.readUInt32LE(at) !== partition) continue;
        const length = footer.readUInt32LE(at + 4);
        const offset = footer.readDoubleLE(at + 8);
        yield { path: this.#paths[index] as string, length, offset };
      }
    }
  }

  #readChunk(
    { path, length, offset }: { path: string; length: number; offset: number },
    into: Buffer,
    at: number,
  ): void {
    withFile(path, (file) => readExactly(file, path, into.subarray(at, at + length), offset));
  }
}

function readFooter(path: string): { footer: Buffer; partitions: number } {
  return withFile(path, (file) => {
    const { size } = fstatSync(file);
    if (size < TAIL) throw badSpill(path, `it is ${size} bytes long`);
    const tail = Buffer.alloc(TAIL);
    readExactly(file, path, tail, size - TAIL);
    const bytes = tail.readUInt32LE(0) * ENTRY;
    if (size < TAIL + bytes) throw badSpill(path, 'its footer is longer than the file');
    const footer = Buffer.alloc(bytes);
    readExactly(file, path, footer, size - TAIL - bytes);
    return { footer, partitions: tail.readUInt32LE(4) };
  });
}

function withFile<T>(path: string, use: (file: number) => T): T {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw badSpill(path, messageOf(cause));
  }
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

function readExactly(file: number, path: string, into: Uint8Array, offset: number): void {
  for (let at = 0; at < into.length; ) {
    const read = readSync(file, into, at, into.length - at, offset + at);
    if (read === 0) throw badSpill(path, `it ends at byte ${offset + at}`);
    at += read;
  }
}

function badSpill(path: string, why: string): WitError {
  return new WitError('bad_file', `Cannot read ${path}: ${why}`, {
    hint: 'Delete its folder and run the same command again: it holds intermediate results only.',
  });
}
