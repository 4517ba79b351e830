import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { image, int, string } from '../../src/core/record.js';
import { promptsFor } from '../../src/eval/prompts.js';
import { groupByCaption } from '../../src/eval/retrieval.js';
import { type ImageSet, loadCaptions, loadClasses } from '../../src/eval/sets.js';
import { makeRow, makeShards } from '../train/shards.js';

const temporary = async (): Promise<string> => await mkdtemp(join(tmpdir(), 'wit-sets-'));

async function names(set: ImageSet): Promise<string[]> {
  const seen: string[] = [];
  for await (const { name, bytes } of set.images()) {
    expect(bytes.byteLength).toBeGreaterThan(0);
    seen.push(name);
  }
  return seen;
}

describe('class sets', () => {
  it('come from folders, in a fixed order, with or without classes.json', async () => {
    const dir = await temporary();
    for (const [folder, file] of [
      ['red_fox', 'b.png'],
      ['red_fox', 'a.JPG'],
      ['ant', 'x.webp'],
      ['ant', 'notes.txt'],
    ] as const) {
      await mkdir(join(dir, folder), { recursive: true });
      await writeFile(join(dir, folder, file), 'x');
    }
    const plain = await loadClasses(dir);
    expect(plain).toMatchObject({ size: 3, classes: ['ant', 'red fox'], labels: [0, 1, 1] });
    expect(await names(plain)).toEqual(
      ['ant/x.webp', 'red_fox/a.JPG', 'red_fox/b.png'].map((name) => join(dir, name)),
    );
    await writeFile(
      join(dir, 'classes.json'),
      JSON.stringify([
        { folder: 'red_fox', name: 'fox' },
        { folder: 'gone', name: 'dodo' },
        { folder: 'ant', name: 'ant' },
      ]),
    );
    const named = await loadClasses(dir);
    expect(named).toMatchObject({ classes: ['fox', 'dodo', 'ant'], labels: [0, 0, 2] });
    await writeFile(join(dir, 'classes.json'), '[{"folder": 1}]');
    await expect(loadClasses(dir)).rejects.toThrow('entry 0: expected {folder, name}');
  });

  it('come from Parquet with texts, label names, or numbered labels', async () => {
    const dir = await temporary();
    const { bytes, path } = (await makeRow(1)).image;
    const picture = { bytes, path };
    const texts = join(dir, 'texts.parquet');
    await writeParquet(
      texts,
      { image: image(), text: string() },
      ['b', 'a', 'b'].map((text) => ({ image: picture, text })),
      { rowGroupRows: 2 },
    );
    expect(await loadClasses(texts)).toMatchObject({ classes: ['a', 'b'], labels: [1, 0, 1] });
    const numbered = join(dir, 'numbered.parquet');
    const labelled = { image: image(), label: int() };
    const rows = [2, 0].map((label) => ({ image: picture, label }));
    const huggingface = JSON.stringify({
      info: { features: { label: { names: ['x', 'y', 'z'], _type: 'ClassLabel' } } },
    });
    await writeParquet(numbered, labelled, rows, { rowGroupRows: 2, metadata: { huggingface } });
    const set = await loadClasses(numbered);
    expect(set).toMatchObject({ classes: ['x', 'y', 'z'], labels: [2, 0] });
    expect(await names(set)).toEqual([`${numbered} row 0`, `${numbered} row 1`]);
    const bare = join(dir, 'bare.parquet');
    await writeParquet(bare, labelled, rows, { rowGroupRows: 2 });
    await expect(loadClasses(bare)).rejects.toThrow('label 2 has no name');
  });

  it('refuse what is missing or empty', async () => {
    const dir = await temporary();
    await expect(loadClasses(join(dir, 'no'))).rejects.toThrow('does not exist');
    await expect(loadClasses(dir)).rejects.toThrow('holds no images');
    await expect(loadCaptions(dir)).rejects.toThrow('holds no images');
  });
});

describe('caption sets', () => {
  it('take text and other_texts', async () => {
    const shards = await makeShards([3]);
    const set = await loadCaptions(shards[0]?.path as string);
    expect(set.captions[2]).toEqual(['picture number 2', 'picture number 2 again']);
    expect(await names(set)).toHaveLength(3);
  });

  it('join images that share a caption, directly or through others', () => {
    const { texts, imageGroups, textGroups } = groupByCaption([
      ['a'],
      ['b', 'c'],
      ['c', 'd'],
      ['a'],
    ]);
    expect(texts).toEqual(['a', 'b', 'c', 'd']);
    expect(imageGroups[0]).toBe(imageGroups[3]);
    expect(imageGroups[1]).toBe(imageGroups[2]);
    expect(imageGroups[0]).not.toBe(imageGroups[1]);
    expect(new Set(textGroups).size).toBe(2);
    expect(textGroups[3]).toBe(imageGroups[1]);
  });
});

describe('prompts', () => {
  it('fill every template for every class', () => {
    const { texts, groups } = promptsFor(['cat', '$& {}'], ['a {}.', '{} {}']);
    expect(texts).toEqual(['a cat.', 'cat cat', 'a $& {}.', '$& {} $& {}']);
    expect([...groups]).toEqual([0, 0, 1, 1]);
  });
});
