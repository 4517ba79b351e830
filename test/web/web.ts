/**
 * The plan of the small internet: which hosts there are and what each serves, as plain data. The
 * same options give the same plan and the same bytes for every URL.
 */

import { type Key, shuffle } from './chance.js';
import { type Concept, DESIGNERS, type EmojiWorld, type Locale } from './emoji.js';
import { Gallery } from './gallery.js';
import { type Fate, Ground, type Twins } from './ground.js';
import { Hosts, type Site } from './site.js';
import { TROUBLES } from './troubles.js';

export interface WebOptions {
  /** Ids of DESIGNERS; all but the held-out one by default. */
  designers?: readonly string[];
  /** Show only so many concepts (held-out ones are never among them). Default: all. */
  concepts?: number;
  /** Show concrete concepts alone: no faces, people or symbols. Default false. */
  concreteOnly?: boolean;
  /** Side of the pictures, in pixels; even. */
  px?: number;
  /** Chooses wordings, and the concepts of a smaller web. */
  seed?: number;
  /** Default true. */
  troubles?: boolean;
  /** How long the slow host thinks. */
  slowMs?: number;
}

export interface Web {
  hosts: Hosts;
  /** Pages to start from: the front page and every designer's home page. */
  seeds: string[];
  /** Hosts whose pages a crawl may visit. Pictures lie on others as well. */
  pageHosts: string[];
  expectedFates: Fate[];
  expectedTwins: Twins[];
  /** Concepts on show. */
  concepts: Concept[];
}

export const FRONT_HOST = 'front.test';

/** Where other languages live, and how many pictures they show of a full-size web. */
const TRANSLATIONS: readonly { locale: Locale; designer: string; host?: string; share: number }[] =
  [
    { locale: 'de', designer: 'noto', host: 'de.noto.test', share: 0.16 },
    { locale: 'fr', designer: 'twemoji', host: 'fr.twemoji.test', share: 0.16 },
    { locale: 'es', designer: 'fluent-flat', share: 0.05 },
    { locale: 'pt', designer: 'fluent-flat', share: 0.05 },
    { locale: 'ru', designer: 'fluent-flat', share: 0.05 },
    { locale: 'ja', designer: 'fluent-flat', share: 0.05 },
    { locale: 'zh', designer: 'fluent-flat', share: 0.05 },
  ];

/** Pictures that the troubles take: some whatever the size, the others in proportion to it. */
const FIXED_EXILES = 24;
const SCALED_EXILES = 64;
/** A web of fewer concepts has fewer good pictures on troubled hosts. */
const FULL_SIZE = 400;

/**
 * Plans the web.
 * @throws RangeError for an unknown or held-out designer, an odd size, or too few concepts.
 */
export function planWeb(emoji: EmojiWorld, options: WebOptions = {}): Web {
  const served = DESIGNERS.filter((one) => !one.heldOut).map((one) => one.id as string);
  const {
    designers = served,
    px = 72,
    seed = 0,
    troubles = true,
    slowMs = 300,
    concepts: wanted,
    concreteOnly = false,
  } = options;
  for (const id of designers) {
    if (!served.includes(id)) {
      throw new RangeError(`Expected designers among ${served.join(', ')}, got "${id}"`);
    }
  }
  if (!Number.isInteger(px) || px < 2 || px % 2 !== 0) {
    throw new RangeError(`Expected an even number of pixels, got ${px}`);
  }
  const concepts = chooseConcepts(emoji, concreteOnly, wanted, seed);
  const hosts = new Hosts();
  const donor = designers[0];
  const scale = Math.min(1, concepts.length / FULL_SIZE);
  const exiles = troubles && donor !== undefined ? chooseExiles(concepts, scale, seed) : [];
  const galleries = designers.map((designer) => {
    const lent = designer === donor ? exiles : [];
    const shown = concepts.filter(
      (concept) => emoji.has(designer, concept) && !lent.includes(concept),
    );
    return new Gallery({ hosts, emoji, designer, concepts: shown, px, seed });
  });
  const pageHosts = new Set([FRONT_HOST, ...galleries.map(({ site }) => site.host)]);
  for (const { locale, designer, host, share } of TRANSLATIONS) {
    const gallery = galleries.find((one) => one.designer.id === designer);
    if (gallery === undefined) continue;
    const site: Site = host === undefined ? gallery.site : hosts.site(host);
    const count = Math.ceil(concepts.length * share);
    gallery.addTranslation(locale, site, host === undefined ? `/${locale}` : '/bilder', count);
    pageHosts.add(site.host);
  }
  for (const gallery of galleries) gallery.finish();

  const homes = galleries.map(({ site }) => `${site.origin}/`);
  const ground = new Ground({
    hosts,
    emoji,
    galleries,
    exiles,
    donor: donor ?? '',
    px,
    seed,
    slowMs,
    scale,
  });
  if (exiles.length > 0) for (const trouble of TROUBLES) ground.plant(trouble);
  for (const host of ground.pageHosts) pageHosts.add(host);
  const front = hosts.site(FRONT_HOST).html('/', () => ground.frontPage(homes));
  return {
    hosts,
    seeds: [front, ...homes],
    pageHosts: [...pageHosts],
    expectedFates: ground.fates,
    expectedTwins: ground.twins,
    concepts,
  };
}

function chooseConcepts(
  emoji: EmojiWorld,
  concreteOnly: boolean,
  wanted: number | undefined,
  seed: Key,
): Concept[] {
  const open = emoji.concepts.filter(
    (concept) => !concept.heldOut && (concept.concrete || !concreteOnly),
  );
  if (wanted === undefined) return open;
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new RangeError(`Expected a positive number of concepts, got ${wanted}`);
  }
  const chosen = new Set(shuffle(open, ({ hex }) => hex, seed, 'web').slice(0, wanted));
  return open.filter((concept) => chosen.has(concept));
}

/**
 * The concepts whose picture by the first designer stands on troubled hosts instead of its own site:
 * animals and food first, which resemble each other least.
 */
function chooseExiles(concepts: readonly Concept[], scale: number, seed: Key): Concept[] {
  const unlike = (concept: Concept) => /^(animals|food)/.test(concept.group);
  const order = shuffle(concepts, ({ hex }) => hex, seed, 'exile');
  const exiles = [...order.filter(unlike), ...order.filter((concept) => !unlike(concept))];
  return exiles.slice(0, FIXED_EXILES + Math.ceil(SCALED_EXILES * scale));
}
