/**
 * Format, lint, types, TypeScript tests, Python lint, types and tests, in that order. All steps run
 * even when one fails; the last line counts tests. Called by `npm test` after set-up.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'wit-check-'));
const python = process.env.WIT_PYTHON ?? join(root, '.engine', 'bin', 'python');
const engine = join(root, 'src', 'train', 'engine');
const pyproject = join(engine, 'pyproject.toml');
const pythonFolders = [engine, 'test', 'bench'];
const bin = (name) => join(root, 'node_modules', '.bin', name);
const vitestReport = join(scratch, 'vitest.json');
const pytestReport = join(scratch, 'pytest.xml');

const steps = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['--noEmit', '-p', '.']],
  [
    'TypeScript tests',
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
  ],
  ['Python: lint', python, ['-m', 'ruff', 'check', '--config', pyproject, ...pythonFolders]],
  [
    'Python: format',
    python,
    ['-m', 'ruff', 'format', '--check', '--config', pyproject, ...pythonFolders],
  ],
  ['engine: types', python, ['-m', 'mypy', '--config-file', pyproject, join(engine, 'wit_engine')]],
  [
    'engine: tests',
    python,
    [
      '-m',
      'pytest',
      '-q',
      '-c',
      pyproject,
      '--rootdir',
      root,
      `--junitxml=${pytestReport}`,
      join('test', 'train', 'engine'),
    ],
  ],
];

const failures = [];
for (const [name, command, args] of steps) {
  process.stdout.write(`\ncheck: ${name}\n`);
  const env = { ...process.env, PYTHONPATH: engine, PYTHONDONTWRITEBYTECODE: '1' };
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) failures.push(`${name} (${error ? error.message : `exit code ${status}`})`);
}

const total = { passed: 0, failed: 0, skipped: 0 };
try {
  const report = JSON.parse(readFileSync(vitestReport, 'utf8'));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
} catch (error) {
  failures.push(`TypeScript tests left no report: ${error.message}`);
}
try {
  const suite = readFileSync(pytestReport, 'utf8').match(/<testsuite [^>]*>/)[0];
  const number = (key) => Number(suite.match(new RegExp(`\\b${key}="(\\d+)"`))[1]);
  const failed = number('failures') + number('errors');
  total.passed += number('tests') - failed - number('skipped');
  total.failed += failed;
  total.skipped += number('skipped');
} catch (error) {
  failures.push(`engine tests left no report: ${error.message}`);
}
rmSync(scratch, { recursive: true, force: true });

if (total.skipped > 0 && process.env.CI)
  failures.push(`${total.skipped} tests were skipped under CI`);
process.stdout.write('\n');
for (const failure of failures) process.stdout.write(`check: FAILED: ${failure}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(failures.length > 0 ? 1 : 0);
