/**
 * What a page offers, found in a tree and by selectors: slow, plain, and by another road than
 * src/crawl/html-reader.ts takes. What it finds is what that must find.
 */

import { load } from 'cheerio';
import { candidateId } from '../../src/core/ids.js';
import { baseUrl, openGraphImages, resolveUrl } from '../../src/crawl/extract.js';
import { isRobotMeta, mayFollow, metaDirectives } from '../../src/crawl/net/optout.js';
import { largestFirst } from '../../src/crawl/srcset.js';
import { BLOCKS, boundedText } from '../../src/crawl/text.js';

/** By whose rules the tree is built: htmlparser2's (as the crawler reads), or the HTML standard's. */
export type TreeBuilder = 'htmlparser2' | 'parse5';

const SRCSET = ['srcset', 'data-srcset', 'data-lazy-srcset', 'data-original-set'];
const SRC =
  'data-src data-lazy-src data-original data-lazy data-orig-file data-full-src data-image data-url src'.split(
    ' ',
  );

export function pageInTree(html: string, pageUrl: string, builder: TreeBuilder = 'htmlparser2') {
  const $ =
    builder === 'parse5'
      ? load(html, { scriptingEnabled: false })
      : load(html, { xml: { xmlMode: false, decodeEntities: true } });
  const base = baseUrl($('base[href]').first().attr('href'), pageUrl);
  const resolve = (url: string | undefined) =>
    url === undefined ? undefined : resolveUrl(url, base);
  const firstOf = (urls: readonly (string | undefined)[]) =>
    urls.map(resolve).find((url) => url !== undefined);

  const pairs: [url: string, text: string, source: string][] = [];
  const offer = (url: string | undefined, texts: readonly (readonly [string, string])[]) => {
    if (url === undefined) return;
    const named = texts.map(([source, text]) => [source, boundedText(text)] as const);
    const nonEmpty = named.filter(([, text]) => text !== '');
    for (const [source, text] of nonEmpty) pairs.push([url, text, source]);
    if (nonEmpty.length === 0) pairs.push([url, '', 'alt']);
  };
  $('img, amp-img').each((_, image) => {
    const picture = $(image).parent('picture');
    const sources = picture.children('source').filter((_, source) => {
      return !/^image\/(svg|jxl|jp2|jpx)/i.test($(source).attr('type') ?? '');
    });
    const srcsets = [image, ...sources].flatMap((element) =>
      SRCSET.map((name) => $(element).attr(name)).filter((srcset) => srcset !== undefined),
    );
    const caption = captionOf($, image);
    offer(
      firstOf([
        ...largestFirst(srcsets).map(({ url }) => url),
        ...SRC.map((name) => $(image).attr(name)),
      ]),
      [
        ['alt', $(image).attr('alt') ?? ''],
        ['caption', caption === undefined ? '' : textOf(caption as Node)],
        ['title', $(image).attr('title') ?? ''],
      ],
    );
  });
  const metas = [...$('meta[content]')].map((meta) => ({
    name: $(meta).attr('name')?.trim().toLowerCase(),
    property: ($(meta).attr('property') ?? $(meta).attr('name') ?? '').trim().toLowerCase(),
    content: $(meta).attr('content') as string,
  }));
  const openGraph = metas.filter(({ property }) => property.startsWith('og:'));
  for (const { url, alt } of openGraphImages(openGraph.map((m) => [m.property, m.content]))) {
    offer(resolve(url), [['title', alt ?? '']]);
  }
  return { pairs: once(pairs), ...linksIn($, metas, resolve) };
}

type Tree = ReturnType<typeof load>;

/** The first caption of the innermost figure around an image. */
function captionOf($: Tree, image: Parameters<Tree>[0]) {
  const figure = $(image).closest('figure');
  return figure
    .find('figcaption')
    .filter((_, caption) => $(caption).closest('figure')[0] === figure[0])
    .get(0);
}

interface Node {
  readonly type: string;
  readonly name?: string;
  readonly data?: string;
  readonly children?: readonly Node[];
}

function textOf({ type, name = '', data = '', children = [] }: Node): string {
  if (type === 'text') return data;
  if (type === 'script' || type === 'style' || type === 'comment') return '';
  const text = children.map(textOf).join('');
  return BLOCKS.has(name) ? ` ${text} ` : text;
}

function linksIn(
  $: Tree,
  metas: readonly { name: string | undefined; content: string }[],
  resolve: (url: string | undefined) => string | undefined,
) {
  const robots = metas.flatMap(({ name, content }) =>
    name !== undefined && isRobotMeta(name) ? [{ name, content }] : [],
  );
  const hrefs = [...$('a[href], area[href], meta[http-equiv][content]')]
    .filter((link) => !/(^|\s)(nofollow|ugc|sponsored)(\s|$)/i.test($(link).attr('rel') ?? ''))
    .map((link) => resolve($(link).attr('href') ?? refreshOf($(link))));
  const canonical = [...$('link[href]')].find((link) =>
    ($(link).attr('rel') ?? '').toLowerCase().split(/\s+/).includes('canonical'),
  );
  const follow = mayFollow(metaDirectives(robots));
  return {
    links: follow ? [...new Set(hrefs.filter((href) => href !== undefined))] : [],
    canonical: canonical && resolve($(canonical).attr('href')),
    metas: robots,
  };
}

/** Where `0; url=/x` leads. */
function refreshOf(meta: ReturnType<Tree>): string | undefined {
  if (meta.attr('http-equiv')?.trim().toLowerCase() !== 'refresh') return undefined;
  return /^\d+; url=(.*)/s.exec(meta.attr('content') ?? '')?.[1];
}

/** Each pair once; an image without text only where it has none anywhere, and then last. */
function once(pairs: readonly [string, string, string][]) {
  const named = new Map(
    pairs.filter(([, text]) => text !== '').map((pair) => [candidateId(pair[0], pair[1]), pair]),
  );
  // Of a pair that is there twice the first counts.
  for (const pair of [...pairs].reverse()) {
    if (pair[1] !== '') named.set(candidateId(pair[0], pair[1]), pair);
  }
  const urls = new Set([...named.values()].map(([url]) => url));
  const unnamed = new Map(
    pairs.filter(([url, text]) => text === '' && !urls.has(url)).map((pair) => [pair[0], pair]),
  );
  return [...named.values(), ...unnamed.values()];
}
