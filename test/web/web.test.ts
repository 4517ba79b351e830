import { createHash } from 'node:crypto';
import { load } from 'cheerio';
import { beforeAll, describe, expect, it } from 'vitest';
import { DESIGNERS, type EmojiWorld, loadEmoji } from './emoji.js';
import { RARE_WORDS } from './ground.js';
import type { Content } from './site.js';
import { TROUBLES } from './troubles.js';
import { planWeb, type Web } from './web.js';

let emoji: EmojiWorld;
let whole: Web;
beforeAll(async () => {
  emoji = await loadEmoji();
  whole = planWeb(emoji);
});

function contents(web: Web): { url: string; content: Content }[] {
  return web.hosts
    .all()
    .flatMap((site) =>
      [...site.resources].map(([path, resource]) => ({ url: site.origin + path, resource })),
    )
    .flatMap(({ url, resource }) =>
      resource.kind === 'content' ? [{ url, content: resource }] : [],
    );
}

function contentAt(web: Web, url: string): Content | undefined {
  const { hostname, pathname, search } = new URL(url);
  const resource = web.hosts.get(hostname)?.resources.get(pathname + search);
  return resource?.kind === 'content' ? resource : undefined;
}

/** Every URL a page mentions, in whatever attribute. */
async function mentions(content: Content, url: string): Promise<string[]> {
  const text = String(await content.body());
  if (content.type.includes('xml')) {
    return [...text.matchAll(/<loc>(.*?)<\/loc>/g)].map(([, loc]) => loc as string);
  }
  const $ = load(text, { xml: { xmlMode: false } });
  const base = new URL($('base').attr('href') ?? '.', url);
  const found: string[] = [];
  $('*').each((_, element) => {
    if (!('attribs' in element)) return;
    for (const [name, value] of Object.entries(element.attribs)) {
      if (/^(href|src|data-src|content)$/.test(name)) found.push(value);
      if (name.endsWith('srcset'))
        found.push(...value.split(/,\s/).map((one) => one.trim().split(' ')[0] as string));
    }
  });
  for (const [, value] of text.matchAll(/<noscript><img src="([^"]*)"/g))
    found.push(value as string);
  return found.flatMap((value) => {
    try {
      const absolute = new URL(value, base);
      absolute.hash = '';
      return absolute.protocol === 'http:' ? [absolute.href] : [];
    } catch {
      return [];
    }
  });
}

/** Everything that can be reached from the seeds, redirects and sitemaps included. */
async function crawlEverything(web: Web): Promise<Set<string>> {
  const sitemaps = web.hosts.all().map((site) => `${site.origin}/sitemap.xml`);
  const queue = [...web.seeds, ...sitemaps];
  const seen = new Set(queue);
  for (let url = queue.shift(); url !== undefined; url = queue.shift()) {
    const content = contentAt(web, url);
    if (content === undefined) continue;
    const next = content.headers.Location;
    const found = next === undefined ? [] : [new URL(next, url).href];
    if (/html|xml/.test(content.type)) found.push(...(await mentions(content, url)));
    for (const one of found) {
      if (seen.has(one)) continue;
      seen.add(one);
      queue.push(one);
    }
  }
  return seen;
}

