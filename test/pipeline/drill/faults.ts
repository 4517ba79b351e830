/** What a server may do wrong or by malice, and what must come of it. */

import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { Reason } from '../../../src/core/reasons.js';
import { animated, bomb, cut, manyScans } from '../../web/broken-images.js';
import type { Answer, Exchange } from './server.js';

export interface Fault {
  readonly name: string;
  /** `kept`: it is no reason to lose the image. */
  readonly fate: 'kept' | Reason;
  readonly answer: Answer;
  /** Answers for the host's robots.txt, or tdmrep.json; default: there is none. */
  readonly robots?: Answer;
  readonly tdm?: Answer;
  /** Where the host is; default: the server's port. */
  readonly at?: 'closed' | 'tls' | 'silent' | 'curt';
  readonly scheme?: 'https';
  /** It concerns the host, or spoils a connection that others would be given: it has a host of its own. */
  readonly isAlone?: boolean;
  /** Why a page that is answered so is lost; undefined: it is not asked of pages. */
  readonly page?: Reason;
}

/** Bytes of an image file, at most: `net.maxImageBytes` and `net.maxPageBytes` of the drill. */
export const MAX_BYTES = 400_000;
/** `filter.maxDecodeMs` of the drill. */
export const MAX_DECODE_MS = 1_000;

const OK = '200 OK';
const PNG = 'Content-Type: image/png';
/** What is asked for as a page is called one. */
const typeFor = (x: Exchange) => (x.path.endsWith('/page') ? 'Content-Type: text/html' : PNG);
const missing: Answer = (x) => x.send('404 Not Found');

/** Pictures that no two of are alike: 8 by 8 fields of random colours. */
export async function picture(
  seed: number,
  format: 'png' | 'jpeg' | 'webp' = 'png',
): Promise<Buffer> {
  let state = seed * 2_654_435_761 + 1;
  const random = () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 1_013_904_223) | 0;
    return (state >>> 16) & 0xff;
  };
  const raw = Buffer.from(Array.from({ length: 8 * 8 * 3 }, random));
  const small = sharp(raw, { raw: { width: 8, height: 8, channels: 3 } });
  return await small.resize(96, 96, { kernel: 'nearest' }).toFormat(format).toBuffer();
}

