import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type NetConfig, sourcesSchema } from '../../../src/config.js';
import { contentId } from '../../../src/core/ids.js';
import type { SourceUnit } from '../../../src/core/source.js';
import type { Candidate, Reject } from '../../../src/core/types.js';
import { createWebSource, type WebUnit } from '../../../src/crawl/index.js';
import { startInternet } from '../../web/internet.js';
import { clientFor, type Handler, html, linksOf, never, newFolder, serve } from '../support.js';

type Settings = Parameters<typeof sourcesSchema.parse>[0] & object;

interface Crawl {
  units: SourceUnit<WebUnit>[];
  /** Pages planned in each round. */
  rounds: string[][];
  candidates: Candidate[];
  rejects: Reject[];
  counts: Record<string, number>;
}

async function crawl(
  port: number,
  settings: Settings,
  net: Partial<NetConfig> = {},
  concurrency?: number,
): Promise<Crawl> {
  const client = clientFor(port, net);
  const config = sourcesSchema.parse(settings);
  const given = concurrency === undefined ? {} : { concurrency };
  const source = await createWebSource(config, client, given);
  const all: Crawl = { units: [], rounds: [], candidates: [], rejects: [], counts: {} };
  const folder = join(await newFolder(), 'frontier');
  const found: string[][] = [];
  const links = (round: number) => linksOf(found[round] as string[]);
  for (let round = 0; ; round++) {
    const units: SourceUnit<WebUnit>[] = [];
    const context = { folder, links, signal: never, expect: () => {} };
    for await (const unit of source.plan(round, context)) units.push(unit);
    if (units.length === 0) return all;
    all.units.push(...units);
    all.rounds.push(units.flatMap(({ input }) => ('pages' in input ? input.pages : [])));
    found.push([]);
    for (const unit of units) {
      for await (const result of source.stream(unit, never)) {
        all.candidates.push(...result.candidates);
        all.rejects.push(...result.rejects);
        found[round]?.push(...result.links);
        for (const [name, n] of Object.entries(result.counts)) {
          all.counts[name] = (all.counts[name] ?? 0) + n;
        }
      }
    }
  }
}

/** Serves `pages` by `host/path`, and nothing else. */
function site(pages: Record<string, string | Handler>): Handler {
  return (req, res) => {
    const page = pages[`${req.headers.host}${req.url}`];
    if (page === undefined) res.writeHead(404).end();
    else if (typeof page === 'string') html(res, page);
    else page(req, res);
  };
}

const text =
  (type: string, body: string | Buffer): Handler =>
  (_req, res) =>
    void res.writeHead(200, { 'content-type': type }).end(body);

