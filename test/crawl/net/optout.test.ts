import { describe, expect, it } from 'vitest';
import { mayFollow, optOutOf, robotsTag } from '../../../src/crawl/net/optout.js';

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
    expect(optOutOf(robotsTag(header))).toBe(expected);
  });

  it('reads several header lines, each with its own robot', () => {
    expect(optOutOf(robotsTag(['otherbot: noarchive', 'noai']))).toBe('noai');
    expect(optOutOf(robotsTag(['otherbot: noai', 'wit: nofollow']))).toBeUndefined();
    expect(optOutOf(robotsTag(undefined))).toBeUndefined();
  });

  it('tells whether links may be followed', () => {
    expect(mayFollow(robotsTag('noindex'))).toBe(true);
    expect(mayFollow(robotsTag('nofollow'))).toBe(false);
    expect(mayFollow(robotsTag('none'))).toBe(false);
  });
});
