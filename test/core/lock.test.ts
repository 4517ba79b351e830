import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder, writerOf } from '../../src/core/lock.js';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wit-lock-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

/** A folder with the lock of process `pid`. */
async function lockedBy(pid: number): Promise<string> {
  const dir = await folder();
  await writeFile(join(dir, '.lock'), String(pid));
  return dir;
}

function ended(child: ChildProcess): void {
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
}

describe('the lock of a folder', () => {
  it('is one process at a time', async () => {
    const dir = await folder();
    expect(await writerOf(dir)).toBeUndefined();
    const unlock = await lockFolder(dir);
    expect(await writerOf(dir)).toBe(process.pid);
    await expect(lockFolder(dir)).rejects.toThrow(`is being written by process ${process.pid}`);
    await unlock();
    expect(await writerOf(dir)).toBeUndefined();
    await (await lockFolder(dir))();
  });

  it('of a process that lives holds, and of one that is gone is taken over', async () => {
    const child = spawn('sleep', ['600']);
    ended(child);
    const dir = await lockedBy(child.pid as number);
    expect(await writerOf(dir)).toBe(child.pid);
    await expect(lockFolder(dir)).rejects.toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await writerOf(dir)).toBeUndefined();
    await (await lockFolder(dir))();
  });

  // Only there a process without a parent's care can be told from a living one.
  it.runIf(process.platform === 'linux')(
    'of a process that has ended, though its parent did not notice, is taken over',
    async () => {
      // The shell becomes a program that asks for no exit code of the child that it had.
      const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 600'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      ended(parent);
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(String(line));
      const dir = await lockedBy(pid);
      while ((await writerOf(dir)) !== undefined) await sleep(5);
      // It still takes signals.
      expect(process.kill(pid, 0)).toBe(true);
      await (await lockFolder(dir))();
    },
  );

  it('with nothing that is a process in it is taken over', async () => {
    const dir = await folder();
    await writeFile(join(dir, '.lock'), '');
    expect(await writerOf(dir)).toBeUndefined();
    await (await lockFolder(dir))();
  });
});
