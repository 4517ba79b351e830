/** `wit queries`: making, looking at and comparing query lists. */

import type { CommandGroup } from '../command.js';
import { build } from './build.js';
import { diff } from './diff.js';
import { inspect } from './inspect.js';

export const queries: CommandGroup = {
  name: 'queries',
  summary: 'make query lists from Wikipedia and WordNet, look into them, compare them',
  commands: [build, inspect, diff],
};
