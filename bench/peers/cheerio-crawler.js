/**
 * crawlee's CheerioCrawler on one site, as its users can make it fast: everything in memory, no sessions
 * and cookies, no browser's headers made up, a fixed number of requests at once, links that were seen
 * before not handed to its queue again.
 *
 *     node bench/peers/cheerio-crawler.js '{"start": "http://…/", "out": "…", "concurrency": 16, …}'
 *
 * Writes the (image URL, text) pairs, and prints {pages}.
 */

import { writeFileSync } from 'node:fs';
import { CheerioCrawler, Configuration, log } from '@crawlee/cheerio';

const { start, out, concurrency, headers } = JSON.parse(process.argv[2]);
log.setLevel(log.LEVELS.ERROR);

/** Links to files, as wit tells them (src/crawl/sources/frontier/scope.ts). */
const FILE =
  /\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?|ico|pdf|zip|gz|bz2|xz|7z|rar|tar|exe|dmg|iso|mp[34]|m4[av]|avi|mov|mkv|webm|og[gv]|wav|flac|css|js|mjs|json|woff2?|ttf|otf|eot|docx?|xlsx?|pptx?|epub)$/i;
const { origin } = new URL(start);
const seen = new Set([start]);
const pairs = new Set();
let pages = 0;

function addPair(base, url, text) {
  const named = text?.replace(/[\t\n\f\r ]+/g, ' ').trim();
  if (url === undefined || !named) return;
  const absolute = new URL(url, base);
  absolute.hash = '';
  if (!absolute.protocol.startsWith('http')) return;
  pairs.add(`${absolute.href} ${named}`);
}

const crawler = new CheerioCrawler(
  {
    minConcurrency: concurrency,
    maxConcurrency: concurrency,
    autoscaledPoolOptions: {
      desiredConcurrency: concurrency,
      // Neither waits for a calmer machine nor asks how calm it is.
      maybeRunIntervalSecs: 0.05,
      loggingIntervalSecs: null,
      autoscaleIntervalSecs: 3600,
      systemStatusOptions: {
        maxMemoryOverloadedRatio: 1,
        maxEventLoopOverloadedRatio: 1,
        maxCpuOverloadedRatio: 1,
        maxClientOverloadedRatio: 1,
      },
    },
    maxRequestRetries: 0,
    useSessionPool: false,
    persistCookiesPerSession: false,
    statisticsOptions: { logIntervalSecs: 3600 },
    preNavigationHooks: [
      (_, gotOptions) => {
        if (!headers) gotOptions.useHeaderGenerator = false;
        gotOptions.http2 = false;
      },
    ],
    failedRequestHandler() {},
    async requestHandler({ $, request }) {
      pages++;
      const base = request.loadedUrl;
      $('img').each((_, image) => {
        const { src, alt, title } = image.attribs;
        addPair(base, src, alt);
        addPair(base, src, title);
        const caption = $(image).closest('figure').find('figcaption').first();
        if (caption.length > 0) addPair(base, src, caption.text());
      });
      const meta = (property) => $(`meta[property="${property}"]`).attr('content');
      addPair(base, meta('og:image'), meta('og:image:alt') || meta('og:title'));
      const fresh = [];
      $('a[href], area[href]').each((_, link) => {
        const { href, rel = '' } = link.attribs;
        if (/\b(?:nofollow|ugc|sponsored)\b/i.test(rel)) return;
        let url;
        try {
          url = new URL(href, base);
        } catch {
          return;
        }
        url.hash = '';
        if (url.origin !== origin || FILE.test(url.pathname) || seen.has(url.href)) return;
        seen.add(url.href);
        fresh.push(url.href);
      });
      if (fresh.length > 0) await crawler.addRequests(fresh);
    },
  },
  new Configuration({ persistStorage: false, purgeOnStart: false, memoryMbytes: 8192 }),
);
await crawler.run([start]);
writeFileSync(out, JSON.stringify([...pairs]));
process.stdout.write(JSON.stringify({ pages }));
