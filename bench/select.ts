/**
 * Matching of captions and queries: speed against pyahocorasick under MetaCLIP's rule, with equal
 * matches; what building, keeping and loading the tables costs; how threads scale.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { MATCHINGS } from '../src/filter/match/image.js';
import { type CaptionFiles, writeReal, writeSynthetic } from './captions.js';
import { type Bench, type BenchOptions, cost, type Figure, fact, rate } from './figures.js';
import type { Task } from './match-captions.js';
import { type Cost, measure } from './measure.js';
import { benchPython } from './python.js';

const GOALS = { speed: 6, buildSeconds: 10, memoryMB: 1_000, loadSeconds: 1, twoThreads: 1.6 };

export const select: Bench = {
  about: "matching captions and queries, against pyahocorasick under MetaCLIP's rule",
  run,
};

async function run({ quick, say }: BenchOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'wit-bench-select-'));
  try {
    const size = { queries: 500_000, captions: quick ? 50_000 : 200_000 };
    const python = benchPython(say);
    say('writing queries and captions …');
    const inputs = {
      synthetic: await writeSynthetic(join(folder, 'synthetic'), size),
      real: await writeReal(join(folder, 'real'), size),
    };
    const figures: Figure[] = [];
    const notes: string[] = [];
    for (const [name, files] of Object.entries(inputs)) {
      const outcome = await sideBySide(name, files, { folder, python, quick, say });
      figures.push(...outcome.figures);
      notes.push(outcome.note);
    }
    figures.push(...(await threads(inputs.synthetic, inputs.real, folder, say)));
    notes.push(
      'Captions per second of CPU time, ours with the threads of garbage collection and compilation; medians ' +
        'of passes over all captions in one process, after one that is not timed. Threads: by wall time.',
      'Judged: cleaning, text rules, language and matching, as selection does them (preset wit).',
    );
    return { figures, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function sideBySide(
  name: string,
  files: CaptionFiles,
  {
    folder,
    python,
    quick,
    say,
  }: { folder: string; python: string } & Pick<BenchOptions, 'quick' | 'say'>,
) {
  say(`${name}: pyahocorasick …`);
  const script = join(packageRoot, 'bench', 'pyahocorasick_match.py');
  const passes = quick ? '1' : '3';
  const peer = await measure([python, script, files.queries, files.captions, passes]);
  const theirs = JSON.parse(peer.output) as {
    build_seconds: number;
    per_second: number;
    pairs: number;
    digest: string;
  };
  const figures: Figure[] = [];
  const megabytes = ({ peakRss }: Cost): number => (peakRss ?? Number.NaN) / 1e6;
  for (const matching of MATCHINGS) {
    say(`${name}: ours, ${matching} …`);
    const task = { matching, ...files, cache: join(folder, `${name}-${matching}`), threads: 0 };
    const built = await ask<{ seconds: number; bytes: number }>({ ...task, step: 'build' });
    const matched = await ask<{
      loadSeconds: number;
      perSecond: number;
      pairs: number;
      digest: string;
    }>({ ...task, step: 'match' });
    if (matching === 'metaclip' && matched.answer.digest !== theirs.digest) {
      throw new Error(`${name}: ${matched.answer.pairs} matches, pyahocorasick ${theirs.pairs}`);
    }
    const what = `${name}, ${matching}`;
    figures.push(
      rate(
        `${what}: captions, peer: pyahocorasick, metaclip`,
        '1/CPU s',
        matched.answer.perSecond,
        theirs.per_second,
        GOALS.speed,
      ),
      cost(`${what}: build, peer: the limit`, 's', built.answer.seconds, GOALS.buildSeconds, 1),
      cost(
        `${what}: peak memory of building, peer: the limit`,
        'MB',
        megabytes(built.cost),
        GOALS.memoryMB,
        1,
      ),
      fact(`${what}: tables`, 'MB', built.answer.bytes / 1e6),
      cost(`${what}: load, peer: the limit`, 's', matched.answer.loadSeconds, GOALS.loadSeconds, 1),
      fact(`${what}: matches of a caption`, '', matched.answer.pairs / files.counts.captions),
    );
  }
  const { queries, captions, words } = files.counts;
  return {
    figures,
    note:
      `${name}: ${queries} queries, ${captions} captions of ${words.toFixed(1)} words. Metaclip's matches are those of ` +
      `pyahocorasick 2.3.1, all ${theirs.pairs} (SHA-256 of all pairs). pyahocorasick: built in ` +
      `${theirs.build_seconds.toFixed(1)} s, ${megabytes(peer).toFixed(0)} MB at its peak, captions included.`,
  };
}

async function threads(
  synthetic: CaptionFiles,
  real: CaptionFiles,
  folder: string,
  say: BenchOptions['say'],
): Promise<Figure[]> {
  say('threads …');
  const perSecond = async (
    step: Task['step'],
    files: CaptionFiles,
    name: string,
    count: number,
  ) => {
    const cache = join(folder, `${name}-normalized`);
    const task = { step, matching: 'normalized', ...files, cache, threads: count } as const;
    return (await ask<{ perSecond: number }>(task)).answer.perSecond;
  };
  const figures: Figure[] = [];
  for (const [what, step, files, name] of [
    ['matched', 'threads', synthetic, 'synthetic'],
    ['judged', 'judge', real, 'real'],
  ] as const) {
    const one = await perSecond(step, files, name, 1);
    const two = await perSecond(step, files, name, 2);
    figures.push(
      rate(`captions ${what} by 2 threads, peer: ours by 1`, '1/s', two, one, GOALS.twoThreads),
    );
  }
  return figures;
}

async function ask<Answer>(task: Task): Promise<{ answer: Answer; cost: Cost }> {
  const script = join(packageRoot, 'dist', 'bench', 'match-captions.js');
  const result = await measure([process.execPath, script, JSON.stringify(task)]);
  return { answer: JSON.parse(result.output) as Answer, cost: result };
}
