import { describe, expect, it } from 'vitest';
import { candidateId } from '../../src/core/ids.js';
import { extractPage } from '../../src/crawl/index.js';

const PAGE = 'http://a.test/dir/page.html';

/** Candidates as `[image URL, text, where the text was]`. */
function found(html: string, url = PAGE): [string, string, string][] {
  return extractPage(html, url).candidates.map((c) => [c.imageUrl, c.text, c.textSource]);
}
const urls = (html: string) => found(html).map(([url]) => url);

describe('texts of an image', () => {
  it('are its alt, its caption and its title', () => {
    const html = `<figure><div><img src=a.jpg alt="A dog" title="Rex"></div>
      <figcaption>The <b>dog</b> <i>Rex</i><br>in 1999<p>Photo: me</p></figcaption></figure>
      <img src=b.jpg alt="A cat">`;
    expect(found(html)).toEqual([
      ['http://a.test/dir/a.jpg', 'A dog', 'alt'],
      ['http://a.test/dir/a.jpg', 'The dog Rex in 1999 Photo: me', 'caption'],
      ['http://a.test/dir/a.jpg', 'Rex', 'title'],
      ['http://a.test/dir/b.jpg', 'A cat', 'alt'],
    ]);
  });

  it('carry an id of URL and text, the page, and the source', () => {
    const [candidate] = extractPage('<img src=/a.jpg alt=dog>', PAGE).candidates;
    expect(candidate).toEqual({
      id: candidateId('http://a.test/a.jpg', 'dog'),
      imageUrl: 'http://a.test/a.jpg',
      text: 'dog',
      textSource: 'alt',
      pageUrl: PAGE,
      source: 'web',
    });
  });

  it('have their entities decoded and their spaces joined', () => {
    expect(
      found('<img src=a alt="Caf&eacute; &amp; bar &#x1F415; &lt;b&gt;\n\t x&nbsp;y">'),
    ).toEqual([['http://a.test/dir/a', 'Café & bar 🐕 <b> x\u00a0y', 'alt']]);
  });

  it('count once for one image, and the image without any counts with none', () => {
    const html = `<img src=a alt=dog title=dog><img src=a alt=dog><img src=a alt=hound>
      <img src=b><img src=b alt=""><img src=c alt=" "><img src=a>`;
    expect(found(html).map(([url, text]) => [url.slice(-1), text])).toEqual([
      ['a', 'dog'],
      ['a', 'hound'],
      ['b', ''],
      ['c', ''],
    ]);
  });

  it('of a figure belong to its own images: nested figures keep theirs', () => {
    const html = `<figure><figcaption>outer</figcaption><img src=1>
      <figure><img src=2><figcaption>inner</figcaption></figure></figure><img src=3>`;
    expect(found(html).map(([url, text]) => [url.slice(-1), text])).toEqual([
      ['1', 'outer'],
      ['2', 'inner'],
      ['3', ''],
    ]);
  });

  it('are bounded, and free of NUL and half characters', () => {
    const long = `${'x'.repeat(9_999)}😀${'y'.repeat(50_000)}`;
    const [, text] = found(`<img src=a alt="${long}">`)[0] as [string, string, string];
    expect(text).toBe('x'.repeat(9_999));
    expect(found('<img src=a alt="a\0b\ud800c">')[0]?.[1]).toBe('abc');
  });
});

