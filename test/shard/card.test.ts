import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cardOf } from '../../src/shard/index.js';
import { type Fixture, makeDataset } from './fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeDataset(await mkdtemp(join(tmpdir(), 'wit-card-')));
});
afterAll(async () => {
  await rm(fixture.dir, { recursive: true });
});

describe('the dataset card', () => {
  it('opens with what Hugging Face needs', async () => {
    const text = await readFile(join(fixture.dir, 'README.md'), 'utf8');
    expect(text).toBe(cardOf(fixture.manifest));
    const [, frontMatter] = text.split('---\n');
    const bytes = fixture.shards.reduce((sum, shard) => sum + shard.bytes, 0);
    expect(parse(frontMatter as string)).toMatchObject({
      license: 'other',
      language: ['en'],
      size_categories: ['n<1K'],
      configs: [
        {
          config_name: 'default',
          data_files: [{ split: 'train', path: 'data/train-*.parquet' }],
        },
      ],
      dataset_info: {
        splits: [{ name: 'train', num_bytes: bytes, num_examples: 85 }],
        download_size: bytes,
        dataset_size: bytes,
      },
    });
    expect(parse(frontMatter as string).dataset_info.features).toEqual(
      expect.arrayContaining([
        { name: 'page_url', dtype: 'string' },
        { name: 'other_texts', sequence: 'string' },
        { name: 'width', dtype: 'int32' },
        { name: 'image', dtype: 'image' },
      ]),
    );
  });

  it('tells people the counts, the losses and how rights were heeded', () => {
    const text = cardOf(fixture.manifest);
    expect(text).toContain('85 pairs of an image and its text from the web, in 2 Parquet');
    expect(text).toContain('| candidates found | 2,000 |');
    expect(text).toContain('| select | `no_query` | 1,900 |');
    expect(text).toContain('1,234 from `queries.txt`');
    expect(text).toContain('5 pages and images were left alone');
    expect(text).toContain('2 were left out because their responses opted out');
    expect(text).not.toContain('/some/where');
    expect(text).not.toMatch(/undefined|NaN/);
  });

  it.each([
    [0, 'n<1K'],
    [999, 'n<1K'],
    [1_000, '1K<n<10K'],
    [5_000_000, '1M<n<10M'],
    [400_000_000, '100M<n<1B'],
    [2e12, 'n>1T'],
  ])('names the size of %i rows %s', (rows, category) => {
    const [shard] = fixture.manifest.shards;
    const shards = [{ ...(shard as NonNullable<typeof shard>), rows }];
    const [, frontMatter] = cardOf({ ...fixture.manifest, shards }).split('---\n');
    expect(parse(frontMatter as string).size_categories).toEqual([category]);
  });
});
