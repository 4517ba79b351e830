import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silent } from '../../src/core/events.js';
import { captionClassifier, nearestNeighbour } from '../../src/eval/nearest.js';
import { loadClasses } from '../../src/eval/sets.js';
import { centreCorner, copySquare, decodeImage } from '../../src/train/images.js';
import { makeRow, makeShards, sourceOf } from '../train/shards.js';

const context = { emit: silent, signal: new AbortController().signal };

describe('captionClassifier', () => {
  const classOf = captionClassifier([
    'grinning face',
    'grinning face with big eyes',
    'cat',
    'cat face',
    'red heart',
    'Red Heart!',
  ]);

  it('takes an equal caption first, whatever its case and signs', () => {
    expect(classOf(['a cat face and a dog', 'Grinning FACE.'])).toBe(0);
    expect(classOf(['red heart'])).toBe(4);
  });

  it('else the most shared words, then the largest part, then the order', () => {
    expect(classOf(['a big grinning face with wide eyes'])).toBe(1);
    expect(classOf(['my grinning old face'])).toBe(0);
    expect(classOf(['the cat sat'])).toBe(2);
    expect(classOf(['one red and warm heart'])).toBe(4);
    expect(classOf(['nothing', 'like it'])).toBeUndefined();
    expect(classOf([])).toBeUndefined();
  });
});

describe('nearestNeighbour', () => {
  it('equals brute force', async () => {
    const shards = await makeShards([30, 20]);
    const folder = await mkdtemp(join(tmpdir(), 'wit-nearest-'));
    for (let i = 0; i < 12; i++) {
      await mkdir(join(folder, `picture number ${i}`));
      // Half of the test images are training images themselves.
      const { bytes } = (await makeRow(i % 2 === 0 ? i : 1_000 + i)).image;
      await writeFile(join(folder, `picture number ${i}`, 'x.png'), bytes);
    }
    const set = await loadClasses(folder);
    const thumb = async (bytes: Uint8Array): Promise<Uint8Array> => {
      const pixels = await decodeImage(bytes, 12);
      const square = new Uint8Array(432);
      copySquare(pixels, centreCorner(pixels, 12), 12, square, 0);
      return square;
    };
    const train = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => await thumb((await makeRow(i)).image.bytes)),
    );
    let right = 0;
    let i = 0;
    for await (const { bytes } of set.images()) {
      const test = await thumb(bytes);
      const distances = train.map((other) =>
        other.reduce((sum, value, j) => sum + (value - (test[j] as number)) ** 2, 0),
      );
      const neighbour = distances.indexOf(Math.min(...distances));
      const name = set.classes[set.labels[i++] as number];
      // Captions of neighbours beyond the classes share "picture number" with all: the first wins.
      const answer = neighbour < 12 ? `picture number ${neighbour}` : set.classes[0];
      if (answer === name) right++;
    }
    const result = await nearestNeighbour(sourceOf(shards), set, context);
    expect(right).toBeGreaterThanOrEqual(6);
    expect(result).toEqual({
      task: 'nearest-neighbour',
      set: set.name,
      n: 12,
      classes: 12,
      trainingImages: 50,
      top1: right / 12,
      meanPerClass: right / 12,
      chance: 1 / 12,
    });
  });
});
