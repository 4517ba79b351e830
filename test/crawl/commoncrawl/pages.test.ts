import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../bench/random.js';
import { parseWat } from '../../../src/crawl/sources/commoncrawl/envelope.js';
import { readResponse } from '../../../src/crawl/sources/commoncrawl/response.js';
import type { WarcRecord } from '../../../src/crawl/sources/commoncrawl/warc.js';
import { type ArchivedPage, readWat } from '../../../src/crawl/sources/commoncrawl/wat.js';
import { ALL_RULES } from '../support.js';
import { envelope, readAll, realRecords, response, wat } from './archives.js';

async function only(record: Buffer): Promise<WarcRecord> {
  return (await readAll(record)).records[0] as WarcRecord;
}

async function fromWat(...args: Parameters<typeof envelope>): Promise<ArchivedPage> {
  return readWat((await only(wat(args[0], envelope(...args)))).block, ALL_RULES) as ArchivedPage;
}

async function fromWarc(url: string, html: string | Buffer, headers?: string[]) {
  return (await readResponse(await only(response(url, html, headers)), ALL_RULES)) as ArchivedPage;
}

const pairs = (page: ArchivedPage) =>
  page.candidates.map(({ imageUrl, text, textSource }) => [imageUrl, text, textSource]);

const PAGE = 'https://a.test/dir/page.html';
const image = (url: string, more: Record<string, string> = {}) => ({
  path: 'IMG@/src',
  url,
  ...more,
});

