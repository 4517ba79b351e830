import { describe, expect, it } from 'vitest';
import { filterSchema } from '../../src/config.js';
import { captionOf, explainText, judgeText } from '../../src/filter/judge.js';
import { growth } from './growth.js';

const KNOWN = new Set(['apple', 'red', 'photo', 'dog']);
const context = (over: object = {}) => ({
  config: filterSchema.parse(over),
  isKnown: (word: string) => KNOWN.has(word),
});
const reasonOf = (raw: string, over: object = {}) => judgeText(raw, context(over)).loss?.reason;

describe('judgeText', () => {
  it.each([
    'IMG_1234.JPG',
    'IMG_1234',
    'img 1234 (2).jpg',
    'IMG-20190101-WA0007.jpeg',
    '_MG_4821',
    'MVIMG_20190101_113957',
    '20160716_113957.jpg',
    '20160716113957',
    '2016071611395712345678901234567890',
    'DSC00012',
    '_DSC0042.NEF.jpg',
    'DSCN0042',
    'P1010023.JPG',
    'P1010023',
    'SAM_0042',
    'image001.png',
    'image (3)',
    'Photo 12',
    'Screenshot 2019-01-01 at 11.39.57 PM.png',
    'Screen Shot 2019-01-01 at 11.39.57.png',
    'WhatsApp Image 2019-01-01 at 11.39.57.jpeg',
    'red-apple.jpg',
    'logo.svg',
    'd41d8cd98f00b204e9800998ecf8427e',
    '123e4567-e89b-12d3-a456-426614174000',
    'AbCd1234EfGh5678IjKl',
  ])('takes %s for a file name', (raw) => {
    expect(reasonOf(raw)).toBe('filename_text');
  });

  it.each([
    'https://example.com/a/b?c=d',
    'www.example.com',
    'example.com/images/apple',
    '/images/apple',
    '../images/apple',
    '//cdn.example.com/apple',
    'data:image/gif;base64,R0lGODlhAQABAAAAACw=',
  ])('takes %s for an address', (raw) => {
    expect(reasonOf(raw)).toBe('url_text');
  });

  it.each([
    'a red apple',
    'P-51 Mustang',
    'P-51',
    'SA-7',
    'photo of a dog',
    'Image of the year 2019',
    'apples and/or pears',
    'red/green/blue',
    'Photo: J. Smith, 2019',
    'deadbeef',
    'Internationalisation',
    'St. Louis',
    'What is image001.png?',
    'Dr. No',
    'example.com',
    '2016 Summer Olympics',
    'Apollo 11',
  ])('takes %s for words', (raw) => {
    expect(reasonOf(raw, { languages: [] })).toBeUndefined();
  });

  it('judges what a text is before how long it is, by the limits set', () => {
    expect(reasonOf('')).toBe('no_text');
    expect(reasonOf(' &nbsp;\u200b ')).toBe('no_text');
    expect(reasonOf('ab')).toBe('text_too_short');
    expect(reasonOf('!!!!')).toBe('text_too_short');
    expect(reasonOf('apple', { minWords: 2 })).toBe('text_too_short');
    expect(reasonOf('red apple', { minWords: 2 })).toBeUndefined();
    expect(reasonOf('x'.repeat(1_001))).toBe('text_too_long');
    expect(reasonOf('apple '.repeat(5), { maxChars: 29 })).toBeUndefined();
    expect(reasonOf('apple '.repeat(5), { maxChars: 28 })).toBe('text_too_long');
  });

  it('counts a word in any script', () => {
    expect(reasonOf('日本語', { languages: [] })).toBeUndefined();
    expect(reasonOf('русский язык', { languages: [], minWords: 2 })).toBeUndefined();
  });

  it('gives the cleaned text, also of a text it refuses, and says with which value', () => {
    expect(judgeText(' a&amp;b ', context())).toEqual({ text: 'a&b' });
    expect(judgeText(' IMG_1.jpg ', context())).toEqual({
      text: 'IMG_1.jpg',
      loss: { reason: 'filename_text', detail: 'IMG_1.jpg' },
    });
    expect(judgeText('ab', context()).loss?.detail).toBe('2 characters');
    const huge = judgeText('a'.repeat(5_000_000), context());
    expect(huge.loss).toEqual({
      reason: 'text_too_long',
      detail: '5000000 characters, read up to 20000',
    });
  });

  it('says of every rule what decided: explanations and judgements agree', () => {
    const place = { imageUrl: 'https://a.test/1.svg' };
    const captions = [
      '',
      'ab',
      'IMG_1.jpg',
      'click here',
      'a red apple',
      'x'.repeat(30_000),
      'ein roter Apfel auf dem Küchentisch neben einer Vase',
    ];
    for (const preset of ['wit', 'none', 'datacomp-basic', 'laion', 'yfcc']) {
      for (const raw of captions) {
        const { loss } = judgeText(raw, context({ preset }), place);
        const { verdicts } = explainText(raw, context({ preset }), place);
        const first = verdicts.find(({ passed }) => !passed);
        expect(first && { reason: first.reason, detail: first.value }).toEqual(loss);
      }
    }
  });

  it('masks personal data in what becomes the caption, where that is asked for', () => {
    const raw = 'Call  me: +44 20 7946 0958';
    const { config } = context({ personalData: 'mask' });
    expect(captionOf(raw, config)).toBe('Call me: [phone]');
    expect(judgeText(raw, context({ personalData: 'mask' })).text).toBe('Call me: [phone]');
    expect(captionOf(raw, context().config)).toBe('Call me: +44 20 7946 0958');
  });

  it('reads no more of a text than it says', () => {
    const start = 'apple '.repeat(5_000);
    const long = judgeText(start + 'x'.repeat(5_000_000), context({ preset: 'none' }));
    expect(long.text).toBe(judgeText(start.slice(0, 20_000), context({ preset: 'none' })).text);
  });

  // Sixteen times the text costs sixteen times the work, with room for noise; quadratic work is 256 times.
  it.each([
    ['words', 'apple '],
    ['digits', '20160716'],
    ['digits and separators', '1 '],
    ['slashes', 'a/'],
    ['dots', 'a.'],
    ['hex digits', 'a1'],
    ['at signs', 'a@'],
    ['addresses', 'a@b.c'],
    ['telephone digits', '123 '],
    ['fractions', '1/250'],
    ['commas', ',a'],
    ['capitals and digits', 'aA1_'],
    ['combining marks', 'a\u0301\u0316'],
    ['bidi controls', '\u202ea\u202c'],
    ['unpaired surrogates', '\ud800'],
    ['entities', '&amp;'],
    ['other scripts', 'яблоко '],
    ['emoji', '👩\u200d🚀'],
  ])('takes time linear in the text on %s', (_what, piece) => {
    const everything = context({
      maxChars: null,
      personalData: 'mask',
      maxWords: 100_000,
      maxKeywords: 100_000,
    });
    const work = (chars: number) => {
      const raw = piece.repeat(Math.ceil(chars / piece.length)).slice(0, chars);
      return () => explainText(`IMG_${raw}`, everything, { imageUrl: `https://a.test/${raw}` });
    };
    expect(growth(work(1_200), work(19_200))).toBeLessThan(80);
  });
});