/** All faults. Each has a picture of its own, so that those which are no reason for a loss show. */
export async function allFaults(): Promise<Fault[]> {
  let seed = 1_000_000;
  const faults: Fault[] = [];
  /** @param answer is given the exchange and a whole PNG */
  const add = async (
    name: string,
    fate: Fault['fate'],
    answer: (x: Exchange, png: Buffer) => void,
    more: Partial<Fault> = {},
  ): Promise<void> => {
    const png = await picture(seed++);
    faults.push({ name, fate, answer: (x) => answer(x, png), ...more });
  };
  const good = (x: Exchange, png: Buffer) => x.send(OK, [PNG], png);
  const sends =
    (body: Buffer, type = 'image/png') =>
    (x: Exchange) =>
      x.send(OK, [`Content-Type: ${type}`], body);
  const alone = { isAlone: true } as const;

  // Nobody there
  await add('refused', 'connect', good, { ...alone, at: 'closed', page: 'connect' });
  // Resets
  await add('reset-before-head', 'reset', (x) => x.reset(), { page: 'reset' });
  await add('reset-in-head', 'reset', (x) => x.write('HTTP/1.1 200 OK\r\nContent-').reset());
  await add('closed-in-head', 'reset', (x) => x.write('HTTP/1.1 200 OK\r\nContent-').end());
  await add('reset-in-body', 'truncated', (x, png) => {
    x.head(OK, [PNG, 'Content-Length: 100000']).write(png.subarray(0, 500)).reset();
  });
  await add('closed-before-head', 'reset', (x) => x.end());
  // Stalls and drips: only the time for the whole request can end them.
  await add('stall-before-head', 'timeout', () => {});
  await add('stall-in-head', 'timeout', (x) => x.write('HTTP/1.1 200 OK\r\nContent-'));
  await add('stall-in-body', 'timeout', (x, png) => {
    x.head(OK, [PNG, 'Content-Length: 100000']).write(png.subarray(0, 500));
  });
  await add('drip-head', 'timeout', (x) => x.write('HTTP/1.1 200 OK\r\nX-Drip: ').drip());
  await add('drip-body', 'timeout', (x) => x.head(OK, [PNG, 'Content-Length: 100000']).drip());
  await add('drip-chunks', 'timeout', (x) =>
    x.head(OK, [PNG, 'Transfer-Encoding: chunked']).drip('1\r\nx\r\n'),
  );
  await add('drip-redirect', 'http_client_error', (x) => {
    // What nobody wants is not waited for.
    if (x.path.endsWith('/there')) x.send('404 Not Found');
    else x.head('302 Found', [`Location: ${x.path}/there`, 'Content-Length: 100']).drip();
  });
  // Redirects
  await add(
    'redirect-loop',
    'redirect_loop',
    (x) => {
      const to = x.path.endsWith('/b') ? x.path.slice(0, -2) : `${x.path}/b`;
      x.send('302 Found', [`Location: ${to}`]);
    },
    { page: 'redirect_loop' },
  );
  await add('redirect-to-itself', 'redirect_loop', (x) =>
    x.send('301 Moved', [`Location: http://${x.host}${x.path}`]),
  );
  await add('redirect-endless', 'too_many_redirects', (x) =>
    x.send('307 Temporary Redirect', [`Location: ${x.path.split('?')[0]}?${x.path}`]),
  );
  await add('redirect-to-ftp', 'bad_url', (x) => x.send('302 Found', ['Location: ftp://a.test/a']));
  await add('redirect-to-file', 'bad_url', (x) =>
    x.send('302 Found', ['Location: file:///etc/passwd']),
  );
  await add('redirect-to-nothing', 'bad_response', (x) =>
    x.send('302 Found', ['Location: http://[']),
  );
  await add('redirect-nowhere', 'bad_response', (x) => x.send('302 Found'));
  await add('redirect-once', 'kept', (x, png) =>
    x.path.endsWith('/there') ? good(x, png) : x.send('302 Found', [`Location: ${x.path}/there`]),
  );
  // Lengths
  await add(
    'length-too-long',
    'truncated',
    (x, png) => {
      x.head(OK, [typeFor(x), `Content-Length: ${png.length + 1}`])
        .write(png)
        .end();
    },
    { page: 'truncated' },
  );
  await add(
    'length-too-short',
    'undecodable',
    (x, png) => {
      x.head(OK, [PNG, `Content-Length: ${png.length >> 1}`])
        .write(png)
        .end();
    },
    alone,
  );
  await add('length-huge', 'too_many_bytes', (x) =>
    x.head(OK, [PNG, 'Content-Length: 1000000000000000']),
  );
  await add('length-negative', 'bad_response', (x, png) =>
    x.head(OK, [PNG, 'Content-Length: -1']).write(png),
  );
  await add('length-twice', 'truncated', (x, png) =>
    x.head(OK, [PNG, 'Content-Length: 10', `Content-Length: ${png.length}`]).write(png),
  );
  await add('length-and-chunks', 'truncated', (x, png) =>
    x.head(OK, [PNG, `Content-Length: ${png.length}`, 'Transfer-Encoding: chunked']).write(png),
  );
  await add('no-length', 'kept', (x, png) => x.head(OK, [PNG]).write(png).end());
  await add('chunks', 'kept', (x, png) => {
    x.head(OK, [PNG, 'Transfer-Encoding: chunked']);
    for (const byte of png)
      x.write(`1\r\n`)
        .write(Buffer.from([byte]))
        .write('\r\n');
    x.write('0\r\n\r\n');
  });
  await add('chunks-cut', 'truncated', (x) =>
    x.head(OK, [PNG, 'Transfer-Encoding: chunked']).write('400\r\nabc').end(),
  );
  await add('chunks-bad', 'bad_response', (x) =>
    x.head(OK, [PNG, 'Transfer-Encoding: chunked']).write('what\r\nabc'),
  );
  await add('empty', 'bad_response', sends(Buffer.alloc(0)));
  // Types
  const page = Buffer.from('<!doctype html><title>Sorry</title><p>It has moved.');
  await add('html-as-jpeg', 'undecodable', sends(page, 'image/jpeg'));
  await add('html', 'wrong_content_type', sends(page, 'text/html'));
  await add('png-as-jpeg', 'kept', (x, png) => x.send(OK, ['Content-Type: image/jpeg'], png));
  await add('png-as-text', 'wrong_content_type', (x, png) =>
    x.send(OK, ['Content-Type: text/plain'], png),
  );
  await add('png-as-nothing', 'kept', (x, png) => x.send(OK, [], png));
  await add('text-as-nothing', 'wrong_content_type', (x) => x.send(OK, [], 'no image'));
  // Bombs
  const zeros = gzipSync(Buffer.alloc(300_000_000), { level: 9 });
  await add(
    'gzip-bomb',
    'too_many_bytes',
    (x) => x.send(OK, [typeFor(x), 'Content-Encoding: gzip'], zeros),
    { page: 'too_many_bytes' },
  );
  await add('gzip-bomb-twice', 'too_many_bytes', (x) =>
    x.send(OK, [PNG, 'Content-Encoding: gzip, gzip'], gzipSync(zeros)),
  );
  await add('endless', 'too_many_bytes', (x) => x.head(OK, [typeFor(x)]).flood(), {
    page: 'too_many_bytes',
  });
  await add('png-bomb', 'too_many_pixels', sends(await bomb(20_000)));
  // A frame of 65,535 by 65,535 in 35 bytes.
  const gif = Buffer.from(
    'GIF89a\x64\0\x64\0\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0\x3b',
    'latin1',
  );
  await add('gif-bomb', 'too_many_pixels', sends(gif, 'image/gif'));
  const svg = (inner: string, side = 64) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${inner}</svg>`,
    );
  await add('svg-bomb', 'too_many_pixels', sends(svg('', 1_000_000), 'image/svg+xml'));
  const dashes = `<path d="M0 0${Array.from({ length: 20_000 }, (_, i) => `L${(i * 37) % 64} ${(i * 91) % 64}`).join('')}" stroke="blue" stroke-width="0.1" stroke-dasharray="0.01"/>`;
  await add('svg-slow', 'decode_timeout', sends(svg(dashes), 'image/svg+xml'));
  const deep = svg('<g>'.repeat(10_000) + '</g>'.repeat(10_000));
  await add('svg-deep', 'undecodable', sends(deep, 'image/svg+xml'));
  await add('jpeg-slow', 'decode_timeout', sends(manyScans(7_000, 883), 'image/jpeg'));
  // Broken files
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const whole = await picture(seed++, format);
    await add(`${format}-cut`, 'undecodable', sends(cut(whole), `image/${format}`));
  }
  await add(
    'animated',
    'animated',
    sends(await animated(await picture(seed++), 'gif'), 'image/gif'),
  );
  await add(
    'avif-noise',
    'undecodable',
    sends(Buffer.from(`\0\0\0\x18ftypavif${'x'.repeat(2_000)}`), 'image/avif'),
  );
  // TLS
  const tls = { ...alone, scheme: 'https' } as const;
  await add('self-signed', 'tls', good, { ...tls, at: 'tls', page: 'tls' });
  await add('no-tls', 'tls', good, tls);
  await add('tls-silent', 'robots_unreachable', good, { ...tls, at: 'silent' });
  await add('tls-curt', 'robots_unreachable', good, { ...tls, at: 'curt' });
  // robots.txt and tdmrep.json
  const text = 'Content-Type: text/plain';
  const robots = (answer: Answer) => ({ ...alone, robots: answer });
  await add(
    'robots-endless',
    'kept',
    good,
    robots((x) => x.head(OK, [text]).write('User-agent: *\n').flood()),
  );
  await add(
    'robots-loop',
    'kept',
    good,
    robots((x) => x.send('302 Found', ['Location: /robots.txt'])),
  );
  await add(
    'robots-bomb',
    'kept',
    good,
    robots((x) => x.send(OK, [text, 'Content-Encoding: gzip'], zeros)),
  );
  const rules = `User-agent: *\n${`Disallow: /${'*a'.repeat(200)}$\n`.repeat(1_000)}`;
  await add(
    'robots-wildcards',
    'kept',
    good,
    robots((x) => x.send(OK, [text], rules)),
  );
  await add(
    'robots-closed',
    'robots_disallowed',
    good,
    robots((x) => x.send(OK, [text], 'User-agent: *\nDisallow: /')),
  );
  await add('robots-500', 'robots_unreachable', good, {
    ...robots((x) => x.send('500 Internal Server Error')),
    page: 'robots_unreachable',
  });
  await add(
    'robots-stall',
    'robots_unreachable',
    good,
    robots(() => {}),
  );
  await add(
    'robots-drip',
    'robots_unreachable',
    good,
    robots((x) => x.head(OK, [text]).drip('#')),
  );
  await add(
    'robots-reset',
    'robots_unreachable',
    good,
    robots((x) => x.reset()),
  );
  await add(
    'robots-delay',
    'kept',
    good,
    robots((x) => x.send(OK, [text], 'User-agent: *\nCrawl-delay: 1e9')),
  );
  await add('tdm-endless', 'opt_out', good, { ...alone, tdm: (x) => x.head(OK, [text]).flood() });
  // Heads
  await add('head-large', 'bad_response', (x) =>
    x.write(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`),
  );
  await add('head-endless', 'bad_response', (x) => x.write('HTTP/1.1 200 OK\r\nX: ').flood());
  await add('head-many', 'bad_response', (x) =>
    x.head(
      OK,
      Array.from({ length: 20_000 }, (_, i) => `X-${i}: ${i}`),
    ),
  );
  await add('head-nul', 'bad_response', (x) => x.head(OK, ['X: a\0b', 'Content-Length: 0']));
  await add('head-none', 'bad_response', (x) => x.write('220 mail.test ESMTP\r\n'));
  await add('head-early', 'kept', (x, png) => {
    x.head('103 Early Hints', ['Link: </a.css>; rel=preload']);
    good(x, png);
  });
  await add('noai', 'opt_out', (x) => x.head(OK, [PNG, 'X-Robots-Tag: noai', 'Content-Length: 9']));
  // Encodings
  await add('gzip', 'kept', (x, png) => x.send(OK, [PNG, 'Content-Encoding: gzip'], gzipSync(png)));
  await add(
    'gzip-cut',
    'truncated',
    (x, png) => {
      x.send(OK, [typeFor(x), 'Content-Encoding: gzip'], gzipSync(png).subarray(0, -20));
    },
    { page: 'truncated' },
  );
  await add('gzip-garbage', 'bad_response', (x, png) =>
    x.send(OK, [PNG, 'Content-Encoding: gzip'], png),
  );
  await add('encoding-unknown', 'bad_response', (x, png) =>
    x.send(OK, [PNG, 'Content-Encoding: x-own'], png),
  );
  await add('encoding-thrice', 'bad_response', (x, png) =>
    x.send(OK, [PNG, 'Content-Encoding: gzip, gzip, gzip'], gzipSync(gzipSync(gzipSync(png)))),
  );
  // Statuses
  await add('status-404', 'http_client_error', missing, { page: 'http_client_error' });
  await add('status-500', 'http_server_error', (x) => x.send('500 Oops'), {
    page: 'http_server_error',
  });
  await add(
    'status-429',
    'http_too_many_requests',
    (x) => x.send('429 No', ['Retry-After: 100000']),
    alone,
  );
  await add('status-204', 'bad_response', (x) => x.head('204 No Content'));
  await add('status-206', 'bad_response', (x, png) => x.send('206 Partial Content', [PNG], png));
  await add('status-999', 'http_server_error', (x) => x.send('999 Request denied'));
  // Those that pass: asking again helps.
  const once = (first: (x: Exchange, png: Buffer) => void) => (x: Exchange, png: Buffer) =>
    x.times === 1 ? first(x, png) : good(x, png);
  await add(
    'once-reset',
    'kept',
    once((x) => x.reset()),
  );
  await add(
    'once-stall',
    'kept',
    once(() => {}),
  );
  await add(
    'once-503',
    'kept',
    once((x) => x.send('503 Busy', ['Retry-After: 0'])),
  );
  await add(
    'once-cut',
    'kept',
    once((x, png) => {
      x.head(OK, [PNG, `Content-Length: ${png.length}`])
        .write(png.subarray(0, 100))
        .end();
    }),
  );
  return faults;
}

