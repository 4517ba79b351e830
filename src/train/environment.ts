/**
 * The Python that runs the engine: the user's own, or a virtual environment that `wit` makes. Only
 * that environment's folder is ever written; the user's packages are left alone.
 */

import { type SpawnOptions, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf, systemCode, WitError } from '../core/errors.js';
import { writeAtomically } from '../core/store.js';
import { packageRoot, version } from '../core/version.js';

/** Holds the package `wit_engine` and its requirements. */
export const engineFolder = join(packageRoot, 'src', 'train', 'engine');

const OLDEST_PYTHON = [3, 10] as const;
const STAMP = 'wit-environment.json';
const MAKE_HINT =
  '`wit doctor --install` makes an environment for the engine. Or point to a Python that has torch, ' +
  'numpy and safetensors with --python PATH or WIT_PYTHON.';

/**
 * Folder of the environment that `wit` makes: `.engine` in a checkout; for an installed package a
 * folder in the user's cache, which updates of the package do not remove.
 */
export function environmentFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (!packageRoot.split(sep).includes('node_modules')) return join(packageRoot, '.engine');
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'wit', `engine-${version}`);
}

function pythonIn(folder: string): string {
  return process.platform === 'win32'
    ? join(folder, 'Scripts', 'python.exe')
    : join(folder, 'bin', 'python');
}

/**
 * The Python to run the engine with: `python` (the --python flag), else WIT_PYTHON, else the
 * environment that `wit` makes.
 * @throws WitError `environment` when it is not there, saying where it was looked for.
 */
export function resolvePython(
  options: { python?: string | undefined; env?: NodeJS.ProcessEnv } = {},
): string {
  const { python, env = process.env } = options;
  const named: [string | undefined, string][] = [
    [python, '--python'],
    [env.WIT_PYTHON, 'WIT_PYTHON'],
  ];
  for (const [path, origin] of named) {
    if (path === undefined || path === '') continue;
    // A bare command name is looked up by the system.
    if (path.includes('/') && !existsSync(path)) {
      throw new WitError('environment', `${origin} points to ${path}, which does not exist`);
    }
    return path;
  }
  const made = pythonIn(environmentFolder(env));
  if (existsSync(made)) return made;
  throw new WitError('environment', `The engine has no Python: ${made} does not exist`, {
    hint: MAKE_HINT,
  });
}

export interface InstallOptions {
  /** Also what the engine's tests and checks need. */
  readonly dev: boolean;
  /** Receives lines that say what is done. */
  readonly log: (line: string) => void;
  /** Default: `environmentFolder()`. */
  readonly folder?: string;
  /** The Python to make it from. Default: python3, then python. */
  readonly basePython?: string;
  /** Folder of the requirements files. Default: the engine's. */
  readonly requirements?: string;
  readonly signal?: AbortSignal;
}

/**
 * Makes the environment, or brings it up to date; does nothing when it is.
 * @returns its Python
 * @throws WitError `environment` saying what is missing on this machine and what to install.
 */
export async function installEngine(options: InstallOptions): Promise<string> {
  const { dev, log, folder = environmentFolder(), requirements = engineFolder, signal } = options;
  const python = pythonIn(folder);
  const lists: { file: string; flags: string[] }[] = [{ file: 'requirements.txt', flags: [] }];
  if (dev) {
    lists.push({ file: 'requirements-dev.txt', flags: [] });
    lists.push({ file: 'requirements-dev-nodeps.txt', flags: ['--no-deps'] });
  }
  const wanted: Record<string, string> = {};
  for (const { file } of lists) {
    wanted[file] = createHash('sha256')
      .update(await readFile(join(requirements, file)))
      .digest('hex');
  }
  const stamp = join(folder, STAMP);
  const done = existsSync(python) ? await readStamp(stamp) : {};
  if (lists.every(({ file }) => done[file] === wanted[file])) {
    log(`engine environment: up to date (${folder})`);
    return python;
  }
  if (!existsSync(python)) await makeEnvironment(folder, options);
  for (const { file, flags } of lists) {
    if (done[file] === wanted[file]) continue;
    log(`engine environment: installing ${file} into ${folder} (torch is large; minutes)`);
    const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet'];
    await run(python, [...args, ...flags, '-r', join(requirements, file)], {
      log,
      signal,
      hint:
        'pip needs the network, or a mirror that its settings name, and some gigabytes of disk. ' +
        'What was installed is kept: run the same command again to go on.',
    });
    done[file] = wanted[file] as string;
    await writeAtomically(stamp, `${JSON.stringify(done, null, 2)}\n`);
  }
  log(`engine environment: ready (${folder})`);
  return python;
}

async function makeEnvironment(folder: string, options: InstallOptions): Promise<void> {
  const { log, signal } = options;
  const base = await findBasePython(options.basePython);
  log(`engine environment: making ${folder} with ${base}`);
  await run(base, ['-m', 'venv', '--clear', folder], {
    log,
    signal,
    hint: 'Python comes without venv here. On Debian and Ubuntu: apt-get install python3-venv',
  });
}

async function findBasePython(given: string | undefined): Promise<string> {
  const found: string[] = [];
  for (const candidate of given === undefined ? ['python3', 'python'] : [given]) {
    const lines: string[] = [];
    try {
      await run(candidate, ['-c', 'import sys; print(*sys.version_info[:2])'], {
        log: (line) => lines.push(line),
      });
    } catch {
      continue;
    }
    const [major = 0, minor = 0] = (lines[0] ?? '').split(' ').map(Number);
    if (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]) return candidate;
    found.push(`${candidate} is ${major}.${minor}`);
  }
  const seen = found.length === 0 ? 'none was found' : found.join(', ');
  throw new WitError(
    'environment',
    `The engine needs Python ${OLDEST_PYTHON.join('.')} or newer; ${seen}`,
    {
      hint:
        'Install it (Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install ' +
        'python), or point to one with --python PATH or WIT_PYTHON.',
    },
  );
}

