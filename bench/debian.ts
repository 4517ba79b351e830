/** The contents of Debian packages, without root and without installing them. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Downloads and unpacks packages into the folder `root`, unless an earlier run did. */
export async function unpackPackages(
  packages: readonly string[],
  root: string,
  say: (text: string) => void,
): Promise<void> {
  if (existsSync(root)) return;
  say(`unpacking ${packages.join(', ')} …`);
  const partial = `${root}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const stdio = ['ignore', 'ignore', 'pipe'] as const;
  const options = { cwd: partial, stdio: [...stdio] };
  execFileSync('apt-get', ['download', ...packages], options);
  for (const name of await readdir(partial)) {
    execFileSync('dpkg-deb', ['-x', name, '.'], options);
    await rm(join(partial, name));
  }
  await rename(partial, root);
}
