import { describe, expect, it } from 'vitest';
import { contentId, rankOf } from '../../src/core/ids.js';
import { TEXT_SOURCES } from '../../src/core/types.js';
import { type Captioned, ImageCaptions } from '../../src/filter/captions.js';
import { below, pick, prng, shuffled } from './prng.js';

function captioned(random: () => number, n: number): Captioned {
  const text = () => `text ${below(random, 60)}`;
  const id = contentId(String(n));
  const texts = [...new Set(Array.from({ length: 1 + below(random, 17) }, text))];
  return {
    id,
    rank: rankOf(0, id),
    text: texts[0] as string,
    otherTexts: texts.slice(1),
    textSource: pick(random, TEXT_SOURCES),
    queries: Array.from({ length: 1 + below(random, 3) }, (_, query) => `${texts[0]} ${query}`),
  };
}

const gathered = (images: readonly Captioned[]): ImageCaptions => {
  const captions = new ImageCaptions();
  for (const image of images) captions.add(image);
  return captions;
};

describe('ImageCaptions', () => {
  it('keeps the best text and the 16 after it, in whatever order and parts they come', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = prng(seed);
      const images = Array.from({ length: 1 + below(random, 60) }, (_, n) => captioned(random, n));
      const sorted = [...images].sort(
        (a, b) =>
          b.queries.length - a.queries.length ||
          ['alt', 'caption', 'list', 'search', 'title'].indexOf(a.textSource) -
            ['alt', 'caption', 'list', 'search', 'title'].indexOf(b.textSource) ||
          b.text.length - a.text.length ||
          a.rank - b.rank,
      );
      const texts = new Set<string>();
      for (let place = 0; place <= 16; place++) {
        for (const { text, otherTexts } of sorted) {
          const each = [text, ...otherTexts][place];
          if (each !== undefined) texts.add(each);
        }
      }
      const [text, ...others] = texts;
      const expected = { text, queries: sorted[0]?.queries, otherTexts: others.slice(0, 16) };
      expect(gathered(images).row()).toEqual(expected);
      expect(gathered(shuffled(random, images)).row()).toEqual(expected);
      // A part that was written down and read again, and the rest.
      const half = below(random, images.length);
      const parts = new ImageCaptions(
        JSON.parse(JSON.stringify(gathered(images.slice(0, half)))) as [],
      );
      for (const image of images.slice(half)) parts.add(image);
      expect(parts.row()).toEqual(expected);
    }
  });
});
