/**
 * What a command is: a name, its flags, and what it does with them. A flag either stands for one key
 * of the settings (`key: 'net.contact'`) or is the command's own. Only src/cli.ts reads the command
 * line, prints and exits; a command receives values and an `Io`. What a command needs to do its work
 * it imports when it runs, so that `--help` and errors come at once.
 */

import type { PartialConfig } from '../config.js';
import { WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';

export interface Io {
  emit: Emit;
  /** A line for people, on stdout; silent under --json. */
  print(line: string): void;
  /** Lines on stdout as they come, for output without end; also under --json. Resolves when there is room for more. */
  stream(line: string): Promise<void>;
  /** The result for machines, on stdout under --json. */
  result(value: unknown): void;
  signal: AbortSignal;
}

export interface Flag {
  /** As commander reads it: `--cap <n>`, `--list <file...>`, `--no-robots`. */
  flags: string;
  summary: string;
  /** The settings key it stands for; none for a flag that is the command's own. */
  key?: string;
  /** `names`: a list that may also be written with commas. */
  kind?: 'number' | 'text' | 'names';
}

export interface CommandInput {
  args: string[];
  /** Values by camel-cased flag name. */
  flags: Record<string, unknown>;
  /** The settings that the flags spell out, to be resolved with the file. */
  settings: PartialConfig;
  configFile: string | undefined;
}

export interface Command {
  name: string;
  summary: string;
  /** Shown below the flags in --help. */
  examples: string[];
  args?: { name: string; summary: string }[];
  flags: Flag[];
  run(input: CommandInput, io: Io): Promise<void>;
}

/** Commands under one name: `wit queries build`, `wit queries inspect`, … */
export interface CommandGroup {
  name: string;
  summary: string;
  commands: readonly Command[];
}

/** Flags every command that reads settings has. */
export const configFlags: Flag[] = [
  { flags: '--config <file>', summary: 'settings file (default: ./wit.yaml where there is one)' },
  {
    flags: '--set <key=value...>',
    summary: 'any other setting, e.g. --set net.retries=2 (docs/config.md lists all)',
  },
];

/** Builds nested settings from flag values. `key=value` pairs of --set are read as YAML scalars. */
export function settingsFrom(
  flags: readonly Flag[],
  values: Record<string, unknown>,
  parseScalar: (text: string) => unknown,
): PartialConfig {
  const settings: Record<string, unknown> = {};
  for (const flag of flags) {
    const value = values[flagName(flag)];
    if (flag.key === undefined || value === undefined) continue;
    setPath(settings, flag.key, settingOf(flag, value));
  }
  for (const pair of (values.set as string[] | undefined) ?? []) {
    const cut = pair.indexOf('=');
    if (cut <= 0) {
      throw new WitError('config', `--set expects KEY=VALUE, received ${JSON.stringify(pair)}`);
    }
    setPath(settings, pair.slice(0, cut), parseScalar(pair.slice(cut + 1)));
  }
  return settings as PartialConfig;
}

function settingOf({ kind }: Flag, value: unknown): unknown {
  if (kind === 'number') return Number(value);
  if (kind === 'names') return namesIn(value as string[]);
  return value;
}

/** `['a,b', 'c']` → `['a', 'b', 'c']`. */
export function namesIn(values: readonly string[]): string[] {
  return values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** `--no-robots` → `robots`, `--per-host-delay <ms>` → `perHostDelay`: commander's naming. */
export function flagName(flag: Flag): string {
  const name = (flag.flags.match(/--(?:no-)?([a-z0-9-]+)/) ?? [])[1] as string;
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  if (keys.some((key) => key === '' || key === '__proto__')) {
    throw new WitError('config', `Not a settings key: ${JSON.stringify(path)}`);
  }
  let node = target;
  for (const key of keys.slice(0, -1)) {
    const next = node[key];
    if (typeof next !== 'object' || next === null) node[key] = {};
    node = node[key] as Record<string, unknown>;
  }
  node[keys.at(-1) as string] = value;
}
