import { describe, expect, it } from 'vitest';
import { queryKey } from '../../src/queries/evidence.js';
import { readWordNet } from '../../src/queries/wordnet.js';

describe('readWordNet', () => {
  it('has the first lemma of every synset, once', async () => {
    const kept = await readWordNet({ lemmas: 'first', letterCase: 'keep' });
    expect(kept.synsets).toBe(117_791);
    expect(kept.entries.length).toBe(87_455);
    const folded = await readWordNet({ lemmas: 'first', letterCase: 'fold' });
    expect(folded.entries.length).toBe(86_648);
    const keys = folded.entries.map(({ text }) => queryKey(text, 'fold'));
    expect(new Set(keys)).toEqual(new Set(kept.entries.map(({ text }) => queryKey(text, 'fold'))));
    // The published figure: names cut at their first full stop, `st. petersburg` as `st`.
    expect(new Set(keys.map((key) => key.split('.')[0])).size).toBe(86_632);
  });

  it('gives texts as they stand in captions, best first', async () => {
    const { entries } = await readWordNet({ lemmas: 'first', letterCase: 'keep' });
    const scores = new Map(entries.map(({ text, score }) => [text, score]));
    for (const { text } of entries) {
      expect(text).toBe(text.normalize('NFC'));
      expect(text).not.toMatch(/_|\(|^ | {2}| $/);
    }
    expect(entries).toEqual(
      [...entries].sort((a, b) => b.score - a.score || (a.text < b.text ? -1 : 1)),
    );
    // index.sense: 42 tags of the animal, and 2 of the verb, of which it is not the first lemma.
    expect(Math.floor(scores.get('dog') as number)).toBe(44);
    // The name and the fixture are two forms, each with the tags of its own senses.
    expect(scores.get('Bath')).not.toBe(scores.get('bath'));
    expect(scores.get('outback')).toBeDefined();
    expect(scores.get('New York')).toBeGreaterThan(scores.get('aardvark') as number);
  });

  it('shows the better form where case is folded', async () => {
    const kept = await readWordNet({ lemmas: 'first', letterCase: 'keep' });
    const folded = await readWordNet({ lemmas: 'first', letterCase: 'fold' });
    const scores = new Map(kept.entries.map(({ text, score }) => [text, score]));
    const shown = new Map(folded.entries.map(({ text }) => [queryKey(text, 'fold'), text]));
    for (const [text, score] of scores) {
      const other = shown.get(queryKey(text, 'fold')) as string;
      expect(scores.get(other)).toBeGreaterThanOrEqual(score);
    }
  });

  it('has every lemma on request, the first ones among them', async () => {
    const first = await readWordNet({ lemmas: 'first', letterCase: 'fold' });
    const all = await readWordNet({ lemmas: 'all', letterCase: 'fold' });
    const keys = new Set(all.entries.map(({ text }) => queryKey(text, 'fold')));
    expect(keys.size).toBe(all.entries.length);
    // As many as index.sense has different lemmas.
    expect(keys.size).toBeGreaterThan(147_000);
    expect(first.entries.every(({ text }) => keys.has(queryKey(text, 'fold')))).toBe(true);
    expect(keys).toContain('domestic dog');
    expect(first.entries.some(({ text }) => text === 'domestic dog')).toBe(false);
  });
});
