import { describe, expect, it } from 'vitest';
import { resolveUrl } from '../../../../src/crawl/extract.js';
import { Scope } from '../../../../src/crawl/sources/frontier/scope.js';

/** As a page's links are judged. */
function admits(scope: Scope, link: string): boolean {
  const href = resolveUrl(link, undefined);
  return href !== undefined && scope.admits(href);
}

describe('Scope', () => {
  it.each<[string, boolean]>([
    ['http://a.test/', true],
    ['https://a.test:8443/x', true],
    ['http://www.a.test/', true],
    ['http://A.TEST/', true],
    ['http://a.test?x', true],
    ['http://sub.a.test/', false],
    ['http://nota.test/', false],
    ['http://a.test.evil/', false],
    ['http://b.test/', true],
    ['http://deep.er.b.test:81/', true],
    ['http://notb.test/', false],
    ['http://xn--mnchen-3ya.test/', true],
    ['http://[2001:db8::1]:8080/x', true],
    ['http://[2001:db8::2]/x', false],
    ['ftp://a.test/', false],
    ['http://u:p@a.test/', false],
    ['mailto:x@a.test', false],
    ['nonsense', false],
    ['http://a.test/photo.JPG', false],
    ['http://a.test/file.pdf?x', false],
    ['http://a.test/photo.jpg/about', true],
    ['http://a.test/page?show=photo.jpg', true],
  ])('%s may be visited: %s', (url, expected) => {
    const hosts = ['a.test', '*.b.test', 'münchen.test', '[2001:db8::1]'];
    expect(admits(new Scope({ hosts, anyHost: false }), url)).toBe(expected);
  });

  it('takes any host where asked to, but no files', () => {
    const scope = new Scope({ hosts: [], anyHost: true });
    expect(admits(scope, 'https://anywhere.example/x')).toBe(true);
    expect(admits(scope, 'https://anywhere.example/x.png')).toBe(false);
  });

  it.each<[string, boolean]>([
    ['/a/a', true],
    ['/a/a/a', false],
    ['/x/a/b/a/b/y', true],
    ['/x/a/b/a/b/a/b/y', false],
    ['/a/b/c/a/b/c/a/b', true],
    ['/a/b/c/a/b/c/a/b/c', false],
    ['/a//b/a//b/a//b', false],
    ['/aa/a/aa/a/aab/a', true],
    [`/${Array.from({ length: 20 }, (_, i) => i).join('/')}`, true],
    [`/${Array.from({ length: 21 }, (_, i) => i).join('/')}`, false],
    ['/search?a=/b/b/b/b', true],
  ])('tells traps by their paths: %s', (path, expected) => {
    const scope = new Scope({ hosts: ['a.test'], anyHost: false });
    expect(admits(scope, `http://a.test${path}`)).toBe(expected);
  });
});
