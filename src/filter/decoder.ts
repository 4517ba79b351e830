/**
 * Decoding what may take long, in processes of their own. Native code cannot be interrupted: a few hundred
 * kilobytes of SVG, or of a JPEG in thousands of scans, keep a decoder at work for minutes, and with it one of
 * the four threads that everything else waits for. A process can be ended. It has nothing to give away: no
 * environment, no input or output but the channel.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import type { Loss } from '../core/reasons.js';
import { packageRoot } from '../core/version.js';
import type { Decoded, Request, Task } from './decoder-process.js';

/** Processes run compiled code, also where the rest runs from its TypeScript. */
const PROCESS = join(packageRoot, 'dist', 'src', 'filter', 'decoder-process.js');
const waiting = new PQueue({ concurrency: availableParallelism() });
const idle: ChildProcess[] = [];

/**
 * Decodes `task`, or says why not: `decode_timeout` after `maxMs` of CPU time. As many at once as there are
 * cores; the others wait.
 * @param patienceMs by the clock on the wall: so long that only a process that stands still takes longer, however
 *   busy the machine is
 */
export function decodeApart(
  task: Task,
  maxMs: number,
  patienceMs = 180_000 + 30 * maxMs,
): Promise<Decoded> {
  return waiting.add(() => decode({ task, maxMs }, patienceMs));
}

function decode(request: Request, patienceMs: number): Promise<Decoded> {
  const child = idle.pop() ?? start();
  return new Promise((resolve) => {
    const settle = (decoded: Decoded): void => {
      clearTimeout(timer);
      for (const event of ['message', 'exit', 'error']) child.removeAllListeners(event);
      child.on('error', () => {});
      resolve(decoded);
    };
    const fail = (loss: Loss): void => {
      child.kill('SIGKILL');
      unref(child);
      settle(loss);
    };
    const broken = (detail: string) => fail({ reason: 'undecodable', detail });
    const timer = setTimeout(() => {
      fail({ reason: 'decode_timeout', detail: 'the decoder stands still' });
    }, patienceMs);
    child.on('message', (decoded: Decoded) => {
      if ('reason' in decoded && decoded.reason === 'decode_timeout') {
        fail(decoded);
        return;
      }
      settle(decoded);
      rest(child);
    });
    child.on('error', (error) => broken(error.message));
    child.on('exit', (code, signal) => broken(`the decoder ended (${signal ?? code})`));
    child.ref();
    child.channel?.ref();
    child.send(request, (error) => {
      if (error !== null) broken(error.message);
    });
  });
}

/** One that ends meanwhile is forgotten. */
function rest(child: ChildProcess): void {
  unref(child);
  idle.push(child);
  child.once('exit', () => {
    const at = idle.indexOf(child);
    if (at !== -1) idle.splice(at, 1);
  });
}

/** A process without work, or with none of ours, must not keep this one alive. */
function unref(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

function start(): ChildProcess {
  return fork(PROCESS, {
    env: {},
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}
