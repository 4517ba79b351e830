/**
 * What bench/select.ts runs in a process of its own, with a JSON object of `Task`'s fields as argument; prints
 * a JSON object.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { filterSchema } from '../src/config.js';
import { contentId } from '../src/core/ids.js';
import { mapOrdered } from '../src/core/ordered.js';
import { cachedImage } from '../src/filter/match/cache.js';
import { buildImage } from '../src/filter/match/image.js';
import { MatchImage, type Matching, QueryMatcher } from '../src/filter/match.js';
import { openJudging } from '../src/filter/selection/judging.js';

export interface Task {
  /**
   * - `build`: the tables from the list, then into the cache.
   * - `match`: the tables from the cache; captions, timed, then all that they match, hashed.
   * - `threads`: captions in that many threads over one copy of the tables.
   * - `judge`: text rules and matching, as selection does them, in that many threads.
   */
  step: 'build' | 'match' | 'threads' | 'judge';
  matching: Matching;
  queries: string;
  captions: string;
  cache: string;
  threads: number;
}

/** Timed passes over all captions, after one that is not. */
const PASSES = 5;
const BATCH = 500;

/** Lines as strings of their own, as a caption is that was read from Parquet; `split` gives slices of one string. */
function linesOf(path: string): string[] {
  const bytes = readFileSync(path);
  const lines: string[] = [];
  let from = 0;
  for (let to = bytes.indexOf('\n'); to !== -1; to = bytes.indexOf('\n', from)) {
    lines.push(bytes.toString('utf8', from, to));
    from = to + 1;
  }
  lines.push(bytes.toString('utf8', from));
  return lines;
}
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number;

async function build({ queries, matching, cache }: Task) {
  const list = linesOf(queries);
  const begun = performance.now();
  const image = buildImage(list, matching);
  const seconds = (performance.now() - begun) / 1000;
  await cachedImage(cache, list, matching);
  return { seconds, bytes: image.buffer.byteLength };
}

async function match({ queries, captions, matching, cache }: Task) {
  const list = linesOf(queries);
  const begun = performance.now();
  const image = await cachedImage(cache, list, matching);
  const loadSeconds = (performance.now() - begun) / 1000;
  const texts = linesOf(captions);
  const matcher = new QueryMatcher(image);
  const seconds: number[] = [];
  for (let pass = 0; pass <= PASSES; pass++) {
    const before = cpuSeconds();
    for (const text of texts) matcher.find(text);
    if (pass > 0) seconds.push(cpuSeconds() - before);
  }
  const hash = createHash('sha256');
  let pairs = 0;
  for (const text of texts) {
    const found = matcher.match(text);
    pairs += found.length;
    hash.update(Int32Array.of(found.length, ...found));
  }
  const perSecond = texts.length / median(seconds);
  return { loadSeconds, perSecond, pairs, digest: hash.digest('hex') };
}

async function inThreads({ queries, captions, matching, cache, threads }: Task) {
  const image = await cachedImage(cache, linesOf(queries), matching);
  const workers = Array.from(
    { length: threads },
    (_, index) =>
      new Worker(fileURLToPath(import.meta.url), {
        workerData: { buffer: image.buffer, captions, threads, index },
      }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const begun = performance.now();
  for (const worker of workers) worker.postMessage('go');
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const seconds = (performance.now() - begun) / 1000 / PASSES;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { perSecond: linesOf(captions).length / seconds };
}

/** Of all captions every `threads`-th; says when it is ready, and when it has done them. */
function runThread(): void {
  const { buffer, captions, threads, index } = workerData as {
    buffer: SharedArrayBuffer;
    captions: string;
    threads: number;
    index: number;
  };
  const texts = linesOf(captions).filter((_, at) => at % threads === index);
  const matcher = new QueryMatcher(new MatchImage(buffer));
  const pass = (): void => {
    for (const text of texts) matcher.find(text);
  };
  pass();
  parentPort?.on('message', () => {
    for (let at = 0; at < PASSES; at++) pass();
    parentPort?.postMessage('done');
  });
  parentPort?.postMessage('ready');
}

async function judge({ queries, captions, matching, cache, threads }: Task) {
  const image = await cachedImage(cache, linesOf(queries), matching);
  const candidates = linesOf(captions).map((text, n) => {
    const imageUrl = `https://example.org/images/${n}.jpg`;
    return { id: contentId(imageUrl, text), imageUrl, text, textSource: 'alt' as const };
  });
  const judging = openJudging(
    { image, config: filterSchema.parse({ matching }), seed: 0 },
    threads,
  );
  const pass = async (): Promise<void> => {
    const batches = Array.from({ length: Math.ceil(candidates.length / BATCH) }, (_, n) =>
      candidates.slice(n * BATCH, (n + 1) * BATCH),
    );
    const concurrency = judging.width;
    for await (const _ of mapOrdered(batches, (batch) => judging.judge(batch), { concurrency }));
  };
  await pass();
  const begun = performance.now();
  await pass();
  const perSecond = candidates.length / ((performance.now() - begun) / 1000);
  await judging.close();
  return { perSecond };
}

if (isMainThread) {
  const task = JSON.parse(process.argv[2] as string) as Task;
  const steps = { build, match, threads: inThreads, judge };
  process.stdout.write(JSON.stringify(await steps[task.step](task)));
} else {
  runThread();
}
