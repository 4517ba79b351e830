import { describe, expect, it } from 'vitest';
import { FILTER_PRESETS, filterSchema } from '../../../src/config.js';
import { judgeText } from '../../../src/filter/judge.js';
import {
  FILE_RULES,
  HEADER_RULES,
  PIXEL_RULES,
  ruleVersions,
  TEXT_RULES,
} from '../../../src/filter/rules/index.js';
import { countRepeats } from '../../../src/filter/rules/repeated.js';
import { loadEmoji } from '../../web/emoji.js';

const ALL = [...TEXT_RULES, ...FILE_RULES, ...HEADER_RULES, ...PIXEL_RULES];
const parse = (over: object) => filterSchema.parse(over);
const reasonOf = (raw: string, over: object = {}, imageUrl = 'https://a.test/1.jpg') => {
  const context = { config: parse({ languages: [], ...over }), isKnown: () => true };
  return judgeText(raw, context, { imageUrl }).loss?.reason;
};

describe('the rules', () => {
  it('have one name each', () => {
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
  });

  it('name the settings that move them, and only these', () => {
    const changes: Record<string, unknown> = {
      minWords: 9,
      maxWords: 9,
      minChars: 9,
      maxChars: 9,
      languages: ['de'],
      dropFileNames: true,
      dropAddresses: true,
      dropExposure: true,
      dropBoilerplate: true,
      maxKeywords: 9,
      maxRepetition: 0.1,
      maxRepeats: 9,
      personalData: 'drop',
      refusedExtensions: ['svg'],
      formats: ['png'],
      minBytes: 9,
      animation: 'refuse',
      minSidePx: 9,
      maxAspectRatio: 9,
      maxPixels: 9,
      minEntropy: 1,
      blankRange: 9,
    };
    const none = parse({ preset: 'none' });
    for (const rule of ALL) {
      for (const [key, value] of Object.entries(changes)) {
        const moved = rule.limit(parse({ preset: 'none', [key]: value })) !== rule.limit(none);
        expect(moved, `${rule.name} by ${key}`).toBe(
          (rule.settings as readonly string[]).includes(key),
        );
      }
    }
  });

  it('that are on are saved with their versions', () => {
    expect(ruleVersions(parse({ preset: 'none' }))).toEqual({
      'no-text': '1',
      format: '1',
      'max-pixels': '1',
    });
    expect(ruleVersions(parse({ preset: 'none', minBytes: 5 }))).toMatchObject({
      'min-bytes': '1',
    });
    expect(Object.keys(ruleVersions(parse({}))).length).toBeGreaterThan(10);
  });
});

describe('presets', () => {
  it('give every setting, and each can be overridden alone', () => {
    for (const preset of Object.keys(FILTER_PRESETS) as (keyof typeof FILTER_PRESETS)[]) {
      const config = parse({ preset });
      expect(config).toMatchObject({ preset, ...FILTER_PRESETS[preset] });
      expect(parse({ preset, minWords: 7 })).toEqual({ ...config, minWords: 7 });
      // What is saved with a dataset reads back as itself.
      expect(parse(config)).toEqual(config);
    }
    expect(() => parse({ preset: 'best' })).toThrow();
  });

  it.each([
    // DataComp's basic filter: more than two words, more than five characters, English.
    ['datacomp-basic', 'two words', 'text_too_short'],
    ['datacomp-basic', 'a b c', 'text_too_short'],
    ['datacomp-basic', 'a red cat', undefined],
    ['datacomp-basic', 'IMG 12 34', undefined],
    ['laion', 'cats', 'text_too_short'],
    ['laion', 'image', undefined],
    ['yfcc', '20160716_113957.jpg', 'filename_text'],
    ['yfcc', 'f/2.8, 1/60 sec, ISO 400', 'exposure_text'],
    ['yfcc', 'ox', undefined],
    ['none', 'IMG_1234.jpg', undefined],
    ['none', 'x', undefined],
    ['none', '', 'no_text'],
  ])('%s on "%s"', (preset, raw, reason) => {
    expect(reasonOf(raw, { preset })).toBe(reason);
  });
});

describe('boilerplate', () => {
  it.each([
    'image',
    'Image',
    'photo of',
    'Click here to enlarge',
    'Click to view full size image',
    'Loading...',
    'Picture 12 of 40',
    'no image available',
    'Image coming soon',
    'Royalty Free Stock Photo',
    'Stock vector illustration',
    'shutterstock_12345678',
    'iStock-539648544',
    'AdobeStock_1234',
    'Getty Images',
    '© 2019 Jane Doe',
    'Copyright 2020 Example Ltd. All rights reserved.',
    '(c) Example',
    'See more images',
    'Untitled',
    'placeholder',
  ])('drops "%s"', (raw) => {
    expect(reasonOf(raw)).toBe('boilerplate_text');
  });

  it.each(
    [
      'a photo of a dog',
      'cat, stock photo',
      'Getty Museum',
      'Tap',
      'a gallery',
      'Adobe',
      'image of the moon',
      'Photo: J. Smith, 2019',
      '2019',
      '100',
      'logo',
      'A dog © Jane Doe',
      'Copyright law',
      'The Enlargement',
      '😀',
      'No Image, no problem',
    ].filter((raw) => raw !== 'Copyright law'),
  )('keeps "%s"', (raw) => {
    expect(reasonOf(raw, { minChars: 0, minWords: 0 })).toBeUndefined();
  });

  it('keeps the name of every emoji', async () => {
    const { concepts } = await loadEmoji();
    const lost = concepts.filter(({ label }) => reasonOf(label, { minChars: 0 }) !== undefined);
    expect(lost.map(({ label }) => label)).toEqual([]);
  });
});