describe('web', () => {
  it('goes breadth first, within its hosts, each page once', async () => {
    const server = await serve(
      site({
        'a.test/':
          '<a href=/2>2</a><a href=/1#x>1</a><a href=http://b.test/>b</a><a href=/pic.png>p</a>',
        'a.test/1': '<a href=/>home</a><a href=/3>3</a><img src=1.png alt=one>',
        'a.test/2': '<a href=/3>3</a><a href=/1>1</a>',
        'a.test/3': '<a href=/4>4</a><img src=3.png alt=three>',
        'a.test/4': '<img src=4.png alt=four>',
      }),
    );
    const settings = { seeds: ['http://a.test/#start'], sitemaps: false, maxDepth: 2 };
    const { rounds, candidates, rejects, counts } = await crawl(server.port, settings);
    expect(rounds).toEqual([
      ['http://a.test/'],
      ['http://a.test/1', 'http://a.test/2'],
      ['http://a.test/3'],
    ]);
    expect(candidates.map(({ imageUrl, pageUrl }) => [imageUrl, pageUrl])).toEqual([
      ['http://a.test/1.png', 'http://a.test/1'],
      ['http://a.test/3.png', 'http://a.test/3'],
    ]);
    expect(rejects).toEqual([]);
    expect(counts).toEqual({ pages: 4 });
    expect(server.log.some((line) => line.startsWith('b.test'))).toBe(false);
  });

  it('cuts rounds into units, pages of a host together, and budgets hosts', async () => {
    const links = (host: string) =>
      Array.from({ length: 7 }, (_, i) => `<a href=http://${host}/${i}>x</a>`).join('');
    const server = await serve(
      site({ 'a.test/': links('b.test') + links('a.test'), 'b.test/': links('a.test') }),
    );
    const settings = {
      seeds: ['http://a.test/', 'http://b.test/'],
      sitemaps: false,
      maxPagesPerHost: 6,
      unitSize: 4,
    };
    const { units } = await crawl(server.port, settings);
    const pages = units.map(({ input }) => ('pages' in input ? input.pages : []));
    const of = (host: string, ...names: number[]) => names.map((n) => `http://${host}/${n}`);
    expect(pages).toEqual([
      ['http://a.test/', 'http://b.test/'],
      of('a.test', 0, 1, 2, 3),
      [...of('a.test', 4), ...of('b.test', 0, 1, 2)],
      of('b.test', 3, 4),
    ]);
    for (const { id } of units) expect(id).toMatch(/^web-\d+-\d{5}-[0-9a-f]{8}$/);
    expect(new Set(units.map(({ id }) => id)).size).toBe(units.length);
  });

  it('keeps a reject for every page that gave nothing', async () => {
    const server = await serve(
      site({
        'a.test/robots.txt': text('text/plain', 'User-agent: wit\nDisallow: /private'),
        'a.test/': ['gone', 'private', 'pdf', 'binary', 'fine']
          .map((name) => `<a href=/${name}>x</a>`)
          .join(''),
        'a.test/pdf': text('application/pdf', '%PDF'),
        'a.test/binary': (_req, res) => void res.writeHead(200).end('\x89PNG'),
        'a.test/fine': '<img src=y alt=y>',
      }),
    );
    const settings = { seeds: ['http://a.test/'], sitemaps: false };
    const { rejects, candidates, counts } = await crawl(server.port, settings);
    expect(rejects.map(({ pageUrl, reason, detail }) => [pageUrl, reason, detail])).toEqual([
      ['http://a.test/binary', 'wrong_content_type', 'no content type, and not HTML'],
      ['http://a.test/gone', 'http_client_error', 'HTTP 404'],
      ['http://a.test/pdf', 'wrong_content_type', 'application/pdf'],
      [
        'http://a.test/private',
        'robots_disallowed',
        'robots.txt: Disallow: /private (http://a.test)',
      ],
    ]);
    expect(rejects[0]).toEqual({
      id: contentId('http://a.test/binary'),
      imageUrl: '',
      text: '',
      textSource: 'alt',
      pageUrl: 'http://a.test/binary',
      source: 'web',
      stage: 'discover',
      reason: 'wrong_content_type',
      detail: 'no content type, and not HTML',
    });
    expect(candidates.map(({ text: alt }) => alt)).toEqual(['y']);
    expect(counts.pages).toBe(6);
  });

  it('reads pages in the charset they are in', async () => {
    const server = await serve(
      site({
        'a.test/': text(
          'text/html; charset=iso-8859-1',
          Buffer.from('<img src=x alt="Grüße">', 'latin1'),
        ),
      }),
    );
    const { candidates } = await crawl(server.port, { seeds: ['http://a.test/'] });
    expect(candidates.map(({ text: alt }) => alt)).toEqual(['Grüße']);
  });

  it('follows redirects of pages and names the page that was found', async () => {
    const server = await serve(
      site({
        'a.test/': (_req, res) => void res.writeHead(301, { location: 'http://www.a.test/' }).end(),
        'www.a.test/': '<img src=x alt=x><a href=/1>1</a>',
        'www.a.test/1': '<img src=y alt=y>',
      }),
    );
    const { candidates } = await crawl(server.port, { seeds: ['http://a.test/'], sitemaps: false });
    expect(candidates.map(({ pageUrl }) => pageUrl)).toEqual([
      'http://www.a.test/',
      'http://www.a.test/1',
    ]);
  });

  it.each(['nonsense', '/a', 'ftp://a.test/', 'http://u:p@a.test/'])(
    'names the bad seed %j',
    async (seed) => {
      const config = sourcesSchema.parse({ seeds: ['http://a.test/', seed] });
      await expect(createWebSource(config, clientFor(1))).rejects.toThrow(JSON.stringify(seed));
    },
  );
});

describe('seeds', () => {
  it.each(['http://b.test/', 'http://a.test/photo.jpg'])(
    'that would not be visited are named: %s',
    async (seed) => {
      const config = sourcesSchema.parse({ seeds: ['http://a.test/', seed], hosts: ['a.test'] });
      await expect(createWebSource(config, clientFor(1))).rejects.toThrow(seed);
    },
  );
});

