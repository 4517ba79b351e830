/** `wit filter list`: every rule with its version and reason, and what it asks for in each preset. */

import { FILTER_PRESETS, type FilterConfig, filterSchema } from '../../config.js';
import type { Command, CommandInput, Io } from '../command.js';

export const list: Command = {
  name: 'list',
  summary: 'the rules, their versions and reasons, and their limits in each preset',
  examples: ['wit filter list', 'wit filter list --json'],
  flags: [],
  run: runList,
};

const PRESETS = Object.keys(FILTER_PRESETS) as (keyof typeof FILTER_PRESETS)[];

interface Listed {
  name: string;
  version: number;
  /** What it judges: the candidate's text, the file, its header, or the decoded image. */
  judges: 'text' | 'file' | 'header' | 'pixels';
  reason: string;
  drops: string;
  settings: readonly string[];
  /** By preset: what must hold; null where the rule is off. */
  limits: Record<string, string | null>;
}

async function runList(_input: CommandInput, io: Io): Promise<void> {
  const { FILE_RULES, HEADER_RULES, PIXEL_RULES, TEXT_RULES } = await import(
    '../../filter/index.js'
  );
  const configs = PRESETS.map((preset) => [preset, filterSchema.parse({ preset })] as const);
  const rules = [
    ...TEXT_RULES.map((rule) => listed(rule, 'text', configs)),
    ...FILE_RULES.map((rule) => listed(rule, 'file', configs)),
    ...HEADER_RULES.map((rule) => listed(rule, 'header', configs)),
    ...PIXEL_RULES.map((rule) => listed(rule, 'pixels', configs)),
  ];
  for (const rule of rules) {
    io.print(`${rule.name} (version ${rule.version}, ${rule.judges}) → ${rule.reason}`);
    io.print(`  drops ${rule.drops}`);
    const limits = Object.entries(rule.limits).map(
      ([preset, limit]) => `${preset}: ${limit ?? '–'}`,
    );
    io.print(`  ${limits.join(' | ')}`);
  }
  io.result({ presets: Object.fromEntries(configs), rules });
}

interface AnyRule {
  readonly name: string;
  readonly version: number;
  readonly reason: string;
  readonly drops: string;
  readonly settings: readonly string[];
  readonly limit: (config: FilterConfig) => string | undefined;
}

function listed(
  { name, version, reason, drops, settings, limit }: AnyRule,
  judges: Listed['judges'],
  configs: readonly (readonly [string, FilterConfig])[],
): Listed {
  const limits = Object.fromEntries(
    configs.map(([preset, config]) => [preset, limit(config) ?? null]),
  );
  return { name, version, judges, reason, drops, settings, limits };
}
