/**
 * What a trouble is built with: hosts, pictures that nobody else serves, words that nobody else
 * uses, and the list of what should become of each URL.
 */

import type { Reason } from '../../src/core/reasons.js';
import { altText, captionText } from './captions.js';
import type { Concept, EmojiWorld } from './emoji.js';
import { designerOf } from './emoji.js';
import type { Gallery } from './gallery.js';
import { escapeHtml, link, page } from './html.js';
import { content, type Hosts, type Resource, type Site } from './site.js';

/** `kept`: becomes a row. `absent`: never asked for, and not even a candidate. */
export type Outcome = Reason | 'kept' | 'absent';

/**
 * What a correct crawl makes of one URL, given queries/demo.txt and a cap that does not bite. Where
 * the cap bites, `over_cap` may come first; near duplicates among the drawings themselves may take
 * a `kept`.
 */
export interface Fate {
  trouble: string;
  kind: 'image' | 'page';
  url: string;
  reason: Outcome;
  /** Other outcomes that are right as well, such as a text rule that comes before the image rule. */
  or?: readonly Outcome[];
}

/**
 * URLs of which at most one stays, and the others are lost for `reason`. Which one stays is decided
 * by rank; none does where a third drawing is as like.
 */
export interface Twins {
  trouble: string;
  urls: readonly string[];
  reason: 'duplicate_exact' | 'duplicate_near';
}

/** A picture that is served nowhere but where a trouble puts it. */
export interface Original {
  concept: Concept;
  alt: string;
  caption: string;
  type: string;
  bytes: () => Promise<Buffer>;
  picture: { designer: string; hex: string };
}

export interface Trouble {
  readonly name: string;
  /** One sentence: what the real web does here. */
  readonly about: string;
  readonly plant: (ground: Ground) => void;
}

/** The host whose pages show most of the troubles. */
export const ATTIC_HOST = 'attic.test';

/** Words that no emoji carries, so that only the cap of a word like `house` could stop the caption. */
export const RARE_WORDS = [
  'accordionist astrolabe bobbin bassoon bellows belfry birdcage bookplate butterchurn',
  'candlestick carousel catamaran cauldron chaffinch chandelier chesterfield churn clavichord',
  'coracle corkscrew cormorant cuckoo daguerreotype decanter dirigible doorknocker dulcimer',
  'easel embroidery espalier ewer farthingale footstool frigate gargoyle gazebo gondola',
  'gramophone greenhouse grindstone guillemot gyroscope hairpin harmonium harpsichord haystack',
  'heron hurdy-gurdy inkwell jodhpurs kayak kestrel kingfisher lacework lapwing lectern',
  'lighthouse linnet loom lorgnette mandolin marionette metronome millstone minaret moccasin',
  'monocle narwhal oboe orrery osprey ottoman palanquin pangolin paperweight periscope pestle',
  'phaeton pincushion plover portcullis puffin quiver quince rickshaw samovar sextant signpost',
  'skylark sleigh snuffbox spindle spinet sundial tapestry tarpaulin teasel thimble toboggan',
  'trawler treadle trellis trombone tugboat turnip turnstile typewriter unicycle viaduct',
  'wainscot walrus warbler weathervane wheelbarrow whippletree windmill yawl zeppelin zither',
].flatMap((line) => line.split(' '));

export interface GroundOptions {
  hosts: Hosts;
  emoji: EmojiWorld;
  galleries: readonly Gallery[];
  /** Concepts that `donor` draws and that its own site does not show. */
  exiles: readonly Concept[];
  donor: string;
  px: number;
  seed: number;
  slowMs: number;
  /** 1 for a full-size web; less makes fewer of each good picture. */
  scale: number;
}

export class Ground {
  readonly hosts: Hosts;
  readonly emoji: EmojiWorld;
  readonly galleries: readonly Gallery[];
  readonly px: number;
  readonly slowMs: number;
  readonly fates: Fate[] = [];
  readonly twins: Twins[] = [];
  /** Absolute URLs of pages to which the front page links. */
  readonly links: { url: string; words: string }[] = [];
  /** Hosts that a crawl may visit for pages. */
  readonly pageHosts = new Set<string>();
  readonly #options: GroundOptions;
  #trouble = '';
  #exilesGiven = 0;
  #wordsGiven = 0;

  constructor(options: GroundOptions) {
    this.#options = options;
    this.hosts = options.hosts;
    this.emoji = options.emoji;
    this.galleries = options.galleries;
    this.px = options.px;
    this.slowMs = options.slowMs;
  }

