import robotsParser from 'robots-parser';
import { describe, expect, it } from 'vitest';
import { parseRobots } from '../../../src/crawl/net/robots.js';

function allows(text: string, path: string, token = 'wit'): boolean {
  return parseRobots(text, token).judge(new URL(path, 'http://a.test/')).disallow === undefined;
}

const group = (...rules: string[]) => ['User-agent: *', ...rules].join('\n');

describe('groups (RFC 9309 §2.2.1)', () => {
  it.each<[string, string, boolean]>([
    ['no group at all', '', true],
    ['rules before any group', 'Disallow: /', true],
    ['the general group', 'User-agent: *\nDisallow: /', false],
    [
      'own group wins over the general one',
      'User-agent: *\nDisallow: /\n\nUser-agent: wit\nAllow: /',
      true,
    ],
    ['own group without rules', 'User-agent: *\nDisallow: /\nUser-agent: wit\nDisallow:', true],
    ['another robot', 'User-agent: otherbot\nDisallow: /', true],
    ['a longer name is another robot', 'User-agent: witty\nDisallow: /', true],
    ['case and version do not matter', 'USER-AGENT: WIT/2.0\nDISALLOW: /', false],
    [
      'several names in one group',
      'User-agent: a\nUser-agent: wit\nUser-agent: b\nDisallow: /',
      false,
    ],
    [
      'groups of one robot are joined',
      'User-agent: wit\nDisallow: /a\n\nUser-agent: b\nDisallow: /b\n\nUser-agent: wit\nDisallow: /x',
      false,
    ],
    ['a blank line does not end a group', 'User-agent: wit\n\nDisallow: /', false],
    [
      'a sitemap line does not end a group',
      'User-agent: wit\nSitemap: http://a.test/s.xml\nUser-agent: b\nDisallow: /',
      false,
    ],
    [
      'an unknown line does not end a group',
      'User-agent: wit\nNoise: 1\nUser-agent: b\nDisallow: /',
      false,
    ],
    ['comments and odd spacing', '  user-agent : wit # us\n\t disallow\t:\t/x # all of x', false],
    ['a byte order mark', '\uFEFFUser-agent: *\nDisallow: /', false],
    ['old and foreign line ends', 'User-agent: *\rDisallow: /', false],
    ['lines without a colon', 'User-agent: *\nDisallow /\nhello', true],
    ['an HTML page', '<!doctype html><title>Not found</title><p>Disallow: /</p>', true],
  ])('%s', (_name, text, expected) => {
    expect(allows(text, '/x')).toBe(expected);
  });
});