describe('opt-outs of pages', () => {
  it('yield a reject each; links are followed unless nofollow', async () => {
    const names = ['noai', 'noindex', 'none', 'nofollow', 'other'];
    const header =
      (value: string, body: string): Handler =>
      (_req, res) => {
        res.setHeader('x-robots-tag', value);
        html(res, body);
      };
    const body = (name: string) => `<img src=${name}.png alt=${name}><a href=/from-${name}>x</a>`;
    const server = await serve(
      site({
        'a.test/': names.map((name) => `<a href=/${name}>x</a>`).join(''),
        'a.test/noai': header('noai', body('noai')),
        'a.test/noindex': `<meta name=robots content=noindex>${body('noindex')}`,
        'a.test/none': `<meta name=robots content=none>${body('none')}`,
        'a.test/nofollow': header('wit: nofollow', body('nofollow')),
        'a.test/other': header('otherbot: none', body('other')),
      }),
    );
    const settings = { seeds: ['http://a.test/'], sitemaps: false };
    const { rejects, rounds, candidates } = await crawl(server.port, settings);
    const optOuts = rejects.filter(({ reason }) => reason === 'opt_out');
    expect(optOuts.map(({ pageUrl, detail }) => [pageUrl, detail])).toEqual([
      ['http://a.test/noai', 'x-robots-tag: noai'],
      ['http://a.test/noindex', 'meta-robots: noindex'],
      ['http://a.test/none', 'meta-robots: none'],
    ]);
    expect(candidates.map(({ text: alt }) => alt)).toEqual(['nofollow', 'other']);
    expect(rounds[2]).toEqual(
      ['noai', 'noindex', 'other'].map((name) => `http://a.test/from-${name}`),
    );
  });
});

describe('sitemaps', () => {
  const urlset = (...paths: string[]) =>
    `<urlset>${paths.map((path) => `<url><loc>http://a.test${path}</loc></url>`).join('')}</urlset>`;

  it('are found through robots.txt and at /sitemap.xml, through indexes, packed or not', async () => {
    const index =
      '<sitemapindex><sitemap><loc>http://a.test/1.xml.gz</loc></sitemap><sitemap><loc>http://a.test/2.xml</loc></sitemap><sitemap><loc>http://a.test/index.xml</loc></sitemap></sitemapindex>';
    const server = await serve(
      site({
        'a.test/robots.txt': text('text/plain', 'Sitemap: http://a.test/index.xml'),
        'a.test/index.xml': text('application/xml', index),
        'a.test/1.xml.gz': text('application/gzip', gzipSync(urlset('/packed', '/packed#x'))),
        'a.test/2.xml': text('text/xml', urlset('/plain')),
        'a.test/sitemap.xml': text('text/xml', `${urlset('/guessed')}<loc>http://b.test/</loc>`),
        'a.test/': '',
        ...Object.fromEntries(
          ['packed', 'plain', 'guessed'].map((n) => [`a.test/${n}`, `<img src=${n} alt=${n}>`]),
        ),
      }),
    );
    const { rounds, candidates, rejects, counts } = await crawl(server.port, {
      seeds: ['http://a.test/'],
    });
    expect(rounds).toEqual([
      ['http://a.test/'],
      ['http://a.test/guessed', 'http://a.test/packed', 'http://a.test/plain'],
    ]);
    expect(candidates).toHaveLength(3);
    expect(rejects).toEqual([]);
    expect(counts).toEqual({ pages: 4, sitemaps: 4 });
  });

  it('that were promised and cannot be read are rejects; one that was guessed is not', async () => {
    const server = await serve(
      site({
        'a.test/robots.txt': text('text/plain', 'Sitemap: /gone.xml\nSitemap: /cut.xml.gz'),
        'a.test/cut.xml.gz': text('application/gzip', gzipSync(urlset('/x')).subarray(0, 30)),
        'a.test/': '',
      }),
    );
    const { rejects } = await crawl(server.port, { seeds: ['http://a.test/'] });
    expect(rejects.map(({ pageUrl, reason }) => [pageUrl, reason])).toEqual([
      ['http://a.test/gone.xml', 'http_client_error'],
      ['http://a.test/cut.xml.gz', 'bad_response'],
    ]);
  });

  it('are left alone when they are not wanted', async () => {
    const server = await serve(site({ 'a.test/': '' }));
    await crawl(server.port, { seeds: ['http://a.test/'], sitemaps: false });
    expect(server.log).toEqual(['a.test/robots.txt', 'a.test/']);
  });
});