describe('the best rendition', () => {
  it.each<[string, string, string]>([
    ['largest width of srcset', '<img src=s srcset="m 640w, l 1280w, t 100w" alt=x>', 'l'],
    ['largest density of srcset', '<img src=s srcset="m 1.5x, l 2x, t" alt=x>', 'l'],
    ['src without srcset', '<img src=s alt=x>', 's'],
    [
      'largest of a picture',
      '<picture><source srcset="w 800w" type=image/webp><source srcset="n 400w"><img src=s alt=x></picture>',
      'w',
    ],
    [
      'not the SVG of a picture',
      '<picture><source srcset="v 8000w" type=image/svg+xml><img src=s srcset="m 400w" alt=x></picture>',
      'm',
    ],
    [
      'lazy data-src over a placeholder',
      '<img src="data:image/gif;base64,AA" data-src=l alt=x>',
      'l',
    ],
    ['lazy data-src over another src', '<img src=spacer.gif data-src=l alt=x>', 'l'],
    ['lazy data-original', '<img src=s data-original=l alt=x>', 'l'],
    ['lazy data-lazy-src', '<img src=s data-lazy-src=l alt=x>', 'l'],
    ['lazy data-srcset', '<img src=s data-srcset="m 100w, l 900w" alt=x>', 'l'],
    [
      'lazy source of a picture',
      '<picture><source data-srcset="l 900w"><img src=s alt=x></picture>',
      'l',
    ],
    ['src when all else is data:', '<img src=s srcset="data:image/png;base64,AA 2x" alt=x>', 's'],
    ['an image in noscript', '<noscript><img src=s alt=x></noscript>', 's'],
    ['an AMP image', '<amp-img src=s alt=x></amp-img>', 's'],
  ])('%s', (_name, html, expected) => {
    expect(urls(html)).toEqual([`http://a.test/dir/${expected}`]);
  });

  it.each([
    '<img alt=x>',
    '<img src="" alt=x>',
    '<img src="data:image/png;base64,AAAA" alt=x>',
    '<img src="javascript:alert(1)" alt=x>',
    '<img src="blob:http://a.test/1" alt=x>',
    '<img src="file:///etc/passwd" alt=x>',
    '<img src="http://user:pw@b.test/x.png" alt=x>',
    '<img src="http://" alt=x>',
  ])('is none in %s', (html) => {
    expect(extractPage(html, PAGE)).toEqual({ candidates: [], links: [], metas: [] });
  });
});

describe('URLs', () => {
  it.each([
    ['a.jpg', 'http://a.test/dir/a.jpg'],
    ['/a.jpg', 'http://a.test/a.jpg'],
    ['../a.jpg', 'http://a.test/a.jpg'],
    ['//b.test/a.jpg', 'http://b.test/a.jpg'],
    ['?x=1', 'http://a.test/dir/page.html?x=1'],
    ['  a.jpg\n', 'http://a.test/dir/a.jpg'],
    ['a b.jpg', 'http://a.test/dir/a%20b.jpg'],
    ['a\nb.jpg', 'http://a.test/dir/ab.jpg'],
    ['ü.jpg', 'http://a.test/dir/%C3%BC.jpg'],
    ['a.jpg#part', 'http://a.test/dir/a.jpg'],
    ['HTTP://B.TEST:80/A.jpg', 'http://b.test/A.jpg'],
    ['http://münchen.test/', 'http://xn--mnchen-3ya.test/'],
    ['a.jpg?x=1&amp;y=2', 'http://a.test/dir/a.jpg?x=1&y=2'],
    ['http:\\\\b.test\\a.jpg', 'http://b.test/a.jpg'],
  ])('%j is %s', (src, expected) => {
    expect(urls(`<img alt=x src="${src}">`)).toEqual([expected]);
  });

  it('are relative to the first base, wherever it stands', () => {
    expect(urls('<img src=a.jpg><base href="/img/"><base href="/no/">')).toEqual([
      'http://a.test/img/a.jpg',
    ]);
    expect(urls('<base href="https://cdn.test/x/"><img src=a.jpg>')).toEqual([
      'https://cdn.test/x/a.jpg',
    ]);
    expect(urls('<base target=_blank><base href="i/"><img src=a>')).toEqual([
      'http://a.test/dir/i/a',
    ]);
    expect(urls('<base href="javascript:1"><base href="/no/"><img src=a>')).toEqual([
      'http://a.test/dir/a',
    ]);
  });
});

