/**
 * One writer per folder. The lock names its process, so that one left behind by a killed writer is
 * recognised and taken over, and a living one is reported instead of joined.
 */

import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WitError } from './errors.js';
import { writeError } from './store.js';

const LOCK_NAME = '.lock';

/** The process that is writing `dir`, if it is alive. */
export async function writerOf(dir: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(join(dir, LOCK_NAME), 'utf8');
  } catch {
    return undefined;
  }
  const pid = Number.parseInt(text, 10);
  return Number.isInteger(pid) && (await isAlive(pid)) ? pid : undefined;
}

/**
 * Takes the lock of `dir` (which is made if missing).
 * @returns a function that gives it back.
 * @throws WitError `dataset` when a living process holds it.
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, LOCK_NAME);
  try {
    await mkdir(dir, { recursive: true });
  } catch (cause) {
    throw writeError(dir, cause);
  }
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(path, { force: true });
    } catch (cause) {
      if (systemCode(cause) !== 'EEXIST') throw writeError(path, cause);
      const writer = await writerOf(dir);
      if (writer !== undefined) {
        throw new WitError('dataset', `${dir} is being written by process ${writer}`, {
          hint: 'Wait for it, stop it, or choose another --out.',
        });
      }
      await rm(path, { force: true });
    }
  }
  throw new WitError('dataset', `Cannot lock ${dir}: other processes keep taking the lock`);
}

async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but is somebody else's.
    if (systemCode(error) !== 'EPERM') return false;
  }
  return !(await isZombie(pid));
}

/**
 * A process that has ended takes signals until its parent asks for its exit code, which one that runs a
 * container may never do. Told by Linux's proc_pid_stat(5): the state stands after the name, which is in
 * parentheses and may hold some. Elsewhere false.
 */
async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return /^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
}
