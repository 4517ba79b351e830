/** The virtual environment of the Python peers, bench/.venv, made from bench/requirements.txt. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';

const folder = join(packageRoot, 'bench');

/** The peers' Python; made when it is missing or the requirements have changed. */
export function benchPython(say: (text: string) => void): string {
  const venv = join(folder, '.venv');
  const python = join(venv, 'bin', 'python');
  const requirements = join(folder, 'requirements.txt');
  const stamp = join(venv, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  say(`making ${venv} …`);
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  run(process.env.WIT_PYTHON ?? 'python3', '-m', 'venv', '--clear', venv);
  run(python, '-m', 'pip', 'install', '--quiet', '-r', requirements);
  writeFileSync(stamp, wanted);
  return python;
}