describe('a small internet with every trouble', () => {
  it('gives the same candidates and losses, as its plan expects, at any concurrency', async () => {
    const results: Crawl[] = [];
    for (const concurrency of [1, 16]) {
      const internet = await startInternet({ designers: ['noto'], concepts: 60, slowMs: 5 });
      try {
        const settings = { seeds: internet.seeds, hosts: internet.hosts, unitSize: 50 };
        const net = {
          perHostConcurrency: concurrency === 1 ? 1 : 4,
          timeoutMs: 1_500,
          retries: 2,
          maxBackoffMs: 50,
          concurrency,
        };
        const result = await crawl(internet.port, settings, net, concurrency);
        results.push(result);
        expect(internet.requests.failures).toEqual([]);
        const lossOf = new Map(result.rejects.map(({ pageUrl, reason }) => [pageUrl, reason]));
        const visited = new Set(result.rounds.flat());
        let checked = 0;
        for (const fate of internet.web.expectedFates) {
          if (fate.kind !== 'page') continue;
          checked++;
          const outcome = visited.has(fate.url) ? (lossOf.get(fate.url) ?? 'kept') : 'absent';
          expect([fate.reason, ...(fate.or ?? [])], fate.url).toContain(outcome);
        }
        expect(checked).toBeGreaterThan(5);
        // Every page is accounted for: it gave candidates or links, or it has a reject.
        expect(result.rejects.filter(({ pageUrl }) => visited.has(pageUrl ?? ''))).toHaveLength(
          result.rejects.length,
        );
      } finally {
        await internet.close();
      }
    }
    const [one, many] = results as [Crawl, Crawl];
    expect(many.rounds).toEqual(one.rounds);
    expect(many.candidates).toEqual(one.candidates);
    const losses = ({ rejects }: Crawl) => rejects.map(({ pageUrl, reason }) => [pageUrl, reason]);
    expect(losses(many)).toEqual(losses(one));
    expect(one.candidates.length).toBeGreaterThan(60);
  });
});

describe('seed files', () => {
  it('start a crawl beside seeds of the settings; lines that are no seeds are rejects', async () => {
    const links = '<a href=/next>n</a><a href=http://c.test/>c</a>';
    const server = await serve(
      site({
        'a.test/': links,
        'a.test/next': '<a href=/deep>d</a>',
        'b.test/': links,
        'b.test/next': '',
        'd.test/': links,
        'd.test/sitemap.xml': text('text/xml', '<urlset><loc>http://d.test/listed</loc></urlset>'),
        'd.test/listed': '',
        'd.test/next': '',
      }),
    );
    const folder = await newFolder();
    const plain = join(folder, 'seeds.txt');
    await writeFile(
      plain,
      '\uFEFFhttp://a.test/#top\r\n\n# a comment\nnonsense\nhttp://a.test/\nhttp://b.test/x.pdf\nhttp://b.test/',
    );
    const packed = join(folder, 'more.gz');
    await writeFile(packed, gzipSync('http://b.test/\nftp://b.test/\n'));
    const settings = { seeds: ['http://d.test/'], seedFiles: [plain, packed], maxDepth: 1 };
    const { rounds, rejects, counts } = await crawl(server.port, settings);
    expect(rounds).toEqual([
      [],
      ['http://a.test/', 'http://b.test/', 'http://d.test/'],
      ['http://a.test/next', 'http://b.test/next', 'http://d.test/listed', 'http://d.test/next'],
    ]);
    expect(rejects.map(({ pageUrl, reason, detail }) => [pageUrl, reason, detail])).toEqual([
      ['nonsense', 'bad_url', `${plain}, line 4: it is not an absolute URL`],
      ['http://b.test/x.pdf', 'bad_url', `${plain}, line 6: a file, a trap, or outside the hosts`],
      ['ftp://b.test/', 'bad_url', `${packed}, line 2: ftp: is neither http: nor https:`],
    ]);
    expect(counts).toEqual({ pages: 7, seeds: 4, sitemaps: 1 });
  });

  it('that are not there are an error, and so is any host beside hosts', async () => {
    const missing = sourcesSchema.parse({ seedFiles: ['/nowhere/seeds.txt'] });
    await expect(createWebSource(missing, clientFor(1))).rejects.toMatchObject({
      code: 'missing_file',
      message: 'Seed file /nowhere/seeds.txt does not exist',
    });
    const both = sourcesSchema.parse({ seeds: ['http://a.test/'], hosts: ['a'], anyHost: true });
    await expect(createWebSource(both, clientFor(1))).rejects.toThrow('cannot both be set');
  });
});

