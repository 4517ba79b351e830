import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FilterConfig, filterSchema } from '../../src/config.js';
import { silent, type WorkEvent } from '../../src/core/events.js';
import { candidateId, contentId, rankOf } from '../../src/core/ids.js';
import {
  type Candidate,
  type Reject,
  TEXT_SOURCES,
  type TextSource,
} from '../../src/core/types.js';
import { Selector, type SelectUnit } from '../../src/filter/select.js';
import { below, pick, prng, shuffled } from './prng.js';
import { referenceSelect, type SelectResult } from './reference-select.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-select-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function candidate(imageUrl: string, text: string, textSource: TextSource = 'alt'): Candidate {
  return { id: candidateId(imageUrl, text), imageUrl, text, textSource, source: 'test' };
}

/** Units of the given sizes; the last takes the rest. */
function unitsOf(candidates: readonly Candidate[], sizes: readonly number[] = []): SelectUnit[] {
  const units: SelectUnit[] = [];
  for (let first = 0; first < candidates.length; ) {
    const rows = Math.min(
      sizes[units.length] ?? Number.POSITIVE_INFINITY,
      candidates.length - first,
    );
    const part = candidates.slice(first, first + rows);
    const read = async function* () {
      yield* part;
    };
    units.push({ index: units.length, first, rows, read });
    first += rows;
  }
  return units;
}

async function selectUnits(
  units: SelectUnit[],
  queries: readonly string[],
  config: FilterConfig,
  seed: number,
): Promise<SelectResult & { cap: number }> {
  const folder = await mkdtemp(join(root, 'work-'));
  const { signal } = new AbortController();
  const list = queries.map((text) => ({ text, sources: ['list'] }));
  const options = { folder, units, queries: list, config, seed, threads: 0, emit: silent, signal };
  const selector = new Selector(options);
  await selector.judge();
  const { cap } = await selector.admit();
  const rejects: Reject[] = [];
  for (const unit of units) {
    await selector.decide(unit, async (reject) => void rejects.push(reject));
  }
  const selections = [];
  const matches = new Map<string, number>();
  for await (const selection of selector.inOrder()) {
    selections.push(selection);
    for (const query of selection.queries) matches.set(query, (matches.get(query) ?? 0) + 1);
  }
  await rm(folder, { recursive: true });
  return { selections, rejects, perQuery: selector.uses(matches), cap };
}

const select = (
  candidates: readonly Candidate[],
  queries: readonly string[],
  over: object = {},
  seed = 0,
  sizes?: readonly number[],
) => selectUnits(unitsOf(candidates, sizes), queries, filterSchema.parse(over), seed);

/** What became of each candidate, by id. */
function fates({ selections, rejects }: SelectResult): Map<string, string> {
  return new Map([
    ...selections.map(({ id }) => [id, 'selected'] as const),
    ...rejects.map(({ id, reason }) => [id, reason] as const),
  ]);
}

/** A web of few images, many texts, repeated rows, and every kind of bad text. */
function randomWeb(random: () => number): Candidate[] {
  const words = ['red', 'apple', 'dog', 'cat', 'new york', 'house', 'zebra'];
  const oddities = ['', 'IMG_1.jpg', 'x', 'красное яблоко', 'a '.repeat(600)];
  const one = (): Candidate => {
    const text =
      random() < 0.15
        ? pick(random, oddities)
        : Array.from({ length: 1 + below(random, 4) }, () => pick(random, words)).join(' ');
    return candidate(
      `https://host.test/${below(random, 40)}.jpg`,
      text,
      pick(random, TEXT_SOURCES),
    );
  };
  return Array.from({ length: below(random, 150) }, one);
}

