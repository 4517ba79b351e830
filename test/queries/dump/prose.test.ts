/** The fast reading of wikitext against the slow one (test/queries/reference.ts). */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { referencePages, referenceProse, referenceRuns } from '../reference.js';
import { ENGLISH, escaped, proseOf, runsOf } from './reader.js';
import { bunzip2, hasRealSample, REAL_SAMPLE, randomBy } from './sample.js';

const NAMESPACES = new Map([
  [-2, 'Media'],
  [6, 'File'],
  [14, 'Category'],
]);

/** Pieces in which every rule begins or ends, and some text. */
const PIECES = [
  ...['{{', '}}', '{', '}', '{|', '|}', '[[', ']]', '[', ']', '|', '\n', '\r', '\t', ' ', '_'],
  ...['a', 'foo', 'Bar', 'é', 'İ', 'ﬁ', '1', "'", "''", "'''", '-', '’', '\u00ad', '\u2028'],
  ...['<ref>', '</ref>', '<ref name=x />', '<nowiki>', '</nowiki>', '</nowiki', '<!--', '-->'],
  ...[
    '<b>',
    '</b>',
    '<br/>',
    '<math>',
    '</math>',
    '<table>',
    '</table>',
    '<code >',
    '<x',
    '>',
    '<',
  ],
  ...['&lt;', '&nbsp;', '&amp;', '&#65;', '&#10;', '&foo;', '&#39;', '/>', '"', ';', '#', '*', '='],
  ...['http://', 'x.org', '//', 'mailto:', 'MAILTO:', 'File:', 'Category:', 'image:', ' File :'],
  ...['fr:', 'zh-min-nan:', 'simple:', ':', '__TOC__', '__'],
];

describe('prose', () => {
  it('is what the reference reads, for random markup', () => {
    const random = randomBy(7);
    for (let round = 0; round < 1_500; round++) {
      const length = 1 + Math.floor(14 * random());
      const text = Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join(
        '',
      );
      const source = escaped(text);
      const expected = referenceRuns(referenceProse(source, NAMESPACES));
      expect(runsOf(proseOf(source, ENGLISH)), JSON.stringify(text)).toEqual(expected);
    }
  });

  it.skipIf(!hasRealSample)('is what the reference reads, on every page of a real excerpt', () => {
    const dump = referencePages(bunzip2(readFileSync(REAL_SAMPLE)));
    let words = 0;
    for (const { title, text } of dump.pages) {
      if (text === undefined) continue;
      const expected = referenceRuns(referenceProse(text, dump.namespaces));
      expect(runsOf(proseOf(text)), title).toEqual(expected);
      words += expected.flat().length;
    }
    expect(words).toBeGreaterThan(400_000);
  });

  it('reads words as the reference does, in every setting', () => {
    const random = randomBy(3);
    const characters = [...'abcÉİß東é19²½ \u00a0\u3000\t.,\'’-‐‑—–"\u00ad\u200d\u0301日本'];
    for (let round = 0; round < 3_000; round++) {
      const length = Math.floor(24 * random());
      const prose = Array.from(
        { length },
        () => characters[Math.floor(random() * characters.length)],
      ).join('');
      for (const numbers of [false, true]) {
        for (const letterCase of ['fold', 'keep'] as const) {
          const expected = referenceRuns(prose, {
            numbers,
            case: letterCase === 'fold' ? 'lower' : 'keep',
          });
          expect(runsOf(prose, { numbers, letterCase }), JSON.stringify(prose)).toEqual(expected);
        }
      }
    }
  });

  it('leaves out words of more than 64 bytes, and ends the run there', () => {
    const fits = 'é'.repeat(32);
    expect(runsOf(`one ${fits} two`)).toEqual([['one', fits, 'two']]);
    expect(runsOf(`one ${fits}x two`)).toEqual([['one'], ['two']]);
    expect(runsOf(`one ${'x'.repeat(100_000)} two`)).toEqual([['one'], ['two']]);
  });

  it('reads long texts, whatever the batches they are handed over in', () => {
    const words = Array.from({ length: 5_000 }, (_, i) => `w${i}x`);
    expect(runsOf(words.join(' '))).toEqual([words]);
  });

  it.each([
    ['templates', '{{'],
    ['tables', '\n{|'],
    ['files', '[[File:a|'],
    ['comments', '<!-'],
    ['elements', '<ref>'],
    ['tags', '<b '],
    ['mixed openings', '{{[[File:\n{|<ref><math>'],
    ['closings', '}}]]|}</ref>'],
    ['elements that close', '<code>a</code></b>'],
    ['quotes', "'"],
    ['entities', '&amp'],
  ])('takes linear time over %s without end', (_, piece) => {
    // Quadratic time would be minutes here: the test ends or hangs.
    const text = `start ${piece.repeat(Math.ceil(2_000_000 / piece.length))} end`;
    const runs = runsOf(proseOf(escaped(text)));
    expect(runs[0]?.[0]).toBe('start');
  });
});
