import { describe, expect, it } from 'vitest';
import { parseSrcset, type SrcsetImage } from '../../src/crawl/srcset.js';

describe('parseSrcset', () => {
  it.each<[string, SrcsetImage[]]>([
    ['', []],
    [' , ,, ', []],
    ['a.jpg', [{ url: 'a.jpg' }]],
    [
      'a.jpg 1x, b.jpg 2x',
      [
        { url: 'a.jpg', density: 1 },
        { url: 'b.jpg', density: 2 },
      ],
    ],
    [
      'a.jpg 320w,b.jpg 640w',
      [
        { url: 'a.jpg', width: 320 },
        { url: 'b.jpg', width: 640 },
      ],
    ],
    ['a.jpg, b.jpg', [{ url: 'a.jpg' }, { url: 'b.jpg' }]],
    // Without a space after it, a comma belongs to the URL.
    ['a.jpg,b.jpg', [{ url: 'a.jpg,b.jpg' }]],
    ['a.jpg 1.5x', [{ url: 'a.jpg', density: 1.5 }]],
    ['a.jpg .5x', [{ url: 'a.jpg', density: 0.5 }]],
    ['a.jpg 1e1x', [{ url: 'a.jpg', density: 10 }]],
    [
      '\n\ta.jpg\n100w\n,\n\tb.jpg 200w\n',
      [
        { url: 'a.jpg', width: 100 },
        { url: 'b.jpg', width: 200 },
      ],
    ],
    // Commas inside URLs.
    [
      'https://img.test/w_300,h_200/a.jpg 300w, https://img.test/w_600,h_400/a.jpg 600w',
      [
        { url: 'https://img.test/w_300,h_200/a.jpg', width: 300 },
        { url: 'https://img.test/w_600,h_400/a.jpg', width: 600 },
      ],
    ],
    [
      'data:image/gif;base64,R0lGOD 1x, b.jpg 2x',
      [
        { url: 'data:image/gif;base64,R0lGOD', density: 1 },
        { url: 'b.jpg', density: 2 },
      ],
    ],
    [',,a.jpg,, b.jpg', [{ url: 'a.jpg' }, { url: 'b.jpg' }]],
    // Width with height.
    ['a.jpg 100w 50h', [{ url: 'a.jpg', width: 100 }]],
    ['a.jpg 50h 100w', [{ url: 'a.jpg', width: 100 }]],
    // Faulty descriptors take their image along, and nothing else.
    ['a.jpg 0w, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg -100w, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg 100w 200w, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg 100w 1x, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg 1x 100w, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg -1x, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg +1x, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg 50h, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg 1.5w, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg large, b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    // A comma in parentheses does not end the descriptors.
    ['a.jpg (x,y), b.jpg 1x', [{ url: 'b.jpg', density: 1 }]],
    ['a.jpg (unclosed, b.jpg 1x', []],
  ])('%j', (srcset, images) => {
    expect(parseSrcset(srcset)).toEqual(images);
  });

  it('is bounded', () => {
    expect(parseSrcset('a 1x, '.repeat(100_000)).length).toBeLessThanOrEqual(64);
    expect(parseSrcset(`a ${'('.repeat(1_000_000)}`)).toEqual([]);
  });
});
