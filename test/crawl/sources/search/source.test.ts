import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type NetConfig, searchSchema } from '../../../../src/config.js';
import type { SourceUnit } from '../../../../src/core/source.js';
import type { Candidate, Reject } from '../../../../src/core/types.js';
import { createSearchSource, type SearchUnit } from '../../../../src/crawl/index.js';
import { clientFor, netFor, never, planned, serve, type TestServer } from '../../support.js';
import { Apis, type ApisOptions, json, type Request, type Work } from './engines.js';

type Settings = Parameters<typeof searchSchema.parse>[0] & object;
type Engine = 'commons' | 'openverse' | 'searxng';

const ENGINES: readonly Engine[] = ['commons', 'openverse', 'searxng'];

/** `n` works about cats, and one about a dog. */
function cats(n: number): Work[] {
  const works = Array.from({ length: n }, (_, i) => ({
    name: `Cat no ${i}`,
    description: `A small <b>black cat</b>, the ${i}th of many &amp; more`,
  }));
  return [...works, { name: 'Dog', description: 'A dog' }];
}

interface Running {
  apis: Apis;
  server: TestServer;
  settings(engines: readonly Engine[]): Settings;
}

async function start(options: Partial<ApisOptions> = {}): Promise<Running> {
  const apis = new Apis({ works: cats(3), images: 'https://images.test', ...options });
  const server = await serve((req, res) => {
    if (!apis.handle(req, res)) res.writeHead(404).end();
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const settings = (engines: readonly Engine[]) => ({
    engines: [...engines],
    commonsEndpoint: `${origin}/w/api.php`,
    openverseEndpoint: `${origin}/v1`,
    searxngEndpoint: `${origin}/`,
  });
  return { apis, server, settings };
}

interface Found {
  units: SourceUnit<SearchUnit>[];
  candidates: Candidate[];
  rejects: Reject[];
  counts: Record<string, number>;
}

interface SearchSettings {
  net?: Partial<NetConfig>;
  queries?: readonly string[];
  cap?: number;
  seed?: number;
  environment?: Record<string, string>;
}

const FAST = { commonsPerSecond: 1e6, openversePerSecond: 1e6, searxngPerSecond: 1e6 };

function sourceOf({ server }: Running, settings: Settings, options: SearchSettings = {}) {
  const net = { ...FAST, ...options.net };
  return createSearchSource(searchSchema.parse(settings), {
    client: clientFor(server.port, net),
    queries: options.queries ?? ['cat'],
    net: netFor(server.port, net),
    cap: options.cap ?? 1_000,
    neededWidth: 768,
    seed: options.seed ?? 0,
    environment: options.environment ?? {},
  });
}

async function search(
  running: Running,
  settings: Settings,
  options: SearchSettings = {},
): Promise<Found> {
  const source = sourceOf(running, settings, options);
  const units = await planned(source);
  expect(await planned(source, 1)).toEqual([]);
  const found: Found = { units, candidates: [], rejects: [], counts: {} };
  for (const unit of units) {
    for await (const result of source.stream(unit, never)) {
      found.candidates.push(...result.candidates);
      found.rejects.push(...result.rejects);
      for (const [name, n] of Object.entries(result.counts)) {
        found.counts[name] = (found.counts[name] ?? 0) + n;
      }
    }
  }
  return found;
}

const images = ({ candidates }: Found) => [...new Set(candidates.map((c) => c.imageUrl))];
const fates = ({ rejects }: Found) => rejects.map(({ reason, detail }) => [reason, detail]);
const parametersOf = ({ url }: Request) => Object.fromEntries(url.searchParams);

describe('commons', () => {
  it('asks as documented and reads texts, licence, page and thumbnail in the order of the search', async () => {
    const running = await start();
    const found = await search(running, running.settings(['commons']));
    expect(running.apis.requests).toHaveLength(1);
    expect(parametersOf(running.apis.requests[0] as Request)).toEqual({
      action: 'query',
      format: 'json',
      formatversion: '2',
      maxlag: '5',
      generator: 'search',
      gsrsearch: 'filetype:bitmap "cat"',
      gsrnamespace: '6',
      gsrlimit: '50',
      prop: 'imageinfo',
      iiprop: 'url|size|mime|extmetadata',
      iiextmetadatafilter: 'ImageDescription|ObjectName|License|LicenseShortName|LicenseUrl',
      iiextmetadatalanguage: 'en',
      iiurlwidth: '960',
    });
    expect(found.rejects).toEqual([]);
    expect(found.counts).toEqual({ queries: 1, requests: 1, rows: 3, repeated: 0 });
    expect(images(found)).toEqual([0, 1, 2].map((i) => `https://images.test/thumb/960px-${i}.jpg`));
    expect(found.candidates.slice(0, 3).map(({ id: _id, ...rest }) => rest)).toEqual([
      {
        imageUrl: 'https://images.test/thumb/960px-0.jpg',
        text: 'A small black cat, the 0th of many & more',
        textSource: 'search',
        source: 'search',
        pageUrl: 'https://commons.test/wiki/File:Cat%20no%200.jpg',
        license: 'CC BY-SA 4.0 https://creativecommons.org/licenses/by-sa/4.0',
      },
      {
        imageUrl: 'https://images.test/thumb/960px-0.jpg',
        text: 'Cat no 0',
        textSource: 'search',
        source: 'search',
        pageUrl: 'https://commons.test/wiki/File:Cat%20no%200.jpg',
        license: 'CC BY-SA 4.0 https://creativecommons.org/licenses/by-sa/4.0',
      },
      expect.objectContaining({ license: 'Public domain' }),
    ]);
  });

  it('pages by handing back what continue holds, and nothing else from it', async () => {
    const { apis, ...running } = await start({
      works: cats(7),
      before: ({ url }, res) => {
        if (url.searchParams.has('gsroffset')) return false;
        json(res, 200, {
          batchcomplete: true,
          continue: { gsroffset: 3, continue: 'gsroffset||', action: 'login', maxlag: '999' },
          query: {
            pages: [{ title: 'File:A.jpg', index: 1, imageinfo: [{ url: 'https://x.test/a' }] }],
          },
        });
        return true;
      },
    });
    const settings = { ...running.settings(['commons']), commonsPageSize: 3 };
    const found = await search({ apis, ...running }, settings);
    expect(apis.requests.map(({ url }) => url.searchParams.get('gsroffset'))).toEqual([
      null,
      '3',
      '6',
    ]);
    expect(new Set(apis.requests.map(({ url }) => url.searchParams.get('action')))).toEqual(
      new Set(['query']),
    );
    expect(apis.requests.map(({ url }) => url.searchParams.get('maxlag'))).toEqual(['5', '5', '5']);
    expect(images(found)).toHaveLength(5);
    expect(found.candidates[0]).toMatchObject({ imageUrl: 'https://x.test/a', text: 'A' });
  });

  it('waits for maxlag as Retry-After says, though its status is 200', async () => {
    let lagged = 0;
    const running = await start({
      before: (_request, res) => {
        if (lagged++ > 1) return false;
        const error = { code: 'maxlag', info: 'Waiting for db1: 7 seconds lagged', lag: 7 };
        json(res, 200, { error }, { 'retry-after': '0' });
        return true;
      },
    });
    const found = await search(running, running.settings(['commons']));
    expect(running.apis.requests).toHaveLength(3);
    expect(images(found)).toHaveLength(3);
    expect(found.rejects).toEqual([]);
  });

  it('reads the rest of a batch that comes in parts', async () => {
    const running = await start({
      before: ({ url }, res) => {
        const rest = url.searchParams.get('iistart') !== null;
        const page = { title: 'File:A.jpg', index: 1 };
        const whole = { ...page, imageinfo: [{ url: 'https://x.test/a.jpg' }] };
        json(res, 200, {
          ...(rest ? { batchcomplete: true } : { continue: { iistart: '2020', continue: '||' } }),
          query: { pages: [rest ? whole : page] },
        });
        return true;
      },
    });
    const found = await search(running, running.settings(['commons']));
    expect(images(found)).toEqual(['https://x.test/a.jpg']);
    expect(running.apis.requests).toHaveLength(2);
  });

  it('keeps an error in a 200 as a reject of its query, and goes on with the next', async () => {
    const running = await start({
      before: ({ url }, res) => {
        if (!url.searchParams.get('gsrsearch')?.includes('dog')) return false;
        json(res, 200, { error: { code: 'internal_api_error', info: 'Caught exception' } });
        return true;
      },
    });
    const found = await search(running, running.settings(['commons']), { queries: ['dog', 'cat'] });
    expect(fates(found)).toEqual([
      ['bad_response', 'commons, query "dog", page 1: internal_api_error: Caught exception'],
    ]);
    expect(images(found)).toHaveLength(3);
  });

  it('ends the run when its token is wrong', async () => {
    const token = 'eyJ0-secret';
    const running = await start({
      before: ({ headers }, res) => {
        expect(headers.authorization).toBe(`Bearer ${token}`);
        const code = 'mwoauth-invalid-authorization';
        json(res, 200, { error: { code, info: `wrong: ${headers.authorization}` } });
        return true;
      },
    });
    const failure = search(running, running.settings(['commons']), {
      environment: { WIT_COMMONS_TOKEN: token },
    }).catch((error) => error);
    expect(await failure).toMatchObject({
      code: 'config',
      hint: expect.stringContaining('WIT_COMMONS_TOKEN'),
    });
    expect(String(await failure)).not.toContain(token);
  });
});

describe('openverse', () => {
  it('asks as documented, page by page to page_count, and reads title, licence and page', async () => {
    const running = await start({ works: cats(45) });
    const found = await search(running, running.settings(['openverse']));
    expect(running.apis.requests.map(parametersOf)).toEqual(
      ['1', '2', '3'].map((page) => ({ q: '"cat"', page, page_size: '20' })),
    );
    expect(found.candidates).toHaveLength(45);
    const [by, cc0] = found.candidates;
    expect(by).toMatchObject({
      imageUrl: 'https://images.test/openverse/0.jpg',
      text: 'Cat no 0',
      pageUrl: 'https://photos.test/0',
      license: 'CC BY 2.0 https://creativecommons.org/licenses/by/2.0/',
    });
    expect(cc0?.license).toBe('CC0 1.0');
    expect(running.apis.requests.every(({ headers }) => headers.authorization === undefined)).toBe(
      true,
    );
  });

  const key = { WIT_OPENVERSE_CLIENT_ID: 'me', WIT_OPENVERSE_CLIENT_SECRET: 's3cret' };

  it('fetches a token for its client, once, and another when it has expired', async () => {
    let searches = 0;
    const running = await start({
      works: cats(120),
      client: 'me:s3cret',
      before: ({ url }) => {
        if (url.pathname === '/v1/images/' && ++searches === 2) running.apis.expire();
        return false;
      },
    });
    const settings = { ...running.settings(['openverse']), openversePageSize: 50 };
    const found = await search(running, settings, { environment: key });
    expect(found.rejects).toEqual([]);
    expect(images(found)).toHaveLength(120);
    const paths = running.apis.requests.map(({ url }) => url.pathname.split('/')[2]);
    expect(paths).toEqual(['auth_tokens', 'images', 'images', 'auth_tokens', 'images', 'images']);
  });

  it.each([
    ['a wrong secret', key, 'gives no token'],
    ['a wrong token', { WIT_OPENVERSE_TOKEN: 'wr0ng' }, 'HTTP 401'],
  ])('ends the run at %s, which no message holds', async (_what, environment, message) => {
    const running = await start({ client: 'me:other' });
    const failure = await search(running, running.settings(['openverse']), { environment }).catch(
      (error) => error,
    );
    expect(failure).toMatchObject({ name: 'WitError', code: 'config' });
    expect(failure.message).toContain(message);
    expect(failure.hint).toContain('WIT_OPENVERSE_');
    const said = JSON.stringify([failure.message, failure.hint]);
    for (const secret of Object.values(environment)) {
      if (secret !== 'me') expect(said).not.toContain(secret);
    }
  });

  it('waits for a 429 as it says, and ends the run at one longer than is waited', async () => {
    let after = '0';
    const running = await start({
      before: (_request, res) => {
        if (after === '') return false;
        json(res, 429, { detail: 'Request was throttled.' }, { 'retry-after': after });
        if (after === '0') after = '';
        return true;
      },
    });
    const found = await search(running, running.settings(['openverse']));
    expect(images(found)).toHaveLength(3);
    expect(running.apis.requests).toHaveLength(2);
    after = '40000';
    const failure = search(running, running.settings(['openverse']));
    await expect(failure).rejects.toThrow('openverse asks to be left alone for 40000 s');
    expect(running.apis.requests).toHaveLength(3);
  });

  it('hides a token that an answer sends back', async () => {
    const running = await start({
      before: ({ headers }, res) => {
        json(res, 200, { detail: `you sent ${headers.authorization}` });
        return true;
      },
    });
    const found = await search(running, running.settings(['openverse']), {
      environment: { WIT_OPENVERSE_TOKEN: 't0ken' },
    });
    expect(fates(found)).toEqual([
      ['bad_response', 'openverse, query "cat", page 1: no results: you sent Bearer (token)'],
    ]);
  });
});

describe('searxng', () => {
  it('asks as documented until a page brings nothing new', async () => {
    const running = await start({ works: cats(23) });
    const found = await search(running, running.settings(['searxng']));
    expect(running.apis.requests.map(parametersOf)).toEqual(
      ['1', '2', '3', '4'].map((pageno) => ({
        q: '"cat"',
        categories: 'images',
        language: 'en',
        pageno,
        format: 'json',
      })),
    );
    expect(images(found)).toHaveLength(23);
    expect(found.candidates[1]).toMatchObject({
      imageUrl: 'https://images.test/searxng/0.jpg',
      pageUrl: 'https://blog.test/0',
    });
    expect(found.candidates[1]).not.toHaveProperty('license');
  });

  it('sends no commands of SearXNG and no quotes that queries hold', async () => {
    const running = await start();
    await search(running, running.settings(['searxng']), {
      queries: ['!!g "cat"', ':de cat', 'a <day cat'],
    });
    const asked = running.apis.requests.map(({ url }) => url.searchParams.get('q'));
    expect(asked).toEqual(['"g cat"', '"de cat"', '"a day cat"']);
  });

  it('ends the run when JSON is off', async () => {
    const running = await start({
      before: (_request, res) => {
        res.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Forbidden</h1>');
        return true;
      },
    });
    const failure = await search(running, running.settings(['searxng'])).catch((error) => error);
    expect(failure).toMatchObject({
      code: 'config',
      hint: expect.stringContaining('search.formats'),
    });
  });

  it('tells "nothing found" from "nobody answered"', async () => {
    const running = await start({
      before: (_request, res) => {
        json(res, 200, { results: [], unresponsive_engines: [['bing images', 'timeout']] });
        return true;
      },
    });
    const found = await search(running, running.settings(['searxng']));
    expect(fates(found)).toEqual([['http_server_error', expect.stringContaining('bing images')]]);
    const empty = await start();
    const none = await search(empty, empty.settings(['searxng']), { queries: ['zebra'] });
    expect(none.rejects).toEqual([]);
    expect(none.counts).toEqual({ queries: 1, requests: 1, rows: 0, repeated: 0 });
  });
});

describe('every engine', () => {
  it.each(ENGINES)('%s: stops at the images wanted for a query', async (engine) => {
    const running = await start({ works: cats(300) });
    const settings = running.settings([engine]);
    const few = await search(running, { ...settings, perQuery: 13 });
    expect(images(few)).toHaveLength(13);
    const capped = await search(running, settings, { cap: 4, queries: ['cat', 'dog'] });
    expect(images(capped)).toHaveLength(5);
    const over = await search(running, { ...settings, perQuery: 13 }, { cap: 4 });
    expect(images(over)).toHaveLength(4);
  });

  it.each(ENGINES)('%s: gives the same for the same answers', async (engine) => {
    const running = await start({ works: cats(60) });
    const options = { queries: ['cat', 'dog', 'black cat'] };
    const [one, two] = [
      await search(running, running.settings([engine]), options),
      await search(running, running.settings([engine]), options),
    ];
    expect(one).toEqual(two);
    expect(one.candidates.length).toBeGreaterThan(100);
  });

  it.each(ENGINES)('%s: keeps its pages when a later one fails', async (engine) => {
    let requests = 0;
    const running = await start({
      works: cats(300),
      before: (_request, res) => {
        if (++requests < 3) return false;
        res.writeHead(500).end();
        return true;
      },
    });
    const found = await search(running, running.settings([engine]), { net: { retries: 0 } });
    expect(images(found).length).toBeGreaterThanOrEqual(20);
    expect(fates(found)).toEqual([
      ['http_server_error', `${engine}, query "cat", page 3: HTTP 500`],
    ]);
  });

  const answers: [string, string, (res: ServerResponse) => void][] = [
    [
      'HTML',
      'wrong_content_type',
      (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
    ],
    ['no JSON', 'bad_response', (res) => json(res, 200, '{"results": [')],
    ['an array', 'bad_response', (res) => json(res, 200, '[1]')],
    [
      'deep JSON',
      'bad_response',
      (res) => json(res, 200, '['.repeat(100_000) + ']'.repeat(100_000)),
    ],
    ['too many bytes', 'too_many_bytes', (res) => json(res, 200, `{"a":"${'x'.repeat(300_000)}"}`)],
    [
      'a redirect',
      'bad_response',
      (res) => res.writeHead(302, { location: 'http://a.test/' }).end(),
    ],
    ['a missing page', 'http_client_error', (res) => json(res, 404, {})],
    ['a server error', 'http_server_error', (res) => json(res, 503, {}, { 'retry-after': '0' })],
  ];
  describe.each(ENGINES)('%s', (engine) => {
    it.each(answers)('makes a reject of %s', async (_what, reason, answer) => {
      const running = await start({
        before: (_request, res) => {
          answer(res);
          return true;
        },
      });
      const net = { retries: 1, maxPageBytes: 250_000 };
      const found = await search(running, running.settings([engine]), { net });
      expect(found.rejects.map((reject) => [reject.reason, reject.stage])).toEqual([
        [reason, 'discover'],
      ]);
      expect(found.rejects[0]?.detail).toContain(`${engine}, query "cat", page 1`);
      expect(found.candidates).toEqual([]);
    });

    it('never pages for ever: the same page again, and pages without end', async () => {
      const page = (n: number) => {
        const image = `https://images.test/${n}.jpg`;
        return {
          batchcomplete: true,
          continue: { gsroffset: n, continue: 'gsroffset||' },
          query: { pages: [{ title: 'File:A.jpg', index: 1, imageinfo: [{ url: image }] }] },
          page_count: 1e9,
          results: [{ url: image, img_src: image, title: 'cat' }],
        };
      };
      let n = 0;
      let next = () => 1;
      const running = await start({
        before: (_request, res) => {
          json(res, 200, page(next()));
          return true;
        },
      });
      const same = await search(running, running.settings([engine]));
      expect(images(same)).toHaveLength(1);
      expect(running.apis.requests).toHaveLength(2);
      next = () => ++n;
      running.apis.requests.length = 0;
      const endless = await search(running, running.settings([engine]));
      const limit = { commons: 200, openverse: 20, searxng: 50 }[engine];
      expect(running.apis.requests).toHaveLength(limit);
      expect(images(endless)).toHaveLength(limit);
    });

    it('reads hostile and malformed results one by one', async () => {
      const long = 'cat '.repeat(30_000);
      const urls: unknown[] = [
        'javascript:alert(1)',
        'data:image/png;base64,AAAA',
        'http://user:pass@a.test/x.jpg',
        '/relative.jpg',
        7,
        undefined,
        'http://169.254.169.254/latest/meta-data',
        'https://images.test/good.jpg#part',
        'https://images.test/good.jpg',
      ];
      const running = await start({
        before: ({ url }, res) => {
          const pages = urls.map((image, index) => ({
            title: `File:${long}.jpg`,
            index,
            imageinfo: [{ url: image, descriptionurl: 'javascript:alert(1)' }],
          }));
          const results = urls.map((image) => ({
            url: engine === 'openverse' ? image : 'javascript:alert(1)',
            img_src: image,
            foreign_landing_url: 'javascript:alert(1)',
            title: long,
            license: { nested: true },
          }));
          json(res, 200, {
            batchcomplete: true,
            query: { pages: [...pages, null, 5, 'x'] },
            page_count: 1,
            results: url.searchParams.get('pageno') === '2' ? [] : [...results, null, 'x'],
          });
          return true;
        },
      });
      const found = await search(running, running.settings([engine]), {
        net: { maxPageBytes: 2e7 },
      });
      const count = (reason: string) => found.rejects.filter((r) => r.reason === reason).length;
      expect(count('bad_url')).toBe(4);
      expect(count('bad_row')).toBe(engine === 'commons' ? 5 : 4);
      expect(found.counts.repeated).toBeGreaterThanOrEqual(1);
      // Whether an address may be reached is decided when it is connected to.
      expect(images(found)).toEqual([
        'http://169.254.169.254/latest/meta-data',
        'https://images.test/good.jpg',
      ]);
      for (const { text, pageUrl, license } of found.candidates) {
        expect(text.length).toBeLessThanOrEqual(10_000);
        expect(pageUrl).toBeUndefined();
        expect(license).toBeUndefined();
      }
    });
  });

  it('is asked one request at a time, at its pace, whatever number of units are at work', async () => {
    const running = await start({ works: cats(40) });
    const settings = { ...running.settings(['searxng']), queriesPerUnit: 1 };
    const began = performance.now();
    const source = sourceOf(running, settings, {
      queries: ['cat', 'dog', 'black cat', 'small'],
      net: { searxngPerSecond: 50 },
    });
    const units = await planned(source);
    expect(units).toHaveLength(4);
    await Promise.all(
      units.map(async (unit) => {
        for await (const _ of source.stream(unit, never));
      }),
    );
    expect(running.apis.mostOpen).toBe(1);
    const waits = running.apis.requests.length - 1;
    expect(waits).toBeGreaterThan(10);
    expect(performance.now() - began).toBeGreaterThanOrEqual(waits * 20 - 5);
  });

  it('ends the run, instead of losing every query, when it cannot be reached', async () => {
    const running = await start();
    // Nobody listens there: port 1 of this machine is refused at once.
    const unreachable = { net: { connectTo: ['::127.0.0.1:1'], retries: 1 } };
    await expect(search(running, running.settings(['commons']), unreachable)).rejects.toMatchObject(
      {
        code: 'network',
        message: expect.stringContaining('commons cannot be reached: connect'),
      },
    );
    const closed = { net: { allowPrivate: false } };
    await expect(search(running, running.settings(['searxng']), closed)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('--allow-private'),
    });
    expect(running.apis.requests).toEqual([]);
  });

  it('ends at once when the run is aborted', async () => {
    const running = await start();
    const source = sourceOf(running, running.settings(['commons']));
    const [unit] = await planned(source);
    const control = new AbortController();
    control.abort(new Error('stopped'));
    const results = source.stream(unit as SourceUnit<SearchUnit>, control.signal);
    await expect(results[Symbol.asyncIterator]().next()).rejects.toThrow('stopped');
    expect(running.apis.requests).toEqual([]);
  });
});

describe('licences', () => {
  it('that are not wanted are rejects of Commons and no results of Openverse', async () => {
    const running = await start({ works: cats(6) });
    const settings = { ...running.settings(['commons', 'openverse']), licenses: ['pdm', 'by'] };
    const found = await search(running, settings as Settings);
    expect(running.apis.requests[1]?.url.searchParams.get('license')).toBe('pdm,by');
    expect(new Set(found.candidates.map(({ license }) => license))).toEqual(
      new Set(['Public domain', 'CC BY 2.0 https://creativecommons.org/licenses/by/2.0/']),
    );
    expect(found.rejects.map(({ reason }) => reason)).toEqual(Array(3).fill('unwanted_license'));
    expect(found.rejects[0]).toMatchObject({
      imageUrl: 'https://images.test/thumb/960px-0.jpg',
      detail: expect.stringContaining('CC BY-SA 4.0'),
    });
  });
});

describe('the plan', () => {
  const queries = Array.from({ length: 10 }, (_, i) => `query ${i}`);
  const planOf = async (settings: object, seed = 0) => {
    const running = await start();
    const all = { ...running.settings(['commons', 'openverse']), queriesPerUnit: 3, ...settings };
    return await planned(sourceOf(running, all, { queries, seed }));
  };

  it('puts some queries to each engine in a unit, all engines from the start', async () => {
    const units = await planOf({});
    expect(units.map(({ input }) => [input.engine, input.queries.length])).toEqual(
      [3, 3, 3, 1].flatMap((n) => [
        ['commons', n],
        ['openverse', n],
      ]),
    );
    expect(new Set(units.map(({ id }) => id)).size).toBe(8);
    for (const { id } of units)
      expect(id).toMatch(/^search-\d{5}-(commons|openverse)-[0-9a-f]{8}$/);
  });

  it('takes a range of the list, or of a seeded order of it', async () => {
    const asked = async (settings: object, seed?: number) =>
      (await planOf({ engines: ['commons'], ...settings }, seed)).flatMap(
        ({ input }) => input.queries,
      );
    expect(await asked({ skipQueries: 2, maxQueries: 4 })).toEqual(queries.slice(2, 6));
    expect(await asked({ skipQueries: 12 })).toEqual([]);
    const all = await asked({ queryOrder: 'random' });
    expect(all).not.toEqual(queries);
    expect([...all].sort()).toEqual(queries);
    expect(await asked({ queryOrder: 'random', skipQueries: 3, maxQueries: 5 })).toEqual(
      all.slice(3, 8),
    );
    expect(await asked({ queryOrder: 'random' }, 1)).not.toEqual(all);
  });
});

describe('settings that cannot be', () => {
  const secret = 'pa55word';
  it.each([
    [
      'no instance',
      { engines: ['searxng'], searxngEndpoint: undefined },
      {},
      'searxngEndpoint is not set',
    ],
    ['no URL', { engines: ['commons'], commonsEndpoint: secret }, {}, 'commonsEndpoint'],
    [
      'a password',
      { engines: ['searxng'], searxngEndpoint: `http://me:${secret}@a.test/` },
      {},
      '(a.test)',
    ],
    [
      'a query',
      { engines: ['openverse'], openverseEndpoint: `https://a.test/?key=${secret}` },
      {},
      '(a.test)',
    ],
    ['ftp', { engines: ['commons'], commonsEndpoint: 'ftp://a.test/' }, {}, '(a.test)'],
    ['licences of SearXNG', { engines: ['searxng'], licenses: ['by'] }, {}, 'under which licence'],
    [
      'large pages without a key',
      { engines: ['openverse'], openversePageSize: 50 },
      {},
      'needs a key',
    ],
    [
      'half a key',
      { engines: ['openverse'] },
      { WIT_OPENVERSE_CLIENT_SECRET: secret },
      'alone is no key',
    ],
    [
      'a broken token',
      { engines: ['commons'] },
      { WIT_COMMONS_TOKEN: `${secret}\n` },
      'WIT_COMMONS_TOKEN',
    ],
    [
      'a token in the clear',
      { engines: ['commons'], commonsEndpoint: 'http://a.test/w/api.php' },
      { WIT_COMMONS_TOKEN: secret },
      'in the clear',
    ],
  ])('are named without their secrets: %s', async (_what, settings, environment, message) => {
    const running = await start();
    const all = { ...running.settings([]), ...settings } as Settings;
    let failure: unknown;
    try {
      sourceOf(running, all, { environment });
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ name: 'WitError', code: 'config' });
    expect((failure as Error).message).toContain(message);
    expect(JSON.stringify([(failure as Error).message, failure])).not.toContain(secret);
  });
});
