/** Compiles once before the tests, so that those that run the command line run this code. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/version.js';

export function setup(): void {
  const tsc = join(packageRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  // 2: compiled, with type errors. Types are a check of their own.
  if (status !== 0 && status !== 2) throw new Error(`The build failed:\n${stdout}`);
}
