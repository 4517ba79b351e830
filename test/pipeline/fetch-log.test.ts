import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pair } from '../../src/core/types.js';
import { FetchLog } from '../../src/pipeline/fetch-log.js';
import type { Outcome } from '../../src/pipeline/fetch-one.js';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-fetch-log-'));
  path = join(dir, 'fetching', '00000.log');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const head = { dataset: 'd', selections: 's' };

function pairOf(row: number, bytes = Buffer.from(`image ${row}`)): Outcome {
  const pair: Pair = {
    key: `key-${row}`,
    text: 'ein Käfer\n\ud800 auf "Gras"',
    otherTexts: ['a', ''],
    url: `http://a.test/${row}.png`,
    queries: ['käfer'],
    width: 3,
    height: 4,
    originalWidth: 30,
    originalHeight: 40,
    format: 'jpeg',
    sha256: 'ab',
    dhash: 'cd',
    fetchedAt: '2026-01-01T00:00:00Z',
    image: { bytes, path: `key-${row}.jpg` },
  };
  return { pair };
}

function lossOf(row: number): Outcome {
  return { loss: { reason: 'http_client_error', detail: `HTTP 404, ${row}` } };
}

/** Ten outcomes, losses among them, written all at once and out of order. */
const TEN = [3, 0, 9, 1, 4, 2, 8, 5, 7, 6];
const outcomeOf = (row: number) => (row % 3 === 0 ? lossOf(row) : pairOf(row));

async function writeTen(): Promise<void> {
  const log = await FetchLog.open(path, head);
  await Promise.all(TEN.map((row) => log.append(row, outcomeOf(row))));
  await log.close();
}

async function known(log: FetchLog): Promise<Map<number, Outcome>> {
  const found = new Map<number, Outcome>();
  for (let row = 0; row < 12; row++) {
    const outcome = await log.read(row);
    if (outcome !== undefined) found.set(row, outcome);
  }
  return found;
}

describe('FetchLog', () => {
  it('gives back what was noted, images and texts to the byte', async () => {
    await writeTen();
    const log = await FetchLog.open(path, head);
    const found = await known(log);
    expect([...found.keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [row, outcome] of found) expect(outcome).toEqual(outcomeOf(row));
    expect({ damaged: log.damaged, replaced: log.replaced }).toEqual({
      damaged: 0,
      replaced: false,
    });
    await log.close();
  });

  it('gives it back to the run that notes it, also behind what an earlier one noted', async () => {
    await writeTen();
    const log = await FetchLog.open(path, head);
    expect(await log.read(10)).toBeUndefined();
    await Promise.all([log.append(11, pairOf(11)), log.append(10, lossOf(10))]);
    expect(await log.read(10)).toEqual(lossOf(10));
    expect(await log.read(11)).toEqual(pairOf(11));
    expect(await log.read(3)).toEqual(outcomeOf(3));
    await log.close();
    const again = await FetchLog.open(path, head);
    expect((await known(again)).size).toBe(12);
    await again.close();
  });

  it('cuts what a kill tore, at whatever byte, and goes on from there', async () => {
    await writeTen();
    const whole = await readFile(path);
    const log = await FetchLog.open(path, head);
    await log.append(10, pairOf(10));
    await log.close();
    const longer = await readFile(path);
    expect(longer.subarray(0, whole.length).equals(whole)).toBe(true);
    for (let bytes = whole.length; bytes < longer.length; bytes++) {
      await writeFile(path, longer.subarray(0, bytes));
      const cut = await FetchLog.open(path, head);
      expect(cut.size).toBe(10);
      await cut.append(11, lossOf(11));
      await cut.close();
      const again = await FetchLog.open(path, head);
      expect([again.size, again.damaged]).toEqual([11, 0]);
      expect(await again.read(11)).toEqual(lossOf(11));
      await again.close();
    }
  });

  it('cuts zeros, which some file systems leave after a power cut', async () => {
    await writeTen();
    const { size } = await stat(path);
    await truncate(path, size + 5_000);
    const log = await FetchLog.open(path, head);
    expect([log.size, log.damaged]).toEqual([10, 0]);
    await log.close();
    expect((await stat(path)).size).toBe(size);
  });

  it('never gives a wrong outcome for a flipped bit, wherever it is', async () => {
    await writeTen();
    const whole = await readFile(path);
    const lost: number[] = [];
    let flips = 0;
    for (let bit = 0; bit < whole.length * 8; bit += 41) {
      flips += 1;
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      await writeFile(path, flipped);
      const log = await FetchLog.open(path, head);
      const found = await known(log);
      for (const [row, outcome] of found) expect(outcome).toEqual(outcomeOf(row));
      expect(found.size).toBeLessThan(11);
      if (log.damaged === 1) lost.push(10 - found.size);
      await log.close();
    }
    // A bit of the content costs that one outcome; only a wrong length costs those behind it too.
    expect(lost.length).toBeGreaterThan(flips / 2);
    expect(lost.filter((n) => n > 1).length).toBeLessThan(lost.length / 5);
  });

  it.each([
    ['of another dataset', { ...head, dataset: 'e' }],
    ['of other selections', { ...head, selections: 't' }],
  ])('does not take the log %s for its own', async (_, other) => {
    await writeTen();
    const log = await FetchLog.open(path, other);
    expect([log.size, log.replaced]).toEqual([0, true]);
    await log.append(1, lossOf(1));
    await log.close();
    const again = await FetchLog.open(path, other);
    expect([again.size, again.replaced]).toEqual([1, false]);
    await again.close();
  });

  it('notes nothing once it is closed, and leaves nothing once it is removed', async () => {
    const log = await FetchLog.open(path, head);
    await log.append(1, lossOf(1));
    await log.remove();
    await log.append(2, lossOf(2));
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  const mayMount = process.getuid?.() === 0;
  if (!mayMount) console.warn('SKIPPED: a full disk (needs root, to mount a small one)');
  it.skipIf(!mayMount)('keeps what was noted before the disk was full', async () => {
    const disk = join(dir, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    try {
      const full = join(disk, '00000.log');
      const log = await FetchLog.open(full, head);
      const image = Buffer.alloc(10_000, 7);
      // One a write: of one that fails with several, the first may be whole.
      const results: PromiseSettledResult<void>[] = [];
      for (let row = 0; row < 9; row++) {
        results.push(...(await Promise.allSettled([log.append(row, pairOf(row, image))])));
      }
      const written = results.filter(({ status }) => status === 'fulfilled').length;
      expect(written).toBeGreaterThan(2);
      expect(written).toBeLessThan(9);
      const failure = results.find((result) => result.status === 'rejected')?.reason;
      expect(failure).toMatchObject({ code: 'disk', message: expect.stringContaining(full) });
      expect(failure.hint).toContain('The disk is full');
      await log.close();
      execFileSync('mount', ['-o', 'remount,size=1m', disk]);
      const again = await FetchLog.open(full, head);
      expect(again.size).toBe(written);
      for (let row = 0; row < written; row++) {
        expect(await again.read(row)).toEqual(pairOf(row, image));
      }
      await again.append(8, lossOf(8));
      await again.close();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});
