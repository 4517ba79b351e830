/** `wit filter try`: what another preset would make of a dataset's candidates and images. */

import { filterSchema, validateConfig } from '../../config.js';
import { WitError } from '../../core/errors.js';
import type { Group } from '../../pipeline/try-filter.js';
import { type Command, type CommandInput, configFlags, type Io } from '../command.js';

export const tryPreset: Command = {
  name: 'try',
  summary: "what a preset would keep of a dataset's candidates, with samples; downloads nothing",
  args: [{ name: '<dataset>', summary: 'dataset folder, complete or growing' }],
  examples: [
    'wit filter try data --preset laion',
    'wit filter try data --set filter.minWords=3 --samples 10 --json',
  ],
  flags: [
    {
      flags: '--preset <name>',
      summary: "wit, none, datacomp-basic, laion, yfcc (default: the dataset's)",
      key: 'filter.preset',
    },
    { flags: '--samples <n>', summary: 'samples of each reason (default: 3)', kind: 'number' },
    { flags: '--queries <file>', summary: 'the query list, where it is no longer where it was' },
    ...configFlags.filter(({ flags }) => flags.startsWith('--set')),
  ],
  run: runTry,
};

async function runTry({ args, flags, settings }: CommandInput, io: Io): Promise<void> {
  const [dir] = args as [string];
  const { samples = 3, queries } = flags as { samples?: number; queries?: string };
  if (!Number.isInteger(samples) || samples < 0) {
    throw new WitError('config', `--samples expects a whole number, received ${samples}`);
  }
  const { openJudged } = await import('../../pipeline/judged-dataset.js');
  const { tryFilter } = await import('../../pipeline/try-filter.js');
  const dataset = await openJudged(dir, queries);
  // Of a preset that is named nothing of the dataset's own settings stays; else they are where one begins.
  const base = settings.filter?.preset === undefined ? dataset.config.filter : {};
  const filter = validateConfig(filterSchema, { ...base, ...settings.filter }, 'filter');
  const { preset } = filter;
  const { texts, images } = await tryFilter(dataset, filter, { samples, signal: io.signal });
  io.print(`${texts.candidates} candidates by their texts, under ${preset}`);
  for (const line of describe(texts.groups)) io.print(line);
  io.print(
    `  against the dataset's own rules (${dataset.config.filter.preset}): ${texts.gained} more, ${texts.lost} fewer`,
  );
  io.print(`${images.rows} rows of the shards by their sizes, under ${preset}`);
  for (const line of describe(images.groups)) io.print(line);
  io.print(`  images that were lost for their size and would not be: ${images.gained}`);
  io.result({ preset, filter, texts, images });
}

function describe(groups: readonly Group[]): string[] {
  return groups.flatMap(({ outcome, count, samples }) => [
    `  ${String(count).padStart(9)}  ${outcome}`,
    ...samples.map(({ key, text, detail }) => {
      const shown = text.length > 70 ? `${text.slice(0, 70)}…` : text;
      const why = detail === undefined ? '' : `  [${detail}]`;
      return `             ${key.slice(0, 8)}  ${JSON.stringify(shown)}${why}`;
    }),
  ]);
}