  plant(trouble: Trouble): void {
    this.#trouble = trouble.name;
    trouble.plant(this);
  }

  site(host: string): Site {
    return this.hosts.site(host);
  }

  /** `count` pictures of the full-size web, at least one. Throws RangeError when none are left. */
  originals(count: number): Original[] {
    const wanted = Math.max(1, Math.round(count * this.#options.scale));
    return Array.from({ length: wanted }, () => this.original());
  }

  original(): Original {
    const { exiles, donor, seed, px, emoji } = this.#options;
    const concept = exiles[this.#exilesGiven++];
    if (concept === undefined) {
      throw new RangeError(`The troubles need more than ${exiles.length} pictures: add concepts`);
    }
    return {
      concept,
      alt: altText(seed, donor, concept),
      caption: captionText(seed, donor, concept),
      type: `image/${designerOf(donor).format}`,
      bytes: () => emoji.render(donor, concept, px),
      picture: { designer: donor, hex: concept.hex },
    };
  }

  /** An English sentence with a word that no other caption has. */
  sentence(): string {
    const word = RARE_WORDS[this.#wordsGiven++];
    if (word === undefined) throw new RangeError('The troubles need more rare words');
    return `The old ${word} that our grandmother kept in the attic of her house`;
  }

  /** Any picture's bytes, for troubles in which nobody gets to see them. */
  anyBytes(format: 'png' | 'jpeg' | 'webp'): Promise<Buffer> {
    const { exiles, donor, px, emoji } = this.#options;
    return emoji.render(donor, exiles[0] as Concept, px * 2, { format, background: 'white' });
  }

  fate(kind: Fate['kind'], url: string, reason: Outcome, ...or: Outcome[]): void {
    this.fates.push({ trouble: this.#trouble, kind, url, reason, ...(or.length > 0 && { or }) });
  }

  twinsOf(urls: readonly string[], reason: Twins['reason']): void {
    this.twins.push({ trouble: this.#trouble, urls, reason });
  }

  /** Adds a page that the front page links to. `main` is HTML. */
  page(
    host: string,
    path: string,
    main: string,
    options: { head?: string; headers?: Record<string, string>; linked?: boolean } = {},
  ): string {
    const { head = '', headers = {}, linked = true } = options;
    const title = this.#trouble.replaceAll('-', ' ');
    const url = this.site(host).html(path, () => page({ title, head, main }), headers);
    if (linked) this.link(url);
    return url;
  }

  /** Links to a page from the front page and lets a crawl visit its host. */
  link(url: string): void {
    this.links.push({ url, words: this.#trouble.replaceAll('-', ' ') });
    this.pageHosts.add(new URL(url).hostname);
  }

  /** Serves an original and returns its URL. */
  serve(site: Site, path: string, original: Original): string {
    return site.add(path, content(original.type, original.bytes, { picture: original.picture }));
  }

  /**
   * Serves `count` originals on a host, with a page of the host that shows them; each is to be kept.
   */
  shelf(host: string, count: number): void {
    const site = this.site(host);
    const figures = this.originals(count).map((original, at) => {
      const url = this.serve(site, `/shelf/${at + 1}.png`, original);
      this.fate('image', url, 'kept');
      return figure(url, original.alt, original.caption);
    });
    this.page(host, '/', `<h1>${host}</h1>\n${figures.join('\n')}`);
  }

  /** Serves `resource` as an image of the attic, on a page with an English caption. */
  exhibit(path: string, resource: Resource, reason: Outcome, ...or: Outcome[]): string {
    const url = this.site(ATTIC_HOST).add(path, resource);
    this.show(url, reason, ...or);
    return url;
  }

  /** Shows an image URL on a page of its own in the attic, with an English caption. */
  show(src: string, reason: Outcome, ...or: Outcome[]): void {
    this.page(ATTIC_HOST, `/rooms/${this.links.length}.html`, figure(src, this.sentence()));
    this.fate('image', src, reason, ...or);
  }

  /** The front page: links to everything. */
  frontPage(galleries: readonly string[]): string {
    const links = [...galleries, ...this.links.map(({ url }) => url)];
    return page({
      title: 'Pictures on the web',
      main: `<ul>\n${links.map((url) => `<li>${link(url, url)}</li>`).join('\n')}\n</ul>`,
    });
  }
}

/** A figure; without a caption where there is none to say. */
export function figure(src: string, alt: string, caption?: string): string {
  const below = caption === undefined ? '' : `<figcaption>${escapeHtml(caption)}</figcaption>`;
  return `<figure><img src="${escapeHtml(src)}" alt="${escapeHtml(alt)}">${below}</figure>`;
}
