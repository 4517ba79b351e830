/**
 * Tar archives, by node-tar, which parses and makes headers. Written ones are POSIX ustar with plain
 * files and every field of a header fixed but name and size, so that the same files give the same bytes.
 * Read ones may be anybody's: what is wrong is handed out beside what is right, in bounded memory.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Header, Parser, type ReadEntry } from 'tar';
import { messageOf, WitError } from './errors.js';
import type { Loss } from './reasons.js';
import { commitFile, temporaryPath, writeError } from './store.js';

const BLOCK = 512;
/** 1970-01-01. */
const MTIME = new Date(0);
/** Bytes that are gathered before they are written. */
const WRITE_BYTES = 4 << 20;

/** Writes one archive. It appears when it is closed, or not at all. */
export class TarWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** @throws WitError `disk`. */
  static async open(path: string): Promise<TarWriter> {
    const temporary = await temporaryPath(path);
    try {
      return new TarWriter(path, temporary, await open(temporary, 'w'));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Adds a file. `content` may not change afterwards. @throws WitError `disk`. */
  async append(name: string, content: Uint8Array): Promise<void> {
    const header = Buffer.alloc(BLOCK);
    const needsMore = new Header({
      path: name,
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: content.length,
      mtime: MTIME,
      type: 'File',
    }).encode(header);
    if (needsMore) throw new WitError('input', `${JSON.stringify(name)} does not fit a tar header`);
    this.#add(header);
    this.#add(content);
    const rest = content.length % BLOCK;
    if (rest > 0) this.#add(Buffer.alloc(BLOCK - rest));
    if (this.#waitingBytes >= WRITE_BYTES) await this.#flush();
  }

  /** Ends the archive and gives it its name. @throws WitError `disk`. */
  async close(): Promise<{ bytes: number; sha256: string }> {
    this.#add(Buffer.alloc(2 * BLOCK));
    await this.#flush();
    await this.#handle.close();
    await commitFile(this.#temporary, this.#path);
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Gives up: no file is left. */
  async abort(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#temporary, { force: true });
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    try {
      await this.#handle.appendFile(bytes);
    } catch (cause) {
      throw writeError(this.#path, cause);
    }
  }
}

/** Bytes read at once; what they unpack to is bounded by `MAX_RATIO`. */
const READ_BYTES = 64 << 10;
/** Images do not shrink: an archive that unpacks to more than this many times its size is a bomb. */
const MAX_RATIO = 50;
/** Of extended headers, which hold long names. */
const MAX_META_BYTES = 64 << 10;

/** A file of an archive, or what is wrong at that place. */
export type TarEntry =
  | { readonly name: string; readonly bytes: Buffer; readonly loss?: undefined }
  | { readonly name: string; readonly loss: Loss };

/**
 * The files of an archive (also gzipped), in order; folders are passed over. Names are given as they
 * stand there and are no safe paths; those that could leave a folder come as losses.
 * @param options.maxBytes of one file
 * @param options.onRead is told how many bytes of the archive were read
 */
export async function* readTar(
  path: string,
  options: { maxBytes: number; onRead?: (bytes: number) => void; signal?: AbortSignal },
): AsyncGenerator<TarEntry> {
  const found: TarEntry[] = [];
  const lose = (name: string, reason: Loss['reason'], detail: string) =>
    found.push({ name, loss: { reason, detail } });
  let hasEnd = false;
  let isAborted = false;
  // Where one header is damaged, all blocks up to the next good one are: said once.
  let isLost = false;
  const parser = new Parser({
    maxMetaEntrySize: MAX_META_BYTES,
    maxDecompressionRatio: MAX_RATIO,
    onReadEntry: (entry) => {
      isLost = false;
      gather(entry, options.maxBytes, found);
    },
  });
  parser.on('ignoredEntry', (entry: ReadEntry) => {
    isLost = false;
    lose(entry.path, 'bad_archive', `${entry.type} of ${entry.size} bytes is passed over`);
  });
  parser.on('eof', () => {
    hasEnd = true;
  });
  parser.on('warn', (code: string, message: string | Error) => {
    if (isLost) return;
    isLost = true;
    lose('', 'bad_archive', `${code}: ${messageOf(message)}`);
  });
  parser.on('abort', () => {
    isAborted = true;
  });
  try {
    const stream = createReadStream(path, { highWaterMark: READ_BYTES });
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      options.signal?.throwIfAborted();
      options.onRead?.(chunk.length);
      parser.write(chunk);
      yield* found.splice(0);
      if (isAborted) break;
    }
    if (!isAborted) parser.end();
  } catch (cause) {
    options.signal?.throwIfAborted();
    lose('', 'bad_archive', messageOf(cause));
  }
  if (!hasEnd && !isLost) lose('', 'bad_archive', 'it ends without the mark of an end');
  yield* found;
}

/** Collects the content of an entry and puts it, or what is wrong with it, into `found` at its end. */
function gather(entry: ReadEntry, maxBytes: number, found: TarEntry[]): void {
  const { path: name, size, type } = entry;
  const loss = objection(entry, maxBytes);
  if (loss !== undefined || type === 'Directory' || type === 'GNUDumpDir') {
    if (loss !== undefined) found.push({ name, loss });
    entry.resume();
    return;
  }
  const chunks: Buffer[] = [];
  entry.on('data', (chunk: Buffer) => chunks.push(chunk));
  entry.on('end', () => {
    const bytes = Buffer.concat(chunks);
    if (bytes.length === size) found.push({ name, bytes });
    else {
      const detail = `${bytes.length} of ${size} bytes are there`;
      found.push({ name, loss: { reason: 'bad_archive', detail } });
    }
  });
}

function objection({ path, size, type, linkpath }: ReadEntry, maxBytes: number): Loss | undefined {
  if (/^(?:[/\\]|[A-Za-z]:)|(?:^|[/\\])\.\.(?:[/\\]|$)|\0/.test(path)) {
    return { reason: 'unsafe_entry', detail: `the name ${JSON.stringify(path.slice(0, 200))}` };
  }
  if (type === 'Directory' || type === 'GNUDumpDir') return undefined;
  if (type !== 'File' && type !== 'OldFile' && type !== 'ContiguousFile') {
    const to = linkpath === undefined ? '' : ` to ${JSON.stringify(linkpath.slice(0, 200))}`;
    return { reason: 'unsafe_entry', detail: `a ${type}${to}` };
  }
  if (size <= maxBytes) return undefined;
  return { reason: 'too_many_bytes', detail: `${size} bytes, at most ${maxBytes} are read` };
}
