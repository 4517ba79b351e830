/** `wit shard verify`: is a dataset what its manifest says, down to every image? */

import { WitError } from '../../core/errors.js';
import type { Command, CommandInput, Io } from '../command.js';
import { number } from './numbers.js';

/** Problems that are printed; the result for machines has all. */
const SHOWN = 20;

export const verify: Command = {
  name: 'verify',
  summary: 'check checksums, schema, counts, keys, and that every image decodes',
  args: [{ name: '<dataset>', summary: 'a dataset, complete or growing' }],
  examples: [
    'wit shard verify data',
    'wit shard verify data --no-decode     # a few times as fast',
  ],
  flags: [{ flags: '--no-decode', summary: 'leave the images undecoded' }],
  run: runVerify,
};

async function runVerify({ args, flags }: CommandInput, io: Io): Promise<void> {
  const { verifyDataset } = await import('../../shard/index.js');
  const [dir] = args as [string];
  const decode = flags.decode !== false;
  const found = await verifyDataset(dir, { decode, emit: io.emit, signal: io.signal });
  const { shards, rows, images, files, problems } = found;
  io.print(
    `${number(shards)} shards, ${number(rows)} rows, ${decode ? `${number(images)} images decoded` : 'images not decoded'}, ${number(files)} other files`,
  );
  for (const { path, row, kind, detail } of problems.slice(0, SHOWN)) {
    io.print(`  ${path}${row === undefined ? '' : `, row ${row}`}: ${kind}: ${detail}`);
  }
  if (problems.length > SHOWN) io.print(`  and ${number(problems.length - SHOWN)} more (--json)`);
  io.result({ dir, ...found });
  if (problems.length === 0) return;
  throw new WitError('dataset', `${dir}: ${number(problems.length)} problems`, {
    hint: 'wit shard repair drops what is broken, or fetches it again (--refetch).',
  });
}
