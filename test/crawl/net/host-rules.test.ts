import { describe, expect, it } from 'vitest';
import { type NetConfig, RULE_NAMES } from '../../../src/config.js';
import { downloadImage } from '../../../src/crawl/index.js';
import { clientFor, type Handler, never, rulesWithout, serve, VirtualClock } from '../support.js';

const TDM = '/.well-known/tdmrep.json';
/** All rules, tdmrep.json included. */
const honour = [...RULE_NAMES];

/** Answers by path; everything else is an image, or not found where a file of rules was asked for. */
function host(files: Record<string, string | Handler>): Handler {
  return (req, res) => {
    const file = files[`${req.headers.host}${req.url}`] ?? files[req.url ?? ''];
    if (typeof file === 'function') file(req, res);
    else if (file !== undefined) res.end(file);
    else if (req.url === '/robots.txt' || req.url === TDM) res.writeHead(404).end();
    else res.writeHead(200, { 'content-type': 'image/png' }).end('picture');
  };
}

const reserved = (location = '/', reservation = 1) =>
  JSON.stringify([{ location, 'tdm-reservation': reservation }]);

async function crawlerOf(
  files: Record<string, string | Handler>,
  settings: Partial<NetConfig> = {},
) {
  const server = await serve(host(files));
  const client = clientFor(server.port, { honour, retries: 0, ...settings });
  /** What became of an image: its bytes, or `reason: detail`. */
  const image = async (url: string) => {
    const got = await downloadImage(client, url, never);
    return got.ok ? got.bytes.toString() : `${got.loss.reason}: ${got.loss.detail}`;
  };
  return { server, client, image };
}

describe('tdmrep.json', () => {
  it('is asked for once an origin, after robots.txt and before anything else', async () => {
    const { server, client, image } = await crawlerOf({ [TDM]: reserved('/private/') });
    const urls = Array.from({ length: 10 }, (_, i) => `http://a.test/${i}`);
    await Promise.all(urls.map(image));
    await client.get('http://a.test/page', { kind: 'page', signal: never });
    await image('http://b.test/x');
    expect(server.log.slice(0, 2)).toEqual(['a.test/robots.txt', `a.test${TDM}`]);
    expect(server.log.filter((line) => line.endsWith(TDM))).toEqual([
      `a.test${TDM}`,
      `b.test${TDM}`,
    ]);
    expect(server.log).toHaveLength(2 * 2 + 10 + 1 + 1);
  });

  it('reserves by path; what is reserved is not read', async () => {
    let ended = false;
    const { image } = await crawlerOf({
      [TDM]: reserved('/private/'),
      '/private/endless': (_req, res) => {
        res.writeHead(200, { 'content-type': 'image/png' });
        res.write('x');
        res.on('finish', () => {
          ended = true;
        });
      },
    });
    expect(await image('http://a.test/private/endless')).toBe('opt_out: tdm-file: 1');
    expect(await image('http://a.test/open')).toBe('picture');
    expect(ended).toBe(false);
  });

  it('is overridden by the header of the answer', async () => {
    const header =
      (value: string): Handler =>
      (_req, res) => {
        res
          .writeHead(200, { 'content-type': 'image/png', 'tdm-reservation': value })
          .end('picture');
      };
    const { image } = await crawlerOf({
      'a.test/.well-known/tdmrep.json': reserved(),
      'b.test/.well-known/tdmrep.json': reserved('/', 0),
      'a.test/free': header('0'),
      'b.test/kept': header('1'),
    });
    expect(await image('http://a.test/free')).toBe('picture');
    expect(await image('http://a.test/other')).toBe('opt_out: tdm-file: 1');
    expect(await image('http://b.test/kept')).toBe('opt_out: tdm-header: 1');
    expect(await image('http://b.test/other')).toBe('picture');
  });

  it('of a host holds for what it redirects to another', async () => {
    const { image } = await crawlerOf({
      'a.test/.well-known/tdmrep.json': reserved(),
      'c.test/.well-known/tdmrep.json': reserved(),
      'a.test/moved': (_req, res) => void res.writeHead(302, { location: 'http://b.test/x' }).end(),
      'b.test/moved': (_req, res) => void res.writeHead(302, { location: 'http://c.test/x' }).end(),
    });
    expect(await image('http://a.test/moved')).toBe('opt_out: tdm-file: 1');
    expect(await image('http://b.test/moved')).toBe('opt_out: tdm-file: 1');
    expect(await image('http://b.test/x')).toBe('picture');
  });

  it('is followed over redirects', async () => {
    const { image } = await crawlerOf({
      [`a.test${TDM}`]: (_req, res) =>
        void res.writeHead(301, { location: 'http://b.test/t' }).end(),
      'b.test/t': reserved(),
    });
    expect(await image('http://a.test/x')).toBe('opt_out: tdm-file: 1');
  });

  it.each<[string, string | Handler, string]>([
    ['is not there', (_req, res) => void res.writeHead(404).end(), 'picture'],
    ['is broken', (_req, res) => void res.writeHead(500).end(), 'picture'],
    ['is a page', '<!doctype html><p>Home</p>', 'picture'],
    ['never ends', (_req, res) => void res.write('['), 'picture'],
    ['is longer than 500 KiB', ' '.repeat(500 * 1024 + 1), 'opt_out: tdm-file: 1'],
    ['just fits', reserved().padEnd(500 * 1024), 'opt_out: tdm-file: 1'],
  ])('that %s', async (_name, file, expected) => {
    const { image } = await crawlerOf({ [TDM]: file }, { timeoutMs: 500 });
    expect(await image('http://a.test/x')).toBe(expected);
  });

  it('is not asked for where robots.txt closes it, nor when the rule is off', async () => {
    const robots = 'User-agent: *\nDisallow: /.well-known/';
    const closed = await crawlerOf({ '/robots.txt': robots, [TDM]: reserved() });
    expect(await closed.image('http://a.test/x')).toBe('picture');
    expect(closed.server.log).toEqual(['a.test/robots.txt', 'a.test/x']);
    const off = await crawlerOf({ [TDM]: reserved() }, { honour: rulesWithout('tdm-file') });
    expect(await off.image('http://a.test/x')).toBe('picture');
    expect(off.server.log).toEqual(['a.test/robots.txt', 'a.test/x']);
  });

  it('is kept for a day', async () => {
    const clock = new VirtualClock();
    const server = await serve(host({}));
    const client = clientFor(server.port, { honour }, { clock });
    const asked = () => server.log.filter((line) => line.endsWith(TDM)).length;
    const visit = () => clock.run(downloadImage(client, 'http://a.test/x', never));
    await visit();
    await clock.run(clock.sleep(86_000_000));
    await visit();
    expect(asked()).toBe(1);
    await clock.run(clock.sleep(500_000));
    await visit();
    expect(asked()).toBe(2);
  });
});

