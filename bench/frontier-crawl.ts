/**
 * What the benchmark of the frontier runs: a crawl of made-up pages without the pages. In rounds, links
 * come in and the pages to visit go out, as in the source `web`.
 *
 *     node dist/bench/frontier-crawl.js HOW PAGES FOLDER
 *
 * HOW: `disk` is ours; `memory` keeps what was seen in JavaScript's sets and the next round in an array;
 * `links` makes the links and does nothing with them. Prints {pages, links, bytes, rest}: pages that came
 * out, links that went in, characters of the pages, bytes on disk at the end.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { boundHeap } from '../src/commands/heap.js';
import type { Links } from '../src/core/source.js';
import { Frontier } from '../src/crawl/sources/frontier/frontier.js';
import { pseudoWord, seeded, seedOf, zipfRank } from './random.js';

/** A link in three leads to a page that no link led to before. */
const LINKS_PER_PAGE = 3;
/** Each round has twice the pages of the one before it. */
const ROUNDS = 8;
/** Pages of a host, on average; hosts follow Zipf's law, as those of the web do. */
const PAGES_PER_HOST = 50;
const HOST_EXPONENT = 1.2;
const HOST_OFFSET = 20;
/** Links, and pages, handed on together. */
const BATCH = 5_000;
const MOST = 1e9;
/** What V8 holds in one set is 2^24; more sets, by a hash, hold more. */
const SETS = 64;

const WORDS = Array.from({ length: 1 << 14 }, (_, rank) => pseudoWord(rank));

/** Page `number` of `all`: always the same, and no other's. */
function pageUrl(number: number, all: number): string {
  const random = seeded(seedOf(1, number, 0));
  const hosts = Math.ceil(all / PAGES_PER_HOST);
  const host = zipfRank(random(), HOST_EXPONENT, HOST_OFFSET, hosts);
  const word = () => WORDS[Math.floor(WORDS.length * random() ** 3)];
  const scheme = host % 8 === 0 ? 'http' : 'https';
  const ending = number % 3 === 0 ? '/' : number % 3 === 1 ? '.html' : `?id=${number}`;
  return `${scheme}://www.${pseudoWord(host)}.example/${word()}/${word()}-${word()}-${number.toString(36)}${ending}`;
}

/** The first page of each round, and the end. */
function bounds(all: number): number[] {
  const parts = 2 ** ROUNDS - 1;
  return Array.from({ length: ROUNDS + 1 }, (_, r) => Math.round((all * (2 ** r - 1)) / parts));
}

/** The links that a round begins with: to each of its pages, and to pages seen before, the first most. */
function linksOf(round: number, all: number): Links {
  const [from = 0, to = 0] = bounds(all).slice(round);
  return {
    digest: `${all} ${round}`,
    async *batches() {
      let batch: string[] = [];
      for (let page = from; page < to; page++) {
        batch.push(pageUrl(page, all));
        const random = seeded(seedOf(2, page, 0));
        for (let again = 1; again < LINKS_PER_PAGE; again++) {
          batch.push(pageUrl(Math.floor((page + 1) * random() ** 2), all));
        }
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
  };
}

interface Total {
  pages: number;
  links: number;
  bytes: number;
}

function take(pages: readonly string[], total: Total): void {
  total.pages += pages.length;
  for (const page of pages) total.bytes += page.length;
}

async function disk(all: number, folder: string, total: Total): Promise<void> {
  const frontier = new Frontier({ folder, maxPagesPerHost: MOST });
  const { signal } = new AbortController();
  for (let round = 0; round < ROUNDS; round++) {
    await frontier.advance(round, (round) => linksOf(round, all), signal);
    for (const pages of frontier.pages(round, BATCH)) take(pages, total);
  }
}

async function memory(all: number, total: Total): Promise<void> {
  const seen = Array.from({ length: SETS }, () => new Set<string>());
  for (let round = 0; round < ROUNDS; round++) {
    const next: string[] = [];
    for await (const batch of linksOf(round, all).batches()) {
      for (const url of batch) {
        const set = seen[setOf(url)] as Set<string>;
        if (set.has(url)) continue;
        set.add(url);
        next.push(url);
      }
    }
    take(next, total);
  }
}

/** By what tells pages apart: their last characters. */
function setOf(url: string): number {
  const { length } = url;
  let hash = 0;
  for (let i = length - 9; i < length; i++) hash = (hash * 31 + url.charCodeAt(i)) | 0;
  return (hash >>> 8) % SETS;
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}

const [how, pages, folder] = process.argv.slice(2) as [string, string, string];
const all = Number(pages);
const total: Total = { pages: 0, links: all * LINKS_PER_PAGE, bytes: 0 };
if (how === 'disk') {
  // As `wit crawl-and-build` does.
  boundHeap([]);
  await disk(all, folder, total);
}
if (how === 'memory') await memory(all, total);
if (how === 'links') {
  for (let round = 0; round < ROUNDS; round++) {
    for await (const batch of linksOf(round, all).batches()) take(batch, total);
  }
}
const rest = how === 'disk' ? bytesIn(folder) : 0;
process.stdout.write(JSON.stringify({ ...total, rest }));
