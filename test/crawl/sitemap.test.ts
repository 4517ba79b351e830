import { describe, expect, it } from 'vitest';
import { parseSitemap } from '../../src/crawl/sitemap.js';

const urlsOf = (text: string, limit = 100) => parseSitemap(text, limit).pages.map(({ url }) => url);

describe('parseSitemap', () => {
  it('reads the pages of a urlset, entities and CDATA included', () => {
    const xml = `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
      <url><loc> http://a.test/1?x=1&amp;y=2 </loc><lastmod>2026-01-01</lastmod></url>
      <url><loc><![CDATA[http://a.test/2?x=1&y=2]]></loc></url><url><loc></loc></url>
      <!-- <url><loc>http://a.test/no</loc></url> --></urlset>`;
    expect(urlsOf(xml)).toEqual(['http://a.test/1?x=1&y=2', 'http://a.test/2?x=1&y=2']);
  });

  it('reads the images of a page, wherever they stand in it, and what is said of them', () => {
    const xml = `<urlset xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"
        xmlns:video="http://www.google.com/schemas/sitemap-video/1.1">
      <url><image:image><image:loc>http://a.test/1.jpg</image:loc>
          <image:caption>A &lt;dog&gt;, running</image:caption><image:title><![CDATA[Rex & co]]></image:title>
          <image:geo_location>Oslo</image:geo_location>
          <image:license>http://a.test/cc</image:license></image:image>
        <loc>http://a.test/1</loc>
        <video:video><video:title>A film</video:title><video:thumbnail_loc>http://a.test/t.jpg</video:thumbnail_loc></video:video>
        <image:image><image:loc>http://a.test/2.jpg</image:loc></image:image>
        <image:image><image:caption>no address</image:caption></image:image></url>
      <url><loc>http://a.test/2</loc></url></urlset>`;
    expect(parseSitemap(xml, 100)).toEqual({
      pages: [
        {
          url: 'http://a.test/1',
          images: [
            {
              url: 'http://a.test/1.jpg',
              caption: 'A <dog>, running',
              title: 'Rex & co',
              license: 'http://a.test/cc',
            },
            { url: 'http://a.test/2.jpg' },
          ],
        },
        { url: 'http://a.test/2', images: [] },
      ],
      sitemaps: [],
    });
  });

  it('does not mind prefixes', () => {
    const xml = `<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:i="x"><s:url>
      <s:loc>http://a.test/</s:loc><i:image><i:loc>http://a.test/i.jpg</i:loc></i:image></s:url></s:urlset>`;
    expect(parseSitemap(xml, 100).pages).toEqual([
      { url: 'http://a.test/', images: [{ url: 'http://a.test/i.jpg' }] },
    ]);
  });

  it('reads the sitemaps of an index', () => {
    const xml =
      '\uFEFF<sitemapindex><sitemap><loc>http://a.test/1.xml</loc></sitemap></sitemapindex>';
    expect(parseSitemap(xml, 100)).toEqual({ pages: [], sitemaps: ['http://a.test/1.xml'] });
  });

  it('reads text, a URL a line', () => {
    const text = 'http://a.test/1\r\n\nnot a url\nhttps://a.test/2';
    expect(urlsOf(text)).toEqual(['http://a.test/1', 'https://a.test/2']);
  });

  it('reads the items of RSS and Atom feeds', () => {
    const rss = `<rss version="2.0"><channel><title>News</title><link>http://a.test/</link>
      <image><url>http://a.test/logo.png</url><link>http://a.test/</link></image>
      <item><title>One</title><link>http://a.test/1</link></item></channel></rss>`;
    expect(urlsOf(rss)).toEqual(['http://a.test/1']);
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="http://a.test/feed"/>
      <entry><link rel="edit" href="http://a.test/edit/1"/><link href="http://a.test/1"/></entry>
      <entry><link rel="alternate" href="http://a.test/2"></link></entry></feed>`;
    expect(urlsOf(atom)).toEqual(['http://a.test/1', 'http://a.test/2']);
  });

  it('reads no more than the limit, in files of any size', () => {
    expect(urlsOf('<urlset><loc>a</loc><loc>b</loc><loc>c</loc>', 2)).toEqual(['a', 'b']);
    const pages = Array.from({ length: 20_000 }, (_, i) => `http://a.test/${i}`);
    const xml = `<urlset>${pages.map((page) => `<url><loc>${page}</loc></url>`).join('\n')}</urlset>`;
    expect(urlsOf(xml, 50_000)).toEqual(pages);
    expect(urlsOf(xml, 19_999)).toEqual(pages.slice(0, 19_999));
    expect(urlsOf(pages.join('\n'), 3)).toEqual(pages.slice(0, 3));
  });

  it.each([
    '',
    '<',
    '<urlset><loc>http://a.test/',
    '<urlset><url><loc>http://a.test/</lo',
    '<urlset><loc><![CDATA[x</loc>',
    '<html><p>404</p>',
    '</loc></urlset></url>',
  ])('takes nothing from %j', (text) => {
    expect(parseSitemap(text, 100)).toEqual({ pages: [], sitemaps: [] });
  });
});
