import { describe, expect, it } from 'vitest';
import { extractPage } from '../../src/crawl/extract.js';
import { readHtml } from '../../src/crawl/html-reader.js';
import { pageInTree, type TreeBuilder } from './tree-reader.js';

const PAGE = 'http://a.test/dir/page.html';

/** What the reader finds, as `pageInTree` says it. */
function read(html: string) {
  const { candidates, links, canonical, metas } = extractPage(html, PAGE);
  const pairs = candidates.map((c) => [c.imageUrl, c.text, c.textSource]);
  return { pairs, links, canonical, metas };
}

function expectSame(html: string, builder: TreeBuilder): void {
  expect(read(html), `${builder}: ${html}`).toEqual(pageInTree(html, PAGE, builder));
}

function generator(seed: number) {
  let state = seed;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const pick = <T>(values: readonly T[]) => values[random(values.length)] as T;
  return { random, pick };
}

const ELEMENTS =
  'figure figcaption picture p div a b li ul table tr td dl dt h1 select option svg math title desc mi noscript template textarea button script style'.split(
    ' ',
  );
const LEAVES = [
  '<img src=a.jpg alt="A &lt;dog&gt; &amp; caf&eacute;" title=dog>',
  '<IMG SRC="b.jpg" ALT=b alt=c>',
  "<img alt='no url'>",
  '<img src=c.jpg srcset="d.jpg 2x, e.jpg 1x" alt=d/>',
  '<img src=data:image/gif;base64,R0 data-src="lazy.jpg?x=1&amp;y=2&copy=3" alt=lazy>',
  '<img data-lazy-srcset="f.jpg 100w, g.jpg 300w" src=h.jpg alt=f>',
  '<source srcset="i.jpg 400w, j.jpg 200w">',
  '<source srcset=k.svg type=image/svg+xml>',
  '<amp-img src=l.jpg alt=l></amp-img>',
  '<a href=one>one</a>',
  '<a href="two?a=1&amp;b=2&notit=3" rel="noopener nofollow">two</a>',
  "<a rel=UGC href='three'>",
  '<area href=//b.test/four#x>',
  '<base href=/base/>',
  '<base target=_top>',
  '<link rel="x Canonical" href=/canonical>',
  '<meta name=robots content="noai, nofollow">',
  '<meta name=tdm-reservation content=1>',
  '<meta property=og:image content=og.jpg>',
  '<meta property=og:image:alt content="of the graph">',
  '<meta name=og:title content="title of it">',
  '<meta http-equiv=refresh content="0; url=/refreshed">',
  '<script>var a = "<img src=in-script.jpg alt=x>", b = {"url": "<a href=/json>"};</script>',
  '<title><img src=in-title.jpg alt=x></title>',
  '<textarea><img src=in-textarea.jpg alt=x></textarea>',
  '<!-- <img src=in-comment.jpg alt=x> -->',
  '<br>',
  'some text',
  '&amp;&#x1F415;&nbsp;&notit;',
];
/** What only damaged pages hold. */
const DAMAGE = [
  ...[
    '<',
    '>',
    '</',
    '"',
    "'",
    '=',
    '&',
    '&#',
    '\0',
    '<!--',
    '-->',
    '--!>',
    '<!',
    '<?php ?>',
    '</br>',
  ],
  ...[
    '<![CDATA[<img src=in-cdata.jpg alt=x>]]>',
    ']]>',
    '<plaintext>',
    '<xmp>',
    '<img src=cut',
    '</p>',
  ],
  ...[
    '<a href="never closed',
    '\ud800',
    '<img src=a\0b.jpg alt=a\0b>',
    '<figure/>',
    '<svg/>',
    '</script>',
  ],
];

