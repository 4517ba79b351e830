import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmojiWorld, loadEmoji } from './emoji.js';
import { heldOutConceptSet, heldOutDesignerSet, writeEvaluationSets } from './evaluation.js';

let emoji: EmojiWorld;
let dir: string;
beforeAll(async () => {
  emoji = await loadEmoji();
  dir = await mkdtemp(join(tmpdir(), 'wit-evaluation-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('the held-out sets', () => {
  it('show the held-out designer’s picture of every concrete concept', () => {
    const { classes, images } = heldOutDesignerSet(emoji);
    expect(classes).toHaveLength(849);
    expect(images).toHaveLength(849);
    expect(new Set(images.map((image) => image.designer))).toEqual(new Set(['openmoji']));
  });

  it('show held-out concepts as everyone draws them', () => {
    const { classes, images } = heldOutConceptSet(emoji);
    expect(classes).toHaveLength(84);
    expect(classes.every(({ concept }) => concept.heldOut)).toBe(true);
    expect(new Set(images.map((image) => image.designer)).size).toBe(12);
    for (let label = 0; label < classes.length; label++) {
      const count = images.filter((image) => image.label === label).length;
      expect(count).toBeGreaterThanOrEqual(5);
    }
  });

  it('are written as one folder a class', async () => {
    const written = await writeEvaluationSets(emoji, dir, 24);
    expect(written.heldOutDesigner.images).toBe(849);
    for (const set of Object.values(written)) {
      const classes = JSON.parse(await readFile(join(set.dir, 'classes.json'), 'utf8')) as {
        folder: string;
        name: string;
      }[];
      const folders = (await readdir(set.dir)).filter((name) => name !== 'classes.json');
      expect(folders.sort()).toEqual(classes.map(({ folder }) => folder).sort());
      let images = 0;
      for (const { folder } of classes) images += (await readdir(join(set.dir, folder))).length;
      expect(images).toBe(set.images);
      const first = classes[0]?.folder as string;
      const info = await sharp(join(set.dir, first, 'openmoji.png')).metadata();
      expect([info.format, info.width, info.height, info.hasAlpha]).toEqual(['png', 24, 24, false]);
    }
  });
});
