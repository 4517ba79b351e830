import { execFileSync } from 'node:child_process';
import { mkdtemp, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TrainConfig, trainSchema } from '../../src/config.js';
import { WitError } from '../../src/core/errors.js';
import type { WorkEvent } from '../../src/core/events.js';
import { fileDigest } from '../../src/core/store.js';
import { findCheckpoint, listCheckpoints } from '../../src/train/checkpoints.js';
import type { ShardInfo } from '../../src/train/shards.js';
import { type TrainInput, type TrainResult, train } from '../../src/train/train.js';
import { testPython } from './python.js';
import { GrowingSource, makeShards, sourceOf } from './shards.js';

/** Small enough that the engine's start takes most of the time. */
const CONFIG: TrainConfig = trainSchema.parse({
  model: 'tiny-resnet',
  steps: 20,
  batchSize: 8,
  lr: 1e-3,
  warmupSteps: 2,
  checkpointEvery: 10,
  logEvery: 5,
  threads: 1,
  device: 'cpu',
  shuffleRowGroups: 2,
  augment: { flip: 0.5, rotate: 10 },
});

interface Run {
  result: Promise<TrainResult>;
  events: WorkEvent[];
  out: string;
  stop: AbortController;
}

let shards: ShardInfo[];
beforeAll(async () => {
  shards = await makeShards([13, 12, 15]);
});

async function start(
  input: Partial<TrainInput> = {},
  onEvent: (event: WorkEvent, run: Run) => void = () => {},
): Promise<Run> {
  const out = input.out ?? (await mkdtemp(join(tmpdir(), 'wit-train-')));
  const events: WorkEvent[] = [];
  const stop = new AbortController();
  const run: Run = { result: Promise.resolve() as never, events, out, stop };
  run.result = train(
    {
      config: CONFIG,
      source: sourceOf(shards),
      datasetDigest: 'digest',
      python: testPython(),
      ...input,
      out,
    },
    {
      signal: stop.signal,
      emit: (event) => {
        events.push(event);
        onEvent(event, run);
      },
    },
  );
  run.result.catch(() => {});
  return run;
}

/** Digest of the weights: equal when and only when all bits are. */
const weights = async (checkpoint: string): Promise<string> =>
  (await fileDigest(join(checkpoint, 'model.safetensors'))).sha256;

/** Process ids of engines that this process started and that are still there. */
function engines(): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === process.pid && args.includes('wit_engine'))
    .map(([pid]) => Number(pid));
}