describe('Open Graph images', () => {
  it('take their own alt or the title of the page', () => {
    const html = `<meta property="og:title" content="A page">
      <meta property="og:image" content="/1.jpg"><meta property="og:image:alt" content="One">
      <meta property="og:image" content="/2.jpg"><meta property="og:image:url" content="/2.jpg">
      <meta name="og:image" content="/3.jpg"><img src=/3.jpg alt=Three>`;
    expect(found(html)).toEqual([
      ['http://a.test/3.jpg', 'Three', 'alt'],
      ['http://a.test/1.jpg', 'One', 'title'],
      ['http://a.test/2.jpg', 'A page', 'title'],
      ['http://a.test/3.jpg', 'A page', 'title'],
    ]);
  });
});

describe('links', () => {
  it('are absolute, without fragments, each once, and not nofollow', () => {
    const html = `<a href=b>b</a><a href="b#x">b</a><a href="#top">top</a><area href="/c">
      <a rel="noopener NoFollow" href=/d>d</a><a rel=ugc href=/d>d</a><a rel="x sponsored" href=/d>d</a>
      <a rel="nofollowed" href=/e>e</a><a href="mailto:x@y.test">m</a>
      <a href="javascript:void 0">j</a><a>none</a><a href="http://[">bad</a>`;
    expect(extractPage(html, PAGE).links).toEqual([
      'http://a.test/dir/b',
      'http://a.test/dir/page.html',
      'http://a.test/c',
      'http://a.test/e',
    ]);
  });

  it.each<[string, string | undefined]>([
    ['0;url=/next', '/next'],
    ['0; URL = "/next"', '/next'],
    [" 5 , url='/next'x", '/next'],
    ['3.5 /next', '/next'],
    ['0;/next', '/next'],
    ['300', undefined],
    ['url=/next', undefined],
    ['0;', undefined],
  ])('include where the page refreshes to: %j', (content, path) => {
    const { links } = extractPage(
      `<meta http-equiv=Refresh content="${content.replaceAll('"', '&quot;')}">`,
      PAGE,
    );
    expect(links).toEqual(path === undefined ? [] : [`http://a.test${path}`]);
  });

  it('include the canonical address apart', () => {
    const html = '<link rel="alternate canonical" href="/real"><link rel=canonical href="/second">';
    expect(extractPage(html, PAGE).canonical).toBe('http://a.test/real');
  });
});

describe('robots meta', () => {
  const page = (meta: string) => extractPage(`${meta}<img src=a alt=x><a href=b>b</a>`, PAGE);
  it.each<[string, string[], boolean]>([
    ['<meta name=robots content="noindex">', ['robots: noindex'], true],
    ['<meta name=ROBOTS content="NOINDEX, NOFOLLOW">', ['robots: NOINDEX, NOFOLLOW'], false],
    ['<meta name=robots content="none">', ['robots: none'], false],
    ['<meta name=robots content="nofollow">', ['robots: nofollow'], false],
    ['<meta name=wit content="noml">', ['wit: noml'], true],
    ['<meta name=otherbot content="noindex, nofollow">', [], true],
    ['<meta name=robots>', [], true],
    [
      '<meta name="TDM-Reservation" content="1"><meta name="tdm-policy" content="/p">',
      ['tdm-reservation: 1', 'tdm-policy: /p'],
      true,
    ],
  ])('%s', (html, metas, followed) => {
    const given = page(html);
    expect(given.metas.map(({ name, content }) => `${name}: ${content}`)).toEqual(metas);
    expect(given.links).toHaveLength(followed ? 1 : 0);
  });
});

