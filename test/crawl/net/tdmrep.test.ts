import { describe, expect, it } from 'vitest';
import { ALL_RESERVED, parseTdmFile } from '../../../src/crawl/net/tdmrep.js';

const FILE = 'https://a.test/.well-known/tdmrep.json';
const of = (value: unknown, path: string) =>
  parseTdmFile(typeof value === 'string' ? value : JSON.stringify(value), FILE).of(
    new URL(path, 'https://a.test/'),
  );
const rule = (location: string, reservation: unknown, policy?: unknown) => ({
  location,
  'tdm-reservation': reservation,
  ...(policy !== undefined && { 'tdm-policy': policy }),
});

describe('tdmrep.json', () => {
  it('reads the example of the report', () => {
    const file = [
      rule('/directory-a/', 1),
      rule('/directory-b/html/', 1, 'https://provider.com/policies/policy.json'),
      rule('/directory-b/images/*.jpg', 0),
    ];
    expect(of(file, '/directory-a/x.pdf')).toEqual({ reserved: true });
    expect(of(file, '/directory-b/html/x')).toEqual({
      reserved: true,
      policy: 'https://provider.com/policies/policy.json',
    });
    expect(of(file, '/directory-b/images/x.jpg')).toEqual({ reserved: false });
    expect(of(file, '/directory-b/images/x.png')).toBeUndefined();
    expect(of(file, '/')).toBeUndefined();
  });

  it('takes the first rule in sequence that matches', () => {
    const file = [rule('/a/open/', 0), rule('/', 1), rule('/a/', 0)];
    expect(of(file, '/a/open/x')).toEqual({ reserved: false });
    expect(of(file, '/a/x')).toEqual({ reserved: true });
  });

  it.each<[string, string, boolean]>([
    ['/', '/anything?x', true],
    ['/this/path/exactly$', '/this/path/exactly', true],
    ['/this/path/exactly$', '/this/path/exactly/not', false],
    ['/this/*/then', '/this/x/y/then', true],
    ['*.jpg', '/a/b.jpg', true],
    ['/path/foo-%24', '/path/foo-$', true],
    ['/%7Ejoe/', '/~joe/x', true],
    ['/Case', '/case', false],
    ['/ü', '/%C3%BC', true],
  ])('location %s and %s: %s', (location, path, matches) => {
    expect(of([rule(location, 1)], path)).toEqual(matches ? { reserved: true } : undefined);
  });

  it.each([
    ['no JSON', '<!doctype html><p>Not found'],
    ['nothing', ''],
    ['null', 'null'],
    ['text', '"x"'],
    ['rules that are none', [null, 1, 'x', [], {}]],
    ['a rule without a location', [{ 'tdm-reservation': 1 }]],
    ['a rule without a reservation', [{ location: '/' }]],
    ['another value', [rule('/', 2)]],
    ['truth', [rule('/', true)]],
    ['a location that is no text', [{ location: 1, 'tdm-reservation': 1 }]],
  ])('%s says nothing', (_name, value) => {
    expect(of(value, '/')).toBeUndefined();
  });

  it('is read with a byte order mark, a number as text, and one rule without brackets', () => {
    expect(of(`\uFEFF${JSON.stringify([rule('/', '1')])}`, '/x')).toEqual({ reserved: true });
    expect(of(rule('/', 1, '/policy'), '/x')).toEqual({
      reserved: true,
      policy: 'https://a.test/policy',
    });
    expect(of([rule('/', 1, 'http://[')], '/x')).toEqual({ reserved: true });
  });

  it('that is too long to be read reserves everything', () => {
    expect(ALL_RESERVED.of(new URL('https://a.test/x?y'))).toEqual({ reserved: true });
  });
});
