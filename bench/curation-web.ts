/**
 * A web whose truth is known: pictures by independent designers (test/web/emoji.ts), each with a text
 * that was written for it, and around them what crawls bring along. For every URL the plan says what it
 * is, so that what a filter keeps and loses can be counted.
 *
 * Everything follows from the seed: shares below are of the good pairs.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { altText, captionText } from '../test/web/captions.js';
import { choose, draw, shuffle } from '../test/web/chance.js';
import { type Concept, DESIGNERS, type EmojiWorld, LOCALES } from '../test/web/emoji.js';

/** What a pair is in truth. */
export const KINDS = [
  'good',
  /** Good pairs of a few concepts of which the web has very many. */
  'head',
  /** The picture of one concept with the caption of another. */
  'wrong',
  /** A good picture again, larger and recompressed, with other good words. */
  'copy',
  'boilerplate',
  'file name',
  'keywords',
  'foreign',
  'blank',
] as const;
export type Kind = (typeof KINDS)[number];

/** Noise of each kind, as a share of the good pairs. */
const SHARES: Readonly<Partial<Record<Kind, number>>> = {
  wrong: 0.25,
  copy: 0.4,
  boilerplate: 0.4,
  'file name': 0.2,
  keywords: 0.2,
  foreign: 0.2,
  blank: 0.05,
};
/** Concepts that the web cannot get enough of. */
const HEAD_CONCEPTS = 24;

/** Nobody on this web draws like these: they are what the models are asked about. */
export const UNSEEN_DESIGNERS = ['openmoji', 'twemoji'] as const;

const BOILERPLATE = [
  'Click here to enlarge this image',
  'image {}',
  'Picture {} of 120',
  'Stock photo',
  'Royalty free stock vector illustration',
  'Photo {}',
  'View full size image',
  'Download this picture',
  '© 2021 Picture Company Ltd. All rights reserved.',
];
/** Words of the noise that a query list made of a large text holds too, as Wikipedia's does. */
export const GENERIC_QUERIES = (
  'image picture photo stock vector illustration click here enlarge view full size download royalty free ' +
  'copyright rights reserved company emoji icon img jpg png photo file'
).split(' ');

export interface PlantedPair {
  url: string;
  text: string;
  kind: Kind;
}

export interface CurationWeb {
  pairs: PlantedPair[];
  /** For `net.connectTo`: all hosts lead here. */
  connectTo: string[];
  concepts: readonly Concept[];
  close(): Promise<void>;
}

type Render = () => Promise<Buffer>;

const HOST = 'http://curation.test';
const PX = 72;