describe('readHtml finds what stands in a tree', () => {
  it("htmlparser2's, of whatever is put together at random", () => {
    const { random, pick } = generator(5);
    const tags = ELEMENTS.flatMap((name) => [
      `<${name}>`,
      `<${name}>`,
      `</${name}>`,
      `<${name} x='y'/>`,
    ]);
    let pairs = 0;
    let links = 0;
    for (let round = 0; round < 5_000; round++) {
      const kinds = [tags, tags, tags, LEAVES, LEAVES, DAMAGE];
      const html = Array.from({ length: 1 + random(25) }, () => pick(pick(kinds))).join('');
      expectSame(html, 'htmlparser2');
      const found = read(html);
      pairs += found.pairs.length;
      links += found.links.length;
    }
    expect(pairs).toBeGreaterThan(4_000);
    expect(links).toBeGreaterThan(1_000);
  });

  it("the HTML standard's, of pages that are as it asks", () => {
    const { random, pick } = generator(9);
    const inline = LEAVES.filter((leaf) => !/^<(source|base|link|meta|title|a |area)/.test(leaf));
    const figure = () =>
      `<figure><div>${pick(inline)}</div><picture><source srcset="p${random(9)}.jpg 2x"><img src=q${random(9)} alt=q></picture>
       <figcaption>A <b>caption</b><p>of ${pick(['one', 'two &amp; three'])}<p>and more</figcaption></figure>`;
    const block = (depth: number): string => {
      if (depth === 0)
        return pick([figure, () => pick(inline), () => `<a href=${random(99)}>x</a>`])();
      const inner = () => Array.from({ length: 1 + random(3) }, () => block(depth - 1)).join('\n');
      return pick([
        () => `<div>${inner()}</div>`,
        () => `<section>${inner()}</section>`,
        () => `<noscript>${inner()}</noscript>`,
        () => `<template>${inner()}</template>`,
        () => `<ul><li>${inner()}<li>${inner()}</ul>`,
        () => `<table><tr><td>${inner()}<td>${inner()}</table>`,
        () => `<p>text ${pick(inline)}`,
        () => `<svg><title>x</title><desc><p>${pick(inline)}</p></desc></svg>`,
      ])();
    };
    const heads = LEAVES.filter((leaf) => /^<(base|link|meta)/.test(leaf));
    for (let round = 0; round < 400; round++) {
      const head = Array.from({ length: random(5) }, () => pick(heads)).join('\n');
      const html = `<!doctype html><html><head><title>x</title>${head}</head><body>${block(4)}</body></html>`;
      expectSame(html, 'parse5');
    }
  });
});

describe('readHtml', () => {
  it.each<[string, number]>([
    ['<plaintext> and what follows it, which browsers show as text', 1],
    ['<template>', 1],
    ['<xmp>', 0],
  ])('takes images in %s', (name, count) => {
    const tag = name.split(' ')[0] as string;
    expect(readHtml(`${tag}<img src=a alt=x>`).images).toHaveLength(count);
  });

  it('reads ten megabytes of <', () => {
    expect(readHtml('<'.repeat(10_000_000)).images).toEqual([]);
  });

  it.each<[string, string]>([
    ['of elements that never close', '<b>'],
    ['of figures in captions of figures', '<figure><figcaption>x'],
    ['of pictures', '<picture><source srcset=a>'],
    ['of foreign elements', '<svg><desc>'],
    ['of ends without beginnings', '</i></p>'],
    ['of attributes', '<a href=x '],
    ['of comments that never close', '<!--'],
    ['of entities', '&amp'],
    ['of null bytes', '\0'],
  ])('reads two megabytes %s', (_name, pattern) => {
    const { images, links } = readHtml(pattern.repeat(2_000_000 / pattern.length));
    expect(images).toEqual([]);
    expect(links.size).toBeLessThanOrEqual(1);
  });

  it('finds what stands 100,000 elements deep, and the figure around it', () => {
    const deep = `<figure>${'<b>'.repeat(100_000)}<img src=a alt=x>${'</b>'.repeat(100_000)}<figcaption>y`;
    expect(read(deep).pairs.map(([, text]) => text)).toEqual(['x', 'y']);
  });
});
