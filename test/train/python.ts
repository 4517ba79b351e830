/** The Python that tests run: WIT_TEST_PYTHON, or the environment that `npm test` makes. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function testPython(): string {
  const path =
    process.env.WIT_TEST_PYTHON ??
    fileURLToPath(new URL('../../.engine/bin/python', import.meta.url));
  if (!existsSync(path)) {
    throw new Error(
      `No Python for the tests at ${path}: run \`npm test\`, or set WIT_TEST_PYTHON.`,
    );
  }
  return path;
}