describe('a page in WARC and WAT', () => {
  it('gives the same candidates, of the real page that is in both', async () => {
    const pages = new Map<string, ArchivedPage>();
    for (const record of (await readAll(Buffer.concat(realRecords('wat')))).records) {
      const page = record.block.includes('Envelope') ? readWat(record.block, ALL_RULES) : undefined;
      if (page !== undefined) pages.set(page.pageUrl, page);
    }
    expect(pages.size).toBe(1);
    const found: ArchivedPage[] = [];
    for (const record of (await readAll(Buffer.concat(realRecords('warc')))).records) {
      if (record.fields.get('warc-type') !== 'response') continue;
      const page = await readResponse(record, ALL_RULES);
      if (page === undefined) continue;
      found.push(page);
      const twin = pages.get(page.pageUrl);
      if (twin !== undefined) {
        expect(page).toEqual(twin);
        expect(page.candidates.length).toBe(4);
        expect(page.candidates[0]).toMatchObject({ source: 'commoncrawl', text: '496' });
      }
    }
    expect(found.map(({ candidates, optOut }) => [candidates.length, optOut?.detail])).toEqual([
      [4, undefined],
      [854, undefined],
      [0, 'meta-robots: noindex'],
    ]);
  });

  it.each<[string, string, Parameters<typeof envelope>[1]]>([
    [
      'relative URLs, fragments, spaces',
      '<img src=" a b.jpg#x" alt=" A\n dog "><img src="../c.jpg" alt=C><img src="//b.test/d" alt=D>',
      {
        links: [
          image(' a b.jpg#x', { alt: ' A\n dog ' }),
          image('../c.jpg', { alt: 'C' }),
          image('//b.test/d', { alt: 'D' }),
        ],
      },
    ],
    [
      'a relative base',
      '<base href="/other/"><img src="e.jpg" alt="E">',
      { head: { Base: '/other/' }, links: [image('e.jpg', { alt: 'E' })] },
    ],
    [
      'a base elsewhere',
      '<base href="http://c.test/x"><img src="e.jpg" alt="E">',
      { head: { Base: 'http://c.test/x' }, links: [image('e.jpg', { alt: 'E' })] },
    ],
    [
      'a base of no use',
      '<base href="javascript:x"><img src="e.jpg" alt="E">',
      { head: { Base: 'javascript:x' }, links: [image('e.jpg', { alt: 'E' })] },
    ],
    [
      'alt and title, the same twice, images again',
      '<img src=1.jpg alt=One title=Two><img src=2.jpg alt=Same title=Same><img src=1.jpg alt=One>',
      {
        links: [
          image('1.jpg', { alt: 'One', title: 'Two' }),
          image('2.jpg', { alt: 'Same', title: 'Same' }),
          image('1.jpg', { alt: 'One' }),
        ],
      },
    ],
    [
      'images without text',
      '<img src=1.jpg><img src=2.jpg alt="  "><img src=3.jpg alt=""><img src=4.jpg title=T><img src=4.jpg>',
      {
        links: [
          image('1.jpg'),
          image('2.jpg', { alt: '  ' }),
          image('3.jpg', { alt: '' }),
          image('4.jpg', { title: 'T' }),
          image('4.jpg'),
        ],
      },
    ],
    [
      'URLs that nobody can fetch',
      '<img src="data:image/png;base64,AA" alt=A><img src="javascript:x" alt=B><img src="http://u:p@a.test/" alt=C><img src="http://[" alt=D>',
      {
        links: ['data:image/png;base64,AA', 'javascript:x', 'http://u:p@a.test/', 'http://['].map(
          (url, i) => image(url, { alt: 'ABCD'[i] as string }),
        ),
      },
    ],
    [
      'character references',
      '<img src="?a=1&amp;b=2&copy=3" alt="AT&amp;T &eacute;&#x1F600;">',
      { links: [image('?a=1&amp;b=2&copy=3', { alt: 'AT&amp;T &eacute;&#x1F600;' })] },
    ],
    [
      'Open Graph',
      '<meta property="og:title" content="All"><meta property=og:image content=/1.jpg><meta property=og:image content=/2.jpg><meta property=og:image:alt content=Two>',
      {
        head: {
          Metas: [
            { property: 'og:title', content: 'All' },
            { property: 'og:image', content: '/1.jpg' },
            { property: 'og:image', content: '/2.jpg' },
            { property: 'og:image:alt', content: 'Two' },
          ],
        },
      },
    ],
    [
      'a robots meta',
      '<meta name=ROBOTS content="all, NoAI"><img src=1.jpg alt=A>',
      {
        head: { Metas: [{ name: 'ROBOTS', content: 'all, NoAI' }] },
        links: [image('1.jpg', { alt: 'A' })],
      },
    ],
    [
      'a robots meta for others',
      '<meta name=otherbot content=noindex><img src=1.jpg alt=A>',
      {
        head: { Metas: [{ name: 'otherbot', content: 'noindex' }] },
        links: [image('1.jpg', { alt: 'A' })],
      },
    ],
  ])('gives the same: %s', async (_name, html, about) => {
    const inWarc = await fromWarc(PAGE, html);
    const { imagesWithoutText, ...inWat } = await fromWat(PAGE, about);
    // References that cannot be resolved are told apart only where they have a text.
    expect({ ...inWarc, imagesWithoutText }).toEqual({ ...inWat, imagesWithoutText });
    if (inWarc.optOut === undefined && inWarc.candidates.length === 0) {
      expect(_name).toBe('URLs that nobody can fetch');
    }
  });

  it('counts images without text instead of giving them', async () => {
    const links = [
      image('1.jpg'),
      image('2.jpg', { alt: ' ' }),
      image('3.jpg', { alt: 'T' }),
      image('3.jpg'),
    ];
    expect((await fromWat(PAGE, { links })).imagesWithoutText).toBe(2);
    const html = '<img src=1.jpg><img src=2.jpg alt=" "><img src=3.jpg alt=T><img src=3.jpg>';
    expect((await fromWarc(PAGE, html)).imagesWithoutText).toBe(2);
  });

  it.each<[string, string[]]>([
    ['x-robots-tag: noimageai', ['X-Robots-Tag: noimageai']],
    ['x-robots-tag: noindex', ['X-Robots-Tag: otherbot: nofollow', 'X-Robots-Tag: wit: noindex']],
    ['content-usage-header: train-ai=n', ['Content-Usage: train-ai=n']],
    ['tdm-header: 1', ['TDM-Reservation: 1']],
  ])('is left out by %s', async (detail, lines) => {
    const html = '<img src=1.jpg alt=A>';
    const optOut = { reason: 'opt_out', detail };
    expect(await fromWarc(PAGE, html, lines)).toMatchObject({ optOut, candidates: [] });
    const name = /^[^:]*/.exec(lines[0] as string)?.[0] as string;
    const values = lines.map((line) => line.replace(/^[^:]*: /, ''));
    const links = [image('1.jpg', { alt: 'A' })];
    const inWat = await fromWat(PAGE, { links }, { [name]: values });
    expect(inWat).toMatchObject({ optOut, candidates: [] });
  });
});

