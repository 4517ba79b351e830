import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../src/config.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-config-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('resolveConfig', () => {
  it('lets flags win over the file and the file over the defaults', async () => {
    const file = join(dir, 'wit.yaml');
    await writeFile(file, 'filter:\n  cap: 5\n  minChars: 7\nseed: 3\n');
    const config = await resolveConfig({ filter: { cap: 9 } }, file);
    expect(config.filter.cap).toBe(9);
    expect(config.filter.minChars).toBe(7);
    expect(config.seed).toBe(3);
    expect(config.shard.quality).toBe(95);
  });

  it('takes an empty file as no settings', async () => {
    const file = join(dir, 'wit.yaml');
    await writeFile(file, '# nothing yet\n');
    expect((await resolveConfig({}, file)).filter.cap).toBe(20_000);
  });

  it('takes the thresholds of a query list by name, and each alone where it is given', async () => {
    const of = async (queryBuild: object) =>
      (await resolveConfig({ queryBuild }, undefined)).queryBuild;
    const paper = await of({});
    expect(paper).toMatchObject({
      size: 500_000,
      minCount: 100,
      minBigramCount: 100,
      minPmi: null,
    });
    expect(paper).toMatchObject({ minViews: 70, minHourlyViews: 0, case: 'fold', workers: 0 });
    const metaclip = await of({ thresholds: 'metaclip' });
    expect(metaclip).toEqual({
      ...paper,
      thresholds: 'metaclip',
      size: null,
      minBigramCount: 1,
      minPmi: 30,
      minHourlyViews: 50,
    });
    const own = { thresholds: 'metaclip', size: 500_000, minPmi: null, minViews: 7 };
    expect(await of(own)).toEqual({ ...metaclip, ...own });
    expect((await of({ size: null })).size).toBeNull();
    await expect(of({ minCount: 0 })).rejects.toThrow('queryBuild.minCount');
  });

  it('names the file, the key and the value it cannot use', async () => {
    const file = join(dir, 'wit.yaml');
    await writeFile(file, 'filter:\n  cap: -5\nshrd: {}\n');
    const failure = resolveConfig({}, file);
    await expect(failure).rejects.toThrow(file);
    await expect(failure).rejects.toThrow('filter.cap');
    await expect(failure).rejects.toThrow('-5');
    await expect(failure).rejects.toThrow('shrd');
  });

  it('says why a file cannot be read', async () => {
    await expect(resolveConfig({}, join(dir, 'none.yaml'))).rejects.toThrow('none.yaml');
    const broken = join(dir, 'broken.yaml');
    await writeFile(broken, 'a: [1,\nb: 2');
    await expect(resolveConfig({}, broken)).rejects.toThrow('not valid YAML');
    const list = join(dir, 'list.yaml');
    await writeFile(list, '- 1\n');
    await expect(resolveConfig({}, list)).rejects.toThrow('expected a mapping');
  });
});