describe('preferences in robots.txt', () => {
  const robots = [
    'User-agent: *',
    'Disallow: /never/',
    'Content-Usage: / train-ai=n',
    'Content-Usage: /ai-ok/ train-ai=y',
    '',
    'User-agent: other',
    'Content-Usage: / train-ai=y',
  ].join('\n');

  it('keep images and pages from being requested', async () => {
    const { server, client, image } = await crawlerOf({ '/robots.txt': robots });
    const refused = 'content-usage-robots: train-ai=n (http://a.test)';
    expect(await image('http://a.test/test')).toBe(`opt_out: ${refused}`);
    expect(await image('http://a.test/ai-ok/test')).toBe('picture');
    expect(await image('http://a.test/never/test')).toBe(
      'robots_disallowed: robots.txt: Disallow: /never/ (http://a.test)',
    );
    const page = await client.get('http://a.test/page', { kind: 'page', signal: never });
    expect(page).toEqual({ ok: false, loss: { reason: 'opt_out', detail: refused } });
    // A sitemap is not content to be used.
    const sitemap = await client.get('http://a.test/sitemap.xml', {
      kind: 'sitemap',
      signal: never,
    });
    expect(sitemap.ok).toBe(true);
    expect(server.log.filter((line) => !/robots|well-known/.test(line))).toEqual([
      'a.test/ai-ok/test',
      'a.test/sitemap.xml',
    ]);
  });

  it('hold at every hop', async () => {
    const { image } = await crawlerOf({
      'b.test/robots.txt': 'User-agent: wit\nContent-Signal: search=yes,ai-train=no',
      '/moved': (_req, res) => void res.writeHead(302, { location: 'http://b.test/x' }).end(),
    });
    expect(await image('http://a.test/moved')).toBe(
      'opt_out: content-signal: ai-train=no (http://b.test)',
    );
  });

  it.each([
    ['content-usage-robots', 'Content-Usage: / train-ai=n'],
    ['content-signal', 'Content-Signal: ai-train=no'],
    ['robots.txt', 'Disallow: /'],
  ] as const)('and %s stop nothing where they are not honoured', async (rule, line) => {
    const files = { '/robots.txt': `User-agent: *\n${line}` };
    const on = await crawlerOf(files);
    expect(await on.image('http://a.test/x')).toContain(`: ${rule}: `);
    const off = await crawlerOf(files, { honour: rulesWithout(rule) });
    expect(await off.image('http://a.test/x')).toBe('picture');
  });

  it('of a host that cannot be read close it, unless robots.txt is not honoured', async () => {
    const files = { '/robots.txt': ((_req, res) => void res.writeHead(503).end()) as Handler };
    const on = await crawlerOf(files);
    expect(await on.image('http://a.test/x')).toBe(
      'robots_unreachable: robots.txt: http_server_error, HTTP 503 (http://a.test)',
    );
    const off = await crawlerOf(files, { honour: rulesWithout('robots.txt') });
    expect(await off.image('http://a.test/x')).toBe('picture');
    const none = await crawlerOf(files, { honour: [] });
    expect(await none.image('http://a.test/x')).toBe('picture');
    expect(none.server.log).toEqual(['a.test/x']);
  });
});
