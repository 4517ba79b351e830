import { describe, expect, it } from 'vitest';
import { decodeHtml } from '../../src/crawl/charset.js';

const text = 'Grüße';
const latin1 = Buffer.from(text, 'latin1');
const utf8 = Buffer.from(text);

describe('decodeHtml', () => {
  it.each<[string, Buffer, string]>([
    ['the header', latin1, 'text/html; charset=ISO-8859-1'],
    ['the header, quoted', latin1, 'text/html;charset="windows-1252"'],
    ['UTF-8 when it is valid and nothing is said', utf8, 'text/html'],
    ['windows-1252 when it is not', latin1, ''],
    ['an unknown label is nothing said', utf8, 'text/html; charset=klingon'],
    [
      'the byte order mark over the header',
      Buffer.from(`\uFEFF${text}`),
      'text/html; charset=latin1',
    ],
    ['UTF-16 by its mark', Buffer.from(`\uFEFF${text}`, 'utf16le'), ''],
  ])('%s', (_name, body, contentType) => {
    expect(decodeHtml(body, contentType)).toBe(text);
  });

  it.each([
    ['<meta charset="iso-8859-1">', 'latin1'],
    ["<META CHARSET = 'latin1' >", 'latin1'],
    ['<meta http-equiv=Content-Type content="text/html; charset=iso-8859-1">', 'latin1'],
    ['<meta charset=utf-8>', 'utf8'],
    // A page in which this can be read is not UTF-16.
    ['<meta charset=utf-16>', 'utf8'],
  ] as const)('%s', (meta, encoding) => {
    const body = Buffer.from(`${meta}${text}`, encoding);
    expect(decodeHtml(body, 'text/html')).toBe(`${meta}${text}`);
  });

  it('reads Japanese as its author wrote it', () => {
    const shiftJis = Buffer.from([0x83, 0x65, 0x83, 0x58, 0x83, 0x67]);
    expect(decodeHtml(shiftJis, 'text/html; charset=Shift_JIS')).toBe('テスト');
  });

  it('takes damaged UTF-8 that is declared as such, with marks where it is damaged', () => {
    expect(decodeHtml(Buffer.from([0x61, 0xff, 0x62]), 'text/html; charset=utf-8')).toBe(
      'a\ufffdb',
    );
  });
});