describe('the whole web', () => {
  it('has some 11,000 full-size pictures on some 1,500 pages of 29 hosts', () => {
    const all = contents(whole);
    const pages = all.filter(
      ({ content }) => content.status === 200 && content.type.startsWith('text/html'),
    );
    const small = (url: string) => /36x36|flat-36/.test(url);
    const pictures = all.filter(({ url, content }) => content.picture && !small(url));
    expect(pages.length).toBeGreaterThan(1_300);
    expect(pages.length).toBeLessThan(1_800);
    expect(pictures.length).toBeGreaterThan(9_000);
    expect(whole.hosts.all()).toHaveLength(29);
    expect(whole.concepts).toHaveLength(1_562 - 84);
  });

  it('serves nothing that is held out, at any address', () => {
    const open = new Set(whole.concepts.map((concept) => concept.hex));
    const closed = contents(whole).filter(
      ({ content: { picture } }) =>
        picture !== undefined && (!open.has(picture.hex) || picture.designer === 'openmoji'),
    );
    expect(closed.map(({ url }) => url)).toEqual([]);
    expect(whole.concepts.some((concept) => concept.heldOut)).toBe(false);
  });

  it('leads to every picture, and to nothing held out by name', async () => {
    const reachable = await crawlEverything(whole);
    const unreachable = contents(whole).filter(
      ({ url, content }) => content.picture && !reachable.has(url),
    );
    expect(unreachable.map(({ url }) => url)).toEqual([]);
    const heldOut = emoji.concepts.filter((concept) => concept.heldOut);
    const names = new RegExp(
      `(?<![0-9a-f_-]|_u)(emoji_u)?(${heldOut.map(({ hex }) => hex.replaceAll('-', '[-_]')).join('|')})(?![0-9a-f_-])`,
      'i',
    );
    expect([...reachable].filter((url) => names.test(url) || url.includes('openmoji'))).toEqual([]);
  });

  it('shows no picture whose bytes are those of a held-out one', async () => {
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const look = { format: 'png', background: 'white' } as const;
    const secret = new Set<string>();
    for (const concept of emoji.concepts.filter((one) => one.heldOut)) {
      for (const { id } of DESIGNERS) {
        if (emoji.has(id, concept)) secret.add(digest(await emoji.render(id, concept, 16, look)));
      }
    }
    const leaks: string[] = [];
    for (const concept of whole.concepts.filter((one) => one.concrete)) {
      for (const { id } of DESIGNERS) {
        if (id === 'openmoji' || !emoji.has(id, concept)) continue;
        if (secret.has(digest(await emoji.render(id, concept, 16, look))))
          leaks.push(concept.label);
      }
    }
    expect(secret.size).toBeGreaterThan(500);
    expect(leaks).toEqual([]);
  });

  it('has a fate for something in every trouble', () => {
    const told = new Set([
      ...whole.expectedFates.map((fate) => fate.trouble),
      ...whole.expectedTwins.map((twins) => twins.trouble),
    ]);
    expect([...TROUBLES.map((trouble) => trouble.name)].filter((name) => !told.has(name))).toEqual(
      [],
    );
    expect(new Set(TROUBLES.map((trouble) => trouble.name)).size).toBe(TROUBLES.length);
    expect(new Set(RARE_WORDS).size).toBe(RARE_WORDS.length);
  });
});

describe('options', () => {
  it('give the same bytes when they are the same, and other words under another seed', async () => {
    const options = { concepts: 30, px: 32, designers: ['twemoji', 'emojione', 'fxemoji'] };
    const everything = async (web: Web) => {
      const hash = createHash('sha256');
      for (const { url, content } of contents(web)) {
        if (url.endsWith('/bomb.png')) continue;
        hash.update(
          `${url} ${content.status} ${content.type} ${JSON.stringify(content.headers)}\n`,
        );
        hash.update(await content.body());
      }
      return hash.digest('hex');
    };
    const first = await everything(planWeb(emoji, options));
    expect(await everything(planWeb(await loadEmoji(), options))).toBe(first);
    expect(await everything(planWeb(emoji, { ...options, seed: 1 }))).not.toBe(first);
  });

  it('make a smaller web of the same kind', () => {
    const web = planWeb(emoji, { concepts: 40, designers: ['twemoji', 'fluent-flat'] });
    expect(web.concepts).toHaveLength(40);
    expect(web.seeds).toEqual([
      'http://front.test/',
      'http://twemoji.test/',
      'http://fluent-flat.test/',
    ]);
    expect(web.hosts.get('noto.test')).toBeUndefined();
    expect(web.expectedFates.length).toBeGreaterThan(80);
  });

  it('leave the troubles out when asked', () => {
    const web = planWeb(emoji, { concepts: 5, troubles: false });
    expect(web.expectedFates).toEqual([]);
    expect(web.hosts.get('attic.test')).toBeUndefined();
  });

  it.each([
    [{ designers: ['openmoji'] }, /openmoji/],
    [{ designers: ['apple'] }, /apple/],
    [{ px: 33 }, /33/],
    [{ concepts: 0 }, /0/],
    [{ concepts: 12 }, /add concepts/],
  ])('are refused when they make no web: %j', (options, message) => {
    expect(() => planWeb(emoji, options)).toThrow(message);
  });
});