describe('train', { timeout: 180_000 }, () => {
  let whole: TrainResult;
  let metrics: WorkEvent[];
  beforeAll(async () => {
    const run = await start();
    whole = await run.result;
    metrics = run.events.filter((event) => event.type === 'metric');
    expect((await listCheckpoints(run.out)).map(({ step }) => step)).toEqual([10, 20]);
  }, 180_000);

  it('runs all steps, reports them, and leaves checkpoints', async () => {
    expect(whole.steps).toBe(20);
    expect(whole.losses.map(([step]) => step)).toEqual([5, 10, 15, 20]);
    expect(metrics.map((event) => event.type === 'metric' && event.step)).toEqual([5, 10, 15, 20]);
    expect(whole.parameters.total).toBeGreaterThan(3e6);
    const checkpoint = await findCheckpoint(whole.checkpoint);
    expect(checkpoint).toMatchObject({ step: 20, position: 160, epoch: 3 });
    expect(checkpoint.meta).toMatchObject({ datasetDigest: 'digest', modelName: 'tiny-resnet' });
  });

  it('repeats its weights bit for bit from a dataset that grows meanwhile', async () => {
    const source = new GrowingSource(shards);
    source.release();
    const run = await start({ source }, (event) => {
      if (event.type === 'begin') setTimeout(() => source.release(), 200);
      if (event.type === 'begin') setTimeout(() => source.release(), 400);
    });
    const result = await run.result;
    expect(await weights(result.checkpoint)).toEqual(await weights(whole.checkpoint));
  });

  it('goes on after SIGKILL of the engine to the same weights as an uninterrupted run', async () => {
    let pids: number[] = [];
    const run = await start({}, (event) => {
      if (event.type === 'begin') pids = engines();
      if (event.type !== 'message' || !event.text.startsWith('checkpoint')) return;
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    });
    const error = await run.result.then(
      () => undefined,
      (cause: unknown) => cause as WitError,
    );
    expect(error).toBeInstanceOf(WitError);
    expect(error?.code).toBe('engine');
    expect(error?.message).toMatch(/after step 1\d \(killed by SIGKILL; the last checkpoint is /);
    expect(error?.message).toContain(join(run.out, 'checkpoints', 'step-00000010'));
    expect(error?.hint).toContain('go on');
    expect(engines()).toEqual([]);

    const again = await start({ out: run.out, resume: 'auto' });
    const result = await again.result;
    expect(again.events).toContainEqual(
      expect.objectContaining({ text: expect.stringContaining('going on from step 10') }),
    );
    expect(await weights(result.checkpoint)).toEqual(await weights(whole.checkpoint));
    expect(result.losses).toEqual(whole.losses);
  });

  it('stops on abort with a checkpoint from which it goes on exactly', async () => {
    const reason = new WitError('interrupted', 'stopped by the test');
    const run = await start({}, (event, { stop }) => {
      if (event.type === 'metric') stop.abort(reason);
    });
    await expect(run.result).rejects.toBe(reason);
    expect(engines()).toEqual([]);
    const newest = await findCheckpoint(run.out);
    expect(newest.step).toBeGreaterThanOrEqual(5);
    expect(newest.step).toBeLessThan(20);
    const result = await (await start({ out: run.out, resume: newest.path })).result;
    expect(await weights(result.checkpoint)).toEqual(await weights(whole.checkpoint));
  });

  it('stops on abort while it waits for a shard', async () => {
    const source = new GrowingSource(shards);
    source.release();
    const run = await start({ source }, (event, { stop }) => {
      if (event.type === 'begin') setTimeout(() => stop.abort(new Error('enough')), 300);
    });
    await expect(run.result).rejects.toThrow('enough');
    expect(engines()).toEqual([]);
  });

  it('counts epochs in steps', async () => {
    const config = { ...CONFIG, epochs: 0.5 };
    delete config.steps;
    expect((await (await start({ config })).result).steps).toBe(3);
  });

  it('refuses to go on with another dataset, model or order', async () => {
    const out = join(whole.checkpoint, '..', '..');
    await expect((await start({ out })).result).rejects.toThrow('already holds checkpoints');
    const other = await start({ out, resume: 'auto', datasetDigest: 'another' });
    await expect(other.result).rejects.toThrow('dataset was "digest", is "another"');
    const config = { ...CONFIG, model: 'tiny-vit', seed: 5 };
    const wrong = await start({ out, resume: 'auto', config });
    await expect(wrong.result).rejects.toThrow(/model was .*; seed was 0, is 5/);
  });

  it('says what is wrong with settings and with Python', async () => {
    const none = { ...CONFIG };
    delete none.steps;
    await expect((await start({ config: none })).result).rejects.toThrow(
      'train.steps or train.epo',
    );
    const unknown = await start({ config: { ...CONFIG, model: 'RN51' } });
    const error = await unknown.result.catch((cause: unknown) => cause as WitError);
    expect((error as WitError).hint).toContain('RN50, RN101');
    const python = await start({ python: '/nonexistent/python' });
    await expect(python.result).rejects.toThrow('Cannot run /nonexistent/python');
    const odd = await start({ config: { ...CONFIG, lr: -1 } });
    await expect(odd.result).rejects.toThrow(/exit code 1; no checkpoint was written yet\).*lr/);
    expect(engines()).toEqual([]);
  });

  it('ends the engine when a shard turns out damaged', async () => {
    const bad = await makeShards([10, 10]);
    await truncate(bad[1]?.path as string, 200);
    await expect((await start({ source: sourceOf(bad) })).result).rejects.toThrow(
      bad[1]?.path as string,
    );
    expect(engines()).toEqual([]);
  });
});
