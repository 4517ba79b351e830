/** Troubles of pixels: files that are not what they seem, or not what a dataset wants. */

import sharp from 'sharp';
import { animated, blank, bomb, cut } from './broken-images.js';
import { addAdvertisements } from './furniture.js';
import type { Trouble } from './ground.js';
import { ATTIC_HOST, figure } from './ground.js';
import { content } from './site.js';

const MIRROR_HOST = 'mirror.test';
/** Copies of each kind on the mirror of a full-size web. */
const COPIES = 24;
const BOMB_SIDE = 20_000;

export const IMAGE_TROUBLES: readonly Trouble[] = [
  {
    name: 'navigation-icons',
    about: 'Tiny icons with words for alts, the same on every page.',
    plant: (ground) => {
      const icons = new Set(ground.galleries.flatMap((gallery) => gallery.icons));
      for (const url of icons) {
        ground.fate('image', url, 'image_too_small', 'not_english', 'no_query', 'duplicate_exact');
      }
    },
  },
  {
    name: 'advertisements',
    about: 'Banners of 728 by 90 pixels with words that people search for.',
    plant: (ground) => {
      const anyoneAdvertises = ground.galleries.some((gallery) => gallery.advertises);
      const banners = addAdvertisements(ground.hosts);
      for (const url of anyoneAdvertises ? banners : []) ground.fate('image', url, 'aspect_ratio');
    },
  },
  {
    name: 'exact-duplicates',
    about: 'A mirror serves the same bytes under other URLs.',
    plant: (ground) => {
      const gallery = ground.galleries[0];
      if (gallery === undefined) return;
      const copies = gallery.sample(COPIES, 'copies').map(({ concept, resource, url }) => {
        const copy = ground.site(MIRROR_HOST).add(`/copies/${concept.hex}.png`, resource);
        ground.twinsOf([url, copy], 'duplicate_exact');
        return figure(copy, `A copy of the picture of ${concept.label}`);
      });
      ground.page(MIRROR_HOST, '/copies.html', copies.join('\n'));
    },
  },
  {
    name: 'near-duplicates',
    about: 'A mirror serves the pictures again, encoded anew.',
    plant: (ground) => {
      // Not the designer of the exact copies, so that no picture has a twin of either kind.
      const gallery = ground.galleries[2] ?? ground.galleries[0];
      if (gallery === undefined) return;
      const copies = gallery.sample(COPIES, 'encoded').map(({ concept, resource, url }) => {
        const copy = ground.site(MIRROR_HOST).add(
          `/encoded/${concept.hex}.webp`,
          content(
            'image/webp',
            async () =>
              await sharp(await resource.body())
                .flatten({ background: '#fff' })
                .webp({ quality: 90 })
                .toBuffer(),
            resource.picture === undefined ? {} : { picture: resource.picture },
          ),
        );
        ground.twinsOf([url, copy], 'duplicate_near');
        return figure(copy, `Another picture of ${concept.label}`);
      });
      ground.page(MIRROR_HOST, '/encoded.html', copies.join('\n'));
    },
  },
  {
    name: 'wrong-content-types',
    about: 'HTML sent as a picture, pictures sent as text or as unknown bytes.',
    plant: (ground) => {
      const sorry = () => '<!doctype html><title>Sorry</title><p>The picture has moved.';
      ground.exhibit('/types/page.png', content('text/html', sorry), 'wrong_content_type');
      ground.exhibit('/types/liar.png', content('image/png', sorry), 'undecodable');
      const png = () => ground.anyBytes('png');
      ground.exhibit('/types/text.png', content('text/plain', png), 'wrong_content_type');
      const empty = () => Buffer.alloc(0);
      ground.exhibit(
        '/types/empty.png',
        content('image/png', empty),
        'bad_response',
        'undecodable',
      );
      const site = ground.site(ATTIC_HOST);
      for (const [type, path] of [
        ['application/octet-stream', '/types/stream.png'],
        ['image/jpeg', '/types/not-a-jpeg.jpg'],
      ] as const) {
        const original = ground.original();
        const url = site.add(path, content(type, original.bytes, { picture: original.picture }));
        ground.page(ATTIC_HOST, `${path}.html`, figure(url, original.alt, original.caption));
        ground.fate('image', url, 'kept');
      }
    },
  },
  {
    name: 'truncated-files',
    about: 'Files that were cut before they came to the server.',
    plant: (ground) => {
      for (const format of ['jpeg', 'png', 'webp'] as const) {
        const body = async () => cut(await ground.anyBytes(format));
        ground.exhibit(`/cut/file.${format}`, content(`image/${format}`, body), 'undecodable');
      }
    },
  },
  {
    name: 'animated',
    about: 'Moving pictures.',
    plant: (ground) => {
      for (const format of ['gif', 'webp'] as const) {
        const body = async () => await animated(await ground.anyBytes('png'), format);
        ground.exhibit(`/moving/picture.${format}`, content(`image/${format}`, body), 'animated');
      }
    },
  },
  {
    name: 'blank',
    about: 'A picture of one colour.',
    plant: (ground) => {
      ground.exhibit(
        '/blank.png',
        content('image/png', () => blank(ground.px)),
        'blank',
      );
    },
  },
  {
    name: 'vector',
    about: 'A drawing that is a program rather than pixels.',
    plant: (ground) => {
      const svg =
        '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><circle cx="50" cy="50" r="40"/></svg>';
      const body = () => svg;
      ground.exhibit('/vector.svg', content('image/svg+xml', body), 'unsupported_format');
    },
  },
  {
    name: 'decompression-bomb',
    about: 'Fifty kilobytes that unpack to 400 megapixels.',
    plant: (ground) => {
      const body = () => bomb(BOMB_SIDE);
      ground.exhibit('/bomb.png', content('image/png', body), 'too_many_pixels');
    },
  },
];
