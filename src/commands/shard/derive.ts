/** `wit shard merge`, `reshard` and `sample`: datasets made of the rows of others. */

import { WitError } from '../../core/errors.js';
import type { DeriveOptions } from '../../shard/index.js';
import { type Command, type CommandInput, type Flag, type Io, namesIn } from '../command.js';
import { number, oneOf, whole } from './numbers.js';

const cutFlags: Flag[] = [
  {
    flags: '--rows <n>',
    summary: 'rows of a shard, at most (default: as the first dataset)',
    kind: 'number',
  },
  { flags: '--shard-bytes <n>', summary: 'bytes of images in a shard, at most', kind: 'number' },
  { flags: '--row-group <n>', summary: 'rows of a row group', kind: 'number' },
  { flags: '--order <name>', summary: 'keep (default) or shuffle' },
  { flags: '--seed <n>', summary: 'of shuffle and sample (default: 0)', kind: 'number' },
  {
    flags: '--split <name=share...>',
    summary: 'rows of a split of their own, by a hash of their keys, e.g. val=0.01',
  },
];
const out: Flag = { flags: '--out <dir>', summary: 'the new dataset folder' };

export const merge: Command = {
  name: 'merge',
  summary: 'one dataset of several; of rows with the same key the first stays',
  args: [{ name: '<dataset...>', summary: 'complete datasets' }],
  examples: ['wit shard merge crawl-1 crawl-2 --out both'],
  flags: [out, ...cutFlags],
  run: (input, io) => derive('merge', input, io),
};

export const reshard: Command = {
  name: 'reshard',
  summary: 'cut shards anew: their size, row groups, order, splits',
  args: [{ name: '<dataset>', summary: 'a complete dataset' }],
  examples: [
    'wit shard reshard data --out shuffled --order shuffle --seed 1',
    'wit shard reshard data --out data-2 --rows 50000 --split val=0.01',
  ],
  flags: [out, ...cutFlags],
  run: (input, io) => derive('reshard', input, io),
};

export const sample: Command = {
  name: 'sample',
  summary: 'a seeded random sample of the rows',
  args: [{ name: '<dataset>', summary: 'a complete dataset' }],
  examples: [
    'wit shard sample data --share 0.01 --out small',
    'wit shard sample data -n 10000 --out small',
  ],
  flags: [
    out,
    { flags: '-n, --count <n>', summary: 'so many rows', kind: 'number' },
    { flags: '--share <x>', summary: 'or such a share of them, between 0 and 1', kind: 'number' },
    ...cutFlags,
  ],
  run: (input, io) => derive('sample', input, io),
};

async function derive(
  by: 'merge' | 'reshard' | 'sample',
  { args, flags }: CommandInput,
  io: Io,
): Promise<void> {
  const { deriveDataset, parseSplits } = await import('../../shard/index.js');
  const folder = flags.out as string | undefined;
  if (folder === undefined) throw new WitError('config', 'Give the new dataset folder with --out');
  const options: DeriveOptions = {
    order: oneOf('--order', flags.order ?? 'keep', ['keep', 'shuffle'] as const),
    splits: parseSplits(namesIn((flags.split as string[] | undefined) ?? [])),
    ...known('rows', whole('--rows', flags.rows, 1)),
    ...known('bytes', whole('--shard-bytes', flags.shardBytes, 1)),
    ...known('rowGroupRows', whole('--row-group', flags.rowGroup, 1)),
    ...known('seed', whole('--seed', flags.seed, 0)),
    ...(by === 'sample' && { sample: sampleOf(flags) }),
    emit: io.emit,
    signal: io.signal,
  };
  const { shards, splits = {}, funnel } = await deriveDataset(by, args, folder, options);
  for (const [name, files] of Object.entries({ train: shards, ...splits })) {
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    io.print(`${name}: ${number(rows)} rows in ${number(files.length)} shards`);
  }
  const repeated = funnel.lost.shard?.duplicate_key ?? 0;
  if (repeated > 0) io.print(`${number(repeated)} rows had the key of an earlier one`);
  io.result({ out: folder, shards, splits, funnel });
}

function sampleOf({ count, share }: Record<string, unknown>): { rows: number } | { share: number } {
  if ((count === undefined) === (share === undefined)) {
    throw new WitError('config', 'Give either --count or --share');
  }
  if (count !== undefined) return { rows: whole('--count', count, 1) as number };
  if ((share as number) > 0 && (share as number) <= 1) return { share: share as number };
  throw new WitError('config', `--share expects a number above 0 and at most 1, received ${share}`);
}

function known<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]?: V });
}
