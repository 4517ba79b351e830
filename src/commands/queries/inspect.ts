/** `wit queries inspect`: what a list holds, and how much of it can ever match a caption. */

import type { AccountBin } from '../../core/query-account.js';
import type { Inspection } from '../../queries/inspect.js';
import type { Command, CommandInput, Io } from '../command.js';

export const inspect: Command = {
  name: 'inspect',
  summary: 'sizes by source, lengths, overlaps, samples, and what can never match',
  args: [{ name: '<list>', summary: 'text with one query a line, or Parquet with a text column' }],
  examples: [
    'wit queries inspect queries/packages.parquet',
    'wit queries inspect my-list.txt --json',
  ],
  flags: [
    { flags: '--seed <n>', summary: 'seed of the samples (default: 0)', kind: 'number' },
    {
      flags: '--samples <n>',
      summary: 'samples of each source and examples of each reason (default: 10)',
      kind: 'number',
    },
  ],
  run: runInspect,
};

async function runInspect(input: CommandInput, io: Io): Promise<void> {
  const list = input.args[0] as string;
  const { seed, samples } = input.flags as { seed?: number; samples?: number };
  const { loadQueries } = await import('../../queries/load.js');
  const { readAccount } = await import('../../queries/list-file.js');
  const { inspectList } = await import('../../queries/inspect.js');
  const { whyNeverInMetaclip } = await import('../../queries/metaclip.js');
  const { tokenise } = await import('../../filter/match.js');
  const { queries, digest, repeated } = await loadQueries(list);
  const account = await readAccount(list);
  const found = inspectList(queries, {
    account,
    matching: {
      normalized: (text) => (tokenise(text).length === 0 ? 'holds no letter or digit' : undefined),
      metaclip: whyNeverInMetaclip,
    },
    ...(seed !== undefined && { seed }),
    ...(samples !== undefined && { samples }),
  });
  io.print(
    `${list}: ${number(found.size)} queries${repeated > 0 ? `, ${number(repeated)} repeated` : ''}`,
  );
  for (const line of describe(found)) io.print(line);
  io.result({ list, digest, repeated, ...found });
}

function describe({
  size,
  sources,
  overlap,
  words,
  characters,
  matching,
  samples,
}: Inspection): string[] {
  const lines = ['', row(['source', 'in all', 'alone', 'charged'])];
  for (const { source, listed, alone, charged } of sources) {
    lines.push(
      row([source, number(listed), number(alone), charged === null ? '–' : number(charged)]),
    );
  }
  for (const { a, b, count } of overlap) {
    if (count > 0) lines.push(`  both ${a} and ${b}: ${number(count)}`);
  }
  lines.push('', 'words in a query', ...histogram(words, 6));
  lines.push('', 'characters in a query', ...histogram(grouped(characters, 5), 12));
  for (const { mode, never, reasons } of matching) {
    lines.push('', `can never match, ${mode}: ${number(never)} of ${number(size)}`);
    for (const { reason, count, examples } of reasons) {
      lines.push(`  ${reason}: ${number(count)}`, `    ${examples.join(' · ')}`);
    }
  }
  for (const { source, texts } of samples) lines.push('', `${source}: ${texts.join(' · ')}`);
  return lines;
}

/** The bins in order; those from the `most`th on as one. */
function histogram(bins: readonly AccountBin[], most: number): string[] {
  const shown = bins.slice(0, most);
  const rest = bins.slice(most).reduce((sum, { count }) => sum + count, 0);
  const largest = Math.max(1, rest, ...shown.map(({ count }) => count));
  const line = (label: string, count: number): string =>
    `  ${label.padStart(7)} ${number(count).padStart(9)}  ${'█'.repeat(Math.round((30 * count) / largest))}`.trimEnd();
  const lines = shown.map(({ from, to, count }) =>
    line(to - from === 1 ? String(from) : `${from}–${to - 1}`, count),
  );
  if (rest > 0) lines.push(line(`${bins[most]?.from}+`, rest));
  return lines;
}

/** Bins of `width` from bins of one; the first begins at 1. */
function grouped(bins: readonly AccountBin[], width: number): AccountBin[] {
  const groups: AccountBin[] = [];
  for (const { from, count } of bins) {
    const start = Math.floor((from - 1) / width) * width + 1;
    const last = groups.at(-1);
    if (last?.from === start) last.count += count;
    else groups.push({ from: start, to: start + width, count });
  }
  return groups;
}

function row(cells: string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(10) : cell.padStart(11))).join('');
}

function number(n: number): string {
  return n.toLocaleString('en-US');
}
