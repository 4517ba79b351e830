import { describe, expect, it } from 'vitest';
import { escapeText, foreign, html, link, styleElement } from '../../src/stats/html.js';

describe('html', () => {
  it('escapes every value, in text and in attributes', () => {
    const evil = `"'><script>alert(1)</script>&\``;
    expect(String(html`<p title="${evil}">${evil}</p>`)).toBe(
      '<p title="&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#96;">&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#96;</p>',
    );
  });

  it('nests its own results and lists, and leaves out what is absent', () => {
    const items = ['<a>', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(String(html`<ul>${items}${undefined}${null}${false}${0}</ul>`)).toBe(
      '<ul><li>&lt;a&gt;</li><li>&lt;b&gt;</li>0</ul>',
    );
  });

  it('is not fooled by an object that looks like markup', () => {
    const pretender = { toString: () => '<script>' } as unknown as string;
    expect(() => String(html`${pretender}`)).toThrow();
  });

  it('escapes within element and attribute names of nothing: the templates are fixed', () => {
    expect(String(html`<b>${'</b><i>'}</b>`)).toBe('<b>&lt;/b&gt;&lt;i&gt;</b>');
  });
});

describe('escapeText', () => {
  it('shows control and bidirectional characters', () => {
    expect(escapeText('a\0b\x1bc\x7f')).toBe('a␀b␛c␡');
    expect(escapeText('abc\u202egpj.exe\u2066\u200f\ufeff')).toBe(
      'abc⟨U+202E⟩gpj.exe⟨U+2066⟩⟨U+200F⟩⟨U+FEFF⟩',
    );
    expect(escapeText('\ud800 \udc00')).toBe('⟨U+D800⟩ ⟨U+DC00⟩');
  });

  it('leaves what people write', () => {
    const text = 'tab\tline\nпривет שלום 你好 👩‍🔬 می‌خواهم é';
    expect(escapeText(text)).toBe(text);
  });
});

describe('link', () => {
  it('links http and https only', () => {
    expect(String(link('https://example.org/a?b=1&c'))).toMatch(
      /^<a href="https:\/\/example.org\/a\?b=1&amp;c" rel="noreferrer noopener nofollow"\s+target="_blank"><bdi>example.org\/a\?b=1&amp;c<\/bdi><\/a>$/,
    );
    for (const url of [
      'javascript:alert(1)',
      ' JaVaScRiPt:alert(1)',
      'java\nscript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'file:///etc/passwd',
      '//example.org',
      'not a url',
      '',
    ]) {
      expect(String(link(url)), url).not.toContain('<a');
    }
  });

  it('cannot be left through the attribute', () => {
    expect(String(link(`https://example.org/"onmouseover="alert(1)`))).not.toContain('"onmouse');
  });

  it('does not let credentials pose as the host', () => {
    const markup = String(link('https://bank.example@evil.example/login'));
    expect(markup).not.toContain('bank.example');
    expect(markup).toContain('<bdi>evil.example/login</bdi>');
  });

  it('shows a URL that was cut as text', () => {
    expect(String(link(`https://example.org/${'a'.repeat(5_000)}`))).not.toContain('<a');
  });
});

describe('foreign', () => {
  it('takes down towers of combining marks', () => {
    expect(String(foreign(`Z${'\u0301'.repeat(400)}a\u0301`))).toBe(
      `<bdi>Z${'\u0301'.repeat(5)}…a\u0301</bdi>`,
    );
  });

  it('isolates and cuts', () => {
    expect(String(foreign('<x>'.repeat(400_000), 4))).toBe('<bdi>&lt;x&gt;&lt;…</bdi>');
  });
});

describe('styleElement', () => {
  it('refuses what could end the element', () => {
    expect(() => styleElement('a{}</style>')).toThrow('must not contain');
  });
});
