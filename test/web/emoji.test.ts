import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DESIGNERS,
  type EmojiWorld,
  HELD_OUT_DESIGNER,
  isHeldOut,
  kebab,
  LOCALES,
  loadEmoji,
} from './emoji.js';

let emoji: EmojiWorld;
beforeAll(async () => {
  emoji = await loadEmoji();
});

describe('the join', () => {
  it('finds the 1,562 emoji that five designers share, 849 of them concrete', () => {
    expect(emoji.concepts).toHaveLength(1_562);
    expect(emoji.concepts.filter((concept) => concept.concrete)).toHaveLength(849);
    expect(new Set(emoji.concepts.map((concept) => concept.label)).size).toBe(1_562);
  });

  it('leaves out flags, components and skin tones', () => {
    const groups = new Set(emoji.concepts.map((concept) => concept.group));
    expect(groups).not.toContain('flags');
    expect(groups).not.toContain('component');
    expect(emoji.concepts.filter((concept) => /1f3f[b-f]/.test(concept.hex))).toEqual([]);
  });

  it('knows how many of them each designer drew', () => {
    const drawn = DESIGNERS.map(({ id }) => [
      id,
      emoji.concepts.filter((concept) => emoji.has(id, concept)).length,
    ]);
    expect(Object.fromEntries(drawn)).toEqual({
      noto: 1_562,
      'noto-v1': 1_180,
      twemoji: 1_562,
      'fluent-flat': 1_562,
      'fluent-3d': 1_562,
      emojione: 1_070,
      'emojione-v1': 912,
      fxemoji: 642,
      'fluent-line': 1_561,
      'emojione-line': 1_067,
      streamline: 521,
      openmoji: 1_562,
    });
  });

  it('gives names in other languages, which differ from the English ones', () => {
    const hamburger = emoji.concept('1f354');
    expect(hamburger.label).toBe('hamburger');
    expect(hamburger.labels.ja).toBe('ハンバーガー');
    for (const locale of LOCALES) {
      const same = emoji.concepts.filter((concept) => concept.labels[locale] === concept.label);
      expect(same.length).toBeLessThan(120);
    }
  });

  it('names the concept it does not know', () => {
    expect(() => emoji.concept('1f1e6')).toThrow(/1f1e6/);
    expect(() => emoji.has('apple', emoji.concept('1f354'))).toThrow(/"apple"/);
  });
});

describe('the split', () => {
  it('holds out one designer and about one concrete concept in ten', () => {
    expect(DESIGNERS.filter((one) => one.heldOut).map((one) => one.id)).toEqual([
      HELD_OUT_DESIGNER,
    ]);
    const heldOut = emoji.concepts.filter((concept) => concept.heldOut);
    expect(heldOut).toHaveLength(84);
    expect(heldOut.every((concept) => concept.concrete)).toBe(true);
  });

  it('looks at nothing but the hex name: sha256 of 1f406 begins with a multiple of ten', () => {
    // printf 1f406 | sha256sum
    expect(isHeldOut('1f406', true)).toBe(true);
    expect(isHeldOut('1f406', false)).toBe(false);
    expect(isHeldOut('1f354', true)).toBe(false);
  });

  it('keeps one hand on one side', () => {
    const held = DESIGNERS.find((one) => one.heldOut);
    expect(DESIGNERS.filter((one) => one.hand === held?.hand)).toEqual([held]);
  });
});

describe('render', () => {
  it('draws a square picture in each designer’s format', async () => {
    const concept = emoji.concept('1f610');
    for (const { id, format, background } of DESIGNERS) {
      const bytes = await emoji.render(id, concept, 48);
      const info = await sharp(bytes).metadata();
      expect([id, info.format, info.width, info.height]).toEqual([id, format, 48, 48]);
      expect(info.hasAlpha).toBe(background === 'transparent');
      const { channels } = await sharp(bytes).flatten({ background: '#fff' }).stats();
      expect(Math.max(...channels.map((channel) => channel.stdev))).toBeGreaterThan(20);
    }
  });

  it('lays a picture on white when asked', async () => {
    const look = { format: 'png', background: 'white' } as const;
    const bytes = await emoji.render('noto', emoji.concept('1f354'), 32, look);
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it('gives the same bytes again', async () => {
    const concept = emoji.concept('1f40c');
    for (const { id } of DESIGNERS) {
      if (!emoji.has(id, concept)) continue;
      const once = await emoji.render(id, concept, 64);
      expect(once.equals(await emoji.render(id, concept, 64))).toBe(true);
    }
  });

  it('says what a designer has not drawn', async () => {
    const missing = emoji.concepts.find((concept) => !emoji.has('fxemoji', concept));
    if (missing === undefined) throw new Error('FxEmoji should be incomplete');
    await expect(emoji.render('fxemoji', missing, 32)).rejects.toThrow(missing.label);
  });
});

describe('kebab', () => {
  it.each([
    ['woman’s boot', 'womans-boot'],
    ['A button (blood type)', 'a-button-blood-type'],
    ['piñata', 'pinata'],
    ['nesting dolls & co', 'nesting-dolls-and-co'],
  ])('%s', (name, slug) => {
    expect(kebab(name)).toBe(slug);
  });
});
