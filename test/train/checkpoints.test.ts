import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCheckpoint, listCheckpoints, readCheckpoint } from '../../src/train/checkpoints.js';

const STORED = {
  schema: 1,
  step: 20,
  position: 160,
  epoch: 1,
  config: { model: { image: { size: 24 }, text: { context: 16 } }, batch_size: 8, seed: 0 },
  meta: null,
  losses: [[10, 3.5]],
};

async function makeRun(names: string[], stored: unknown = STORED): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), 'wit-run-'));
  for (const name of names) {
    await mkdir(join(out, 'checkpoints', name), { recursive: true });
    const text = typeof stored === 'string' ? stored : JSON.stringify(stored);
    await writeFile(join(out, 'checkpoints', name, 'checkpoint.json'), text);
  }
  return out;
}

it('lists whole checkpoints in order of their steps', async () => {
  const out = await makeRun([
    'step-00000020',
    'step-00000003',
    'step-100000000',
    '.step-00000030.partial',
    'other',
  ]);
  expect((await listCheckpoints(out)).map(({ step }) => step)).toEqual([3, 20, 100_000_000]);
  expect(await listCheckpoints(join(out, 'nowhere'))).toEqual([]);
});

it('finds the newest of a run, or the one that is named', async () => {
  const out = await makeRun(['step-00000020', 'step-00000010']);
  const newest = await findCheckpoint(out);
  expect(newest.path).toBe(join(out, 'checkpoints', 'step-00000020'));
  expect(newest).toMatchObject({ step: 20, position: 160, losses: [[10, 3.5]] });
  const named = join(out, 'checkpoints', 'step-00000010');
  expect((await findCheckpoint(named)).path).toBe(named);
});

it('says what is missing or damaged', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'wit-run-'));
  await expect(findCheckpoint(empty)).rejects.toThrow(`${empty} holds no checkpoint`);
  for (const stored of ['{"schema": 1', { ...STORED, schema: 2 }, { ...STORED, step: '20' }, {}]) {
    const out = await makeRun(['step-00000020'], stored);
    const path = join(out, 'checkpoints', 'step-00000020');
    await expect(readCheckpoint(path)).rejects.toThrow(
      `${join(path, 'checkpoint.json')} is damaged`,
    );
  }
});
