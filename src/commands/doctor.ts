/** `wit doctor`: what is installed, what is missing, and how to mend it; `--install` mends it. */

import { spawnSync } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { WitError } from '../core/errors.js';
import { version } from '../core/version.js';
import {
  type EngineReport,
  inspectEngine,
  installEngine,
  resolvePython,
} from '../train/environment.js';
import type { Command, Io } from './command.js';

export const doctor: Command = {
  name: 'doctor',
  summary: 'what is installed, what is missing, and how to mend it',
  examples: ['wit doctor', 'wit doctor --install', 'wit doctor --python /opt/torch/bin/python'],
  flags: [
    { flags: '--install', summary: "make the engine's Python environment where it is missing" },
    { flags: '--dev', summary: "with --install: also what the engine's tests need" },
    { flags: '--python <path>', summary: 'the Python to run the engine with' },
  ],
  async run(input, io) {
    const { install, dev, python } = input.flags;
    if (install === true) await installOrKeep(python as string | undefined, dev === true, io);
    const report = await engineReport(python as string | undefined);
    const { default: sharp } = await import('sharp');
    const { bavail, bsize } = await statfs(process.cwd());
    const machine = {
      wit: version,
      node: process.versions.node,
      sharp: sharp.versions.sharp ?? 'unknown',
      bzip2: bzip2Version(),
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      freeDiskBytes: bavail * bsize,
    };
    io.print(line('wit', machine.wit));
    io.print(line('node', machine.node));
    io.print(line('sharp', machine.sharp));
    io.print(line('bzip2', `${machine.bzip2 ?? 'none: wit queries build cannot read .bz2 dumps'}`));
    io.print(line('machine', `${machine.cores} cores, ${gigabytes(machine.memoryBytes)} memory`));
    io.print(line('disk', `${gigabytes(machine.freeDiskBytes)} free here`));
    for (const line of engineLines(report)) io.print(line);
    io.result({ ...machine, engine: report });
    const [first] = report.problems;
    if (first !== undefined) {
      throw new WitError('environment', first.what, { hint: first.mend });
    }
  },
};

/** Undefined where the program is not installed. */
function bzip2Version(): string | undefined {
  // It prints its version, then reads its input like any other call.
  const { error, stderr } = spawnSync('bzip2', ['--version'], { input: '', encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return /Version ([\d.]+\d)/.exec(stderr)?.[1] ?? 'of unknown version';
}

async function installOrKeep(python: string | undefined, dev: boolean, io: Io): Promise<void> {
  const own = python ?? process.env.WIT_PYTHON;
  if (own !== undefined && own !== '') {
    const text = `engine: using ${own}, nothing is installed into it`;
    io.emit({ type: 'message', level: 'info', text });
    return;
  }
  const log = (text: string): void => io.emit({ type: 'message', level: 'info', text });
  await installEngine({ dev, log, signal: io.signal });
}

async function engineReport(flag: string | undefined): Promise<EngineReport> {
  let python: string;
  try {
    python = resolvePython({ python: flag });
  } catch (error) {
    if (!(error instanceof WitError)) throw error;
    return {
      python: flag ?? '',
      packages: { torch: null, numpy: null, safetensors: null },
      devices: [],
      gpus: [],
      problems: [{ what: error.message, mend: error.hint ?? '' }],
    };
  }
  return await inspectEngine(python);
}

function engineLines(report: EngineReport): string[] {
  return [
    line('python', `${report.pythonVersion ?? 'not found'} (${report.python || 'none'})`),
    ...Object.entries(report.packages).map(([name, version]) => line(name, version ?? 'missing')),
    line('devices', [...report.gpus, ...report.devices].join(', ') || 'none'),
    ...report.problems.flatMap(({ what, mend }) => [line('problem', what), line('', mend)]),
  ];
}

/** The longest name is `safetensors`. */
function line(name: string, value: string): string {
  return `${name.padEnd(13)}${value}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