describe('Selector', () => {
  const QUERIES = ['apple', 'red apple', 'dog', 'New York', 'unicorn'];

  it('selects with cleaned text, every query that matches, and those that admitted it', async () => {
    const raw = candidate('https://a.test/1.jpg', ' A red&nbsp;apple in New  York ');
    raw.pageUrl = 'https://a.test/';
    raw.license = 'CC0';
    expect(await select([raw], QUERIES)).toEqual({
      cap: 20_000,
      selections: [
        {
          ...raw,
          text: 'A red apple in New York',
          queries: ['apple', 'red apple', 'New York'],
          admittedBy: ['apple', 'red apple', 'New York'],
          rank: rankOf(0, raw.id),
          otherTexts: [],
        },
      ],
      rejects: [],
      perQuery: [
        { query: 'apple', matched: 1, admitted: 1, selected: 1 },
        { query: 'red apple', matched: 1, admitted: 1, selected: 1 },
        { query: 'dog', matched: 0, admitted: 0, selected: 0 },
        { query: 'New York', matched: 1, admitted: 1, selected: 1 },
        { query: 'unicorn', matched: 0, admitted: 0, selected: 0 },
      ],
    });
  });

  it('gives each candidate that is left out its reason, in the order of the candidates', async () => {
    const url = (n: number) => `https://a.test/${n}.jpg`;
    const twice = candidate(url(1), 'a dog');
    const result = await select(
      [
        candidate(url(2), '  '),
        twice,
        candidate(url(3), 'IMG_1234.JPG'),
        twice,
        candidate(url(4), 'красная собака'),
        candidate(url(5), 'a zebra'),
        candidate(url(1), 'the dog again', 'title'),
        candidate(url(6), 'dog '.repeat(300)),
        candidate(url(7), 'ab'),
      ],
      QUERIES,
    );
    expect(result.selections.map(({ id }) => id)).toEqual([twice.id]);
    expect(result.rejects.map(({ reason }) => reason)).toEqual([
      'no_text',
      'filename_text',
      'duplicate_candidate',
      'not_english',
      'no_query',
      'same_image_url',
      'text_too_long',
      'text_too_short',
    ]);
    expect(result.rejects.every(({ stage, detail }) => stage === 'select' && detail !== '')).toBe(
      true,
    );
    // A repeated candidate counts once.
    expect(result.perQuery[2]).toEqual({
      query: 'dog',
      matched: 2,
      admitted: 2,
      selected: 1,
    });
  });

  it('admits the lowest ranks of each query, and a pair that any query admits', async () => {
    const dogs = Array.from({ length: 50 }, (_, n) => candidate(`https://a.test/d${n}`, 'a dog'));
    const apples = Array.from({ length: 5 }, (_, n) =>
      candidate(`https://a.test/a${n}`, 'a dog with an apple'),
    );
    const all = [...dogs, ...apples];
    for (const seed of [0, 1, 2]) {
      const result = await select(all, ['dog', 'apple'], { cap: 5 }, seed);
      const byRank = [...all].sort((a, b) => rankOf(seed, a.id) - rankOf(seed, b.id));
      const lowest = new Set(byRank.slice(0, 5).map(({ id }) => id));
      const expected = new Set([...lowest, ...apples.map(({ id }) => id)]);
      expect(new Set(result.selections.map(({ id }) => id))).toEqual(expected);
      for (const { id, admittedBy } of result.selections) {
        expect(admittedBy.includes('dog')).toBe(lowest.has(id));
      }
      expect(result.perQuery).toEqual([
        { query: 'dog', matched: 55, admitted: 5, selected: expected.size },
        { query: 'apple', matched: 5, admitted: 5, selected: 5 },
      ]);
      expect(result.rejects.every(({ reason }) => reason === 'over_cap')).toBe(true);
    }
    const seeds = [
      await select(all, ['dog'], { cap: 5 }, 0),
      await select(all, ['dog'], { cap: 5 }, 1),
    ];
    const [first, second] = seeds.map(({ selections }) => selections.map(({ id }) => id));
    expect(first).not.toEqual(second);
  });

  it('keeps the best caption of an image, with the others beside it, best first', async () => {
    const image = 'https://a.test/1.jpg';
    const texts: [string, TextSource][] = [
      ['a dog', 'title'],
      ['a dog!', 'title'],
      ['a dog', 'alt'],
      ['my good old dog', 'caption'],
      ['one dog', 'caption'],
      ['dog, red apple', 'title'],
    ];
    const all = texts.map(([text, source], n) => ({
      ...candidate(image, text, source),
      id: contentId(`id${n}`),
    }));
    for (const order of [all, [...all].reverse()]) {
      const { selections, rejects } = await select(order, QUERIES);
      expect(selections).toHaveLength(1);
      expect(selections[0]).toMatchObject({
        id: contentId('id5'),
        text: 'dog, red apple',
        otherTexts: ['a dog', 'my good old dog', 'one dog', 'a dog!'],
      });
      expect(rejects).toHaveLength(5);
      expect(rejects.every(({ detail }) => detail?.includes(contentId('id5')))).toBe(true);
    }
  });

  it('gives every candidate one fate, whatever the web; caps hold; order does not matter', async () => {
    const random = prng(21);
    for (let round = 0; round < 20; round++) {
      const web = randomWeb(random);
      const cap = 1 + below(random, 12);
      const result = await select(web, QUERIES, { cap }, round);
      expect(result.selections.length + result.rejects.length).toBe(web.length);
      const ids = [...result.selections, ...result.rejects].map(({ id }) => id).sort();
      expect(ids).toEqual(web.map(({ id }) => id).sort());
      for (const [index, query] of QUERIES.entries()) {
        const admitted = result.selections.filter((each) => each.admittedBy.includes(query)).length;
        const use = result.perQuery[index];
        expect(admitted).toBeLessThanOrEqual(use?.admitted ?? 0);
        expect(use?.admitted).toBe(Math.min(use?.matched ?? 0, cap));
      }
      const urls = result.selections.map(({ imageUrl }) => imageUrl);
      expect(new Set(urls).size).toBe(urls.length);

      // Of rows with one id, which one counts depends on order only where they differ elsewhere.
      const unique = [...new Map(web.map((each) => [each.id, each])).values()];
      const [one, other] = await Promise.all(
        [unique, shuffled(random, unique)].map((rows) => select(rows, QUERIES, { cap }, round)),
      );
      expect(other?.selections).toEqual(one?.selections);
      expect(other?.perQuery).toEqual(one?.perQuery);
      expect(fates(other as SelectResult)).toEqual(fates(one as SelectResult));
    }
  });

  it.each(['hard', 'soft'])(
    '%s cap: answers as the definition does, however it is divided',
    async (capMode) => {
      const random = prng(22);
      let capped = 0;
      for (let round = 0; round < 20; round++) {
        const web = randomWeb(random);
        const over = { cap: 1 + below(random, 12), capMode };
        const expected = referenceSelect(web, QUERIES, filterSchema.parse(over), round);
        capped += expected.rejects.filter(({ reason }) => reason === 'over_cap').length;
        for (let division = 0; division < 2; division++) {
          const sizes = Array.from({ length: 8 }, () => 1 + below(random, 40));
          const { cap, ...result } = await select(web, QUERIES, over, round, sizes);
          expect(cap).toBe(over.cap);
          expect(result).toEqual(expected);
        }
      }
      expect(capped).toBeGreaterThan(100);
    },
  );

  it('goes on after an interruption anywhere, judging no unit twice', async () => {
    const web = [23, 24, 25, 26].flatMap((seed) => randomWeb(prng(seed)));
    expect(web.length).toBeGreaterThan(150);
    const expected = referenceSelect(web, QUERIES, filterSchema.parse({ cap: 4 }), 0);
    const folder = await mkdtemp(join(root, 'interrupted-'));
    const whole = unitsOf(web, [30, 30, 30, 30]);
    let reads = 0;
    const begin = (failAfter: number) => {
      const units = whole.map((unit) => ({
        ...unit,
        read: async function* () {
          for await (const each of unit.read()) {
            if (reads++ === failAfter) throw new Error('interrupted');
            yield each;
          }
        },
      }));
      const options = {
        folder,
        units,
        seed: 0,
        emit: silent,
        signal: new AbortController().signal,
      };
      const queries = QUERIES.map((text) => ({ text, sources: [] }));
      const selector = new Selector({
        threads: 0,
        ...options,
        queries,
        config: filterSchema.parse({ cap: 4 }),
      });
      return { units, selector };
    };
    await expect(begin(75).selector.judge()).rejects.toThrow('interrupted');
    reads = 0;
    const { units, selector } = begin(-1);
    await selector.judge();
    // Two units of 30 were whole.
    expect(reads).toBe(web.length - 60);
    await selector.admit();
    const rejects: Reject[] = [];
    for (const unit of units) await selector.decide(unit, async (each) => void rejects.push(each));
    expect(rejects).toEqual(expected.rejects);
  });

  it('keeps at most 16 other texts, the best', async () => {
    const image = 'https://a.test/logo.png';
    const all = Array.from({ length: 400 }, (_, n) => candidate(image, `a dog, number ${n}`));
    const expected = referenceSelect(all, ['dog'], filterSchema.parse({}), 0);
    expect(expected.selections[0]?.otherTexts).toHaveLength(16);
    expect(await select(all, ['dog'], {}, 0, [150, 150])).toMatchObject(expected);
  });

  it.each(['hard', 'soft'])(
    '%s cap: finds the cap that gives about the number of pairs wanted',
    async (capMode) => {
      const random = prng(25);
      const words = ['apple', 'dog', 'New York', 'unicorn', 'red apple'];
      // A head and a tail, some images with several captions.
      const web = Array.from({ length: 6_000 }, (_, n) => {
        const text = words.filter((_word, at) => random() < 0.6 / 4 ** at).join(' and ') || 'a dog';
        return candidate(`https://a.test/${n % 5_500}.jpg`, `${text} ${n}`);
      });
      for (const target of [300, 1_000, 3_000, 5_000]) {
        const { selections, cap } = await select(web, QUERIES, { target, capMode });
        expect(Math.abs(selections.length - target)).toBeLessThan(3 * Math.sqrt(target));
        // The cap that was found, set, gives the same.
        const again = await select(web, QUERIES, { cap, capMode });
        expect(again.selections).toEqual(selections);
      }
      const all = await select(web, QUERIES, { target: 1_000_000, capMode });
      expect(all.selections).toHaveLength(5_500);
    },
  );

  it('says how far it is, and stops when told', async () => {
    const all = Array.from({ length: 3_000 }, (_, n) => candidate(`https://a.test/${n}`, 'a dog'));
    const stop = new AbortController();
    const events: WorkEvent[] = [];
    const read = async function* () {
      for (const [n, each] of all.entries()) {
        if (n === 1_500) stop.abort(new Error('stopped'));
        yield each;
      }
    };
    const selector = new Selector({
      folder: await mkdtemp(join(root, 'stopped-')),
      units: [{ index: 0, first: 0, rows: all.length, read }],
      queries: [{ text: 'dog', sources: [] }],
      config: filterSchema.parse({}),
      seed: 0,
      threads: 0,
      emit: (event) => void events.push(event),
      signal: stop.signal,
    });
    await expect(selector.judge()).rejects.toThrow('stopped');
    expect(events.map(({ type }) => type)).toEqual(['progress', 'progress']);
  });
});