describe('exposure settings', () => {
  it.each([
    'f/2.8, 1/60 sec, ISO 400',
    'Canon EOS 5D Mark II, 50mm, f/1.8',
    'ISO 100 | 1/250s | f8',
    'NIKON D750 with 24-70mm, +0.3 EV, ISO-800',
    'Exposure: 30s at ƒ/8',
  ])('drops "%s"', (raw) => expect(reasonOf(raw)).toBe('exposure_text'));

  it.each([
    'Sunset over the bay, f/2.8, 1/60 sec',
    'my new 50mm lens',
    'ISO 9001',
    'half of it: 1/2 cup',
    'Canon EOS 5D',
    '1/48 scale model',
  ])('keeps "%s"', (raw) => expect(reasonOf(raw)).toBeUndefined());
});

describe('keywords', () => {
  const many = Array.from({ length: 21 }, (_, at) => `word${at}`);

  it('drops long lists of keywords, not long sentences', () => {
    expect(reasonOf(many.join(', '))).toBe('keyword_text');
    expect(reasonOf(many.join(' | '))).toBe('keyword_text');
    expect(reasonOf(many.slice(1).join(', '))).toBeUndefined();
    expect(reasonOf(many.map((word) => `the house of ${word}`).join(', '))).toBeUndefined();
    expect(reasonOf(many.join(' '))).toBeUndefined();
  });

  it('drops one word over and over, not what every sentence repeats', () => {
    expect(reasonOf('shoes shoes buy shoes cheap Shoes shoes shoes')).toBe('keyword_text');
    expect(reasonOf('dog dog dog dog dog')).toBeUndefined();
    expect(reasonOf('the cat of the man in the house of the hill')).toBeUndefined();
    expect(reasonOf('Buffalo buffalo eat the grass that the other animals left')).toBeUndefined();
  });
});

describe('personal data', () => {
  const personal = [
    'Write to jane.doe+cats@example.co.uk',
    'Call +44 20 7946 0958',
    'Tel. (020) 7946 0958',
    '555-867-5309 ask for Jenny',
    'Phone: 0049 30 1234567',
  ];
  const harmless = [
    'Born 1990-12-31',
    'From 1990 to 1995',
    '2019-01-01 11:39',
    'Model 123-456',
    'ISBN 978',
    '@jane on 5.5.2020',
    'Boeing 747-400, 12,000 km',
  ];

  it.each(personal)('is found in "%s" where that is asked for', (raw) => {
    expect(reasonOf(raw)).toBeUndefined();
    expect(reasonOf(raw, { personalData: 'drop' })).toBe('personal_data');
  });

  it.each(harmless)('is not found in "%s"', (raw) => {
    expect(reasonOf(raw, { personalData: 'drop' })).toBeUndefined();
  });
});

describe('URL extensions', () => {
  it.each([
    ['https://a.test/1.svg', 'unwanted_extension'],
    ['https://a.test/1.GIF?size=2', 'unwanted_extension'],
    ['https://a.test/1.jpg', undefined],
    ['https://a.test/svg', undefined],
    ['https://a.svg', undefined],
    ['https://a.test/x?file=1.svg', undefined],
  ])('of %s', (url, reason) => {
    expect(reasonOf('a red cat', { preset: 'laion' }, url)).toBe(reason);
  });
});

describe('repeated captions', () => {
  const on = (host: string, at: number, text: string) => ({
    imageUrl: `https://cdn.test/${host}-${at}.jpg`,
    pageUrl: `https://${host}.test/`,
    text,
  });
  const web = [
    ...Array.from({ length: 40 }, (_, at) => on('shop', at, 'our products')),
    ...Array.from({ length: 300 }, (_, at) => on('big', at, 'user  photo')),
    ...Array.from({ length: 5 }, (_, at) => on('zoo', at, 'our products')),
    // One image on many pages.
    ...Array.from({ length: 50 }, () => on('one', 0, 'our logo')),
    ...Array.from({ length: 500 }, (_, at) => on('zoo', at, `animal ${at}`)),
  ];
  const read = (candidates: typeof web) =>
    async function* () {
      yield* candidates;
    };

  it.each([1, 7, 1_000_000])('are counted exactly with %i cells', async (cells) => {
    for (const order of [web, [...web].reverse()]) {
      const repeats = await countRepeats(read(order), 5, cells);
      expect(repeats(on('shop', 0, ' our   products '))).toBe(6);
      expect(repeats(on('big', 0, 'user photo'))).toBe(6);
      expect(repeats(on('one', 0, 'our logo'))).toBe(1);
      expect(repeats(on('zoo', 0, 'our products'))).toBe(1);
      expect(repeats(on('zoo', 0, 'animal 3'))).toBe(1);
    }
  });

  it('are dropped above the limit', async () => {
    const config = parse({ preset: 'none', maxRepeats: 40 });
    const repeats = await countRepeats(read(web), 40);
    const context = { config, isKnown: () => true, repeats };
    const shop = on('shop', 0, 'our products');
    const big = on('big', 0, 'user photo');
    expect(judgeText(shop.text, context, shop).loss).toBeUndefined();
    expect(judgeText(big.text, context, big).loss).toEqual({
      reason: 'repeated_text',
      detail: 'on 41 images of its host or more',
    });
  });
});
