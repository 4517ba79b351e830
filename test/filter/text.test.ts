import { describe, expect, it } from 'vitest';
import { cleanText, MAX_RAW_CHARS } from '../../src/filter/text.js';
import { growth } from './growth.js';

describe('cleanText', () => {
  it.each([
    ['plain', 'A red apple.', 'A red apple.'],
    ['entities', 'Tom &amp; Jerry &#39;s &eacute;clair', "Tom & Jerry 's éclair"],
    [
      'entities encoded twice',
      'Tom &amp;amp; Jerry &amp;quot;live&amp;quot;',
      'Tom & Jerry "live"',
    ],
    ['an ampersand that starts no entity', 'R&D at AT&T', 'R&D at AT&T'],
    ['white space', '  a\t\tred\r\n\u00a0\u3000apple\u2028 ', 'a red apple'],
    ['decomposed letters', 'cafe\u0301', 'caf\u00e9'],
    ['letters decomposed around something invisible', 'cafe\u200b\u0301', 'caf\u00e9'],
    ['controls', 'a\0b\u0007c\u009fd\u007f', 'abcd'],
    ['bidi controls', '\u202egnp.elppa\u202c \u2066red\u2069\u200f', 'gnp.elppa red'],
    ['zero-width characters', 'ap\u200bp\u00adl\ufeffe\u2060', 'apple'],
    ['entities of invisible characters', 'ap&#8203;ple&shy;', 'apple'],
    ['a joiner between letters', 'ap\u200dple', 'apple'],
    ['lone surrogates', 'a\ud800b\udc00', 'a\ufffdb\ufffd'],
    ['icon fonts', '\uf09b GitHub', 'GitHub'],
    ['noncharacters', 'a\ufffe\ufdd0b', 'ab'],
    ['hidden tags', `cat${String.fromCodePoint(0xe0064, 0xe006f, 0xe0067)}`, 'cat'],
    ['nothing', ' \u200b&nbsp;\u00ad ', ''],
  ])('%s', (_what, raw, clean) => {
    expect(cleanText(raw)).toBe(clean);
  });

  it('keeps emoji whole, those that are joined or tagged too', () => {
    const emoji = [
      '👩‍🚀',
      '👩🏽‍🚀',
      '❤️‍🔥',
      '🏳️‍🌈',
      '🇫🇷',
      '☎️',
      // England: a black flag and tags.
      '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    ];
    for (const each of emoji) expect(cleanText(` ${each}  x`)).toBe(`${each} x`);
  });

  it('keeps what other scripts need', () => {
    for (const text of ['Việt Nam', 'Ελλάδα', 'हिन्दी', 'ภาษาไทย', '日本語', 'עִבְרִית']) {
      expect(cleanText(text)).toBe(text.normalize('NFC'));
    }
  });

  it('is done when it is done: cleaning a clean text changes nothing', () => {
    const pieces = [
      'e',
      '\u0301',
      '\u200b',
      '\u200d',
      '👩',
      '\ud800',
      ' ',
      '\u202e',
      '\0',
      'ß',
      '\u3000',
    ];
    let state = 1;
    for (let trial = 0; trial < 2_000; trial++) {
      let raw = '';
      for (let n = 0; n < 12; n++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        raw += pieces[(state >>> 16) % pieces.length];
      }
      const clean = cleanText(raw);
      expect(cleanText(clean)).toBe(clean);
      expect(clean).toBe(clean.normalize('NFC').trim());
    }
  });

  it.each([
    ['megabytes of text', 'apple '.repeat(2_000_000)],
    ['a million combining marks', `a${'\u0301'.repeat(1_000_000)}`],
    ['different combining marks', `a${'\u0301\u0316\u0321'.repeat(400_000)}`],
    ['ampersands', '&'.repeat(3_000_000)],
    ['entities within entities', `&${'amp;'.repeat(700_000)}`],
    ['joiners', '\u200d'.repeat(2_000_000)],
    ['tags', '\u{1f3f4}\u{e0061}'.repeat(700_000)],
    ['surrogates', '\ud800'.repeat(2_000_000)],
    ['spaces', ' '.repeat(4_000_000)],
  ])('takes bounded time on %s', (_what, raw) => {
    // What lies beyond the limit is never looked at, and what lies before it costs linear time.
    const clean = cleanText(raw);
    expect(clean).toBe(cleanText(raw.slice(0, MAX_RAW_CHARS)));
    expect(clean.length).toBeLessThanOrEqual(MAX_RAW_CHARS);
    const work = (chars: number) => () => cleanText(raw.slice(0, chars));
    expect(growth(work(MAX_RAW_CHARS / 16), work(MAX_RAW_CHARS))).toBeLessThan(80);
  });

  it('leaves a bounded number of marks on a letter', () => {
    expect(cleanText(`a${'\u0316'.repeat(1_000)}b`)).toHaveLength(10);
  });
});

describe('joiners', () => {
  it('are kept between emoji and nowhere else', () => {
    expect(cleanText('a 👩\u200d🚀 b')).toBe('a 👩\u200d🚀 b');
    expect(cleanText('👩\u200d and 🚀\u200d')).toBe('👩 and 🚀');
  });
});
