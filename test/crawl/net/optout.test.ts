import { describe, expect, it } from 'vitest';
import { mayFollow, optOutOf, robotsTag, type Said } from '../../../src/crawl/net/optout.js';
import { ALL_RULES, rulesWithout } from '../support.js';

const said = (headers: Said['headers'], more: Partial<Said> = {}): Said => ({
  url: 'http://a.test/dir/page',
  headers,
  ...more,
});
const detailOf = (what: Said, honours = ALL_RULES) => {
  const loss = optOutOf(what, honours);
  if (loss !== undefined) expect(loss.reason).toBe('opt_out');
  return loss?.detail;
};
const metas = (...pairs: [name: string, content: string][]) => ({
  metas: pairs.map(([name, content]) => ({ name, content })),
});

describe('X-Robots-Tag', () => {
  it.each([
    ['noai', 'noai'],
    ['NoImageAI', 'noimageai'],
    ['nofollow, noindex', 'noindex'],
    ['noimageindex', 'noimageindex'],
    ['noml', 'noml'],
    ['none', 'none'],
    ['wit: noai', 'noai'],
    ['WIT: noarchive, noai', 'noai'],
    ['*: noindex', 'noindex'],
    ['otherbot: noindex', undefined],
    ['otherbot: noarchive, noindex', undefined],
    ['otherbot: noindex, wit: noai', 'noai'],
    ['noarchive, nofollow', undefined],
    ['all', undefined],
    ['', undefined],
    ['unavailable_after: 25 Jun 2030 15:00:00 PST', undefined],
    ['max-snippet: 20, noai', 'noai'],
    ['max-image-preview:large', undefined],
  ])('%j opts out by %s', (header, expected) => {
    const detail = expected && `x-robots-tag: ${expected}`;
    expect(detailOf(said({ 'x-robots-tag': header }))).toBe(detail);
  });

  it('reads several header lines, each with its own robot', () => {
    const lines = ['otherbot: noarchive', 'noai'];
    expect(detailOf(said({ 'x-robots-tag': lines }))).toBe('x-robots-tag: noai');
    const others = ['otherbot: noai', 'wit: nofollow'];
    expect(detailOf(said({ 'x-robots-tag': others }))).toBeUndefined();
  });

  it('tells whether links may be followed', () => {
    expect(mayFollow(robotsTag('noindex'))).toBe(true);
    expect(mayFollow(robotsTag('nofollow'))).toBe(false);
    expect(mayFollow(robotsTag('none'))).toBe(false);
    expect(mayFollow(robotsTag(undefined))).toBe(true);
  });
});

describe('robots metas', () => {
  it.each<[string, string, string | undefined]>([
    ['robots', 'noindex', 'noindex'],
    ['robots', 'NOAI, NoImageAI', 'noai'],
    ['robots', 'none', 'none'],
    ['wit', 'noml', 'noml'],
    ['robots', 'noimageindex', 'noimageindex'],
    ['robots', 'index,follow,max-image-preview:large', undefined],
    ['robots', 'nofollow', undefined],
    ['robots', '', undefined],
  ])('%s: %s → %s', (name, content, expected) => {
    const detail = expected && `meta-robots: ${expected}`;
    expect(detailOf(said({}, metas([name, content])))).toBe(detail);
  });
});

describe('Content-Usage in a header', () => {
  it('opts out when it speaks against training, also over several lines', () => {
    const of = (value: string | string[]) => detailOf(said({ 'content-usage': value }));
    expect(of('train-ai=n')).toBe('content-usage-header: train-ai=n');
    expect(of(['search=y', 'train-ai=n'])).toBe('content-usage-header: train-ai=n');
    expect(of('train-ai=y')).toBeUndefined();
    expect(of('search=n')).toBeUndefined();
    expect(of('')).toBeUndefined();
  });
});

describe('TDM reservations', () => {
  const file = { tdm: { reserved: true } };
  const header = (value: string | string[]) => ({ 'tdm-reservation': value });

  it('stand in headers and metas, with their policy', () => {
    expect(detailOf(said(header('1')))).toBe('tdm-header: 1');
    expect(detailOf(said({ ...header(' 1 '), 'tdm-policy': 'https://b.test/p.json' }))).toBe(
      'tdm-header: 1, policy https://b.test/p.json',
    );
    expect(detailOf(said({ ...header('1'), 'tdm-policy': '/p' }))).toBe(
      'tdm-header: 1, policy http://a.test/p',
    );
    const inPage = metas(['tdm-reservation', '1'], ['tdm-policy', '../p']);
    expect(detailOf(said({}, inPage))).toBe('tdm-meta: 1, policy http://a.test/p');
    expect(detailOf(said({ 'tdm-policy': 'https://b.test/p' }))).toBeUndefined();
  });

  it('of other values than 0 and 1 are none', () => {
    for (const value of ['2', 'true', 'yes', '', '11', '1;x']) {
      expect(detailOf(said(header(value))), value).toBeUndefined();
      expect(detailOf(said(header(value), file)), value).toBe('tdm-file: 1');
    }
    expect(detailOf(said(header(['0', '1'])))).toBe('tdm-header: 1');
  });

  it('override one another: the page its headers, these the file', () => {
    const page = (value: string) => metas(['tdm-reservation', value]);
    expect(detailOf(said({}, file))).toBe('tdm-file: 1');
    expect(detailOf(said(header('0'), file))).toBeUndefined();
    expect(detailOf(said(header('1'), { tdm: { reserved: false } }))).toBe('tdm-header: 1');
    expect(detailOf(said(header('1'), page('0')))).toBeUndefined();
    expect(detailOf(said(header('0'), { ...file, ...page('1') }))).toBe('tdm-meta: 1');
    expect(detailOf(said({}, { ...file, ...page('0') }))).toBeUndefined();
  });
});

describe('rules that are not honoured', () => {
  it.each([
    ['x-robots-tag', said({ 'x-robots-tag': 'noai' })],
    ['meta-robots', said({}, metas(['robots', 'noai']))],
    ['content-usage-header', said({ 'content-usage': 'train-ai=n' })],
    ['tdm-header', said({ 'tdm-reservation': '1' })],
    ['tdm-meta', said({}, metas(['tdm-reservation', '1']))],
    ['tdm-file', said({}, { tdm: { reserved: true } })],
  ] as const)('%s stops nothing, and it alone', (rule, what) => {
    expect(detailOf(what)).toMatch(new RegExp(`^${rule}: `));
    expect(detailOf(what, new Set(rulesWithout(rule)))).toBeUndefined();
    expect(detailOf(what, new Set([rule]))).toMatch(new RegExp(`^${rule}: `));
  });
});
