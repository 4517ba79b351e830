/**
 * What stands on every page beside what it is about: navigation with tiny icons, and advertisements
 * in frames and banners. A dataset wants none of it.
 */

import sharp from 'sharp';
import { choose, type Key } from './chance.js';
import { escapeHtml, link } from './html.js';
import { content, type Hosts, type Site } from './site.js';

/** Alt texts are the words that such icons carry, which are also words that people search for. */
const ICONS = [
  { name: 'home', px: 16, path: 'M1 8 8 1l7 7v7H1z' },
  { name: 'menu', px: 20, path: 'M1 3h14v2H1zM1 7h14v2H1zM1 11h14v2H1z' },
  { name: 'search', px: 24, path: 'M6 1a5 5 0 1 0 4 8l5 5 1-1-5-5a5 5 0 0 0-5-7z' },
] as const;

const BANNERS = [
  {
    name: 'summer',
    alt: 'Summer sale: everything for your garden, half the price',
    fill: '#d81b60',
  },
  { name: 'pizza', alt: 'Hungry? Order a pizza now and eat it in half an hour', fill: '#ef6c00' },
  { name: 'travel', alt: 'Cheap flights to the beach, book your holiday today', fill: '#0277bd' },
] as const;
export const BANNER_WIDTH = 728;
export const BANNER_HEIGHT = 90;

export const ADS_HOST = 'ads.test';

/** Adds the icons to a site; returns their absolute URLs. */
export function addIcons(site: Site): string[] {
  return ICONS.map(({ name, px, path }) =>
    site.add(
      `/static/icons/${name}.png`,
      content('image/png', () => draw(px, px, `<path fill="#333" d="${path}"/>`, '0 0 16 16')),
    ),
  );
}

/** Adds the host that serves banners and framed advertisements; returns the banners' URLs. */
export function addAdvertisements(hosts: Hosts): string[] {
  const site = hosts.site(ADS_HOST);
  return BANNERS.map(({ name, fill, alt }) => {
    const url = site.add(
      `/banner/${name}-${BANNER_WIDTH}x${BANNER_HEIGHT}.png`,
      content('image/png', () =>
        draw(
          BANNER_WIDTH,
          BANNER_HEIGHT,
          `<rect width="728" height="90" fill="${fill}"/><circle cx="60" cy="45" r="30" fill="#fff"/>`,
          `0 0 ${BANNER_WIDTH} ${BANNER_HEIGHT}`,
        ),
      ),
    );
    site.html(`/frame/${name}.html`, () => `<!doctype html><title>Ad</title>${banner(url, alt)}`);
    return url;
  });
}

/** Navigation: the icons, and links to other pages. */
export function navigation(links: readonly [href: string, words: string][]): string {
  const icons = ICONS.map(
    ({ name, px }) =>
      `<a href="/"><img src="/static/icons/${name}.png" width="${px}" height="${px}" alt="${name}"></a>`,
  );
  return `<nav>${icons.join('')}\n${links.map(([href, words]) => link(href, words)).join(' |\n')}</nav>`;
}

/** One advertisement, chosen by the keys: a banner, or a frame that holds one. */
export function advertisement(...keys: Key[]): string {
  const { name, alt } = choose(BANNERS, ...keys, 'banner');
  if (choose(['banner', 'frame'], ...keys) === 'frame') {
    return `<iframe src="http://${ADS_HOST}/frame/${name}.html" width="${BANNER_WIDTH}" height="${BANNER_HEIGHT}" title="Advertisement"></iframe>`;
  }
  const url = `http://${ADS_HOST}/banner/${name}-${BANNER_WIDTH}x${BANNER_HEIGHT}.png`;
  return `<a href="http://${ADS_HOST}/frame/${name}.html" rel="nofollow">${banner(url, alt)}</a>`;
}

function banner(url: string, alt: string): string {
  return `<img src="${url}" width="${BANNER_WIDTH}" height="${BANNER_HEIGHT}" alt="${escapeHtml(alt)}">`;
}

function draw(width: number, height: number, body: string, viewBox: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${viewBox}">${body}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}
