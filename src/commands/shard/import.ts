/** `wit shard import`: webdataset tars, img2dataset's output, Parquet with images → a dataset. */

import { buildConfigOf, mergeSettings, resolveConfig } from '../../config.js';
import { type Command, type CommandInput, configFlags, type Io } from '../command.js';
import { number } from './numbers.js';

export const importCommand: Command = {
  name: 'import',
  summary: 'a dataset from webdataset tars, img2dataset output or Hugging Face Parquet',
  args: [{ name: '<source...>', summary: 'files and folders to read, at any depth' }],
  examples: [
    'wit shard import cc12m/ --out data               # then: wit train-from-shards data',
    'wit shard import coco/*.parquet --text-column sentences --out data',
  ],
  flags: [
    { flags: '--out <dir>', summary: 'the dataset folder (default: wit-data)' },
    {
      flags: '--from <format>',
      summary: 'auto, webdataset, parquet or files (default: auto: by what is there)',
      key: 'import.from',
    },
    {
      flags: '--image-column <name>',
      summary: 'of Parquet: bytes, or a struct with bytes (default: the first such)',
      key: 'import.imageColumn',
    },
    {
      flags: '--text-column <name>',
      summary: 'of Parquet and JSON (default: text, caption, txt, …)',
      key: 'import.textColumn',
    },
    {
      flags: '--url-column <name>',
      summary: 'the image URL (default: url)',
      key: 'import.urlColumn',
    },
    {
      flags: '--extra-columns <name...>',
      summary: 'columns kept in extra (default: all that have no column of their own)',
      key: 'import.extraColumns',
      kind: 'names',
    },
    {
      flags: '--images <what>',
      summary: 'keep (default), or normalise to the size and format that a crawl stores',
      key: 'import.images',
    },
    {
      flags: '--preset <name>',
      summary: 'filter rules to apply: none (default), wit, datacomp-basic, laion, yfcc',
      key: 'filter.preset',
    },
    { flags: '--jobs <n>', summary: 'files at work at once (default: 2)', kind: 'number' },
    ...configFlags,
  ],
  run: runImport,
};

async function runImport(
  { args, flags, settings, configFile }: CommandInput,
  io: Io,
): Promise<void> {
  const { importDataset } = await import('../../pipeline/import.js');
  const none = mergeSettings({ filter: { preset: 'none' } }, settings);
  const config = await resolveConfig(none, configFile);
  const { out = 'wit-data', jobs } = flags as { out?: string; jobs?: number };
  const { funnel, shards } = await importDataset(
    args,
    out,
    { import: config.import, build: buildConfigOf(config) },
    { emit: io.emit, signal: io.signal, ...(jobs !== undefined && { jobs }) },
  );
  io.print(
    `${number(funnel.kept)} of ${number(funnel.candidates)} rows in ${number(shards.length)} shards: ${out}`,
  );
  for (const [reason, count] of Object.entries(funnel.lost.shard ?? {})) {
    io.print(`  lost, ${reason}: ${number(count)}`);
  }
  io.print(`next: wit train-from-shards ${out}`);
  io.result({ out, shards: shards.length, funnel });
}