describe('a WAT record', () => {
  it('may name images in other attributes and elements', async () => {
    const page = await fromWat(PAGE, {
      links: [
        { path: 'IMG@/srcset', url: 's.jpg 1x, l.jpg 2x', alt: 'Set' },
        { path: 'IMG@/data-src', url: 'lazy.jpg', alt: 'Lazy' },
        { path: 'AMP-IMG@/src', url: 'amp.jpg', alt: 'Amp' },
        { path: 'INPUT@/src', url: 'button.png', alt: 'Go' },
        { path: 'SOURCE@/srcset', url: 'p.webp 100w, q.webp 900w', title: 'Picture' },
        { path: 'IMG@/longdesc', url: 'about.html', alt: 'No image' },
        { path: 'A@/href', url: 'big.jpg', text: 'No image', title: 'IMG@/src' },
        { path: 'SOURCE@/src', url: 'film.mp4', title: 'No image' },
      ],
    });
    expect(pairs(page).map(([url, text]) => [url?.split('/').at(-1), text])).toEqual([
      ['l.jpg', 'Set'],
      ['lazy.jpg', 'Lazy'],
      ['amp.jpg', 'Amp'],
      ['button.png', 'Go'],
      ['q.webp', 'Picture'],
    ]);
  });

  it.each(['{"HTML-Metadata":', '[]', '{"Envelope":{"HTML-Metadata":1}}', '{"a":1', 'null', ''])(
    'that is %j is no envelope',
    (text) => {
      // What holds no page is only looked at as far as its ends.
      expect(() => {
        if (readWat(Buffer.from(text), ALL_RULES) === undefined) throw new SyntaxError('nothing');
      }).toThrow();
    },
  );

  it('parses to the same images without its other links as with them', () => {
    const random = seeded(11);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const PIECES = [
      '}]',
      '}],',
      '{"',
      '"path":"IMG@/src"',
      'IMG@/',
      '"Links":[',
      ']',
      '}',
      '{',
      '\\',
      '"',
      'ü',
      ' a ',
      ',',
      ':',
      '\\"',
      '\n',
    ];
    const word = () =>
      Array.from({ length: Math.floor(random() * 4) }, () => pick(PIECES)).join('');
    const calm = () => pick(['dog', 'a cat', 'x.jpg', '']);
    const isImage = ({ path }: { path?: unknown }) => /^(IMG|INPUT|SOURCE)@\//.test(String(path));
    const rounds = 20_000;
    let quicks = 0;
    for (let round = 0; round < rounds; round++) {
      const text = random() < 0.5 ? word : calm;
      const links = Array.from({ length: Math.floor(random() * 6) }, () => {
        const entries = [
          ['path', pick(['IMG@/src', 'A@/href', 'INPUT@/src', 'FORM@/action', 'SOURCE@/srcset'])],
          ['url', text()],
          ['alt', text()],
          [pick(['title', 'text', 'k']), text()],
        ] as [string, string][];
        if (random() < 0.5) entries.reverse();
        return Object.fromEntries(entries);
      });
      const value = envelope(PAGE, { links, head: { Title: text(), Metas: [{ name: text() }] } });
      const spaces = random() < 0.1 ? 1 : 0;
      const block = Buffer.from(JSON.stringify(value, null, spaces));
      // biome-ignore lint/suspicious/noExplicitAny: whatever the JSON holds
      const html = (json: any) =>
        json.Envelope['Payload-Metadata']['HTTP-Response-Metadata']['HTML-Metadata'];
      const { value: without, images } = parseWat(block);
      const quick = html(without);
      const whole = html(JSON.parse(block.toString()));
      quicks += images === undefined ? 0 : 1;
      expect((images ?? quick.Links).filter(isImage)).toEqual(whole.Links.filter(isImage));
      expect({ ...quick, Links: 0 }).toEqual({ ...whole, Links: 0 });
      const cut = block.subarray(0, Math.floor(random() * block.length));
      expect(() => parseWat(cut), cut.toString()).toThrow(SyntaxError);
    }
    expect(quicks).toBeGreaterThan(rounds / 4);
    expect(quicks).toBeLessThan(rounds);
  });
});

