/** A folder with splits, as `wit shard reshard` makes it, needs no configuration anywhere. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256 } from '../../src/core/ids.js';
import type { Pair } from '../../src/core/types.js';
import { deriveDataset, parseSplits, splitOf } from '../../src/shard/index.js';
import { makeComplete } from './complete.js';
import { makePairs, testPython } from './fixture.js';

interface Rows {
  text: string;
  size: [number, number];
}
interface Seen {
  pushed: Record<string, Rows[]>;
  declared: Record<string, number>;
  plain: Rows[];
  decodes: boolean;
  types: Record<string, string>;
  polars: Record<string, unknown>[];
  filtered: number;
}

const SPLITS = parseSplits(['val=0.2']);
let root: string;
let pairs: Pair[];
let seen: Seen;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-hub-'));
  pairs = await makePairs(80);
  await makeComplete(join(root, 'data'), pairs);
  const out = join(root, 'split');
  await deriveDataset('reshard', [join(root, 'data')], out, { splits: SPLITS });
  const script = join(import.meta.dirname, 'hub.py');
  const { stdout } = await promisify(execFile)(testPython(), [script, out, join(root, 'cache')], {
    maxBuffer: 1 << 28,
    env: { ...process.env, HF_HUB_OFFLINE: '1', HF_HOME: join(root, 'hf') },
  });
  seen = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Seen;
}, 120_000);
afterAll(() => rm(root, { recursive: true }));

const inSplit = (split: string) => pairs.filter(({ key }) => splitOf(key, SPLITS) === split);
const shown = ({ text, width, height }: Pair): Rows => ({ text, size: [width, height] });

it('load_dataset shows both splits by the card, images decoded', () => {
  for (const split of ['train', 'val']) {
    expect(seen.pushed[split]).toEqual(inSplit(split).map(shown));
    expect(seen.declared[split]).toBe(inSplit(split).length);
  }
});

it('load_dataset("parquet", …) decodes images by the file alone', () => {
  expect(seen.decodes).toBe(true);
  expect(seen.plain).toEqual(inSplit('val').map(shown));
});

it('polars reads every column with its type', () => {
  expect(seen.types).toEqual({
    key: 'String',
    text: 'String',
    other_texts: 'List(String)',
    url: 'String',
    page_url: 'String',
    queries: 'List(String)',
    width: 'Int32',
    height: 'Int32',
    original_width: 'Int32',
    original_height: 'Int32',
    format: 'String',
    sha256: 'String',
    dhash: 'String',
    fetched_at: 'String',
    license: 'String',
    extra: 'String',
    scores: 'String',
    image: "Struct({'bytes': Binary, 'path': String})",
  });
  const train = inSplit('train');
  expect(seen.polars.map(({ key, image, width }) => [key, image, width])).toEqual(
    train.map(({ key, image, width }) => [key, sha256(image.bytes), width]),
  );
  expect(seen.polars.map(({ other_texts }) => other_texts)).toEqual(
    train.map(({ otherTexts }) => otherTexts),
  );
  expect(seen.filtered).toBe(train.filter(({ text }) => text === '😀').length);
});
