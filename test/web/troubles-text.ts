/** Troubles of words and markup: captions that say nothing, say it wrongly, or mean harm. */

import { withArticle } from './captions.js';
import type { Trouble } from './ground.js';
import { ATTIC_HOST, figure } from './ground.js';
import { escapeHtml } from './html.js';
import { content } from './site.js';

const ALBUM_HOST = 'album.test';

const FILE_NAMES = [
  'IMG_1234.JPG',
  '20160716_113957.jpg',
  'DSC00042.jpg',
  'IMG-20190101-WA0007.jpeg',
  'P1010023.JPG',
  'image001.png',
];

export const TEXT_TROUBLES: readonly Trouble[] = [
  {
    name: 'filename-captions',
    about: 'Cameras name pictures, and the name becomes the caption.',
    plant: (ground) => {
      const figures = FILE_NAMES.map((name) => {
        const bytes = () => ground.anyBytes('jpeg');
        const url = ground.site(ALBUM_HOST).add(`/camera/${name}`, content('image/jpeg', bytes));
        ground.fate('image', url, 'filename_text', 'text_too_short', 'no_query', 'not_english');
        return figure(url, name);
      });
      ground.page(ALBUM_HOST, '/camera.html', figures.join('\n'));
    },
  },
  {
    name: 'missing-alts',
    about: 'Pictures without an alt text, with an empty one, or with blanks; a tracking pixel.',
    plant: (ground) => {
      const site = ground.site(ALBUM_HOST);
      const images = ['', ' alt', ' alt=""', ' alt="  &nbsp; "'].map((alt, at) => {
        const bytes = () => ground.anyBytes('png');
        const url = site.add(`/untold/${at}.png`, content('image/png', bytes));
        ground.fate('image', url, 'no_text', 'text_too_short');
        return `<img src="${url}"${alt}>`;
      });
      const pixel = Buffer.from(
        'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7',
        'base64',
      );
      const url = site.add(
        '/pixel.gif?visit=1',
        content('image/gif', () => pixel),
      );
      ground.fate('image', url, 'no_text', 'text_too_short');
      images.push(`<img src="${url}" width="1" height="1" alt="">`);
      ground.page(ALBUM_HOST, '/untold.html', images.join('\n'));
    },
  },
  {
    name: 'odd-lengths',
    about: 'Captions of one letter, and captions that go on for ten thousand.',
    plant: (ground) => {
      const site = ground.site(ALBUM_HOST);
      const long = 'apple pie and banana bread on the kitchen table '.repeat(210);
      for (const [name, alt, reason] of [
        ['short', 'x', 'text_too_short'],
        ['long', long, 'text_too_long'],
      ] as const) {
        const url = site.add(
          `/lengths/${name}.png`,
          content('image/png', () => ground.anyBytes('png')),
        );
        ground.fate('image', url, reason);
        ground.page(ALBUM_HOST, `/lengths/${name}.html`, figure(url, alt));
      }
    },
  },
  {
    name: 'hostile-captions',
    about: 'Captions and URLs that try to become script, or to turn the page around.',
    plant: (ground) => {
      const site = ground.site(ALBUM_HOST);
      const attacks: [path: string, caption: (label: string) => string][] = [
        ['script', (label) => `A picture of ${label} <script>window.hacked=1</script>`],
        ['onerror', (label) => `A picture of ${label} "><img src=x onerror=window.hacked=1>`],
        ['close', (label) => `</script></style></title><svg onload=window.hacked=1> ${label}`],
        [
          'template',
          (label) => `A picture of ${label} \${window.hacked=1} {{constructor}} '-alert(1)-'`,
        ],
        [
          'bidi',
          (label) => `A picture of ${label} \u202egnp.elppa\u202c in the \u2066garden\u2069`,
        ],
        ['"><script>window.hacked=1</script>', (label) => `A picture of ${label} by the road`],
      ];
      const figures = attacks.map(([path, caption]) => {
        const original = ground.original();
        const url = ground.serve(site, `/hostile/${encodeURIComponent(path)}.png`, original);
        ground.fate('image', url, 'kept', 'not_english');
        return figure(url, caption(withArticle(original.concept.label)));
      });
      ground.page(ALBUM_HOST, '/hostile.html', figures.join('\n'));
    },
  },
  {
    name: 'hostile-urls',
    about: 'Image URLs that point into a private network, at files, or at code.',
    plant: (ground) => {
      const private_ = [
        'http://169.254.169.254/latest/meta-data/photo.png',
        'http://10.0.0.1/photo.png',
        'http://[::1]/photo.png',
        'http://127.0.0.1/photo.png',
        'http://0x7f.1/photo.png',
        'http://2130706433/other.png',
      ];
      // A crawl that may reach private addresses finds that nobody serves these.
      for (const src of private_) {
        const seen = new URL(src).href;
        ground.page(
          ALBUM_HOST,
          `/private/${ground.links.length}.html`,
          figure(src, ground.sentence()),
        );
        ground.fate('image', seen, 'private_address', 'http_client_error');
      }
      const never = [
        'file:///etc/passwd',
        'javascript:window.hacked=1',
        'data:image/png;base64,iVBORw0KGgo=',
        'http://user:secret@album.test/photo.png',
        'http://album.test:22/photo.png',
        'http://exa mple.test/photo.png',
        'ftp://album.test/photo.png',
      ];
      ground.page(
        ALBUM_HOST,
        '/schemes.html',
        never.map((src) => figure(src, ground.sentence())).join('\n'),
      );
      for (const src of never) ground.fate('image', src, 'absent', 'bad_url');
    },
  },
  {
    name: 'malformed-html',
    about: 'Tags that never close, attributes without end, and bytes that are not text.',
    plant: (ground) => {
      const site = ground.site(ATTIC_HOST);
      const [first, second, third] = [ground.original(), ground.original(), ground.original()];
      const urls = [first, second, third].map((original, at) => {
        const url = ground.serve(site, `/malformed/${at}.png`, original);
        ground.fate('image', url, 'kept');
        return url;
      });
      const html = `<!DOCTYPE nonsense><html><head><title>Unfinished<body></title>
<p><b><i>Nothing & no one <closes> these < tags &notanentity; &#x110000; \0
<figure><img src='${urls[0]}' src="http://wrong.test/" alt='${escapeHtml(first.alt)}'
<figcaption>${escapeHtml(first.caption)}</b></p></figure></div></div>
<table><img src=${urls[1]} alt="${escapeHtml(second.alt)}"><tr></table></td>
<!-- a comment -- that > goes on --><![CDATA[ <img src="http://wrong.test/"> ]]>
<IMG/SRC="${urls[2]}"/ALT="${escapeHtml(third.alt)}"/><a href="/">home<a href="<img src=`;
      ground.link(site.html('/malformed.html', () => html));
    },
  },
  {
    name: 'old-charset',
    about: 'A page in Latin 1, which only its header says.',
    plant: (ground) => {
      const site = ground.site(ATTIC_HOST);
      const original = ground.original();
      const url = ground.serve(site, '/caf%E9.png', original);
      ground.fate('image', url, 'kept');
      const caption = `A picture of ${withArticle(original.concept.label)} from the old café in São Paulo`;
      const html = Buffer.from(`<title>Café</title>${figure(url, caption)}`, 'latin1');
      const page = content('text/html; charset=iso-8859-1', () => html);
      ground.link(site.add('/latin1.html', page));
    },
  },
];
