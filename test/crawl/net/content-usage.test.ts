import { describe, expect, it } from 'vitest';
import {
  parseDictionary,
  signalAgainstTraining,
  usageAgainstTraining,
} from '../../../src/crawl/net/content-usage.js';

describe('structured-field dictionaries (RFC 9651 §3.2, §4.2.2)', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['', {}],
    ['train-ai=n', { 'train-ai': 'n' }],
    ['  a=y,\tb=n  ', { a: 'y', b: 'n' }],
    ['a , b', { a: undefined, b: undefined }],
    ['a;x;y=1;z="s", b=n;p=?0', { a: undefined, b: 'n' }],
    [
      'a=1, b=-2.5, c="n\\"", d=:bg==:, e=?1, f=@1659578233, g=%"n%c3%bc"',
      {
        a: undefined,
        b: undefined,
        c: undefined,
        d: undefined,
        e: undefined,
        f: undefined,
        g: undefined,
      },
    ],
    ['a=(n y "x";q=1);r, b=()', { a: undefined, b: undefined }],
    ['*=n, a.b-c_d*=n/x:y', { '*': 'n', 'a.b-c_d*': 'n/x:y' }],
    // Examples of draft-ietf-aipref-vocab-08 §"Processing Algorithm".
    ['train-ai=y, train-ai, search=n, search="n"', { 'train-ai': undefined, search: undefined }],
    ['train-ai;allow=n, train-ai=y', { 'train-ai': 'y' }],
    ['train-ai;has;parameters="?"', { 'train-ai': undefined }],
  ])('%j', (text, expected) => {
    expect(Object.fromEntries(parseDictionary(text) ?? [['failed', '']])).toEqual(expected);
  });

  it.each([
    'Train-AI=n',
    'a=n b=n',
    'a=n,',
    ',a=n',
    'a=',
    'a==n',
    'a=n;',
    'a="n',
    'a=(n',
    'a=(n"x")',
    'a=?2',
    'a=1x',
    'a=ü',
    '1=n',
  ])('%j is none', (text) => {
    expect(parseDictionary(text)).toBeUndefined();
  });

  it('are read in time linear in their length', () => {
    const long = `${'a=n, '.repeat(100_000)}b=(${'x '.repeat(100_000)}`;
    expect(parseDictionary(long)).toBeUndefined();
  });
});

describe('preferences against training', () => {
  it.each<[string, string | undefined]>([
    // draft-ietf-aipref-vocab-08
    ['train-ai=n', 'train-ai=n'],
    ['train-ai=n;because="x"', 'train-ai=n'],
    ['train-ai=y', undefined],
    ['search=n, ai-use=n', undefined],
    ['train-ai=no', undefined],
    ['train-ai="n"', undefined],
    ['train-ai', undefined],
    ['train-ai=n, train-ai=y', undefined],
    ['train-ai=y, train-ai=n', 'train-ai=n'],
    ['unknown=n', undefined],
    // Older drafts: the more specific label decides.
    ['ai=n', 'ai=n'],
    ['bots=n', 'bots=n'],
    ['all=n', 'all=n'],
    ['tdm=n', 'tdm=n'],
    ['bots=n, train-ai=y', undefined],
    ['bots=y, train-ai=n', 'train-ai=n'],
    ['tdm=n, ai=y', undefined],
    // A dataset can train generative models.
    ['genai=n', 'genai=n'],
    ['train-genai=n', 'train-genai=n'],
    ['train-ai=y, train-genai=n', 'train-genai=n'],
    ['train-ai=n, train-genai=y', 'train-ai=n'],
    ['not a dictionary', undefined],
  ])('%j → %s', (value, expected) => {
    expect(usageAgainstTraining(value)).toBe(expected);
  });

  it.each<[string, string | undefined]>([
    ['search=yes,ai-train=no', 'ai-train=no'],
    ['ai-train=no', 'ai-train=no'],
    [' AI-Train = NO ', 'ai-train=no'],
    ['search=no, ai-input=no, ai-train=yes', undefined],
    ['search=yes', undefined],
    ['', undefined],
  ])('as a content signal: %j → %s', (value, expected) => {
    expect(signalAgainstTraining(value)).toBe(expected);
  });
});
