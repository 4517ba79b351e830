/** `wit shard export`: shards → webdataset, img2dataset, a plain folder, a folder for the Hub. */

import type { ExportFormat } from '../../shard/index.js';
import { type Command, type CommandInput, type Io, namesIn } from '../command.js';
import { number, oneOf } from './numbers.js';

export const exportCommand: Command = {
  name: 'export',
  summary: 'write the shards as webdataset tars, img2dataset Parquet, a folder, or for the Hub',
  args: [
    { name: '<dataset>', summary: 'a complete dataset' },
    { name: '<out>', summary: 'folder of the export: empty, or one that was begun' },
  ],
  examples: [
    'wit shard export data tars --to webdataset        # open_clip: --train-data "tars/{00000..00041}.tar"',
    'wit shard export data hub --to huggingface --split val=0.01',
  ],
  flags: [
    { flags: '--to <format>', summary: 'webdataset, img2dataset, folder or huggingface' },
    {
      flags: '--split <name=share...>',
      summary: 'rows of a split of their own, by a hash of their keys, e.g. val=0.01',
    },
    { flags: '--metadata <format>', summary: 'of --to folder: jsonl (default) or csv' },
    { flags: '--jobs <n>', summary: 'shards at work at once (default: 2)', kind: 'number' },
  ],
  run: runExport,
};

async function runExport({ args, flags }: CommandInput, io: Io): Promise<void> {
  const { EXPORT_FORMATS, exportShards, parseSplits } = await import('../../shard/index.js');
  const [dir, out] = args as [string, string];
  const { jobs } = flags as { jobs?: number };
  const to = oneOf('--to', flags.to, EXPORT_FORMATS);
  const metadata = oneOf('--metadata', flags.metadata ?? 'jsonl', ['jsonl', 'csv'] as const);
  const splits = parseSplits(namesIn((flags.split as string[] | undefined) ?? []));
  const { emit, signal } = io;
  const { files, rows, bytes } = await exportShards(dir, out, {
    to: to as ExportFormat,
    metadata,
    splits,
    ...(jobs !== undefined && { jobs }),
    emit,
    signal,
  });
  io.print(
    `${number(rows)} rows in ${files.length} files (${(bytes / 1e6).toFixed(1)} MB): ${out}`,
  );
  io.result({ out, rows, bytes, files });
}
