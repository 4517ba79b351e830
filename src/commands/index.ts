/** All commands, in the order in which --help lists them. */

import type { Command, CommandGroup } from './command.js';
import { crawlAndBuild } from './crawl-and-build.js';
import { demo } from './demo/index.js';
import { doctor } from './doctor.js';
import { evaluation } from './eval.js';
import { filter } from './filter/index.js';
import { queries } from './queries/index.js';
import { shard } from './shard/index.js';
import { stats } from './stats.js';
import { trainFromShards } from './train-from-shards.js';

export const allCommands: readonly (Command | CommandGroup)[] = [
  queries,
  crawlAndBuild,
  filter,
  shard,
  trainFromShards,
  evaluation,
  stats,
  demo,
  doctor,
];
