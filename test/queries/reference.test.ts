/** The reference itself, against cases written by hand from docs/queries.md. */

import { describe, expect, it } from 'vitest';
import { referencePages, referenceProse, referenceRuns, type WordOptions } from './reference.js';

const NAMESPACES = new Map([
  [-2, 'Media'],
  [0, ''],
  [6, 'File'],
  [10, 'Template'],
  [14, 'Category'],
]);

const escaped = (wikitext: string): string =>
  wikitext.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** The runs of a wikitext, its words joined by spaces and its runs by ' | '. */
const runs = (wikitext: string, options: WordOptions = {}): string =>
  referenceRuns(referenceProse(escaped(wikitext), NAMESPACES), options)
    .map((run) => run.join(' '))
    .join(' | ');

/** Name of the rule, then wikitext and the runs it must give. */
const CASES: Record<string, readonly (readonly [wikitext: string, runs: string])[]> = {
  'comments vanish wherever they stand': [
    ['a<!-- b -->c d', 'ac d'],
    ['a <!-- b\n\nc --> d', 'a d'],
    ['a <!-- b', 'a'],
    ['a <!--> b --> c', 'a c'],
    ['a --> b', 'a | b'],
    ['{<!-- x -->{a}} b', 'b'],
    ['a <re<!-- x -->f>b</ref> c', 'a c'],
    ['a <nowiki>b <!-- c --> d</nowiki> e', 'a b d e'],
    ['a <!-- <ref> --> b <!-- </ref> --> c', 'a b c'],
  ],
  'tags are what the grammar says': [
    ['a < b > c', 'a | b | c'],
    ['a <1> b', 'a | b'],
    ['a <ref-x> b', 'a | ref-x | b'],
    ['x<y and y>z', 'x | z'],
    ['a <b c', 'a | b c'],
    ['a <b <i>c</i>', 'a | b c'],
    ['a <br/> b<br>c<br clear="all" />d', 'a | b | c | d'],
    ['a <h2>b</h2> c', 'a | b | c'],
    ['a <span title="b">c</span>d e', 'a cd e'],
    ['H<sub>2</sub>O and E<SUP>x</SUP>', 'h2o and ex'],
    ['a <span\nclass="b"\n>c</span> d', 'a c d'],
    ['<p>a</p><li>b', 'a | b'],
    ['a </b> c </div> d', 'a c | d'],
    ['re<wbr>mark', 'remark'],
    ['<noinclude>a</noinclude> b <onlyinclude>c</onlyinclude>', 'a b c'],
  ],
  'dropped elements': [
    ['a<ref>b</ref> c', 'a c'],
    ['a<ref>b</ref>c', 'a c'],
    ['a <ref name="x" /> b', 'a b'],
    ['a <ref name=x/>b</ref> c', 'a b | c'],
    ['a <ref name="x>y">b</ref> c', 'a c'],
    ['a <REF>b</Ref> c', 'a c'],
    ['a <ref>b', 'a b'],
    ['a </ref> b', 'a | b'],
    ['a <ref>b <ref name="c"/> d</ref> e', 'a e'],
    ['a <ref>b</ref > c', 'a c'],
    ['a <ref>{{b</ref> }} c', 'a | c'],
    ['a <math>x < y</math> b', 'a | b'],
    ['a <math>b', 'a | b'],
    ['a <math/> b', 'a | b'],
    ['a <math> <ref> </math> b </ref> c', 'a | b | c'],
    ['a <code>b</code> c <pre>d</pre> e <tt>f</tt> g', 'a | c | e | g'],
    ['a <includeonly>b</includeonly> c', 'a | c'],
    ['a <table><tr><td>b</td></tr></table> c', 'a | c'],
    ['a <references><ref>b</ref></references> c', 'a | c'],
    ['a <references /> c', 'a | c'],
    ['<gallery>\nFile:A.jpg|a\n</gallery>b', 'b'],
    ['a <refs>b</refs> c', 'a | b | c'],
    ['a <ce>b</ce> c <chem>d</chem>', 'a | c'],
  ],
  'nowiki is plain text': [
    ["a <nowiki>''b''</nowiki> c", 'a | b | c'],
    ['<nowiki>[[a|b]] {{c d}}</nowiki>', 'a | b | c d'],
    ['a<nowiki>b</nowiki>c', 'abc'],
    ["dog<nowiki>'</nowiki>s", "dog's"],
    ["''dog''<nowiki/>s", 'dogs'],
    ['a <nowiki>b', 'a b'],
    ['a</nowiki> b', 'a b'],
    ['<nowiki>a&nbsp;b &eacute;</nowiki>', 'a b é'],
    ['<nowiki>&lt;ref&gt;</nowiki> a', 'ref | a'],
    ['a <nowiki><ref>b</nowiki></ref> c', 'a | ref | b | c'],
    ['{{a <nowiki>}}</nowiki> b}} c', 'c'],
    ['<nowiki>{{</nowiki>a}} b', 'a | b'],
    ['a <nowiki>😀b</nowiki> c', 'a | b c'],
    ['[[a<nowiki>]]</nowiki>b|c]]', 'a | b | c'],
    ['<nowiki>http://a.b/c</nowiki>', 'http | a | b | c'],
    ['<nowiki>__TOC__</nowiki>', 'toc'],
  ],
  templates: [
    ['a {{b}} c', 'a | c'],
    ['a{{b}}c', 'a | c'],
    ['a {{b|{{c}}|d}} e', 'a | e'],
    ['a {{b c', 'a | b c'],
    ['a {{b {{c}} d', 'a | b | d'],
    ['a }} b', 'a | b'],
    ['a {{{b}}} c', 'a | c'],
    ['a {b} c', 'a | b | c'],
    ['a {{b\n\nc}} d', 'a | d'],
    ['[[a {{b]] c}} d]]', 'a | d'],
    ['{{a|[[b}}]] c', 'c'],
    ['{{a {{b}} {{c}} d', 'a | d'],
  ],
  tables: [
    ['a\n{| class="b"\n| c\n|}\nd', 'a | d'],
    ['{|\n|a\n|} b', 'b'],
    ['a\n::{|\n|b\n|}\nc', 'a | c'],
    ['a\n : {|\n|b\n  |}\nc', 'a | c'],
    ['a {|\n|b\n|}\nc', 'a | b | c'],
    ['{|\n|a\n{|\n|b\n|}\n|c\n|}\nd', 'd'],
    ['{|\n|a', 'a'],
    ['{|\n{|\n|a\n|}\nb', 'b'],
    ['|}\na', 'a'],
    ['{|\n| a |}\n| b\n|}\nc', 'c'],
    ['{{a}}{|\n|b\n|}\nc', 'c'],
    ['a<br>{|\n|b\n{{c}}|}\nd', 'a | d'],
    ['a <ref>b</ref>{|\n|c\n|}', 'a | c'],
    ['{|\n| {{a|\n|}} b\n|}\nc', 'c'],
  ],
  'files and categories': [
    ['a [[File:b.jpg|thumb|c [[d]] e]] f', 'a | f'],
    ['a [[image:b.jpg]]c', 'a | c'],
    ['a [[ File : b.jpg|c]] d', 'a | d'],
    ['a [[Media:b.ogg|c]] d', 'a | d'],
    ['a\n[[Category:b]]\n[[category:c| ]]', 'a'],
    ['a [[:Category:b]] c', 'a | category | b c'],
    ['a [[File:b.jpg|c [[d]] e', 'a c d e'],
    ['[[File:a|b [[Category:c]] d', 'b | d'],
    ['a [[Template:b]] c', 'a template | b c'],
    ['a [[File]] b', 'a file b'],
    ['a [[Filed:b]] c', 'a filed | b c'],
    ['[[[File:a.jpg]]] b', 'b'],
    ['a [[File:b|c\n\nd]] e', 'a | e'],
  ],
  links: [
    ['a [[dog]]s b', 'a dogs b'],
    ['a [[dog|cat]]s b', 'a cats b'],
    ['a [[dog (animal)|dog]] b', 'a dog b'],
    ['a [[dog (animal)]] b', 'a dog | animal | b'],
    ['a [[dog#tail|tail]] b', 'a tail b'],
    ["a [[dog|''cat'']]s b", 'a cats b'],
    ['a [[fr:chien]] b', 'a | b'],
    ['a [[simple:dog]] b', 'a | b'],
    ['a [[zh-min-nan:dog]] b', 'a | b'],
    ['a [[wikt:dog]] b', 'a wikt | dog b'],
    ['a [[fr:chien|dog]] b', 'a dog b'],
    ['a [[:fr:chien]] b', 'a | fr | chien b'],
    ['a [[FR:chien]] b', 'a fr | chien b'],
    ['a [[dog', 'a | dog'],
    ['a [[dog\ncat]] b', 'a | dog | cat b'],
    ['a [[]] b', 'a | b'],
    ['a [[dog|]] b', 'a b'],
    ['a [[dog|b|c]] d', 'a b | c d'],
    ['a]] b', 'a b'],
    ['[[a|[[b]] c]] d', 'b c d'],
    ['a [[[dog|cat]]] b', 'a | cat | b'],
    ['a [[dog<ref>b</ref>|cat]] d', 'a | dog | cat d'],
    ['un[[a|do]]ing', 'undoing'],
  ],
  URLs: [
    ['a http://b.c/d e', 'a | e'],
    ['a HTTPS://b.c/d?e=f, g', 'a | g'],
    ['a [http://b.c d e] f', 'a | d e | f'],
    ['a [//b.c d] e', 'a | d | e'],
    ['a //b.c d', 'a | b | c d'],
    ['a [mailto:b@c.d e] f', 'a | e | f'],
    ['a mailto:b', 'a mailto | b'],
    ['a [ftp://b] c', 'a | c'],
    ['a http://b|c d', 'a | c d'],
    ['a http://b<br>c', 'a | c'],
    ["a ''http://b.c'' d", 'a | d'],
    ['a [b] c', 'a | b | c'],
    ['ahttp://b c', 'a | c'],
    ['a irc://b', 'a irc | b'],
  ],
  quotes: [
    ["a ''b'' '''c''' '''''d''''' e", 'a b c d e'],
    ["a ''''b''''", 'a | b'],
    ["dog''''s", "dog's"],
    ["a ''''''b", 'a | b'],
    ["''dog'''s", 'dogs'],
    ["a 'b' c", 'a | b | c'],
    ["'' ''", ''],
  ],
  'magic words': [
    ['a __NOTOC__ b', 'a | b'],
    ['a __notoc__ b', 'a | notoc | b'],
    ['a__TOC__b', 'a | b'],
  ],
  entities: [
    ['a&nbsp;b', 'a b'],
    ['caf&eacute; &#233;t&#xe9;', 'café été'],
    ['a &amp; b', 'a | b'],
    ['a &lt;ref&gt; b', 'a | ref | b'],
    ['a &amp;eacute; b', 'a | eacute | b'],
    ['a &nosuch; b', 'a | nosuch | b'],
    ['caf&eacute b', 'caf | eacute b'],
    ['dog&#39;s dog&rsquo;s', "dog's dog's"],
    ['a &#123;&#123;b}} c', 'a | b | c'],
    ['a&shy;b', 'ab'],
    ['a&#10;b', 'a | b'],
    ['a &#xD800; b', 'a | xd800 | b'],
    ['a&ndash;b', 'a | b'],
    ['&#39;&#39;a&#39;&#39; b', 'a | b'],
  ],
  'lines, headings, lists': [
    ['== a ==\nb', 'a | b'],
    ['* a b\n*c\n# d\n:e\n; f : g', 'a b | c | d | e | f | g'],
    ['a\nb', 'a | b'],
    ['a \t b', 'a b'],
    ['a\u2028b\u0085c\u2029d\ve\ff\rg', 'a | b | c | d | e | f | g'],
    ['a\u2009b\u3000c', 'a b c'],
  ],
  words: [
    ['The Dog, the CAT', 'the dog | the cat'],
    ["dog's dog’s dogs' tails", "dog's dog's dogs | tails"],
    ['well-known well‐known well‑known', 'well-known well-known well-known'],
    ['rock-’n’-roll', 'rock | n | roll'],
    ["rock-n'-roll o'clock-y", "rock-n | roll o'clock-y"],
    ['a--b -c- d', 'a | b | c | d'],
    ['so\u00adft zero\u200bwidth', 'soft zerowidth'],
    ['5th 1990s B52 x²', '5th 1990s b52 x²'],
    ['in 1990 and 1990-91 or Ⅳ ½', 'in | and | or'],
    ['e\u0301 naïve', 'e\u0301 naïve'],
    ['a \u0301 b', 'a | b'],
    ['ΣΟΦΟΣ', 'σοφοσ'],
    ['İx', 'i\u0307x'],
    ['日本語 text', '日本語 text'],
    ['a_b c/d e.g.', 'a | b c | d e | g'],
    [`a ${'b'.repeat(64)} c`, `a ${'b'.repeat(64)} c`],
    [`a ${'b'.repeat(65)} c`, 'a | c'],
    [`a ${'é'.repeat(33)} c`, 'a | c'],
    [`a ${'b'.repeat(61)}’bc d`, `a ${'b'.repeat(61)}'bc d`],
    ['𝔻og 𐐀', '𝔻og 𐐨'],
  ],
};

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  it.each(cases)('%j', (wikitext, expected) => {
    expect(runs(wikitext)).toBe(expected);
  });
});

