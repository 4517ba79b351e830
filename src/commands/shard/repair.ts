/** `wit shard repair`: drops what is broken, or fetches it again; touches nothing else. */

import type { Command, CommandInput, Io } from '../command.js';
import { number } from './numbers.js';

export const repair: Command = {
  name: 'repair',
  summary: 'drop or fetch again what is broken, and touch nothing else',
  args: [{ name: '<dataset>', summary: 'a complete dataset' }],
  examples: ['wit shard repair data', 'wit shard repair data --refetch'],
  flags: [{ flags: '--refetch', summary: 'ask the web again for rows that a crawl had fetched' }],
  async run({ args, flags }: CommandInput, io: Io) {
    const { repairDataset } = await import('../../pipeline/repair.js');
    const [dir] = args as [string];
    const { emit, signal } = io;
    const { manifest, problems, shards, dropped, refetched } = await repairDataset(dir, {
      refetch: flags.refetch === true,
      emit,
      signal,
    });
    const rows = manifest.shards.reduce((sum, shard) => sum + shard.rows, 0);
    io.print(
      shards === 0
        ? `nothing to repair in ${number(manifest.shards.length)} shards`
        : `${number(shards)} shards repaired: ${number(dropped)} rows dropped, ${number(refetched)} asked for again; ${number(rows)} rows now`,
    );
    for (const { path, kind, detail } of problems) {
      if (path.startsWith('data/') && kind !== 'stray') continue;
      io.print(`not repaired: ${path}: ${kind}: ${detail}`);
    }
    io.result({ dir, shards, dropped, refetched, rows, problems });
  },
};
