import { describe, expect, it } from 'vitest';
import { filterSchema } from '../../src/config.js';
import { judgeText, TEXT_RULES } from '../../src/filter/rules.js';

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
    'https://example.com/a/b?c=d',
    'www.example.com',
    'example.com/images/apple',
    '/images/apple',
    '../images/apple',
    '//cdn.example.com/apple',
    'data:image/gif;base64,R0lGODlhAQABAAAAACw=',
  ])('takes %s for a file name', (raw) => {
    expect(reasonOf(raw)).toBe('filename_text');
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

  it('each rule is named once', () => {
    const reasons = TEXT_RULES.map((rule) => rule.reason);
    expect(new Set(reasons).size).toBe(reasons.length);
  });

  it.each([
    ['digits', '2016071611395711'.repeat(1_200)],
    ['digits and separators', `20160716_1139${'1 '.repeat(9_000)}x`],
    ['camera digits', `IMG_${'1_'.repeat(9_000)}x`],
    ['screenshot digits', `Screenshot ${'1 '.repeat(9_000)}x`],
    ['slashes', 'a/'.repeat(9_000)],
    ['dots', 'a.'.repeat(9_000)],
    ['dots and slashes', `/${'./'.repeat(9_000)} x`],
    ['hex digits', `${'a1'.repeat(9_000)}x`],
  ])('takes bounded time on %s', (_what, raw) => {
    const start = performance.now();
    judgeText(raw, context({ maxChars: 20_000 }));
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