/** Pages that a browser reads, however they are made, with what they say of an image. */
export function hostilePages(image: (name: string) => string): Map<string, Answer> {
  const html = (name: string, rest = '') =>
    `<!doctype html><title>Dogs</title><p><img src="${image(name)}" alt="a photo of dog on page ${name}">${rest}`;
  const sends =
    (body: string | Buffer, charset = 'utf-8') =>
    (x: Exchange) =>
      x.send(OK, [`Content-Type: text/html; charset=${charset}`], body);
  const utf16 = Buffer.from(`\ufeff${html('utf-16')}\ud800`, 'utf16le');
  return new Map<string, Answer>([
    ['charset-unknown', sends(html('charset-unknown'), 'x-klingon')],
    [
      'utf-8',
      sends(
        Buffer.concat([Buffer.from(html('utf-8')), Buffer.from([0xc0, 0x80, 0xff, 0xe2, 0x82])]),
      ),
    ],
    // An odd byte, after half a character.
    ['utf-16', sends(Buffer.concat([utf16, Buffer.from([0])]), 'utf-16le')],
    ['deep', sends(html('deep', '<div>'.repeat(50_000)))],
    ['open', sends(html('open', `<a href="${'x'.repeat(100_000)}`))],
    ['nul', sends(html('nul', '\0<a \0=\0>'.repeat(1_000)))],
  ]);
}
