/**
 * Everything a fresh clone needs, in order; each step is skipped when it is up to date.
 *
 *   node scripts/setup.mjs          npm packages, build, the engine's Python environment
 *   node scripts/setup.mjs --dev    the same, with what the tests need
 *
 * Plain Node without packages, since it runs before any are installed.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dev = process.argv.includes('--dev');
const FLOOR = [20, 18, 1];

function say(text) {
  process.stdout.write(`setup: ${text}\n`);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  const why = error ? error.message : `exit code ${status}`;
  process.stderr.write(
    `setup: \`${command} ${args.join(' ')}\` failed (${why}); nothing after it was done\n`,
  );
  process.exit(1);
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex');
}

/** Does `work` unless `stamp` says it was done for the same `inputs`. */
function step(name, stamp, inputs, work) {
  const wanted = digest(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) {
    say(`${name}: up to date`);
    return;
  }
  say(`${name} …`);
  work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

function checkNode() {
  const have = process.versions.node.split('.').map(Number);
  const first = FLOOR.findIndex((n, i) => have[i] !== n);
  if (first !== -1 && have[first] < FLOOR[first]) {
    process.stderr.write(
      `setup: Node.js ${process.versions.node} is too old; ${FLOOR.join('.')} or newer is needed\n`,
    );
    process.exit(1);
  }
}

/** Path, size and time of every file that the build reads. */
function sourceState() {
  const files = ['src', join('test', 'web')].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .map((name) => join(folder, String(name)))
      .filter((name) => /\.(ts|json)$/.test(name)),
  );
  return ['tsconfig.json', 'tsconfig.build.json', 'package.json', ...files.sort()]
    .map((name) => {
      const { size, mtimeMs } = statSync(join(root, name));
      return `${name} ${size} ${mtimeMs}`;
    })
    .join('\n');
}

checkNode();
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
step(
  'npm packages',
  join(root, 'node_modules', '.wit-packages'),
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
  () => run(npm, ['ci', '--no-audit', '--no-fund']),
);
step('build', join(root, 'dist', '.wit-build'), sourceState(), () =>
  run(process.execPath, [
    join('node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]),
);
run(process.execPath, [
  join('dist', 'src', 'cli.js'),
  'doctor',
  '--install',
  ...(dev ? ['--dev'] : []),
]);
