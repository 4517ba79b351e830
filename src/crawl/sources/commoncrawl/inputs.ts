/**
 * Which archives a person means: WARC and WAT files by name, folders of them, and paths files, as
 * Common Crawl publishes them for each crawl (`wat.paths.gz`); each on this machine or by URL.
 */

import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemCode, WitError } from '../../../core/errors.js';
import type { WebClient } from '../../net/client.js';
import { parseUrl } from '../../net/guard.js';
import { isGzip, unpack } from './unpack.js';

/** What archives are called; other files of a folder are passed over. */
const ARCHIVE = /\.(warc|wat)(\.gz)?$/i;
const PATHS = /(^|[./\\])paths(\.gz)?$/i;
/** Unpacked. The longest list so far, of 100,000 files, has 14 MB. */
const MAX_PATHS_BYTES = 256 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/** How far a file is read, in bytes. `total` is unknown of a URL whose server does not say. */
export interface Meter {
  read: number;
  total: number | undefined;
}

/**
 * The bytes of a file, here or far.
 * @param meter moves as they are handed on
 * @throws WitError `missing_file` or `bad_file`; StreamLossError for a URL.
 */
export async function* openBytes(
  location: string,
  client: WebClient,
  signal: AbortSignal,
  meter: Meter = { read: 0, total: undefined },
): AsyncGenerator<Buffer> {
  for await (const chunk of chunksOf(location, client, signal, meter)) {
    meter.read += chunk.length;
    yield chunk;
  }
}

async function* chunksOf(
  location: string,
  client: WebClient,
  signal: AbortSignal,
  meter: Meter,
): AsyncGenerator<Buffer> {
  if (isUrl(location)) {
    yield* client.stream(location, signal, (total) => {
      meter.total = total;
    });
    return;
  }
  try {
    meter.total = (await stat(location)).size;
    yield* createReadStream(location, { highWaterMark: READ_BYTES, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(location, cause);
  }
}

/**
 * The archives that `inputs` name, in order, each once.
 * @throws WitError `missing_file`, `bad_file` or `input` naming what cannot be used.
 */
export async function findArchives(
  inputs: readonly string[],
  base: string,
  client: WebClient,
  signal: AbortSignal,
): Promise<string[]> {
  const found = new Set<string>();
  for (const input of inputs) {
    if (PATHS.test(input)) {
      for (const path of await readPaths(input, base, client, signal)) found.add(path);
    } else if (isUrl(input)) {
      found.add(input);
    } else if (await isFolder(input)) {
      const names = (await readdir(input, { recursive: true })).map(String);
      const archives = names.filter((name) => ARCHIVE.test(name)).sort();
      if (archives.length === 0) {
        throw new WitError(
          'input',
          `${input} holds no file named .warc, .wat, .warc.gz or .wat.gz`,
        );
      }
      for (const name of archives) found.add(join(input, name));
    } else {
      await checkArchive(input, client, signal);
      found.add(input);
    }
  }
  return [...found];
}

async function readPaths(
  file: string,
  base: string,
  client: WebClient,
  signal: AbortSignal,
): Promise<string[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const piece of unpack(openBytes(file, client, signal))) {
    if (piece.type === 'damage') {
      throw new WitError('bad_file', `${file} is damaged: ${piece.detail}, byte ${piece.at}`);
    }
    bytes += piece.bytes.length;
    if (bytes > MAX_PATHS_BYTES) {
      throw new WitError('bad_file', `${file} is longer than ${MAX_PATHS_BYTES} bytes`);
    }
    chunks.push(piece.bytes);
  }
  const lines = Buffer.concat(chunks).toString().split(/\r?\n/);
  const paths = lines.map((line) => line.trim()).filter((line) => line !== '');
  if (paths.length === 0) throw new WitError('bad_file', `${file} lists no archive`);
  return paths.map((path, index) => resolvePath(path, base, `${file}, entry ${index + 1}`));
}

/** What the list says comes from elsewhere: it may name files below the base, and URLs. */
function resolvePath(path: string, base: string, where: string): string {
  const problem = (what: string, hint?: string) =>
    new WitError('input', `${where}: ${what}: ${JSON.stringify(path.slice(0, 200))}`, {
      ...(hint === undefined ? {} : { hint }),
    });
  if (/\.wet(\.gz)?$/i.test(path)) {
    throw problem(
      'WET files hold plain text, without images',
      'Use wat.paths.gz or warc.paths.gz.',
    );
  }
  if (isUrl(path)) return path;
  const segments = path.split(/[/\\]/);
  if (!ARCHIVE.test(path) || path.includes('\0') || path.includes(':') || segments.includes('..')) {
    throw problem('expected the relative path of a .warc.gz or .wat.gz file');
  }
  const relative = segments.filter((segment) => segment !== '').join('/');
  if (!isUrl(base)) return join(base, relative);
  const url = parseUrl(relative, base.endsWith('/') ? base : `${base}/`);
  if (url === undefined) throw problem(`no URL together with ${base}`);
  return url.href;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** A mistake in the last of many files should show before the first is read. */
async function checkArchive(path: string, client: WebClient, signal: AbortSignal): Promise<void> {
  for await (const chunk of openBytes(path, client, signal)) {
    const isWarc = chunk.subarray(0, 5).toString('latin1') === 'WARC/';
    if (isWarc || isGzip(chunk)) return;
    break;
  }
  throw new WitError('bad_file', `${path} is no WARC or WAT file`, {
    hint: 'Such a file begins with WARC/, packed with gzip or not. Lists of files end in .paths or .paths.gz.',
  });
}

function unreadable(path: string, cause: unknown): WitError {
  const missing = systemCode(cause) === 'ENOENT';
  const message = missing ? `${path} does not exist` : `Cannot read ${path}: ${messageOf(cause)}`;
  return new WitError(missing ? 'missing_file' : 'bad_file', message, { cause });
}
