/** Runs and their merge against plain Maps. */

import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Tournament } from '../../../src/core/tournament.js';
import { NumberReader, NumberWriter } from '../../../src/core/varint.js';
import { Best } from '../../../src/queries/count/best.js';
import { mergePairs } from '../../../src/queries/count/merge-pairs.js';
import { mergeWords } from '../../../src/queries/count/merge-words.js';
import { PairList } from '../../../src/queries/count/pair-list.js';
import { writeRun } from '../../../src/queries/count/runs.js';
import { WordTable } from '../../../src/queries/count/word-table.js';
import { randomBy } from '../dump/sample.js';

const folder = mkdtempSync(join(tmpdir(), 'wit-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Text drawn by a law with a heavy tail, in runs of words, with words that share long beginnings. */
function randomText(seed: number, length: number): string[] {
  const random = randomBy(seed);
  const letters = ['a', 'b', 'é', '日', '𝒜', 'zzzz', '-'];
  const words = Array.from({ length: 400 }, () =>
    Array.from(
      { length: 1 + Math.floor(9 * random()) },
      () => letters[Math.floor(7 * random())],
    ).join(''),
  );
  return Array.from({ length }, () => words[Math.floor(400 * random() ** 3)] as string);
}

/** Writes one run and adds what it holds to the Maps. */
function countRun(
  base: string,
  text: readonly string[],
  words: Map<string, number>,
  pairs: Map<string, number>,
): void {
  const table = new WordTable();
  const list = new PairList();
  for (const [i, word] of text.entries()) {
    const number = table.addText(word);
    words.set(word, (words.get(word) ?? 0) + 1);
    if (i % 7 === 0) continue;
    const before = text[i - 1] as string;
    list.push(table.find(Buffer.from(before)), number);
    pairs.set(`${before} ${word}`, (pairs.get(`${before} ${word}`) ?? 0) + 1);
  }
  writeRun(base, table, list);
}

describe('merged runs', () => {
  it.each([0, 1, 2, 3, 16, 33])('of %i parts hold what was counted', (parts) => {
    const words = new Map<string, number>();
    const pairs = new Map<string, number>();
    const runs = Array.from({ length: parts }, (_, part) => {
      const base = join(folder, `${parts}-${part}`);
      countRun(base, randomText(part % 5, part === 2 ? 0 : 900), words, pairs);
      return base;
    });
    const wanted = new WordTable();
    const rare = [...words].sort((a, b) => a[1] - b[1])[0]?.[0] ?? 'absent';
    wanted.addText(rare);
    wanted.addText('nowhere');
    const merged = mergeWords(runs, 3, wanted, () => {});
    expect(merged.distinct).toBe(words.size);
    expect(merged.occurrences).toBe([...words.values()].reduce((a, b) => a + b, 0));
    expect([...merged.wantedCounts]).toEqual([words.get(rare) ?? 0, 0]);
    const kept = Array.from({ length: merged.kept.size }, (_, i) => merged.kept.textOf(i));
    const expected = [...words].filter(([, count]) => count >= 3).map(([word]) => word);
    expect(kept).toEqual(expected.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    for (const [number, word] of kept.entries())
      expect(merged.counts[number]).toBe(words.get(word));
    const frequencies = [...merged.frequencies].reduce((sum, [, n]) => sum + n, 0);
    expect(frequencies).toBe(words.size);

    const thresholds = { leastCount: 2, leastPmi: 0.5, most: 10 };
    const asked: [number, number][] = [
      [0, 1],
      [1, 0],
    ].filter(([a, b]) => (a as number) < kept.length && (b as number) < kept.length) as [
      number,
      number,
    ][];
    const result = mergePairs(runs, merged, thresholds, asked, () => {});
    const all = [...pairs]
      .map(([text, count]) => {
        const [a, b] = text.split(' ') as [string, string];
        const product = (words.get(a) as number) * (words.get(b) as number);
        return { text, a, b, count, pmi: Math.log2((count * merged.occurrences) / product) };
      })
      .filter(({ a, b }) => (words.get(a) as number) >= 3 && (words.get(b) as number) >= 3);
    expect(result.distinct).toBe(all.length);
    const passed = all.filter(({ count, pmi }) => count >= 2 && pmi >= 0.5);
    expect(result.passed).toBe(passed.length);
    const best = passed.sort((x, y) => y.pmi - x.pmi).slice(0, 10);
    expect(result.best.map(({ pmi }) => pmi.toFixed(9))).toEqual(
      best.map(({ pmi }) => pmi.toFixed(9)),
    );
    for (const { first, second, count } of [...result.best, ...result.wanted]) {
      expect(pairs.get(`${kept[first]} ${kept[second]}`)).toBe(count);
    }
    const inBins = [...result.pmi.values()].reduce((a, b) => a + b, 0);
    expect(inBins).toBe(all.filter(({ count }) => count >= 2).length);
  });

  it('name the file that ends too early', () => {
    const base = join(folder, 'cut');
    countRun(base, randomText(1, 900), new Map(), new Map());
    truncateSync(`${base}.words`, statSync(`${base}.words`).size - 20);
    expect(() => mergeWords([base], 1, new WordTable(), () => {})).toThrow(
      /cut\.words ends too early/,
    );
  });
});

describe('numbers in files', () => {
  it('are read as they were written, with bytes between them', () => {
    const path = join(folder, 'numbers');
    const random = randomBy(2);
    const values = Array.from({ length: 60_000 }, (_, i) =>
      i < 200 ? i : Math.floor(2 ** (53 * random())),
    );
    const writer = new NumberWriter(path);
    for (const [i, value] of values.entries()) {
      writer.number(value);
      writer.raw(Buffer.from('abcdef'.repeat(9)), 0, i % 54);
    }
    writer.commit();
    expect(statSync(path).size).toBe(writer.bytes);
    const reader = new NumberReader(path, 4_096);
    const bytes = new Uint8Array(64);
    for (const [i, value] of values.entries()) {
      expect(reader.number()).toBe(value);
      if (i % 2 === 0) reader.skip(i % 54);
      else {
        reader.raw(bytes, 0, i % 54);
        expect(Buffer.from(bytes.subarray(0, i % 54)).toString()).toBe(
          'abcdef'.repeat(9).slice(0, i % 54),
        );
      }
    }
    expect(() => reader.number()).toThrow('ends too early');
    reader.close();
  });
});

describe('the tournament', () => {
  it('gives items of sorted inputs in order', () => {
    const random = randomBy(4);
    for (let size = 1; size < 40; size++) {
      const inputs = Array.from({ length: size }, () =>
        Array.from({ length: Math.floor(9 * random()) }, () => Math.floor(50 * random())).sort(
          (a, b) => a - b,
        ),
      );
      const at = inputs.map(() => 0);
      const item = (i: number): number => inputs[i]?.[at[i] as number] ?? Number.POSITIVE_INFINITY;
      const tree = new Tournament(size, (a, b) => item(a) < item(b));
      const out: number[] = [];
      for (; item(tree.winner) !== Number.POSITIVE_INFINITY; tree.replay()) {
        out.push(item(tree.winner));
        at[tree.winner] = (at[tree.winner] as number) + 1;
      }
      expect(out).toEqual(inputs.flat().sort((a, b) => a - b));
    }
  });
});

describe('the best', () => {
  it.each([0, 1, 7, 5_000, Number.POSITIVE_INFINITY])('%d of many are kept', (capacity) => {
    const random = randomBy(9);
    const items = Array.from({ length: 3_000 }, (_, key) => ({
      score: Math.floor(40 * random()),
      key,
      count: key * 2,
    }));
    const best = new Best(capacity);
    for (const { score, key, count } of items) best.offer(score, key, count);
    const expected = [...items].sort((a, b) => b.score - a.score || a.key - b.key);
    expect(best.sorted()).toEqual(expected.slice(0, Math.min(capacity, items.length)));
  });
});

describe('the word table', () => {
  it('counts as a Map does, through growth and clearing', () => {
    const table = new WordTable();
    for (const seed of [1, 2]) {
      const counts = new Map<string, number>();
      const random = randomBy(seed);
      for (let i = 0; i < 30_000; i++) {
        const word = `w${Math.floor(9_000 * random() ** 2)}`;
        table.addText(word);
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      expect(table.size).toBe(counts.size);
      const occurrences = table.occurrences();
      for (const [word, count] of counts) {
        const number = table.find(Buffer.from(word));
        expect(table.textOf(number)).toBe(word);
        expect(occurrences[number]).toBe(count);
      }
      expect(table.find(Buffer.from('absent'))).toBe(-1);
      table.clear();
      expect(table.size).toBe(0);
      expect(table.find(Buffer.from('w1'))).toBe(-1);
    }
  });
});
