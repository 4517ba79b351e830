import { describe, expect, it } from 'vitest';
import { LexiconBuilder } from '../../../src/filter/match/lexicon.js';
import { BLOCK, WordRow } from '../../../src/filter/match/row.js';
import { readNormalized, tokenise } from '../../../src/filter/match/words.js';
import { below, pick, prng } from '../prng.js';

const lexicon = new LexiconBuilder();
const table = (row: WordRow) => () => lexicon.resolve(row);
const row = new WordRow(table);
const rowOfWords = new WordRow(table);

/** Whether a text is read as `tokenise` cuts it. */
function expectAlike(text: string): void {
  readNormalized(text, row);
  row.finish();
  const read = Array.from(row.words.subarray(0, row.count));
  rowOfWords.begin(0);
  let begin = 0;
  for (const word of tokenise(text)) begin = rowOfWords.push(word, begin);
  rowOfWords.finish();
  const expected = Array.from(rowOfWords.words.subarray(0, rowOfWords.count));
  if (read.length !== expected.length || read.some((word, i) => word !== expected[i])) {
    expect(read, JSON.stringify(text)).toEqual(expected);
  }
}

describe('readNormalized', () => {
  it('reads each unit as tokenise does: in a word, before a mark, before a letter that composes, and alone', () => {
    for (let unit = 0; unit < 0x1_0000; unit++) {
      const character = String.fromCharCode(unit);
      expectAlike(`a${character}b ${character}\u0301-가${character} (${character})`);
    }
  });

  it('reads characters beyond the BMP as tokenise does', () => {
    const read = (code: number): void => {
      const character = String.fromCodePoint(code);
      expectAlike(`x${character}y ${character}\u0301`);
    };
    for (let code = 0x1_0000; code < 0x3_4000; code++) read(code);
    for (let code = 0xe_0000; code < 0xe_0200; code++) read(code);
    read(0x10_ffff);
  });

  it('reads mixtures of what is hard as tokenise does', () => {
    const random = prng(11);
    const parts = [
      ...'aBz09 .,-\'"=<>\n\t\0\u00a0\u00adÀéßΣςσΑ日本カーｶﾞ가각ไทย™½ﬁŉǰİı’“…´',
      ...['\u0300', '\u0301', '\u0316', '\u0338', '\u0344', '\u0345', '\u3099', '\u1161', '\u11a8'],
      ...[
        '\u200b',
        '\u200d',
        '\ufe0f',
        '\u202e',
        '🇦',
        '👍🏽',
        '\u{e0061}',
        '\u{e0100}',
        '\ud83d',
        '\ude00',
        '😀',
        '𝐀',
        '𠮷',
        '\ufdfa',
        'K',
        'Ａ',
      ],
      ...['\u09c7', '\u09be', '\u0dd9', '\u0dcf', '\u102d', '\u0e33', '\u20e3', '\ufeff', '\u1e9e'],
    ];
    for (let trial = 0; trial < 200_000; trial++) {
      let text = '';
      for (let length = below(random, 10); length >= 0; length--) text += pick(random, parts);
      expectAlike(text);
    }
  });

  it('reads as tokenise does where words are looked up between a part and its hard end', () => {
    for (let words = 0; words <= 2 * BLOCK + 2; words++) {
      const easy = 'ab\u00a0'.repeat(words);
      for (const text of [
        `${easy}ß`,
        `x ${easy}ß y`,
        `日${easy}e\u0301`,
        `ß ${easy}`,
        `${easy}日ß`,
      ]) {
        expectAlike(text);
      }
    }
  });

  it('drops what a pile of marks has beyond thirty', () => {
    const marks = '\u0301\u0316'.repeat(15);
    expect(tokenise(`e${marks}${marks}f`)).toEqual(tokenise(`e${marks}f`));
    expect(tokenise(`e${marks}`)).not.toEqual(tokenise(`e${marks.slice(2)}`));
  });
});
