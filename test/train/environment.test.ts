import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WitError } from '../../src/core/errors.js';
import { packageRoot } from '../../src/core/version.js';
import {
  environmentFolder,
  inspectEngine,
  installEngine,
  resolvePython,
} from '../../src/train/environment.js';
import { testPython } from './python.js';

const temporary = async (): Promise<string> => await mkdtemp(join(tmpdir(), 'wit-environment-'));

async function executable(content: string): Promise<string> {
  const path = join(await temporary(), 'python3');
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
}

/** Writes a wheel (PEP 427) with one module. */
const WHEEL = `
import sys, zipfile
path, version = sys.argv[1:]
info = f"witprobe-{version}.dist-info"
files = {
    "witprobe.py": "VALUE = 7",
    f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: witprobe\\nVersion: {version}\\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
files[f"{info}/RECORD"] = "".join(f"{name},,\\n" for name in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(path, "w") as wheel:
    for name, text in files.items():
        wheel.writestr(name, text)
`;

describe('resolvePython', () => {
  it('prefers --python, then WIT_PYTHON, then the environment that was made', () => {
    const env = { WIT_PYTHON: testPython() };
    expect(resolvePython({ python: 'python3.12', env })).toBe('python3.12');
    expect(resolvePython({ env })).toBe(testPython());
    expect(environmentFolder({})).toBe(join(packageRoot, '.engine'));
  });

  it('says which setting points nowhere', () => {
    expect(() => resolvePython({ python: '/no/python' })).toThrow('--python points to /no/python');
    expect(() => resolvePython({ env: { WIT_PYTHON: '/no/python' } })).toThrow('WIT_PYTHON points');
  });
});

describe('installEngine', { timeout: 180_000 }, () => {
  it('makes an environment, skips it when up to date, and follows changed requirements', async () => {
    const requirements = await temporary();
    const folder = join(await temporary(), 'engine');
    // A wheel in a file: pip needs neither the network nor a build for it.
    const version = async (number: number): Promise<void> => {
      const wheel = join(requirements, `witprobe-${number}-py3-none-any.whl`);
      execFileSync(testPython(), ['-c', WHEEL, wheel, String(number)]);
      await writeFile(join(requirements, 'requirements.txt'), `${wheel}\n`);
    };
    await version(1);
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const python = await installEngine({ dev: false, log, folder, requirements });
    expect(python).toBe(join(folder, 'bin', 'python'));
    expect((await stat(python)).isFile()).toBe(true);
    expect(lines.some((line) => line.includes('making'))).toBe(true);
    lines.length = 0;
    await installEngine({ dev: false, log, folder, requirements });
    expect(lines).toEqual([`engine environment: up to date (${folder})`]);
    lines.length = 0;
    await version(2);
    await installEngine({ dev: false, log, folder, requirements });
    const ask = "import importlib.metadata as m; print(m.version('witprobe'))";
    expect(execFileSync(python, ['-c', ask], { encoding: 'utf8' }).trim()).toBe('2');
    const stamp = await readFile(join(folder, 'wit-environment.json'), 'utf8');
    expect(Object.keys(JSON.parse(stamp))).toEqual(['requirements.txt']);
    lines.length = 0;
    // A failure says so and does not count as done.
    await writeFile(join(requirements, 'requirements.txt'), '/no/such/package\n');
    const failing = installEngine({ dev: false, log, folder, requirements });
    await expect(failing).rejects.toThrow('/no/such/package');
    expect(await readFile(join(folder, 'wit-environment.json'), 'utf8')).toBe(stamp);
  });

  it('says what to install when Python is missing, too old, or without venv', async () => {
    const folder = join(await temporary(), 'engine');
    const options = { dev: false, log: () => {}, folder };
    const old = await executable('#!/bin/sh\necho 3 8\n');
    const none = installEngine({ ...options, basePython: '/no/python3' });
    await expect(none).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('Python 3.10 or newer; none was found'),
      hint: expect.stringContaining('apt-get install python3'),
    });
    await expect(installEngine({ ...options, basePython: old })).rejects.toThrow('is 3.8');
    const bare = await executable(
      '#!/bin/sh\nif [ "$1" = -c ]; then echo 3 12; else echo no venv here >&2; exit 1; fi\n',
    );
    const error = await installEngine({ ...options, basePython: bare }).catch((e: WitError) => e);
    expect((error as WitError).message).toContain('no venv here');
    expect((error as WitError).hint).toContain('python3-venv');
  });
});

describe('inspectEngine', () => {
  it('finds nothing wrong with the Python of the tests', async () => {
    const report = await inspectEngine(testPython());
    expect(report.problems).toEqual([]);
    expect(report.packages.torch).toMatch(/^2\./);
    expect(report.devices.at(-1)).toBe('cpu');
  });

  it('names what is missing and how to mend it', async () => {
    const isolated = await executable(`#!/bin/sh\nexec "${testPython()}" -S "$@"\n`);
    const report = await inspectEngine(isolated);
    expect(report.packages).toEqual({ torch: null, numpy: null, safetensors: null });
    expect(report.problems.map(({ what }) => what).join('\n')).toContain('torch cannot be loaded');
    expect(report.problems[0]?.mend).toContain('wit doctor --install');
    const absent = await inspectEngine('/no/python');
    expect(absent.problems[0]?.what).toContain('/no/python cannot be run');
  });
});
