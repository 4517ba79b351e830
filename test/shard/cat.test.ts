import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CatOptions, catRows } from '../../src/shard/index.js';
import { run } from '../commands/command-line.js';
import { type Complete, makeComplete } from './complete.js';
import { makePairs } from './fixture.js';

let data: Complete;
beforeAll(async () => {
  const pairs = await makePairs(45);
  data = await makeComplete(await mkdtemp(join(tmpdir(), 'wit-cat-')), pairs);
});
afterAll(() => rm(data.dir, { recursive: true }));

async function lines(path: string, options: CatOptions = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const line of catRows(path, options)) found.push(line);
  return found;
}

describe('catRows', () => {
  it('gives every row as JSON, without the bytes of images', async () => {
    const rows = (await lines(data.dir)).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ text }) => text)).toEqual(data.pairs.map(({ text }) => text));
    const [, pair] = data.pairs;
    expect(rows[1]?.image).toEqual({ path: pair?.image.path, bytes: pair?.image.bytes.length });
    expect(rows[1]?.page_url).toBeNull();
  });

  it('gives columns as text, control characters made visible', async () => {
    const found = await lines(data.dir, { format: 'text', columns: ['text', 'width'], limit: 8 });
    expect(found).toHaveLength(8);
    expect(found[7]).toBe(`two\ufffdlines\ufffdand "quotes"\t${data.pairs[7]?.width}`);
  });

  it('reads one file, and names what is not there', async () => {
    const shard = join(data.dir, 'data/train-00001.parquet');
    expect(await lines(shard, { columns: ['key'] })).toEqual(
      data.pairs.slice(30).map(({ key }) => JSON.stringify({ key })),
    );
    await expect(lines(shard, { columns: ['nothing'] })).rejects.toThrow('has no column "nothing"');
  });
});

describe('wit shard', () => {
  it('cat writes lines as they come, also into a pipe that closes', async () => {
    const { code, stdout, stderr } = await run(['shard', 'cat', data.dir, '-n', '40']);
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(40);
  });

  it.each([
    [['export', 'DATA', 'OUT'], '--to expects webdataset, img2dataset, folder, huggingface'],
    [['merge', 'DATA'], 'Give the new dataset folder with --out'],
    [['sample', 'DATA', '--out', 'OUT'], 'Give either --count or --share'],
    [['sample', 'DATA', '--out', 'OUT', '--share', '2'], 'received 2'],
    [['reshard', 'DATA', '--out', 'OUT', '--rows', '0.5'], '--rows expects a whole number'],
    [['cat', 'DATA', '--format', 'xml'], '--format expects json, text; received "xml"'],
    [['verify', 'OUT'], 'holds no dataset'],
    [['repair', 'OUT'], 'holds no dataset'],
  ])('%j: says what is wrong', async (args, said) => {
    const out = join(data.dir, 'nowhere');
    const given = args.map((arg) => (arg === 'DATA' ? data.dir : arg === 'OUT' ? out : arg));
    const { code, stderr } = await run(['shard', ...given]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    expect(stderr).not.toContain('defect of wit');
  });
});