describe('matching (RFC 9309 §2.2.2, §2.2.3)', () => {
  it.each<[string[], string, boolean]>([
    // Longest match; allow wins a tie.
    [['Allow: /a/', 'Disallow: /'], '/a/b', true],
    [['Allow: /a/', 'Disallow: /'], '/b', false],
    [['Disallow: /a', 'Allow: /a'], '/a', true],
    [['Allow: /p', 'Disallow: /'], '/page', true],
    [['Allow: /folder', 'Disallow: /folder/secret'], '/folder/secret/x', false],
    [['Allow: /page', 'Disallow: /*.htm'], '/page.htm', false],
    [['Allow: /$', 'Disallow: /'], '/', true],
    [['Allow: /$', 'Disallow: /'], '/page.htm', false],
    // §5.2 of the RFC.
    [['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'], '/example/page/x', true],
    [
      ['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'],
      '/example/page/disallowed.gif',
      false,
    ],
    // Prefixes, case, queries.
    [['Disallow: /fish'], '/fish.html', false],
    [['Disallow: /fish'], '/Fish', true],
    [['Disallow: /fish/'], '/fish', true],
    [['Disallow: /*?'], '/x?a=1', false],
    [['Disallow: /*?'], '/x', true],
    [['Disallow: /x?a=1'], '/x?a=12', false],
    // Wildcards and the end.
    [['Disallow: /*.php'], '/folder/filename.php?parameters', false],
    [['Disallow: /*.php$'], '/filename.php', false],
    [['Disallow: /*.php$'], '/filename.php5', true],
    [['Disallow: /*.php$'], '/filename.php?x', true],
    [['Disallow: /a*b*c'], '/a--b--c--', false],
    [['Disallow: /a*b*c$'], '/a--b--c--c', false],
    [['Disallow: /a*b*c$'], '/a--c--b', true],
    [['Disallow: *'], '/anything', false],
    [['Disallow: /**/x'], '/a/b/x', false],
    [['Disallow: /ab*ba$'], '/aba', true],
    [['Disallow: /x$y'], '/x$y', false],
    [['Disallow: /x$y'], '/x', true],
    // Percent-encoding: equal spellings are equal.
    [['Disallow: /foo/bar?baz=https://foo.bar'], '/foo/bar?baz=https%3A//foo.bar', false],
    [['Disallow: /foo/bar/ツ'], '/foo/bar/%E3%83%84', false],
    [['Disallow: /foo/bar/%e3%83%84'], '/foo/bar/ツ', false],
    [['Disallow: /foo/bar/%62%61%7A'], '/foo/bar/baz', false],
    [['Disallow: /foo/bar/baz'], '/foo/bar/%62%61%7A', false],
    [['Disallow: /a[b]'], '/a[b]c', false],
    [['Disallow: /a|b'], '/a|b', false],
    [['Disallow: /path/file-with-a-%2A.html'], '/path/file-with-a-*.html', false],
    [['Disallow: /path/file-with-a-%2A.html'], '/path/file-with-a-b.html', true],
    [['Disallow: /path/foo-%24'], '/path/foo-$', false],
    [['Disallow: /100%'], '/100%', false],
    // No rule at all.
    [['Disallow:'], '/x', true],
    [['Disallow: x'], '/x', true],
  ])('%j: %s → %s', (rules, path, expected) => {
    expect(allows(group(...rules), path)).toBe(expected);
  });

  it('never forbids robots.txt itself', () => {
    expect(allows(group('Disallow: /'), '/robots.txt')).toBe(true);
  });

  it('stays quick on hostile rules and paths', () => {
    const text = group(...Array.from({ length: 5_000 }, () => `Disallow: /${'*a'.repeat(45)}b`));
    const robots = parseRobots(text, 'wit');
    const began = performance.now();
    expect(robots.judge(new URL(`http://a.test/${'a'.repeat(4_000)}`))).toEqual({});
    // Pattern × path would be 2e9 steps.
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('other records', () => {
  it('reads the crawl delay of the group that applies', () => {
    const text = 'User-agent: *\nCrawl-delay: 2\nDisallow: /a\n\nUser-agent: wit\nCrawl-delay: 0.5';
    expect(parseRobots(text, 'wit').crawlDelayMs).toBe(500);
    expect(parseRobots(text, 'other').crawlDelayMs).toBe(2_000);
    expect(parseRobots('User-agent: *\nCrawl-delay: soon', 'wit').crawlDelayMs).toBeUndefined();
    expect(parseRobots('User-agent: *\nCrawl-delay: -1', 'wit').crawlDelayMs).toBeUndefined();
  });

  it('lists sitemaps wherever they stand, with colons in their URLs', () => {
    const text = 'Sitemap: http://a.test/1.xml\nUser-agent: x\nsitemap:https://b.test/2.xml # two';
    expect(parseRobots(text, 'wit').sitemaps).toEqual([
      'http://a.test/1.xml',
      'https://b.test/2.xml',
    ]);
  });
});

/** Its type declarations do not fit how Node loads it. */
const reference = robotsParser as unknown as (
  url: string,
  text: string,
) => { isAllowed(url: string, agent: string): boolean | undefined };

describe('against robots-parser, where that follows the RFC', () => {
  it('agrees on random files of plain rules', () => {
    let state = 1;
    const random = (n: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % n;
    };
    const pick = <T>(items: readonly T[]) => items[random(items.length)] as T;
    const path = () =>
      `/${Array.from({ length: random(5) }, () => pick(['a', 'b', 'ab', '/', '*'])).join('')}`;
    let forbidden = 0;
    for (let round = 0; round < 2_000; round++) {
      const lines: string[] = [];
      for (let i = 0; i < 1 + random(3); i++) {
        lines.push(`User-agent: ${pick(['*', 'wit', 'other'])}`);
        for (let j = 0; j <= random(4); j++) {
          lines.push(`${pick(['Allow', 'Disallow'])}: ${path()}${pick(['', '', '$'])}`);
        }
      }
      const text = lines.join('\n');
      const url = `http://a.test${path().replaceAll('*', 'c')}`;
      const expected = reference('http://a.test/robots.txt', text).isAllowed(url, 'wit');
      expect(allows(text, url), `${text}\n${url}`).toBe(expected);
      if (!expected) forbidden++;
    }
    // The comparison saw both answers often.
    expect(forbidden).toBeGreaterThan(300);
    expect(forbidden).toBeLessThan(1_700);
  });
});
