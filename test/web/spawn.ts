/** Starts the small internet as a process of its own (see serve.ts) and waits until it listens. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WebOptions } from './web.js';

export interface InternetProcess {
  readonly pid: number;
  readonly port: number;
  readonly connectTo: string[];
  readonly seeds: string[];
  readonly hosts: string[];
  /** Lets the process end; resolves when it has, with the most memory it held, in bytes. */
  close(): Promise<number>;
}

/** Characters of the process's last words that are kept for an error. */
const MAX_WORDS = 4_000;

/**
 * @param script the compiled serve.js; by default the one beside this file.
 * @throws Error with the process's exit code and its own words when it ends before it listens.
 */
export async function spawnInternet(
  options: WebOptions = {},
  script: string = fileURLToPath(new URL('./serve.js', import.meta.url)),
): Promise<InternetProcess> {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let words = '';
  let peakMemoryBytes = 0;
  child.stderr.setEncoding('utf8').on('data', (some: string) => {
    words = (words + some).slice(-MAX_WORDS);
  });
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    ended.then(([code]) => {
      throw new Error(`The small internet ended before it listened, with code ${code}:\n${words}`);
    }),
  ]);
  return {
    ...(JSON.parse(first) as Pick<InternetProcess, 'port' | 'connectTo' | 'seeds' | 'hosts'>),
    pid: child.pid as number,
    async close() {
      lines.once('line', (line: string) => {
        peakMemoryBytes = (JSON.parse(line) as { peakMemoryBytes: number }).peakMemoryBytes;
      });
      child.stdin.end();
      await ended;
      return peakMemoryBytes;
    },
  };
}
