import { describe, expect, it } from 'vitest';
import { Frontier } from '../../../src/crawl/sources/frontier.js';

const frontierOf = (hosts: string[], maxPagesPerHost = 100) =>
  new Frontier({ hosts, maxPagesPerHost });

describe('Frontier', () => {
  it.each<[string, boolean]>([
    ['http://a.test/', true],
    ['https://a.test:8443/x', true],
    ['http://www.a.test/', true],
    ['http://A.TEST/', true],
    ['http://sub.a.test/', false],
    ['http://nota.test/', false],
    ['http://a.test.evil/', false],
    ['http://b.test/', true],
    ['http://deep.er.b.test/', true],
    ['http://notb.test/', false],
    ['http://xn--mnchen-3ya.test/', true],
    ['ftp://a.test/', false],
    ['http://u:p@a.test/', false],
    ['mailto:x@a.test', false],
    ['nonsense', false],
    ['http://a.test/photo.JPG', false],
    ['http://a.test/file.pdf?x', false],
    ['http://a.test/photo.jpg/about', true],
    ['http://a.test/page?show=photo.jpg', true],
  ])('%s may be visited: %s', (url, expected) => {
    expect(frontierOf(['a.test', '*.b.test', 'münchen.test']).mayVisit(url)).toBe(expected);
  });

  it('admits each page once, whatever its spelling and whenever it comes', () => {
    const frontier = frontierOf(['a.test']);
    const first = [
      'http://a.test/x#1',
      'http://A.test:80/x',
      'http://a.test/./x',
      'http://a.test/y',
    ];
    expect(frontier.admit(first)).toEqual(['http://a.test/x', 'http://a.test/y']);
    expect(frontier.admit(['http://a.test/y#z', 'http://a.test/z'])).toEqual(['http://a.test/z']);
  });

  it('sorts by host, then URL, whatever the order it was given', () => {
    const urls = ['http://b.test/1', 'http://a.test/2', 'http://b.test/0', 'http://a.test/10'];
    const sorted = ['http://a.test/10', 'http://a.test/2', 'http://b.test/0', 'http://b.test/1'];
    expect(frontierOf(['a.test', 'b.test']).admit(urls)).toEqual(sorted);
    expect(frontierOf(['a.test', 'b.test']).admit(urls.toReversed())).toEqual(sorted);
  });

  it('keeps each host within its budget over all rounds', () => {
    const frontier = frontierOf(['a.test', 'b.test'], 2);
    const pages = (host: string, ...names: string[]) => names.map((n) => `http://${host}/${n}`);
    expect(frontier.admit([...pages('a.test', '3', '1'), ...pages('b.test', '1')])).toEqual([
      'http://a.test/1',
      'http://a.test/3',
      'http://b.test/1',
    ]);
    expect(frontier.admit([...pages('a.test', '0'), ...pages('b.test', '9', '5')])).toEqual([
      'http://b.test/5',
    ]);
  });
});
