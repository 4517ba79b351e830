import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { verifyShards } from '../../src/shard/index.js';
import { findCheckpoint } from '../../src/train/index.js';
import { type Ran, run } from './command-line.js';

let out: string;
let ran: Ran;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'wit-demo-'));
  ran = await run(['demo', '--concepts', '40', '--steps', '30', '--out', out]);
});
afterAll(() => rm(out, { recursive: true, force: true }));

const scores = {
  top1: expect.any(Number),
  top5: expect.any(Number),
  nearestNeighbour: expect.any(Number),
  nearDuplicatesOfTraining: expect.any(Number),
};
const recalls = { r1: expect.any(Number), r5: expect.any(Number), r10: expect.any(Number) };

describe('wit demo, tiny', () => {
  it('goes the whole road and writes its results', async () => {
    expect(ran.code, ran.stderr).toBe(0);
    const demo = JSON.parse(await readFile(join(out, 'demo.json'), 'utf8'));
    expect(demo).toEqual({
      wallSeconds: expect.any(Number),
      peakMemoryBytes: expect.any(Number),
      funnel: expect.any(Object),
      heldOutDesigner: { n: 849, classes: 849, chance: 1 / 849, ...scores },
      heldOutConcepts: { n: expect.any(Number), classes: 84, chance: 1 / 84, ...scores },
      retrieval: { n: 849, imageToText: recalls, textToImage: recalls, chance: recalls },
    });
    expect(demo.peakMemoryBytes).toBeLessThan(4e9);
  });

  it('loses nothing without a reason', async () => {
    const { manifest, complete } = await readDataset(join(out, 'data'));
    const { candidates, selected, kept, lost } = manifest.funnel;
    const sum = (stage: string) =>
      Object.values(lost[stage] ?? {}).reduce((total, n) => total + n, 0);
    expect(complete).toBe(true);
    expect(kept).toBeGreaterThan(200);
    expect(candidates).toBe(selected + sum('select'));
    expect(selected).toBe(kept + sum('fetch'));
    const { problems } = await verifyShards(join(out, 'data'), manifest.shards, { decode: true });
    expect(problems).toEqual([]);
  });

  it('meets the troubles of the web and names each', async () => {
    const { manifest } = await readDataset(join(out, 'data'));
    expect(Object.keys(manifest.funnel.lost.discover ?? {})).toEqual(
      expect.arrayContaining(['robots_disallowed', 'robots_unreachable', 'opt_out', 'timeout']),
    );
    expect(Object.keys(manifest.funnel.lost.select ?? {})).toEqual(
      expect.arrayContaining(['filename_text', 'no_text', 'not_english', 'text_too_long']),
    );
    expect(Object.keys(manifest.funnel.lost.fetch ?? {})).toEqual(
      expect.arrayContaining([
        'private_address',
        'redirect_loop',
        'wrong_content_type',
        'undecodable',
        'animated',
        'too_many_pixels',
        'too_many_bytes',
        'unsupported_format',
        'duplicate_exact',
        'duplicate_near',
      ]),
    );
  });

  it('leaves a report and a checkpoint', async () => {
    const page = await readFile(join(out, 'data', 'report', 'index.html'), 'utf8');
    expect(page).toContain('Held-out designer');
    expect(page).not.toContain('<script');
    expect((await findCheckpoint(join(out, 'run'))).step).toBe(30);
    expect(ran.stdout).toContain('Held-out concepts');
  });

  it('has nothing left to do when run again, and says the same', async () => {
    const before = JSON.parse(await readFile(join(out, 'demo.json'), 'utf8'));
    const again = await run(['demo', '--concepts', '40', '--steps', '30', '--out', out]);
    expect(again.code, again.stderr).toBe(0);
    const after = JSON.parse(await readFile(join(out, 'demo.json'), 'utf8'));
    for (const demo of [before, after]) {
      delete demo.wallSeconds;
      delete demo.peakMemoryBytes;
    }
    expect(after).toEqual(before);
  });
});
