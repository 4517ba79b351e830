import { describe, expect, it } from 'vitest';
import { filterSchema } from '../../src/config.js';
import { silent, type WorkEvent } from '../../src/core/events.js';
import { candidateId, rankOf } from '../../src/core/ids.js';
import { type Candidate, TEXT_SOURCES, type TextSource } from '../../src/core/types.js';
import { type SelectResult, selectCandidates } from '../../src/filter/select.js';
import { below, pick, prng, shuffled } from './prng.js';

const signal = new AbortController().signal;
const quiet = { emit: silent, signal };

function candidate(imageUrl: string, text: string, textSource: TextSource = 'alt'): Candidate {
  return { id: candidateId(imageUrl, text), imageUrl, text, textSource, source: 'test' };
}

function select(
  candidates: readonly Candidate[],
  queries: readonly string[],
  over: object = {},
  seed = 0,
): Promise<SelectResult> {
  const read = async function* () {
    yield* candidates;
  };
  const list = queries.map((text) => ({ text, sources: ['list'] }));
  return selectCandidates(read, list, filterSchema.parse(over), seed, quiet);
}

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

describe('selectCandidates', () => {
  const QUERIES = ['apple', 'red apple', 'dog', 'New York', 'unicorn'];

  it('selects with cleaned text, every query that matches, and those that admitted it', async () => {
    const raw = candidate('https://a.test/1.jpg', ' A red&nbsp;apple in New  York ');
    raw.pageUrl = 'https://a.test/';
    raw.license = 'CC0';
    expect(await select([raw], QUERIES)).toEqual({
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
        { query: 'apple', matched: 1, admitted: 1 },
        { query: 'red apple', matched: 1, admitted: 1 },
        { query: 'dog', matched: 0, admitted: 0 },
        { query: 'New York', matched: 1, admitted: 1 },
        { query: 'unicorn', matched: 0, admitted: 0 },
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
    expect(result.perQuery[2]).toEqual({ query: 'dog', matched: 2, admitted: 2 });
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
        { query: 'dog', matched: 55, admitted: 5 },
        { query: 'apple', matched: 5, admitted: 5 },
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
      id: `id${n}`,
    }));
    for (const order of [all, [...all].reverse()]) {
      const { selections, rejects } = await select(order, QUERIES);
      expect(selections).toHaveLength(1);
      expect(selections[0]).toMatchObject({
        id: 'id5',
        text: 'dog, red apple',
        otherTexts: ['a dog', 'my good old dog', 'one dog', 'a dog!'],
      });
      expect(rejects).toHaveLength(5);
      expect(rejects.every(({ detail }) => detail?.includes('id5'))).toBe(true);
    }
  });

  it('gives every candidate one fate, whatever the web; caps hold; order does not matter', async () => {
    const random = prng(21);
    for (let round = 0; round < 40; round++) {
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
    const list = [{ text: 'dog', sources: [] }];
    const emit = (event: WorkEvent) => void events.push(event);
    const work = selectCandidates(read, list, filterSchema.parse({}), 0, {
      emit,
      signal: stop.signal,
    });
    await expect(work).rejects.toThrow('stopped');
    expect(events.map(({ type }) => type)).toEqual(['begin', 'progress', 'progress']);
  });
});
