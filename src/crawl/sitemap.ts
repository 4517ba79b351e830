/**
 * Sitemaps (sitemaps.org): the URLs in a `<urlset>`, the sitemaps in a `<sitemapindex>`, or one URL a
 * line in a text file. Files reach 50 MB, so they are scanned for `<loc>`, not parsed into a tree.
 */

import { decodeXML } from 'entities';

export interface Sitemap {
  /** Page URLs, absolute or not yet checked, in order. */
  readonly pages: string[];
  /** URLs of further sitemaps. */
  readonly sitemaps: string[];
}

/** Reads a sitemap of at most `limit` URLs; what follows them is ignored. Never throws. */
export function parseSitemap(text: string, limit: number): Sitemap {
  const isXml = /^\uFEFF?\s*</.test(text.slice(0, 1_000));
  const urls = isXml ? locations(text, limit) : lines(text, limit);
  const isIndex = isXml && /<(?:[\w-]+:)?sitemapindex[\s>]/.test(text.slice(0, 10_000));
  return isIndex ? { pages: [], sitemaps: urls } : { pages: urls, sitemaps: [] };
}

/** The contents of `<loc>` elements; `<image:loc>` and its kin are other things. */
function locations(xml: string, limit: number): string[] {
  const urls: string[] = [];
  let at = 0;
  while (urls.length < limit) {
    const open = xml.indexOf('<loc>', at);
    if (open === -1) break;
    const close = xml.indexOf('</loc>', open);
    if (close === -1) break;
    const inner = xml.slice(open + 5, close).trim();
    const url = inner.startsWith('<![CDATA[')
      ? inner.slice(9, inner.indexOf(']]>')).trim()
      : decodeXML(inner);
    if (url !== '') urls.push(url);
    at = close;
  }
  return urls;
}

function lines(text: string, limit: number): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/, limit)
    .map((line) => line.trim())
    .filter((line) => /^https?:\/\//i.test(line));
}
