/** `wit filter`: the rules, what they say of a candidate, and what another preset would keep. */

import type { CommandGroup } from '../command.js';
import { explain } from './explain.js';
import { list } from './list.js';
import { tryPreset } from './try.js';

export const filter: CommandGroup = {
  name: 'filter',
  summary: 'the filter rules: list them, explain a fate, try a preset',
  commands: [list, explain, tryPreset],
};
