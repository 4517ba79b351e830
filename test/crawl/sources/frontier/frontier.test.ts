import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Links } from '../../../../src/core/source.js';
import { Frontier } from '../../../../src/crawl/sources/frontier/frontier.js';
import { linksOf, never, newFolder } from '../../support.js';

/** Buffers so small that a few hundred links take several runs and merges of merges. */
const SMALL = { urls: 16, characters: 4_000, files: 3 };

interface Crawl {
  readonly folder: string;
  readonly budget?: number;
  readonly limits?: typeof SMALL;
}

const frontierOf = ({ folder, budget = 100, limits = SMALL }: Crawl) =>
  new Frontier({ folder, maxPagesPerHost: budget, limits });

/** The pages of the last of `rounds`, each given by the links that it begins with. */
async function visits(crawl: Crawl, ...rounds: (readonly string[])[]): Promise<string[]> {
  const frontier = frontierOf(crawl);
  const last = rounds.length - 1;
  await frontier.advance(last, (round) => linksOf(rounds[round] ?? []), never);
  return [...frontier.pages(last, 7)].flat();
}

/** What the frontier is to do, in memory. */
class Reference {
  readonly #seen = new Set<string>();
  readonly #pages = new Map<string, number>();
  readonly #budget: number;

  constructor(budget: number) {
    this.#budget = budget;
  }