/** Plans the web and serves its pictures on a port of 127.0.0.1. */
export async function serveCurationWeb(
  emoji: EmojiWorld,
  options: {
    concepts?: number;
    /** Pairs of each of the concepts that the web has most of. */
    headPairs?: number;
    seed?: number;
  },
): Promise<CurationWeb> {
  const { concepts: most = Number.POSITIVE_INFINITY, headPairs = 300, seed = 0 } = options;
  const concrete = emoji.concepts.filter(({ concrete }) => concrete);
  const concepts = shuffle(concrete, ({ hex }) => hex, seed, 'web').slice(0, most);
  const pictures = new Map<string, Render>();
  const pairs: PlantedPair[] = [];
  const plant = (kind: Kind, path: string, text: string, render: Render): void => {
    pictures.set(path, render);
    pairs.push({ url: HOST + path, text, kind });
  };
  const plan = new Plan(emoji, concepts, seed);
  const good = plan.good();
  for (const one of good) plant('good', `/good/${one.name}`, one.text, () => plan.picture(one));
  plan.head(headPairs, (name, text, render) => plant('head', `/head/${name}`, text, render));
  for (const [kind, share] of Object.entries(SHARES) as [Kind, number][]) {
    const some = shuffle(good, ({ name }) => name, seed, kind);
    for (let at = 0; at < good.length * share; at++) {
      const one = some[at % some.length] as Drawn;
      const render = () => plan.noisePicture(kind, one, at);
      plant(
        kind,
        `/${kind.replace(' ', '-')}/${at}-${one.name}`,
        plan.noiseText(kind, one, at),
        render,
      );
    }
  }
  const server = await serve(pictures);
  const { port } = server.address() as AddressInfo;
  return {
    pairs: shuffle(pairs, ({ url }) => url, seed, 'order'),
    connectTo: [`::127.0.0.1:${port}`],
    concepts,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

interface Drawn {
  designer: string;
  concept: Concept;
  text: string;
  name: string;
}

class Plan {
  readonly #emoji: EmojiWorld;
  readonly #concepts: readonly Concept[];
  readonly #seed: number;
  readonly #designers = DESIGNERS.map(({ id }) => id as string).filter(
    (id) => !(UNSEEN_DESIGNERS as readonly string[]).includes(id),
  );

  constructor(emoji: EmojiWorld, concepts: readonly Concept[], seed: number) {
    this.#emoji = emoji;
    this.#concepts = concepts;
    this.#seed = seed;
  }

  good(): Drawn[] {
    return this.#concepts.flatMap((concept) =>
      this.#designers
        .filter((designer) => this.#emoji.has(designer, concept))
        .map((designer) => ({
          designer,
          concept,
          text: this.#words(designer, concept, 'good'),
          name: `${designer}-${concept.hex}.png`,
        })),
    );
  }

  /** Pairs of the commonest concepts. */
  head(count: number, plant: (name: string, text: string, render: Render) => void): void {
    for (const concept of this.#concepts.slice(0, HEAD_CONCEPTS)) {
      const drawn = this.#designers.filter((designer) => this.#emoji.has(designer, concept));
      for (let at = 0; at < count; at++) {
        const designer = choose(drawn, this.#seed, concept.hex, at);
        const render = () => this.#another({ designer, concept }, 'head', at);
        plant(`${concept.hex}-${at}.png`, this.#words(designer, concept, `head ${at}`), render);
      }
    }
  }

  /** A picture turned, cropped and tinted, so that it duplicates no other. */
  async #another(
    { designer, concept }: Pick<Drawn, 'designer' | 'concept'>,
    ...what: [Kind, number]
  ): Promise<Buffer> {
    const keys = [this.#seed, designer, concept.hex, ...what] as const;
    const png = await this.#emoji.render(designer, concept, PX, WHITE);
    const side = Math.round(PX * (0.6 + 0.35 * draw(...keys, 'crop')));
    // Turned first: a pipeline's own order is another.
    const turned = await sharp(png)
      .rotate(60 * draw(...keys, 'turn') - 30, { background: '#fff' })
      .resize(PX, PX)
      .png()
      .toBuffer();
    return await sharp(turned)
      .extract({
        left: Math.floor((PX - side) * draw(...keys, 'left')),
        top: Math.floor((PX - side) * draw(...keys, 'top')),
        width: side,
        height: side,
      })
      .modulate({
        brightness: 0.75 + 0.4 * draw(...keys, 'light'),
        hue: Math.round(60 * draw(...keys, 'hue')) - 30,
      })
      .png()
      .toBuffer();
  }

  picture({ designer, concept }: Drawn): Promise<Buffer> {
    return this.#emoji.render(designer, concept, PX, WHITE);
  }

  async noisePicture(kind: Kind, drawn: Drawn, at: number): Promise<Buffer> {
    if (kind === 'blank') {
      return await sharp({ create: { width: PX, height: PX, channels: 3, background: '#eee' } })
        .png()
        .toBuffer();
    }
    if (kind !== 'copy') return await this.#another(drawn, kind, at);
    return await sharp(await this.picture(drawn))
      .resize(PX + 24)
      .jpeg({ quality: 80 })
      .toBuffer();
  }

  noiseText(kind: Kind, { designer, concept }: Drawn, at: number): string {
    const keys = [this.#seed, kind, at] as const;
    switch (kind) {
      case 'wrong':
        return this.#words(designer, choose(this.#concepts, ...keys), kind);
      case 'boilerplate':
        return choose(BOILERPLATE, ...keys).replace('{}', String(at));
      case 'file name':
        return draw(...keys) < 0.5 ? `IMG_${1000 + at}.JPG` : `photo ${1000 + at}.png`;
      case 'keywords': {
        const others = shuffle(this.#concepts, ({ hex }) => hex, ...keys).slice(0, 24);
        return others.map(({ label }) => label).join(', ');
      }
      case 'foreign':
        return `${concept.labels[choose(LOCALES, ...keys)]} Emoji`;
      default:
        return this.#words(designer, concept, `${kind} ${at}`);
    }
  }

  #words(designer: string, concept: Concept, what: string): string {
    const seed = Math.floor(draw(this.#seed, designer, concept.hex, what) * 2 ** 31);
    const write = draw(seed, 'which') < 0.5 ? altText : captionText;
    return write(seed, designer, concept);
  }
}

const WHITE = { format: 'png', background: 'white' } as const;

/** Draws each picture when it is first asked for, and keeps it for the next build. */
async function serve(pictures: ReadonlyMap<string, Render>): Promise<Server> {
  const drawn = new Map<string, Promise<Buffer>>();
  const server = createServer(async ({ url = '' }, response) => {
    const path = decodeURIComponent(url);
    const render = pictures.get(path);
    if (render === undefined) {
      response.writeHead(404).end();
      return;
    }
    const picture = drawn.get(path) ?? render();
    drawn.set(path, picture);
    response.writeHead(200, { 'content-type': 'image/png' }).end(await picture);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
