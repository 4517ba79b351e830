/** Runs the compiled command line as a user would: another process, its exit code, what it printed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/version.js';

export interface Ran {
  /** null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * @param env on top of this process's own environment
 * @param cwd the folder that one works in; default: this process's
 */
export function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): { child: ChildProcess; ended: Promise<Ran> } {
  const child = spawn(process.execPath, [join(packageRoot, 'dist', 'src', 'cli.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

export async function run(args: readonly string[], cwd?: string): Promise<Ran> {
  return await start(args, {}, cwd).ended;
}

/**
 * Runs a command that is killed (-9) at random moments, again and again, until it ends by itself. Later
 * and later, so that every stage is hit; and ever more so, so that it gets to its end on a busy machine
 * too. The moments are random in truth: a failure is a failure, whatever moment brought it out.
 * @param between called after each kill
 * @returns how often it was killed
 * @throws Error when it fails, or is never left enough time
 */
export async function runKilled(
  args: readonly string[],
  between: () => Promise<void> = async () => {},
): Promise<number> {
  for (let kills = 0; kills < 60; kills++) {
    const { child, ended } = start(args);
    const ms = 300 + Math.random() * 200 * (kills + 1) * 1.08 ** kills;
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    const { code, stderr } = await ended;
    clearTimeout(timer);
    if (code === 0) return kills;
    if (code !== null) throw new Error(`exit code ${code} after ${kills} kills\n${stderr}`);
    await between();
  }
  throw new Error('killed 60 times, and not at its end');
}
