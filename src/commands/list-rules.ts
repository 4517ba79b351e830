/** `wit crawl-and-build --list-rules`: the rules of politeness, and which of them the settings follow. */

import { RULE_NAMES, type RuleName } from '../config.js';
import { RULES } from '../crawl/index.js';
import type { Io } from './command.js';

export function listRules(honoured: readonly RuleName[], io: Io): void {
  const rules = RULE_NAMES.map((name) => ({
    name,
    on: honoured.includes(name),
    default: true,
    ...RULES[name],
  }));
  const nameWidth = Math.max(...RULE_NAMES.map((name) => name.length));
  for (const { name, on, standard, effect, reasons } of rules) {
    const indent = ' '.repeat(nameWidth + 6);
    io.print(`${name.padEnd(nameWidth)}  ${on ? 'on ' : 'off'} ${effect}`);
    io.print(`${indent}${standard}; rejects: ${reasons.join(', ') || 'none'}`);
  }
  io.print(
    'All are on by default. net.honour lists those that are to be followed (docs/crawl.md).',
  );
  io.result({ rules });
}