describe('options', () => {
  it('numbers count as words when asked', () => {
    expect(runs('in 1990-91 and Ⅳ or \u0301 b', { numbers: true })).toBe('in 1990-91 and ⅳ or | b');
  });
  it('case is kept when asked', () => {
    expect(runs('The DOG’s', { case: 'keep' })).toBe("The DOG's");
  });
});

describe('names of namespaces', () => {
  it("are the dump's own, and Image", () => {
    const german = new Map([
      [6, 'Datei'],
      [14, 'Kategorie'],
    ]);
    const prose = referenceProse('a [[datei:b]] [[Image:c]] [[File:d]] [[KATEGORIE:e]]', german);
    expect(referenceRuns(prose)).toEqual([['a'], ['file'], ['d']]);
  });
});

describe('XML', () => {
  it('is undone once', () => {
    const prose = referenceProse(
      '&amp;eacute; &lt;i&gt;&#97;&#x62; &quot;&apos;&apos;c',
      NAMESPACES,
    );
    expect(referenceRuns(prose)).toEqual([['é', 'ab'], ['c']]);
  });
});

describe('pages', () => {
  const page = (title: string, ns: number, inner: string) =>
    `<page><title>${title}</title><ns>${ns}</ns><id>1</id>${inner}</page>\n`;
  const revision = (text: string) =>
    `<revision><comment>x &lt;text></comment><text bytes="3" xml:space="preserve">${text}</text></revision>`;
  const head =
    '<mediawiki><siteinfo><namespaces><namespace key="0" case="first-letter" />' +
    '<namespace key="6" case="first-letter">Fichier</namespace></namespaces></siteinfo>\n';

  it('are those of namespace 0, redirects without text, the last revision counting', () => {
    const dump = referencePages(
      head +
        page('A &amp; B', 0, revision('one') + revision('two &lt;i&gt;')) +
        page('Talk:A', 1, revision('no')) +
        page('R', 0, `<redirect title="A &quot;x&quot;" />${revision('#REDIRECT [[A]]')}`) +
        page('Empty', 0, '<revision><text bytes="0" /></revision>') +
        page('Ünï', 0, revision('é')),
    );
    expect(dump.pages).toEqual([
      { title: 'A & B', text: 'two &lt;i&gt;' },
      { title: 'R', redirect: 'A "x"' },
      { title: 'Empty', text: '' },
      { title: 'Ünï', text: 'é' },
    ]);
    expect([...dump.namespaces]).toEqual([[6, 'Fichier']]);
    expect(dump.invalid).toBe(0);
  });

  it('that are not valid UTF-8 are left out and counted', () => {
    const bytes = Buffer.from(head + page('A', 0, revision('?')) + page('É', 0, revision('b')));
    bytes[bytes.indexOf('?')] = 0xff;
    expect(referencePages(bytes)).toMatchObject({ pages: [{ title: 'É', text: 'b' }], invalid: 1 });
  });
});
