import { describe, expect, it } from 'vitest';
import { whyNeverInMetaclip, wrapForMetaclip } from '../../src/queries/metaclip.js';

function* stringsOf(alphabet: readonly string[], longest: number): Generator<string> {
  yield '';
  if (longest === 0) return;
  for (const rest of stringsOf(alphabet, longest - 1)) {
    for (const letter of alphabet) if (rest.length === longest - 1) yield rest + letter;
    if (rest !== '') yield rest;
  }
}

describe('whyNeverInMetaclip', () => {
  it('is right about every short entry, tried against every short text', () => {
    const alphabet = ['a', ' ', '.', ',', '\n'];
    const wrapped = [...new Set(stringsOf(alphabet, 6))].map(wrapForMetaclip);
    // No marker occurs in a wrapped text, so that no entry matches across two of them.
    const haystack = wrapped.join('|');
    let never = 0;
    for (const entry of new Set(stringsOf(alphabet, 4))) {
      const matches = haystack.includes(` ${entry} `);
      expect(whyNeverInMetaclip(entry) === undefined, JSON.stringify(entry)).toBe(matches);
      if (!matches) never += 1;
    }
    expect(never).toBeGreaterThan(400);
    expect(wrapped.length).toBe((5 ** 7 - 1) / 4);
  });

  it.each(['St. Louis', 'U.S.', 'What?', ':)', 'a .b', '. .'])('%s can never match', (entry) => {
    expect(whyNeverInMetaclip(entry)).toBeDefined();
  });

  it.each(['AC/DC', "dog's", 'well-known', '.', 'a , b', '.  .', 'New York'])('%s can', (entry) => {
    expect(whyNeverInMetaclip(entry)).toBeUndefined();
  });
});