describe('a WARC response', () => {
  const HTML =
    '<p>é</p><figure><img src=1.jpg alt="Café"><figcaption>Caption</figcaption></figure>';
  const EXPECTED = [
    ['https://a.test/dir/1.jpg', 'Café', 'alt'],
    ['https://a.test/dir/1.jpg', 'Caption', 'caption'],
  ];
  const chunks = (body: Buffer) =>
    Buffer.concat([
      Buffer.from('5;x=1\r\n'),
      body.subarray(0, 5),
      Buffer.from(`\r\n${(body.length - 5).toString(16)}\r\n`),
      body.subarray(5),
      Buffer.from('\r\n0\r\n\r\n'),
    ]);

  it.each<[string, Buffer, string[]]>([
    ['as it was sent', Buffer.from(HTML), []],
    ['in chunks', chunks(Buffer.from(HTML)), ['Transfer-Encoding: chunked']],
    ['packed', gzipSync(HTML), ['Content-Encoding: gzip']],
    [
      'packed, in chunks',
      chunks(gzipSync(HTML)),
      ['Content-Encoding: gzip', 'Transfer-Encoding: chunked'],
    ],
    [
      'unpacked under the old headers',
      Buffer.from(HTML),
      ['Content-Encoding: br', 'Transfer-Encoding: chunked'],
    ],
  ])('is read %s', async (_name, body, headers) => {
    expect(pairs(await fromWarc(PAGE, body, headers))).toEqual(EXPECTED);
  });

  it('keeps what came of a body in chunks that breaks off', async () => {
    const body = chunks(Buffer.from(HTML));
    const page = await fromWarc(PAGE, body.subarray(0, body.length - 20), [
      'Transfer-Encoding: chunked',
    ]);
    expect(pairs(page)[0]).toEqual(EXPECTED[0]);
  });

  it.each([
    ['HTTP/1.1 404 Not Found\r\nContent-Type: text/html', HTML],
    ['HTTP/1.1 301 Moved\r\nContent-Type: text/html', HTML],
    ['HTTP/1.1 200 OK\r\nContent-Type: image/jpeg', 'x'],
    ['HTTP/1.1 200 OK', HTML],
  ])('is no page: %j', async (head, body) => {
    const record = await only(response(PAGE, ''));
    const block = Buffer.from(`${head}\r\n\r\n${body}`);
    expect(await readResponse({ ...record, block }, ALL_RULES)).toBeUndefined();
  });

  it.each(['', 'nothing', 'SSH-2.0\r\n\r\n', 'HTTP/1.1 2xx\r\n\r\n'])(
    'that is %j is an error',
    async (text) => {
      const record = await only(response(PAGE, ''));
      await expect(
        readResponse({ ...record, block: Buffer.from(text) }, ALL_RULES),
      ).rejects.toThrow();
    },
  );

  it('that cannot be unpacked is an error', async () => {
    await expect(
      fromWarc(PAGE, Buffer.from([1, 2, 3]), ['Content-Encoding: gzip']),
    ).rejects.toThrow('gzip');
  });
});