  admit(links: readonly string[]): string[] {
    const parts = (href: string) => {
      const { host, pathname, search, protocol } = new URL(href);
      return [`${host}${pathname}${search}`, protocol] as const;
    };
    const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    const sorted = [...new Set(links)].sort((a, b) => {
      const [pathA, schemeA] = parts(a);
      const [pathB, schemeB] = parts(b);
      return before(pathA, pathB) || before(schemeA, schemeB);
    });
    return sorted.filter((href) => {
      const { host } = new URL(href);
      const pages = this.#pages.get(host) ?? 0;
      if (this.#seen.has(href) || pages >= this.#budget) return false;
      this.#seen.add(href);
      this.#pages.set(host, pages + 1);
      return true;
    });
  }
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Hosts of which one begins another's name, ports, both schemes, paths that begin others. */
const HOSTS = ['a.test', 'a.test-b.test', 'a.test:81', 'aa.test', 'b.test', 'sub.a.test', '[::1]'];

function randomLinks(random: (below: number) => number, count: number): string[] {
  const segments = ['', 'a', 'a/', 'a/b', 'a-b', 'ab', '~', '%C3%BC', `long-${'x'.repeat(300)}`];
  return Array.from({ length: count }, () => {
    const scheme = random(3) === 0 ? 'https' : 'http';
    const host = HOSTS[random(HOSTS.length)];
    const query = random(3) === 0 ? `?q=${random(20)}` : '';
    return `${scheme}://${host}/${segments[random(segments.length)]}${random(40)}${query}`;
  });
}

describe('Frontier', () => {
  it('visits what a list in memory would, on random links, however small its buffers', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = randomFrom(seed);
      const crawl = { folder: await newFolder(), budget: 1 + random(60) };
      const large = { folder: await newFolder(), budget: crawl.budget, limits: undefined };
      const reference = new Reference(crawl.budget);
      const rounds: string[][] = [];
      for (let round = 0; round < 5; round++) {
        rounds.push(randomLinks(random, random(round === 2 ? 2 : 700)));
        const expected = reference.admit(rounds[round] as string[]);
        expect(await visits(crawl, ...rounds)).toEqual(expected);
        const { limits: _, ...defaults } = large;
        expect(await visits(defaults as Crawl, ...rounds)).toEqual(expected);
      }
    }
  });

  it('is the same in whatever order, and however often, links come', async () => {
    const links = randomLinks(randomFrom(5), 400);
    const one = await visits({ folder: await newFolder(), budget: 20 }, links);
    const other = [...links.toReversed(), ...links];
    expect(await visits({ folder: await newFolder(), budget: 20 }, other)).toEqual(one);
    expect(one.length).toBeGreaterThan(100);
  });

  it('keeps each host within its budget over all rounds, http and https together', async () => {
    const crawl = { folder: await newFolder(), budget: 2 };
    const first = ['http://a.test/3', 'https://a.test/1', 'http://b.test/1'];
    expect(await visits(crawl, first)).toEqual([
      'https://a.test/1',
      'http://a.test/3',
      'http://b.test/1',
    ]);
    const second = ['http://a.test/0', 'http://b.test/9', 'http://b.test/5'];
    expect(await visits(crawl, first, second)).toEqual(['http://b.test/5']);
    expect(await visits(crawl, first, second, ['http://b.test/2'])).toEqual([]);
  });

  it('goes on from what is on disk, without asking for the links of rounds that are whole', async () => {
    const folder = await newFolder();
    const rounds = [1, 2, 3].map((seed) => randomLinks(randomFrom(seed), 300));
    const uncut = await visits({ folder: await newFolder() }, ...rounds);
    await visits({ folder }, ...rounds.slice(0, 2));
    const asked: number[] = [];
    const frontier = frontierOf({ folder });
    const found = (round: number): Links => ({
      digest: linksOf(rounds[round] as string[]).digest,
      batches: () => {
        asked.push(round);
        return linksOf(rounds[round] as string[]).batches();
      },
    });
    await frontier.advance(2, found, never);
    expect([...frontier.pages(2, 100)].flat()).toEqual(uncut);
    expect(asked).toEqual([2]);
    // Once more, as after a kill while the round's pages were being fetched.
    await frontierOf({ folder }).advance(2, found, never);
    expect(asked).toEqual([2]);
  });

  it.each<[string, (folder: string) => Promise<void>]>([
    ['lost', (folder) => rm(folder, { recursive: true })],
    ['torn', (folder) => writeFile(join(folder, 'visited-1.tmp'), 'torn')],
    ['without its state', (folder) => rm(join(folder, 'state.json'))],
  ])('is the same when its folder is %s', async (_name, damage) => {
    const folder = await newFolder();
    const rounds = [4, 5, 6].map((seed) => randomLinks(randomFrom(seed), 300));
    const uncut = await visits({ folder: await newFolder() }, ...rounds);
    await visits({ folder }, ...rounds.slice(0, 2));
    await damage(folder);
    expect(await visits({ folder }, ...rounds)).toEqual(uncut);
  });

  it('begins anew when the links it was worked out from are not those of now', async () => {
    const folder = await newFolder();
    const [old, seeds, second] = [7, 8, 9].map((seed) => randomLinks(randomFrom(seed), 300)) as [
      string[],
      string[],
      string[],
    ];
    await visits({ folder }, old, second);
    const fresh = await visits({ folder: await newFolder() }, seeds, second);
    expect(await visits({ folder }, seeds, second)).toEqual(fresh);
    const smaller = await visits({ folder: await newFolder(), budget: 5 }, seeds, second);
    expect(await visits({ folder, budget: 5 }, seeds, second)).toEqual(smaller);
    expect(smaller).not.toEqual(fresh);
  });

  it('keeps only what the next round needs', async () => {
    const folder = await newFolder();
    await visits({ folder }, ...[1, 2, 3].map((seed) => randomLinks(randomFrom(seed), 200)));
    expect((await readdir(folder)).sort()).toEqual([
      'hosts-2',
      'round-2',
      'state.json',
      'visited-2',
    ]);
  });

  it('takes the longest URLs, and ends at once when the run is aborted', async () => {
    const long = [1, 2, 3].map((n) => `http://a.test/${'y'.repeat(8_170)}${n}`);
    expect(await visits({ folder: await newFolder() }, long.toReversed())).toEqual(long);
    const control = new AbortController();
    control.abort(new Error('stopped'));
    const frontier = frontierOf({ folder: await newFolder() });
    await expect(frontier.advance(0, () => linksOf(long), control.signal)).rejects.toThrow(
      'stopped',
    );
  });
});
