/**
 * Writes a synthetic pages-articles dump of any size.
 *
 *     node dist/bench/synthetic-dump.js --size 500MB --out FILE [--seed 1] [--multistream]
 *     node dist/bench/synthetic-dump.js --size 500MB --pageviews FOLDER
 *
 * The size is that of the XML. FILE.xml is plain, FILE.bz2 one bzip2 stream; with --multistream it has
 * a stream for the header, one for each 100 pages and one for the footer, and beside it lies the index
 * that Wikimedia publishes with such a file (offset:id:title), itself compressed. --pageviews writes
 * one hourly and one daily file of page views of the same titles.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { writePageviews } from './pageviews.js';
import { realPages } from './real-pages.js';
import { SyntheticPages } from './synthetic-pages.js';

const PAGES_IN_STREAM = 100;

export interface SyntheticDump {
  path: string;
  /** Bytes of XML, with header and footer. */
  xmlBytes: number;
  pages: number;
  /** Of a multistream dump. */
  index?: string;
  /** Of a multistream dump: where each stream begins, and the bytes of XML before it. */
  streams?: { offset: number; xmlBefore: number }[];
}

export interface DumpOptions {
  path: string;
  /** Bytes of XML after which the last page is written. */
  size: number;
  seed?: number;
  multistream?: boolean;
}

/** Plain XML or one bzip2 stream by the name's ending, or a multistream file. */
export async function writeSyntheticDump(options: DumpOptions): Promise<SyntheticDump> {
  const pages = new SyntheticPages(realPages(), options.seed ?? 1);
  if (options.multistream) return await writeMultistream(pages, options);
  const { path, size } = options;
  const file = createWriteStream(path);
  const bzip2 = path.endsWith('.bz2') ? spawn('bzip2', ['-9'], PIPED) : undefined;
  bzip2?.stdout?.pipe(file);
  const out = (bzip2?.stdin ?? file) as Writable;
  let xmlBytes = await write(out, Buffer.from(pages.header));
  let index = 0;
  for (; xmlBytes < size; index++) xmlBytes += await write(out, Buffer.from(pages.page(index)));
  xmlBytes += await write(out, Buffer.from(pages.footer));
  out.end();
  await finished(file);
  return { path, xmlBytes, pages: index };
}

const PIPED = { stdio: ['pipe', 'pipe', 'inherit'] as ['pipe', 'pipe', 'inherit'] };

/** Writes and waits until there is room again; gives the bytes written. */
async function write(out: Writable, bytes: Buffer): Promise<number> {
  if (!out.write(bytes)) await once(out, 'drain');
  return bytes.length;
}

async function writeMultistream(
  pages: SyntheticPages,
  { path, size }: DumpOptions,
): Promise<SyntheticDump> {
  const file = await open(path, 'w');
  const index: string[] = [];
  const streams: { offset: number; xmlBefore: number }[] = [];
  let offset = 0;
  let xmlBytes = 0;
  // One stream is compressed on another core while the next is made.
  let pending: Promise<void> = Promise.resolve();
  const append = async (xml: Buffer, heads: string[]): Promise<void> => {
    const compressed = compress(xml);
    await pending;
    pending = compressed.then(async (stream) => {
      streams.push({ offset, xmlBefore: xmlBytes });
      index.push(...heads.map((head) => `${offset}:${head}\n`));
      await file.write(stream);
      offset += stream.length;
      xmlBytes += xml.length;
    });
  };

  await append(Buffer.from(pages.header), []);
  let made = pages.header.length;
  let count = 0;
  while (made < size) {
    const xml: Buffer[] = [];
    const heads: string[] = [];
    for (; xml.length < PAGES_IN_STREAM && made < size; count++) {
      const page = Buffer.from(pages.page(count));
      const { id, title } = pages.head(count);
      xml.push(page);
      heads.push(`${id}:${title}`);
      made += page.length;
    }
    await append(Buffer.concat(xml), heads);
  }
  await append(Buffer.from(pages.footer), []);
  await pending;
  await file.close();

  const indexPath = join(dirname(path), basename(path).replace(/(\.xml)?\.bz2$/, '-index.txt.bz2'));
  const packed = execFileSync('bzip2', ['-9'], { input: index.join(''), maxBuffer: 2 ** 30 });
  await writeFileAt(indexPath, packed);
  return { path, xmlBytes, pages: count, index: indexPath, streams };
}

/** One bzip2 stream. */
async function compress(bytes: Buffer): Promise<Buffer> {
  const bzip2: ChildProcess = spawn('bzip2', ['-9'], PIPED);
  const chunks: Buffer[] = [];
  bzip2.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  bzip2.stdin?.end(bytes);
  const [code] = (await once(bzip2, 'close')) as [number];
  if (code !== 0) throw new Error(`bzip2 ended with exit code ${code}`);
  return Buffer.concat(chunks);
}

async function writeFileAt(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  await file.write(bytes);
  await file.close();
}

/** `500MB`, `2GB`, `1500` in bytes; powers of ten. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kMG]?)B?$/i.exec(text);
  if (match === null) throw new Error(`A size is a number and kB, MB or GB, not ${text}`);
  const unit = { '': 1, k: 1e3, m: 1e6, g: 1e9 }[(match[2] as string).toLowerCase()] as number;
  return Number(match[1]) * unit;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      size: { type: 'string' },
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      multistream: { type: 'boolean', default: false },
      pageviews: { type: 'string' },
    },
  });
  const { size, out, seed, multistream, pageviews } = values;
  if (size === undefined || (out === undefined && pageviews === undefined))
    throw new Error('Say --size SIZE and --out FILE or --pageviews FOLDER');
  if (out !== undefined) {
    const { streams, ...dump } = await writeSyntheticDump({
      path: resolve(out),
      size: parseSize(size),
      seed: Number(seed),
      multistream,
    });
    console.log(JSON.stringify({ ...dump, streams: streams?.length }));
  }
  if (pageviews !== undefined) {
    const files = await writePageviews({
      folder: resolve(pageviews),
      size: parseSize(size),
      seed: Number(seed),
    });
    console.log(JSON.stringify(files));
  }
}

if (process.argv[1] === import.meta.filename) await main();
