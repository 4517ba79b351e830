import { beforeAll, describe, expect, it } from 'vitest';
import { altText, captionText, withArticle } from './captions.js';
import { DESIGNERS, type EmojiWorld, loadEmoji } from './emoji.js';

let emoji: EmojiWorld;
beforeAll(async () => {
  emoji = await loadEmoji();
});

describe('captions', () => {
  it('are the same each time, and differ between designers', () => {
    const concept = emoji.concept('1f354');
    const alts = DESIGNERS.map(({ id }) => altText(0, id, concept));
    expect(alts).toEqual(DESIGNERS.map(({ id }) => altText(0, id, concept)));
    expect(new Set(alts).size).toBeGreaterThan(3);
  });

  it('never repeat the alt text, and are whole', () => {
    const wrong: string[] = [];
    for (const concept of emoji.concepts) {
      for (const { id } of DESIGNERS) {
        const alt = altText(1, id, concept);
        const caption = captionText(1, id, concept);
        if (alt === caption) wrong.push(alt);
        const broken = (text: string) => text.length < 2 || /undefined|: \.|, \.|\s$/.test(text);
        wrong.push(...[alt, caption].filter(broken));
      }
    }
    expect(wrong).toEqual([]);
  });

  it('mostly carry the name, and sometimes only words around it', () => {
    const named = emoji.concepts.filter((concept) =>
      altText(0, 'noto', concept).toLowerCase().includes(concept.label.toLowerCase()),
    );
    const share = named.length / emoji.concepts.length;
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(1);
  });

  it.each([
    ['apple', 'an apple'],
    ['pear', 'a pear'],
    ['umbrella', 'an umbrella'],
    ['unicorn', 'a unicorn'],
    ['french fries', 'french fries'],
    ['cactus', 'a cactus'],
    ['compass', 'a compass'],
    ['two hearts', 'two hearts'],
    ['Santa Claus', 'Santa Claus'],
  ])('put an article before %s where one belongs', (label, phrase) => {
    expect(withArticle(label)).toBe(phrase);
  });
});
