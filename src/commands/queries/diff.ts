/** `wit queries diff`: how two lists differ. */

import type { Difference } from '../../queries/diff.js';
import type { Command, CommandInput, Io } from '../command.js';

export const diff: Command = {
  name: 'diff',
  summary: 'what only one of two lists has, and what changed in what both have',
  args: [
    { name: '<a>', summary: 'a query list' },
    { name: '<b>', summary: 'another' },
  ],
  examples: [
    'wit queries diff old.parquet new.parquet',
    'wit queries diff old.parquet new.parquet --out differences.tsv',
  ],
  flags: [
    { flags: '--out <file>', summary: 'write every difference as tab-separated values' },
    { flags: '--seed <n>', summary: 'seed of the samples (default: 0)', kind: 'number' },
    { flags: '--samples <n>', summary: 'samples and changes listed (default: 10)', kind: 'number' },
  ],
  run: runDiff,
};

async function runDiff(input: CommandInput, io: Io): Promise<void> {
  const [fileA, fileB] = input.args as [string, string];
  const { out, seed, samples } = input.flags as { out?: string; seed?: number; samples?: number };
  const { loadQueries } = await import('../../queries/load.js');
  const { diffLists, writeDifferences } = await import('../../queries/diff.js');
  const [{ queries: a }, { queries: b }] = [await loadQueries(fileA), await loadQueries(fileB)];
  const difference = diffLists(a, b, {
    ...(seed !== undefined && { seed }),
    ...(samples !== undefined && { samples }),
  });
  for (const line of describe(difference, fileA, fileB)) io.print(line);
  if (out !== undefined) {
    await writeDifferences(out, a, b);
    io.print(`all differences: ${out}`);
  }
  io.result({ a: fileA, b: fileB, ...(out !== undefined && { out }), difference });
}

function describe(found: Difference, fileA: string, fileB: string): string[] {
  const { common, onlyA, onlyB, otherCase, changed, sources, measures, samples } = found;
  const lines = [
    `A ${fileA}: ${number(found.a)} queries`,
    `B ${fileB}: ${number(found.b)} queries`,
    `in both ${number(common)}, of which ${number(changed)} with other sources or measures`,
    `only in A ${number(onlyA)}, of which B has ${number(otherCase)} with other capitals`,
    `only in B ${number(onlyB)}`,
    '',
    row(['source', 'in both', 'only A', 'only B']),
    ...sources.map((s) => row([s.source, number(s.common), number(s.onlyA), number(s.onlyB)])),
  ];
  for (const { measure, changed: count, largest } of measures) {
    if (count === 0) continue;
    lines.push('', `${measure} changed in ${number(count)}; most in`);
    for (const { text, a, b } of largest) lines.push(`  ${text}: ${number(a)} → ${number(b)}`);
  }
  if (samples.onlyA.length > 0) lines.push('', `only in A: ${samples.onlyA.join(' · ')}`);
  if (samples.onlyB.length > 0) lines.push('', `only in B: ${samples.onlyB.join(' · ')}`);
  return lines;
}

function row(cells: string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(11))).join('');
}

function number(n: number): string {
  return n.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
