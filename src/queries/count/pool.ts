/** Threads that do jobs (worker.ts). */

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { errorFromData } from '../../core/errors.js';
import { packageRoot } from '../../core/version.js';
import type { Answer, Job, Merged, WorkerSetting } from './worker.js';

/** Workers run compiled code, also where the rest runs from its TypeScript. */
const WORKER = join(packageRoot, 'dist', 'src', 'queries', 'count', 'worker.js');

export class Pool {
  readonly #workers: Worker[];

  constructor(size: number, setting: WorkerSetting) {
    this.#workers = Array.from({ length: size }, () => {
      // Bigrams live outside the heap; what is on it, chiefly strings of the merge, may take 4 GB.
      const worker = new Worker(WORKER, {
        workerData: setting,
        resourceLimits: { maxOldGenerationSizeMb: 4096 },
      });
      worker.setMaxListeners(0);
      return worker;
    });
  }

  /**
   * Does all jobs, each worker one at a time. `progress` gets amounts in the job's unit, `done` each
   * job as it ends.
   * @throws the first job's error; the other workers are left to themselves, to be closed.
   */
  async run(
    jobs: readonly Job[],
    progress: (amount: number) => void,
    done: (job: Job, merged: Merged | undefined) => void,
  ): Promise<void> {
    const waiting = jobs.values();
    await Promise.all(
      this.#workers.map(async (worker) => {
        for (const job of waiting) done(job, await perform(worker, job, progress));
      }),
    );
  }

  /** Ends the threads, whatever they are at. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function perform(
  worker: Worker,
  job: Job,
  progress: (amount: number) => void,
): Promise<Merged | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      end();
    };
    const onMessage = (message: Answer): void => {
      if (message.kind === 'progress') progress(message.amount);
      else if (message.kind === 'done') settle(() => resolve(message.merged));
      else settle(() => reject(errorFromData(message.error)));
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (): void => settle(() => reject(new Error('a counting thread ended early')));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(job);
  });
}