describe('any HTML', () => {
  it.each<[string, string, string[]]>([
    ['unclosed tags', '<div><p><figure><img src=a alt=x', []],
    ['unclosed but ended', '<div><p><figure><img src=a alt=x>', ['x']],
    ['unquoted and doubled attributes', '<img src=a alt=x alt=y>', ['x']],
    ['upper case', '<IMG SRC=a ALT=x>', ['x']],
    ['images in comments', '<!-- <img src=a alt=x> --><img src=b alt=y>', ['y']],
    ['images in scripts', '<script>"<img src=a alt=x>"</script><img src=b alt=y>', ['y']],
    ['images in templates', '<template><img src=b alt=y></template>', ['y']],
    ['no page at all', '', []],
    ['binary', '\x00\x01\x89PNG\r\n\x1a\n<img src=b alt=y>', ['y']],
  ])('%s', (_name, html, texts) => {
    expect(found(html).map(([, text]) => text)).toEqual(texts);
  });

  it('however deep or wide, in bounded time and size', () => {
    const deep = extractPage(`${'<div>'.repeat(200_000)}<img src=a alt=x>`, PAGE);
    expect(deep.candidates).toHaveLength(1);
    const bold = `${'<b>'.repeat(500_000)}<img src=a alt=x>`;
    expect(extractPage(bold, PAGE).candidates).toHaveLength(1);
    const figures = `${'<figure>'.repeat(20_000)}<figcaption>c</figcaption>${'<img src=a>'.repeat(20_000)}`;
    expect(extractPage(figures, PAGE).candidates).toHaveLength(1);
    const wide = Array.from({ length: 50_000 }, (_, i) => `<img src=${i} alt=x><a href=${i}>`);
    const page = extractPage(wide.join(''), PAGE);
    expect(page.candidates).toHaveLength(10_000);
    expect(page.links).toHaveLength(10_000);
    // A long base, or a caption of many images, multiplies.
    const base = `<base href="/${'y'.repeat(8_000)}/">${wide.join('')}`;
    const shared = `<figure><figcaption>${'z'.repeat(9_000)}</figcaption>${wide.join('')}</figure>`;
    for (const html of [base, shared]) {
      const { candidates, links } = extractPage(html, PAGE);
      expect(candidates.length).toBeGreaterThan(100);
      expect(JSON.stringify(candidates.map((c) => [c.imageUrl, c.text])).length).toBeLessThan(
        2.1e6,
      );
      expect(JSON.stringify(links).length).toBeLessThan(2.1e6);
    }
  });

  it('never throws, and gives only well-formed candidates, on randomly damaged pages', () => {
    const whole = `<!doctype html><html><head><base href="http://b.test/x/"><title>t</title>
      <meta property="og:image" content="o.jpg"><meta name=robots content="follow"></head><body>
      <figure><picture><source srcset="a,b 2x, c 100w"><img src="d.jpg" srcset="e 2x" alt="A &amp; B">
      </picture><figcaption>It's a <b>caption</b></figcaption></figure><a href="/f?g#h" rel="x">l</a>
      <noscript><img src=i alt='j'></noscript><script>if (a < b) "</script>"</script></body></html>`;
    const alphabet = [
      '<',
      '>',
      '"',
      "'",
      '&',
      '#',
      ';',
      '=',
      '/',
      '\0',
      '\ud800',
      '\u{1f600}',
      ' ',
      ',',
      '(',
      'x',
      '-->',
      '<!--',
      '<img ',
      '<base href=',
      '%',
      ':',
      '\\',
    ];
    let state = 7;
    const random = (n: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % n;
    };
    let candidates = 0;
    for (let round = 0; round < 3_000; round++) {
      let html = whole;
      for (let i = 0; i <= random(12); i++) {
        const at = random(html.length);
        const insert =
          random(3) === 0
            ? html.slice(random(html.length)).slice(0, 40)
            : alphabet[random(alphabet.length)];
        html = html.slice(0, at) + insert + html.slice(at + random(20));
      }
      const page = extractPage(html, PAGE);
      for (const { id, imageUrl, text } of page.candidates) {
        candidates++;
        expect(id).toBe(candidateId(imageUrl, text));
        expect(imageUrl).toMatch(/^https?:\/\/[^\s@#]+$/);
        expect(text).toBe(text.trim());
        expect(Buffer.from(text).toString()).toBe(text);
        expect(text).not.toContain('\0');
      }
      for (const link of page.links) expect(link).toMatch(/^https?:\/\//);
    }
    expect(candidates).toBeGreaterThan(3_000);
  });
});
