/**
 * What a command costs: wall time, CPU time of it and all its descendants, and the memory of all of
 * them together at its peak.
 */

import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export interface Cost {
  /** Seconds. */
  wall: number;
  /** Seconds of user and system time, of the command and every descendant that it waited for. */
  cpu: number;
  /**
   * Bytes: the largest sum of resident sets over the process tree, looked at every 50 ms; shared pages
   * count once for each process. Absent where there is no /proc.
   */
  peakRss: number | undefined;
  /** Bytes of the files of a folder at their largest, looked at every 500 ms. */
  peakDisk: number;
  /** Standard output. */
  output: string;
}

const SAMPLE_MS = 50;
const DISK_SAMPLE_MS = 500;
/** The shell's own figure of what its children used, on a descriptor that the command does not have. */
const TIMED = '"$@" 3>&-; code=$?; times >&3; exit $code';

/**
 * Runs a command to its end.
 *
 * @throws Error when it fails, with the end of what it wrote to standard error.
 */
export async function measure(
  command: readonly string[],
  options: { env?: NodeJS.ProcessEnv; discardOutput?: boolean; folder?: string } = {},
): Promise<Cost> {
  const stdio: StdioOptions = ['ignore', options.discardOutput ? 'ignore' : 'pipe', 'pipe', 'pipe'];
  const begun = performance.now();
  const child = spawn('bash', ['-c', TIMED, 'measure', ...command], {
    stdio,
    env: { ...process.env, ...options.env },
  });
  const output = collect(child.stdio[1] as Readable | null);
  const errors = collect(child.stdio[2] as Readable);
  const times = collect(child.stdio[3] as Readable);
  let peakRss: number | undefined;
  const sampler = setInterval(() => {
    const rss = treeRss(child.pid as number);
    if (rss !== undefined) peakRss = Math.max(peakRss ?? 0, rss);
  }, SAMPLE_MS);
  let peakDisk = 0;
  const { folder } = options;
  const lookAtDisk = (): void => {
    if (folder !== undefined) peakDisk = Math.max(peakDisk, folderBytes(folder));
  };
  const diskSampler = setInterval(lookAtDisk, DISK_SAMPLE_MS);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearInterval(sampler);
  clearInterval(diskSampler);
  const wall = (performance.now() - begun) / 1000;
  if (code !== 0) {
    const end = (await errors).slice(-2_000);
    throw new Error(`\`${command.join(' ')}\` ended with ${code ?? signal}\n${end}`);
  }
  return { wall, cpu: childSeconds(await times), peakRss, peakDisk, output: await output };
}

/** The run of a command whose CPU time is the median of several. */
export async function medianRun(times: number, run: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < times; i++) costs.push(await run());
  costs.sort((a, b) => a.cpu - b.cpu);
  return costs[Math.floor((costs.length - 1) / 2)] as Cost;
}

function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true })
    .map((name) => statSync(join(folder, String(name)), { throwIfNoEntry: false }))
    .reduce((total, file) => total + (file?.isFile() ? file.size : 0), 0);
}

async function collect(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Of the output of the shell's `times`, whose second line is user and system time of its children. */
function childSeconds(times: string): number {
  const children = times.trim().split('\n')[1] ?? '';
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)]
    .map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds))
    .reduce((a, b) => a + b, 0);
}

/** Bytes of memory of a process and its descendants, the shell that runs it left out. */
function treeRss(root: number): number | undefined {
  let processes: string[];
  try {
    processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  const children = new Map<number, number[]>();
  const rss = new Map<number, number>();
  for (const name of processes) {
    try {
      // The name of the program, in brackets, may hold spaces: fields are counted behind it.
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      rss.set(Number(name), Number(fields[21]) * 4096);
    } catch {
      // It ended meanwhile.
    }
  }
  let total = 0;
  const queue = [...(children.get(root) ?? [])];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    total += rss.get(pid) ?? 0;
    queue.push(...(children.get(pid) ?? []));
  }
  return total;
}
