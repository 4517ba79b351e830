/** Where a crawl of the web starts: seeds in the settings, and files of them, one URL a line. */

import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import type { SourcesConfig } from '../../config.js';
import { messageOf, systemCode, WitError } from '../../core/errors.js';
import type { SourceResult } from '../../core/source.js';
import { anyAddress, parseUrl, refuseUrl } from '../net/guard.js';
import { type Found, lostPage } from './found.js';
import type { Scope } from './frontier/scope.js';
import { gzipFile, plainFile } from './lists/bytes.js';
import { isGzip } from './lists/format.js';

/** Lines handed on together. */
const BATCH = 5_000;
/** A longer line is no URL; the rest of it is not kept. */
const MAX_LINE = 100_000;

/**
 * The seeds that stand in the settings.
 * @throws WitError `config` naming one that is no http(s) URL.
 */
export function seedUrls(seeds: readonly string[]): URL[] {
  return seeds.map((seed) => {
    const read = readSeed(seed);
    if (read instanceof URL) return read;
    throw new WitError('config', `Seed ${JSON.stringify(seed)}: ${read}`, {
      hint: 'Give seeds as whole URLs, for example https://example.org/.',
    });
  });
}

/**
 * The hosts that may be visited where the settings name none: those of all seeds.
 * @throws WitError `missing_file` naming a seed file that cannot be read.
 */
export async function seedHosts(config: SourcesConfig): Promise<string[]> {
  const hosts = new Set(seedUrls(config.seeds).map(({ hostname }) => hostname));
  for (const path of config.seedFiles) {
    for await (const { text } of seedLines(path)) {
      const seed = readSeed(text);
      if (seed instanceof URL) hosts.add(seed.hostname);
    }
  }
  return [...hosts];
}

/** What a seed file gives: its pages as links; lines that are no seeds are rejects. */
export async function* readSeedFile(path: string, scope: Scope): AsyncGenerator<SourceResult> {
  let result: SourceResult = { candidates: [], rejects: [], links: [], counts: { seeds: 0 } };
  let size = 0;
  for await (const { number, text } of seedLines(path)) {
    const found = readLine(text, `${path}, line ${number}`, scope);
    result.links.push(...found.links);
    result.rejects.push(...found.rejects);
    result.counts.seeds = result.links.length;
    if (++size < BATCH) continue;
    yield result;
    result = { candidates: [], rejects: [], links: [], counts: { seeds: 0 } };
    size = 0;
  }
  yield result;
}

function readLine(text: string, place: string, scope: Scope): Found {
  const seed = readSeed(text);
  const lost = (why: string) =>
    lostPage(text.slice(0, 1_000), { reason: 'bad_url', detail: `${place}: ${why}` });
  if (!(seed instanceof URL)) return lost(seed);
  if (!scope.admits(seed.href)) return lost('a file, a trap, or outside the hosts');
  return { candidates: [], rejects: [], links: [seed.href] };
}

/** A seed without its fragment, or what is wrong with it. */
function readSeed(text: string): URL | string {
  const url = parseUrl(text);
  if (url === undefined) return 'it is not an absolute URL';
  const refused = refuseUrl(url, anyAddress);
  if (refused !== undefined) return refused.detail;
  url.hash = '';
  return url;
}

/** The lines of a file, gzipped or not, without empty ones and those that begin with `#`. */
async function* seedLines(path: string): AsyncGenerator<{ number: number; text: string }> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let number = 0;
  const take = function* (text: string) {
    number++;
    const line = text.replace(/^\uFEFF/, '').trim();
    if (line !== '' && !line.startsWith('#')) yield { number, text: line };
  };
  try {
    const file = (await beginsWithGzip(path)) ? gzipFile(path) : plainFile(path);
    for await (const chunk of file.chunks()) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = (lines.pop() as string).slice(0, MAX_LINE);
      for (const line of lines) yield* take(line);
    }
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT';
    throw new WitError(
      missing ? 'missing_file' : 'bad_file',
      missing ? `Seed file ${path} does not exist` : `Cannot read ${path}: ${messageOf(cause)}`,
      { cause },
    );
  }
  yield* take(rest + decoder.end());
}

async function beginsWithGzip(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return isGzip(buffer);
  } finally {
    await handle.close();
  }
}
