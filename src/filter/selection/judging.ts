/**
 * Judges batches of candidates, in threads where there are many. Language detection and matching cost
 * most of selection and need nothing but the texts; the threads share one copy of the matcher's tables.
 */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ErrorAsData, errorFromData } from '../../core/errors.js';
import { type LanguageTables, languageTables } from '../../core/language/tables.js';
import { packageRoot } from '../../core/version.js';
import { type Judgeable, type JudgeSetting, judgeBatch } from './judged.js';

/** Threads run compiled code, also where the rest runs from its TypeScript. */
const WORKER = join(packageRoot, 'dist', 'src', 'filter', 'selection', 'judging-worker.js');

/**
 * Of a thread's young objects, in MB, where V8 takes up to 48: a batch leaves little behind, so that looking
 * after it more often costs little: in two trials, on a busy machine, 1 and 6 % of the time.
 */
const YOUNG_MB = 8;

/** What a thread begins with. */
export interface ThreadData extends Omit<JudgeSetting, 'image'> {
  /** Of the matcher's image. */
  readonly buffer: SharedArrayBuffer;
  /** Absent where no language is asked about. */
  readonly languages: LanguageTables | undefined;
}

export type Answer = { bytes: Uint8Array } | { error: ErrorAsData };

export interface Judging {
  /** Batches that keep all threads busy when they are judged at once. */
  readonly width: number;
  /** The rows of `judged.ts` of these candidates, in their order. */
  judge(batch: readonly Judgeable[]): Promise<Uint8Array>;
  /** Ends the threads, whatever they are at. */
  close(): Promise<void>;
}

/** @param threads none: in this one */
export function openJudging(setting: JudgeSetting, threads: number): Judging {
  if (threads > 0) return new ThreadPool(setting, threads);
  const judge = judgeBatch(setting);
  return { width: 1, judge: async (batch) => judge(batch), close: async () => {} };
}

class ThreadPool implements Judging {
  readonly width: number;
  readonly #threads: Thread[];

  constructor(setting: JudgeSetting, threads: number) {
    this.#threads = Array.from({ length: threads }, () => new Thread(setting));
    // While a thread answers, the next batch waits there already.
    this.width = 2 * threads;
  }

  judge(batch: readonly Judgeable[]): Promise<Uint8Array> {
    const idlest = this.#threads.reduce((a, b) => (b.waiting < a.waiting ? b : a));
    return idlest.judge(batch);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}

class Thread {
  readonly #worker: Worker;
  /** In the order of their batches, which is that of the answers. */
  readonly #waiting: { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }[] =
    [];
  #failure: Error | undefined;

  constructor({ image, config, seed }: JudgeSetting) {
    const languages = config.languages.length === 0 ? undefined : languageTables();
    const workerData: ThreadData = { buffer: image.buffer, languages, config, seed };
    this.#worker = new Worker(WORKER, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
      .on('message', (answer: Answer) => {
        const batch = this.#waiting.shift();
        if ('bytes' in answer) batch?.resolve(answer.bytes);
        else batch?.reject(errorFromData(answer.error));
      })
      .on('error', (error) => this.#fail(error))
      .on('exit', () => this.#fail(new Error('a thread that judges captions ended early')));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  judge(batch: readonly Judgeable[]): Promise<Uint8Array> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(batch);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
