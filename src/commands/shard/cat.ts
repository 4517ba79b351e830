/** `wit shard cat`: rows as lines. */

import { type Command, type CommandInput, type Io, namesIn } from '../command.js';
import { oneOf, whole } from './numbers.js';

export const cat: Command = {
  name: 'cat',
  summary: 'rows as JSON or text lines, without the bytes of images',
  args: [{ name: '<dataset>', summary: 'a dataset, or a Parquet file' }],
  examples: [
    'wit shard cat data -n 3',
    'wit shard cat data --format text --columns text,url | grep dog',
    'wit shard cat data/rejects/fetch-00000.parquet --columns reason,detail',
  ],
  flags: [
    { flags: '--format <name>', summary: 'json (default) or text, with tabs' },
    { flags: '--columns <name...>', summary: 'default: all; of text: key and text' },
    { flags: '-n, --limit <n>', summary: 'rows, at most', kind: 'number' },
  ],
  async run({ args, flags }: CommandInput, io: Io) {
    const { catRows } = await import('../../shard/index.js');
    const limit = whole('--limit', flags.limit, 1);
    const columns = flags.columns as string[] | undefined;
    const rows = catRows(args[0] as string, {
      format: oneOf('--format', flags.format ?? 'json', ['json', 'text'] as const),
      ...(limit !== undefined && { limit }),
      ...(columns !== undefined && { columns: namesIn(columns) }),
      signal: io.signal,
    });
    for await (const line of rows) await io.stream(line);
  },
};
