#!/usr/bin/env node
/**
 * The command line: the only place that parses arguments, prints and exits.
 *
 * Exit codes: 0 done, 1 failed (the message says why), 2 the command line itself is wrong,
 * 130 stopped by Ctrl-C.
 */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { CommanderError, InvalidArgumentError, Command as Program } from 'commander';
import { parse as parseYaml } from 'yaml';
import { type Command, type Flag, flagName, type Io, settingsFrom } from './commands/command.js';
import { allCommands } from './commands/index.js';
import { messageOf, WitError } from './core/errors.js';
import { jsonLine, printableLines } from './core/printable.js';
import { version } from './core/version.js';
import { createReporter } from './terminal.js';

const DEFAULT_CONFIG_FILE = 'wit.yaml';

async function main(argv: string[]): Promise<number> {
  const program = new Program('wit')
    .description(
      'Build web-scale (image, text) datasets the way WIT was made, and train CLIP on them.',
    )
    .version(version)
    .showHelpAfterError('(add --help for the flags)')
    .exitOverride();
  let exitCode = 0;
  const defineOn = (parent: Program, command: Command): void =>
    define(parent, command, async (args, values) => {
      exitCode = await execute(command, args, values);
    });
  for (const entry of allCommands) {
    if (!('commands' in entry)) {
      defineOn(program, entry);
      continue;
    }
    const group = program.command(entry.name).description(entry.summary);
    for (const command of entry.commands) defineOn(group, command);
  }
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return exitCode;
}

function define(
  program: Program,
  command: Command,
  action: (args: string[], values: Record<string, unknown>) => Promise<void>,
): void {
  const sub = program.command(command.name).description(command.summary);
  for (const arg of command.args ?? []) sub.argument(arg.name, arg.summary);
  for (const flag of command.flags) {
    if (flag.flags.includes('<')) sub.option(flag.flags, flag.summary, valueParser(flag));
    else sub.option(flag.flags, flag.summary);
  }
  // Negated flags would otherwise count as given, with `true`, and override the settings file.
  for (const flag of command.flags) {
    if (flag.flags.startsWith('--no-')) sub.setOptionValue(flagName(flag), undefined);
  }
  sub.option('--json', 'progress and result as JSON lines');
  if (command.examples.length > 0) {
    sub.addHelpText('after', `\nExamples:\n${command.examples.map((e) => `  ${e}`).join('\n')}`);
  }
  sub.action(async (...received: unknown[]) => {
    const positional = received.slice(0, command.args?.length ?? 0);
    const args = positional.flat().filter((arg): arg is string => typeof arg === 'string');
    await action(args, sub.opts());
  });
}

/** Reads one value of a flag; `<x...>` flags gather theirs in a list. */
function valueParser(flag: Flag): (text: string, previous: unknown) => unknown {
  if (flag.flags.includes('...')) {
    return (text, previous) => [...((previous as string[] | undefined) ?? []), text];
  }
  if (flag.kind !== 'number') return (text) => text;
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    const message = `${flag.flags} expects a number, received ${JSON.stringify(text)}`;
    throw new InvalidArgumentError(message);
  };
}

async function execute(
  command: Command,
  args: string[],
  values: Record<string, unknown>,
): Promise<number> {
  const json = values.json === true;
  const reporter = createReporter({ json, stream: process.stderr });
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) {
      reporter.close();
      process.exit(130);
    }
    reporter.emit({
      type: 'message',
      level: 'info',
      text: 'stopping; what is finished is kept (Ctrl-C again: at once)',
    });
    stop.abort(new WitError('interrupted', 'Stopped. Run the same command again to go on.'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const output: string[] = [];
  const io: Io = {
    emit: reporter.emit,
    print: (line) => {
      if (!json) output.push(printableLines(line));
    },
    stream: async (line) => {
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
    },
    result: (value) => {
      if (json) output.push(jsonLine({ type: 'result', value }));
    },
    signal: stop.signal,
  };
  let exitCode = 0;
  let failure: unknown;
  try {
    const configFile =
      (values.config as string | undefined) ??
      (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
    const settings = settingsFrom(command.flags, values, parseYaml);
    await command.run({ args, flags: values, settings, configFile }, io);
  } catch (error) {
    failure = stop.signal.aborted ? stop.signal.reason : error;
    exitCode = stop.signal.aborted ? 130 : 1;
  } finally {
    reporter.close();
  }
  // Results follow the bars, so that these never overwrite them.
  for (const line of output) process.stdout.write(`${line}\n`);
  if (failure !== undefined) report(failure, json);
  return exitCode;
}

function report(error: unknown, json: boolean): void {
  const known = error instanceof WitError ? error : undefined;
  const message = messageOf(error);
  if (json) {
    const line = { type: 'error', code: known?.code ?? 'internal', message, hint: known?.hint };
    process.stderr.write(`${jsonLine(line)}\n`);
    return;
  }
  process.stderr.write(`wit: ${printableLines(message)}\n`);
  if (known?.hint !== undefined) process.stderr.write(`  ${printableLines(known.hint)}\n`);
  if (known === undefined && error instanceof Error) {
    process.stderr.write(`This is a defect of wit. ${printableLines(error.stack ?? '')}\n`);
  }
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await main(process.argv);
