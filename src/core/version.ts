/** The package's version and root folder, found beside this file whether it is compiled or not. */

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    try {
      const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as {
        name?: string;
      };
      if (manifest.name === 'webimagetext') return dir;
    } catch {
      // Not here: look one folder up.
    }
    const parent = dirname(dir);
    if (parent === dir) throw new Error('webimagetext: package.json not found above this file');
    dir = parent;
  }
}

/** The folder that holds package.json. */
export const packageRoot = findRoot();

export const version = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;
