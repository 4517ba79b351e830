/** `wit shard`: what can be done with shards: other formats in and out, checking, mending, recutting. */

import type { CommandGroup } from '../command.js';
import { cat } from './cat.js';
import { merge, reshard, sample } from './derive.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { repair } from './repair.js';
import { verify } from './verify.js';

export const shard: CommandGroup = {
  name: 'shard',
  summary: 'shards: export, import, verify, repair, merge, reshard, sample, cat',
  commands: [exportCommand, importCommand, verify, repair, merge, reshard, sample, cat],
};
