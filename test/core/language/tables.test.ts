import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  GRAM,
  GRAM_SCORES,
  languageTables,
  parseTables,
} from '../../../src/core/language/tables.js';
import { packageRoot } from '../../../src/core/version.js';

const folder = join(packageRoot, 'node_modules', 'eld', 'src');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Data {
  languages: Record<string, string>;
  ngrams: Record<string, Record<string, number>>;
}

describe('languageTables', () => {
  it('hold every n-gram with its scores, as the module itself does, and no other', async () => {
    const url = pathToFileURL(join(folder, 'ngrams', 'medium.js')).href;
    const { ngramsData } = (await import(/* @vite-ignore */ url)) as { ngramsData: Data };
    const { languages, grams, scores } = languageTables();
    expect(languages).toEqual(Object.values(ngramsData.languages));
    const listed = new Map<string, string>();
    for (let at = 0; at < grams.length; at += GRAM) {
      const [low, rest, first] = grams.subarray(at, at + GRAM) as unknown as [
        number,
        number,
        number,
      ];
      if (low === 0) continue;
      const codes = [0, 8, 16, 24].map((shift) => (low >>> shift) & 0xff);
      const gram = String.fromCharCode(...codes, rest & 0xff, (rest >> 8) & 0xff);
      const pairs = scores.subarray(first, first + (rest >>> GRAM_SCORES));
      const words = [...pairs].map((pair) => `${pair & 0xff}:${pair >> 8}`);
      listed.set(gram.replaceAll('\0', ''), words.join(' '));
    }
    const expected = Object.entries(ngramsData.ngrams).map(([gram, of]): [string, string] => [
      gram,
      Object.entries(of)
        .map(([language, score]) => `${language}:${score}`)
        .join(' '),
    ]);
    expect(expected.length).toBeGreaterThan(100_000);
    expect(listed.size).toBe(expected.length);
    expect(expected.filter(([gram, of]) => listed.get(gram) !== of)).toEqual([]);
  });

  it('are in memory that threads share', () => {
    const { grams, scores, units } = languageTables();
    for (const { buffer } of [grams, scores, units]) {
      expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });
});

describe('parseTables', () => {
  const damaged = (file: string, damage: (text: string) => string) => (name: string) =>
    name === file ? damage(read(name)) : read(name);

  it.each<[string, string, (text: string) => string]>([
    ['cut short', 'ngrams/medium.js', (text) => text.slice(0, 1_000_000)],
    ['cut between n-grams', 'ngrams/medium.js', (text) => text.slice(0, text.lastIndexOf(",' "))],
    ['empty', 'ngrams/medium.js', () => ''],
    ['of an unknown language', 'ngrams/medium.js', (text) => text.replace('{59:', '{60:')],
    ['of a score too large', 'ngrams/medium.js', (text) => text.replace('{59:52}', '{59:256}')],
    ['of an n-gram too long', 'ngrams/medium.js', (text) => text.replace(" &}Q '", " &}QQQQ'")],
    ['without languages', 'ngrams/medium.js', (text) => text.replace('languages', 'tongues')],
    ['without letters', 'regexPatterns.js', () => ''],
    ['of too few characters', 'dictionary.js', (text) => text.replace("'M', ", '')],
  ])('refuses data that is %s', (_, file, damage) => {
    expect(damage(read(file))).not.toBe(read(file));
    expect(() => parseTables(damaged(file, damage))).toThrow(/no |beyond|something else/);
  });
});
