/** Images that take long: ended in time, by CPU time, and nothing left behind. */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { filterSchema, shardSchema } from '../../src/config.js';
import { packageRoot } from '../../src/core/version.js';
import { decodeApart } from '../../src/filter/decoder.js';
import { normaliseImage } from '../../src/filter/image.js';
import { manyScans } from '../web/broken-images.js';

const normalise = (bytes: Buffer, maxDecodeMs?: number) =>
  normaliseImage(bytes, filterSchema.parse({ maxDecodeMs }), shardSchema.parse({}));
const late = (ms: number) => ({
  ok: false,
  loss: { reason: 'decode_timeout', detail: `${ms} ms of CPU time` },
});

/** The processes that `pid` has images decoded in. */
async function decodersOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const pids = children.trim().split(' ').filter(Boolean).map(Number);
  const commands = await Promise.all(
    pids.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, i) => commands[i]?.includes('decoder-process.js'));
}

/** Undefined once it has ended (proc_pid_stat(5): state, and 11 fields on two times in ticks of 10 ms). */
async function cpuSecondsOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || 'ZX'.includes(fields[0] as string)) return undefined;
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

describe('an image that takes too long', () => {
  it('is ended, whatever makes it slow, and the next is decoded', async () => {
    // Both have 49 megapixels, and two megabytes together at most.
    const scans = manyScans(7_000, 883);
    const red = { width: 7_000, height: 7_000, channels: 4, background: '#f008' } as const;
    const pixels = await sharp({ create: red }).png({ progressive: true }).toBuffer();
    expect(scans.length + pixels.length).toBeLessThan(2_000_000);
    expect(await normalise(scans, 500)).toEqual(late(500));
    expect(await normalise(pixels, 100)).toEqual(late(100));
    const [slow, ...others] = await Promise.all([
      normalise(scans, 1_000),
      normalise(pixels, 4_000),
      normalise(pixels, 4_000),
    ]);
    expect(slow).toEqual(late(1_000));
    const blank = { ok: false, loss: { reason: 'blank' } };
    for (const other of others) expect(other).toMatchObject(blank);
    // The file is whole: given the time it is decoded.
    expect(await normalise(manyScans(800, 883))).toMatchObject(blank);
  });

  it('is the same image wherever it is decoded', async () => {
    const noise = { raw: { width: 400, height: 300, channels: 3 } } as const;
    const picture = sharp(randomBytes(400 * 300 * 3), noise).resize(4_000, 3_000);
    const turned = await picture
      .withMetadata({ orientation: 6 })
      .jpeg({ progressive: true })
      .toBuffer();
    const before = await decodersOf(process.pid);
    const here = await normalise(turned);
    expect(await decodersOf(process.pid)).toEqual(before);
    // By its pixels it might take 1.2 s.
    const apart = await normalise(turned, 1_000);
    expect((await decodersOf(process.pid)).length).toBeGreaterThan(0);
    expect(here).toMatchObject({ ok: true, originalWidth: 3_000, width: 256 });
    expect(apart).toEqual(here);
    expect(await normalise(turned.subarray(0, 300_000), 1_000)).toEqual(
      await normalise(turned.subarray(0, 300_000)),
    );
  });

  it('is ended, too, when its decoder stands still', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const task = { svg, maxPixels: 100 };
    expect(await decodeApart(task, 10_000)).toHaveProperty('png');
    for (const pid of await decodersOf(process.pid)) process.kill(pid, 'SIGSTOP');
    expect(await decodeApart(task, 10_000, 500)).toEqual({
      reason: 'decode_timeout',
      detail: 'the decoder stands still',
    });
    for (const pid of await decodersOf(process.pid)) process.kill(pid, 'SIGCONT');
    expect(await decodeApart(task, 10_000)).toHaveProperty('png');
  });

  it('ends with the run that is killed in the middle of it', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'wit-decoder-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    // About 8 s of CPU time.
    await writeFile(join(dir, 'slow.jpg'), manyScans(7_000, 883));
    const script = `
      import { readFileSync } from 'node:fs';
      const { normaliseImage } = await import('${packageRoot}/dist/src/filter/image.js');
      const { filterSchema, shardSchema } = await import('${packageRoot}/dist/src/config.js');
      await normaliseImage(readFileSync('slow.jpg'), filterSchema.parse({}), shardSchema.parse({}));`;
    const args = ['--input-type=module', '--eval', script];
    const run = spawn(process.execPath, args, { cwd: dir, stdio: 'inherit' });
    const ended = once(run, 'exit');
    let decoder: number | undefined;
    // Well in the middle: starting takes less.
    while (decoder === undefined || ((await cpuSecondsOf(decoder)) ?? 0) < 1) {
      await sleep(10);
      [decoder] = await decodersOf(run.pid as number);
    }
    run.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    let used = 0;
    for (let now: number | undefined = 0; now !== undefined; now = await cpuSecondsOf(decoder)) {
      used = now;
      await sleep(10);
    }
    expect(used).toBeLessThan(4);
  });
});
