import { describe, expect, it } from 'vitest';
import { parseSitemap } from '../../src/crawl/sitemap.js';

describe('parseSitemap', () => {
  it('reads the pages of a urlset, entities and CDATA included, images left out', () => {
    const xml = `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <url><loc> http://a.test/1?x=1&amp;y=2 </loc><image:image><image:loc>http://a.test/i.jpg</image:loc></image:image></url>
      <url><loc><![CDATA[http://a.test/2?x=1&y=2]]></loc></url><url><loc></loc></url></urlset>`;
    expect(parseSitemap(xml, 100)).toEqual({
      pages: ['http://a.test/1?x=1&y=2', 'http://a.test/2?x=1&y=2'],
      sitemaps: [],
    });
  });

  it('reads the sitemaps of an index', () => {
    const xml =
      '\uFEFF<sitemapindex><sitemap><loc>http://a.test/1.xml</loc></sitemap></sitemapindex>';
    expect(parseSitemap(xml, 100)).toEqual({ pages: [], sitemaps: ['http://a.test/1.xml'] });
  });

  it('reads text, a URL a line', () => {
    expect(parseSitemap('http://a.test/1\r\n\nnot a url\nhttps://a.test/2', 100).pages).toEqual([
      'http://a.test/1',
      'https://a.test/2',
    ]);
  });

  it('reads no more than the limit', () => {
    expect(parseSitemap('<urlset><loc>a</loc><loc>b</loc><loc>c</loc>', 2).pages).toEqual([
      'a',
      'b',
    ]);
  });

  it.each([
    '',
    '<',
    '<urlset><loc>http://a.test/',
    '<urlset><loc><![CDATA[x</loc>',
    '<html><p>404</p>',
  ])('takes %j for what it is', (text) => {
    const { pages, sitemaps } = parseSitemap(text, 100);
    expect(pages.every((page) => !page.includes('<'))).toBe(true);
    expect(sitemaps).toEqual([]);
  });
});
