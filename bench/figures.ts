/** What a benchmark gives, and how it is written down. */

import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';

export interface Figure {
  what: string;
  unit: string;
  ours: number | null;
  /** The other program's, or what ours is held against. */
  peer: number | null;
  /** Above 1 we are better. */
  ratio: number | null;
  /** The ratio to reach. */
  goal: number | null;
}

export interface BenchOptions {
  /** Smaller inputs, fewer repetitions. */
  quick: boolean;
  /** Larger inputs too, where a benchmark has them. */
  large: boolean;
  /** Progress. */
  say: (text: string) => void;
}

export interface Bench {
  /** One line for the list. */
  about: string;
  run(options: BenchOptions): Promise<{ figures: Figure[]; notes: string[] }>;
}

export interface Result {
  date: string;
  machine: { cpu: string; cores: number; memoryGB: number; node: string; system: string };
  /** The commit, with `+` when files differed from it. */
  commit: string;
  quick: boolean;
  figures: Figure[];
  /** What the figures depend on: inputs, versions, formulas. */
  notes: string[];
}

/** A figure of which less is better. */
export function cost(what: string, unit: string, ours: number, peer: number, goal: number): Figure {
  return { what, unit, ours, peer, ratio: peer / ours, goal };
}

/** A figure of which more is better. */
export function rate(what: string, unit: string, ours: number, peer: number, goal: number): Figure {
  return { what, unit, ours, peer, ratio: ours / peer, goal };
}

/** A figure without a peer. */
export function fact(what: string, unit: string, ours: number): Figure {
  return { what, unit, ours, peer: null, ratio: null, goal: null };
}

/** The commit that is checked out; take it before a long run, during which that may change. */
export function commitNow(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: packageRoot, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'bench', 'package.json') !== '';
  return git('rev-parse', '--short', 'HEAD') + (changed ? '+' : '');
}

export function asResult(
  outcome: { figures: Figure[]; notes: string[] },
  { commit, quick }: { commit: string; quick: boolean },
): Result {
  return {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGB: Math.round(totalmem() / 1e9),
      node: process.version,
      system: `${process.platform} ${process.arch}`,
    },
    commit,
    quick,
    figures: outcome.figures.map((figure) => ({
      ...figure,
      ours: rounded(figure.ours),
      peer: rounded(figure.peer),
      ratio: rounded(figure.ratio),
    })),
    notes: outcome.notes,
  };
}

/** To four significant digits: what repeats from run to run is fewer. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}

/** Writes bench/results/NAME.json and gives its path; a quick run is not the record and writes none. */
export async function writeResult(name: string, result: Result): Promise<string | undefined> {
  if (result.quick) return undefined;
  const folder = join(packageRoot, 'bench', 'results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  await writeFile(path, `${JSON.stringify(result, null, 2)}\n`);
  return path;
}

export function asTable(figures: readonly Figure[]): string {
  const shown = (value: number | null): string => (value === null ? '' : String(value));
  const rows = [
    ['', 'ours', 'peer', 'unit', 'ratio', 'goal', ''],
    ...figures.map(({ what, unit, ours, peer, ratio, goal }) => [
      what,
      shown(ours),
      shown(peer),
      unit,
      shown(ratio),
      shown(goal),
      ratio === null || goal === null ? '' : ratio >= goal ? 'met' : 'MISSED',
    ]),
  ];
  const widths = (rows[0] as string[]).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
