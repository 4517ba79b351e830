/** `wit shard`: what can be done with shards: other formats in and out, checking, mending, recutting. */

import type { CommandGroup } from '../command.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';

export const shard: CommandGroup = {
  name: 'shard',
  summary: 'shards: export them, import those of others',
  commands: [exportCommand, importCommand],
};