async function readStamp(path: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
  } catch {
    return {};
  }
}

export interface EngineReport {
  /** The Python that was asked. */
  readonly python: string;
  /** Absent where the Python cannot be run. */
  readonly pythonVersion?: string;
  /** Version of each package that the engine needs; null where it is missing. */
  readonly packages: Readonly<Record<'torch' | 'numpy' | 'safetensors', string | null>>;
  /** Devices that training can use here, best first. */
  readonly devices: readonly ('cuda' | 'mps' | 'cpu')[];
  /** Names of the CUDA devices. */
  readonly gpus: readonly string[];
  /** What is wrong, and how to mend it; empty when the engine can run. */
  readonly problems: readonly { what: string; mend: string }[];
}

/** Prints one JSON object. A package that is present but fails to load is reported with its error. */
const PROBE = `
import importlib, json, sys
out = {"version": ".".join(map(str, sys.version_info[:3])), "packages": {}, "errors": {}}
out.update(devices=[], gpus=[])
for name in ("torch", "numpy", "safetensors", "wit_engine"):
    try:
        module = importlib.import_module(name)
        out["packages"][name] = str(getattr(module, "__version__", ""))
    except Exception as error:
        out["packages"][name] = None
        out["errors"][name] = f"{type(error).__name__}: {error}"
if out["packages"]["torch"]:
    import torch
    if torch.cuda.is_available():
        out["devices"].append("cuda")
        out["gpus"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        out["devices"].append("mps")
    out["devices"].append("cpu")
print("wit-probe:" + json.dumps(out))
`;

interface Probe {
  version: string;
  packages: Record<'torch' | 'numpy' | 'safetensors' | 'wit_engine', string | null>;
  errors: Record<string, string>;
  devices: ('cuda' | 'mps' | 'cpu')[];
  gpus: string[];
}

/** Asks a Python what it has. Never throws: what is wrong is in `problems`. */
export async function inspectEngine(python: string): Promise<EngineReport> {
  const lines: string[] = [];
  const missing = { torch: null, numpy: null, safetensors: null };
  let probe: Probe;
  try {
    const packages = [engineFolder, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
    await run(python, ['-c', PROBE], {
      log: (line) => lines.push(line),
      env: { ...process.env, PYTHONPATH: packages },
    });
    const prefix = 'wit-probe:';
    const line = lines.find((text) => text.startsWith(prefix)) ?? '';
    probe = JSON.parse(line.slice(prefix.length)) as Probe;
  } catch (error) {
    const problem = { what: `${python} cannot be run: ${messageOf(error)}`, mend: MAKE_HINT };
    return { python, packages: missing, devices: [], gpus: [], problems: [problem] };
  }
  const problems: { what: string; mend: string }[] = [];
  const [major = 0, minor = 0] = probe.version.split('.').map(Number);
  if (major !== OLDEST_PYTHON[0] || minor < OLDEST_PYTHON[1]) {
    problems.push({
      what: `Python ${probe.version} is too old; ${OLDEST_PYTHON.join('.')} or newer is needed`,
      mend: MAKE_HINT,
    });
  }
  const absent = (['torch', 'numpy', 'safetensors'] as const).filter(
    (name) => probe.packages[name] === null,
  );
  for (const name of absent) {
    problems.push({ what: `${name} cannot be loaded (${probe.errors[name]})`, mend: MAKE_HINT });
  }
  if (absent.length === 0 && probe.packages.wit_engine === null) {
    problems.push({
      what: `the engine itself cannot be loaded (${probe.errors.wit_engine})`,
      mend: `Check that ${engineFolder} is complete.`,
    });
  }
  const { torch, numpy, safetensors } = probe.packages;
  return {
    python,
    pythonVersion: probe.version,
    packages: { torch, numpy, safetensors },
    devices: probe.devices,
    gpus: probe.gpus,
    problems,
  };
}

interface RunOptions {
  readonly log: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  readonly hint?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end, passing its lines on. Fails with its last lines. */
async function run(
  command: string,
  args: readonly string[],
  { log, env, hint, signal }: RunOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const spawned: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'] };
  if (env !== undefined) spawned.env = env;
  if (signal !== undefined) spawned.signal = signal;
  const child = spawn(command, args, spawned);
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log(line);
      last.push(line);
      if (last.length > 8) last.shift();
    });
  }
  const failure = await new Promise<string | undefined>((resolve) => {
    child.on('error', (cause) =>
      resolve(systemCode(cause) === 'ENOENT' ? 'there is no such program' : messageOf(cause)),
    );
    child.on('close', (code, killed) =>
      resolve(code === 0 ? undefined : killed === null ? `exit code ${code}` : `${killed}`),
    );
  });
  signal?.throwIfAborted();
  if (failure === undefined) return;
  const shown = args.map((arg) => (arg.includes('\n') ? '…' : arg)).join(' ');
  const tail = last.length === 0 ? '' : `\n  ${last.join('\n  ')}`;
  throw new WitError(
    'environment',
    `\`${command} ${shown}\` failed (${failure})${tail}`,
    hint === undefined ? {} : { hint },
  );
}
