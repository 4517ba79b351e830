/** Troubles of the network: addresses that fail, wander, forbid, dawdle or never stop talking. */

import type { Trouble } from './ground.js';
import { ATTIC_HOST, figure } from './ground.js';
import { breakOff, drip, flood, reset, silence } from './misbehaviours.js';
import { content, failure, redirect } from './site.js';

/** More than any sensible limit on redirects. */
const LONG_CHAIN = 12;
const ANNOUNCED_BYTES = 1_000_000_000;

export const NETWORK_TROUBLES: readonly Trouble[] = [
  {
    name: 'broken-links',
    about: 'Pictures and pages that are not there, not any more, or not for you.',
    plant: (ground) => {
      ground.show(`http://${ATTIC_HOST}/nowhere.png`, 'http_client_error');
      ground.exhibit('/gone.png', failure(410, 'Gone'), 'http_client_error');
      ground.exhibit('/members.png', failure(403, 'Forbidden'), 'http_client_error');
      ground.exhibit('/crashed.png', failure(500, 'Internal Server Error'), 'http_server_error');
      const site = ground.site(ATTIC_HOST);
      ground.link(`${site.origin}/lost-page.html`);
      ground.fate('page', `${site.origin}/lost-page.html`, 'http_client_error');
      const gone = site.add('/gone-page.html', failure(410, 'Gone'));
      ground.link(gone);
      ground.fate('page', gone, 'http_client_error');
    },
  },
  {
    name: 'redirects',
    about: 'Pictures that have moved: for good, for now, to another host, several times over.',
    plant: (ground) => {
      const site = ground.site(ATTIC_HOST);
      const far = ground.site('moved.test');
      for (const status of [301, 302, 303, 307, 308]) {
        const original = ground.original();
        const target = ground.serve(far, `/new/${status}.png`, original);
        // A relative Location, by way of the same host, is as good as an absolute one.
        site.add(`/moved/${status}/again.png`, redirect(target, status));
        const url = site.add(`/moved/${status}.png`, redirect(`${status}/again.png`, status));
        ground.page(
          ATTIC_HOST,
          `/moved/${status}.html`,
          figure(url, original.alt, original.caption),
        );
        ground.fate('image', url, 'kept');
      }
      for (let hop = 1; hop <= LONG_CHAIN; hop++) {
        site.add(`/chain/${hop}.png`, redirect(`/chain/${hop + 1}.png`));
      }
      ground.show(`${site.origin}/chain/1.png`, 'too_many_redirects');
      ground.exhibit(
        '/moved/inside.png',
        redirect('http://169.254.169.254/latest/meta-data/'),
        'private_address',
        'http_client_error',
      );
      const original = ground.original();
      const image = ground.serve(far, '/page.png', original);
      ground.page(far.host, '/page.html', figure(image, original.alt, original.caption), {
        linked: false,
      });
      ground.pageHosts.add(far.host);
      ground.link(site.add('/moved-page.html', redirect('http://moved.test/page.html', 301)));
      ground.fate('image', image, 'kept');
    },
  },
  {
    name: 'redirect-loops',
    about: 'Addresses that send you in circles.',
    plant: (ground) => {
      ground.exhibit('/loop/self.png', redirect('/loop/self.png'), 'redirect_loop');
      ground.exhibit('/loop/there.png', redirect('/loop/back.png'), 'redirect_loop');
      ground.site(ATTIC_HOST).add('/loop/back.png', redirect('/loop/there.png', 301));
      const page = ground.site(ATTIC_HOST).add('/loop/page.html', redirect('/loop/page.html'));
      ground.link(page);
      ground.fate('page', page, 'redirect_loop');
    },
  },
  {
    name: 'broken-connections',
    about: 'Connections that end before the answer does, or before it begins.',
    plant: (ground) => {
      const png = () => ground.anyBytes('png');
      ground.exhibit('/halfway.png', breakOff('image/png', png), 'truncated', 'reset');
      ground.exhibit('/slammed.png', reset(), 'reset');
    },
  },
  {
    name: 'stalls',
    about: 'Answers that come a byte at a time, for ever, or not at all.',
    plant: (ground) => {
      ground.exhibit('/drip.png', drip('image/png'), 'timeout');
      ground.exhibit('/silence.png', silence(), 'timeout');
      const page = ground.site('stall.test').add('/', drip('text/html; charset=utf-8'));
      ground.link(page);
      ground.fate('page', page, 'timeout');
    },
  },
  {
    name: 'floods',
    about: 'Pictures larger than any limit, announced and unannounced.',
    plant: (ground) => {
      ground.exhibit('/endless.png', flood('image/png'), 'too_many_bytes');
      ground.exhibit('/announced.png', flood('image/png', ANNOUNCED_BYTES), 'too_many_bytes');
    },
  },
  {
    name: 'robots-part',
    about: 'A robots.txt that forbids part of a host.',
    plant: (ground) => {
      const host = 'private.test';
      const site = ground.site(host);
      site.text('/robots.txt', 'User-agent: *\nDisallow: /private/\nAllow: /private/poster.png$\n');
      const png = content('image/png', () => ground.anyBytes('png'));
      const inside = site.add('/private/photo.png', png);
      const poster = ground.original();
      const allowed = ground.serve(site, '/private/poster.png', poster);
      ground.page(
        host,
        '/',
        figure(inside, ground.sentence()) + figure(allowed, poster.alt, poster.caption),
      );
      ground.fate('image', inside, 'robots_disallowed');
      ground.fate('image', allowed, 'kept');
      const page = ground.page(host, '/private/diary.html', figure('/private/2.png', 'Keep out'));
      site.add('/private/2.png', png);
      ground.fate('page', page, 'robots_disallowed');
      ground.fate('image', `${site.origin}/private/2.png`, 'absent');
    },
  },
  {
    name: 'robots-missing',
    about: 'A host without a robots.txt: nothing is forbidden.',
    plant: (ground) => ground.shelf('norobots.test', 12),
  },
  {
    name: 'robots-broken',
    about: 'A host whose robots.txt fails: as long as nobody can read it, everything is forbidden.',
    plant: (ground) => {
      const host = 'broken-robots.test';
      const site = ground.site(host);
      site.add('/robots.txt', failure(500, 'Internal Server Error'));
      const page = ground.page(host, '/', '<p>Nobody reads this.</p>');
      ground.fate('page', page, 'robots_unreachable');
      const url = site.add(
        '/photo.png',
        content('image/png', () => ground.anyBytes('png')),
      );
      ground.show(url, 'robots_unreachable');
    },
  },
  {
    name: 'opt-outs',
    about: 'Authors who say in a header or on the page that robots may not learn from their work.',
    plant: (ground) => {
      const png = () => ground.anyBytes('png');
      for (const tag of ['noai', 'noimageai', 'noarchive, noai']) {
        const headers = { 'X-Robots-Tag': tag };
        const path = `/optout/${tag.replace(/\W+/g, '-')}.png`;
        ground.exhibit(path, content('image/png', png, { headers }), 'opt_out');
      }
      const site = ground.site(ATTIC_HOST);
      const images = ['meta', 'header'].map((name) => {
        const url = site.add(`/optout/on-${name}.png`, content('image/png', png));
        ground.fate('image', url, 'absent', 'opt_out');
        return figure(url, ground.sentence());
      });
      const [onMeta, onHeader] = images as [string, string];
      const meta = ground.page(ATTIC_HOST, '/optout/meta.html', onMeta, {
        head: '<meta name="robots" content="noai, noimageai">',
      });
      const header = ground.page(ATTIC_HOST, '/optout/header.html', onHeader, {
        headers: { 'X-Robots-Tag': 'noai' },
      });
      ground.fate('page', meta, 'opt_out');
      ground.fate('page', header, 'opt_out');
    },
  },
  {
    name: 'crawl-delay',
    about: 'A host that asks for a second between requests.',
    plant: (ground) => {
      ground.site('calm.test').text('/robots.txt', 'User-agent: *\nCrawl-delay: 1\n');
      ground.shelf('calm.test', 4);
    },
  },
  {
    name: 'slow-host',
    about: 'A host that thinks before every answer.',
    plant: (ground) => {
      ground.site('slow.test').delayMs = ground.slowMs;
      ground.shelf('slow.test', 16);
    },
  },
  {
    name: 'every-third-fails',
    about:
      'A host that answers every third request with 503. A URL that has just failed passes its turn on to the next request, so that asking once more always helps.',
    plant: (ground) => {
      ground.site('flaky.test').makeGate = () => {
        let asked = 0;
        let owed = 0;
        const justFailed = new Set<string>();
        return (url) => {
          asked += 1;
          if (asked % 3 === 0) owed += 1;
          if (owed === 0 || justFailed.delete(url)) return undefined;
          owed -= 1;
          justFailed.add(url);
          return failure(503, 'Service Unavailable');
        };
      };
      ground.shelf('flaky.test', 24);
    },
  },
  {
    name: 'too-many-requests',
    about: 'A host that answers the first request for each picture with 429 and Retry-After.',
    plant: (ground) => {
      ground.site('busy.test').makeGate = () => (url, exchange) =>
        url.startsWith('/shelf/') && exchange.timesAsked === 1
          ? failure(429, 'Too Many Requests', { 'Retry-After': '1' })
          : undefined;
      ground.shelf('busy.test', 6);
    },
  },
  {
    name: 'outside',
    about: 'A host that the crawl was not sent to: its pages are none of its business.',
    plant: (ground) => {
      const host = 'outside.test';
      const url = ground.page(host, '/', '<p>You were not sent here.</p>', { linked: false });
      ground.page(ATTIC_HOST, '/outside.html', `<a href="${url}">Our neighbours</a>`);
      ground.fate('page', url, 'absent');
    },
  },
];