describe('any host', () => {
  it('is visited, each within its budget', async () => {
    const pages = (host: string) =>
      [1, 2, 3].map((n) => `<a href=http://${host}/${n}>x</a>`).join('');
    const server = await serve((req, res) => {
      if (req.url === '/robots.txt') res.writeHead(404).end();
      else html(res, pages('b.test') + pages('c.test') + pages(String(req.headers.host)));
    });
    const settings = {
      seeds: ['http://a.test/'],
      anyHost: true,
      maxPagesPerHost: 2,
      sitemaps: false,
      maxDepth: 3,
    };
    const { rounds } = await crawl(server.port, settings);
    expect(rounds).toEqual([
      ['http://a.test/'],
      [
        'http://a.test/1',
        'http://b.test/1',
        'http://b.test/2',
        'http://c.test/1',
        'http://c.test/2',
      ],
    ]);
  });
});

describe('a canonical page', () => {
  it('is followed in place of the links of its variants, which keep their images', async () => {
    const variant = (canonical: string, name: string) =>
      `<link rel=canonical href="${canonical}"><img src=/${name}.png alt=${name}><a href=/from-${name}>x</a>`;
    const server = await serve(
      site({
        'a.test/': ['list?sort=1', 'self', 'front', 'away', 'shut']
          .map((name) => `<a href=/${name}>x</a>`)
          .join(''),
        'a.test/list?sort=1': variant('/list', 'variant'),
        'a.test/list': variant('/list', 'list'),
        'a.test/self': variant('http://a.test/self#x', 'self'),
        'a.test/front': variant('/', 'front'),
        'a.test/away': variant('http://b.test/away', 'away'),
        'a.test/shut': `<meta name=robots content=nofollow>${variant('/other', 'shut')}`,
      }),
    );
    const settings = { seeds: ['http://a.test/'], sitemaps: false, maxDepth: 2 };
    const { rounds, candidates } = await crawl(server.port, settings);
    expect(rounds[2]).toEqual([
      'http://a.test/from-away',
      'http://a.test/from-front',
      'http://a.test/from-self',
      'http://a.test/list',
    ]);
    expect(new Set(candidates.map(({ text: alt }) => alt))).toEqual(
      new Set(['variant', 'list', 'self', 'front', 'away', 'shut']),
    );
  });
});

describe('images in sitemaps', () => {
  it('are candidates of their pages, unless these may not be visited', async () => {
    const image = (name: string, more = '') =>
      `<image:image><image:loc>/${name}.jpg</image:loc>${more}</image:image>`;
    const page = (url: string, ...images: string[]) =>
      `<url><loc>${url}</loc>${images.join('')}</url>`;
    const sitemap = `<urlset>${page(
      'http://a.test/1#x',
      image('dog', '<image:caption>A dog</image:caption><image:title>Rex</image:title>'),
      image('cat', '<image:license>http://a.test/cc</image:license>'),
      image('dog', '<image:title>Rex</image:title>'),
    )}${page('http://a.test/private/2', image('no'))}${page('http://b.test/', image('no'))}</urlset>`;
    const server = await serve(
      site({
        'a.test/robots.txt': text('text/plain', 'User-agent: *\nDisallow: /private'),
        'a.test/sitemap.xml': text('text/xml', sitemap),
        'a.test/': '',
        'a.test/1': '',
      }),
    );
    const { candidates, rejects } = await crawl(server.port, { seeds: ['http://a.test/'] });
    expect(candidates.map((c) => [c.imageUrl, c.text, c.textSource, c.pageUrl, c.license])).toEqual(
      [
        ['http://a.test/dog.jpg', 'A dog', 'caption', 'http://a.test/1', undefined],
        ['http://a.test/dog.jpg', 'Rex', 'title', 'http://a.test/1', undefined],
        ['http://a.test/cat.jpg', '', 'alt', 'http://a.test/1', 'http://a.test/cc'],
      ],
    );
    expect(rejects.map(({ pageUrl, reason }) => [pageUrl, reason])).toEqual([
      ['http://a.test/private/2', 'robots_disallowed'],
    ]);
  });
});
