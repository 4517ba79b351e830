/**
 * The words that stand beside images on the small internet. One picture usually carries an alt text
 * and a caption that differ, and the same concept is worded differently by every designer, so that
 * words are met in several contexts, as on the real web. All of it follows from (seed, designer,
 * concept): see chance.ts.
 */

import { choose, draw, type Key, shuffle } from './chance.js';
import { type Concept, designerOf } from './emoji.js';

/** What each designer's pages say of their style. */
const STYLES: Readonly<Record<string, string>> = {
  noto: 'a soft, shaded style',
  'noto-v1': 'an early, rounded style',
  twemoji: 'a flat style with few colours',
  'fluent-flat': 'a flat style with bright colours',
  'fluent-3d': 'three dimensions with soft light',
  emojione: 'a shaded style with fine gradients',
  'emojione-v1': 'a simple style without shading',
  fxemoji: 'a plain style with clean shapes',
  'fluent-line': 'black and white, for good contrast',
  'emojione-line': 'a single colour',
  streamline: 'bold lines with few colours',
};

interface Wording {
  /** The designer's name, as people write it. */
  title: string;
  style: string;
  /** `food & drink` */
  group: string;
  tags: readonly string[];
}

type Template = (label: string, wording: Wording) => string;

/** Alt texts, each as often as its weight says. */
const ALTS: readonly [weight: number, template: Template][] = [
  [8, (label) => label],
  [3, (label) => `${label} emoji`],
  [2, (label) => `${label} icon`],
  [3, (label) => withArticle(label)],
  [3, (label) => `A picture of ${withArticle(label)}`],
  [2, (label) => `An emoji of ${withArticle(label)}`],
  [2, (label, { title }) => `${capital(label)} as drawn by ${title}`],
  [3, (label, { tags }) => `${label}, ${list(tags, 2)}`],
  [2, (label, { tags }) => `${list(tags, 2)}: ${label}`],
  [1, (label, { group }) => `${label} (${group})`],
  [1, (_label, { tags }) => list(tags, 4)],
];

/** Captions below the picture: mostly whole sentences. */
const CAPTIONS: readonly [weight: number, template: Template][] = [
  [3, (label, { style }) => `The ${label} is drawn in ${style}.`],
  [3, (label) => `This is ${withArticle(label)}.`],
  [2, (label, { title }) => `Here is how the people at ${title} draw ${withArticle(label)}.`],
  [2, (label, { group }) => `You will find the ${label} among our pictures of ${group}.`],
  [3, (label, { tags }) => `We use the ${label} to speak about ${list(tags, 2, ' and ')}.`],
  [2, (label, { tags }) => `A small picture of ${withArticle(label)}: ${list(tags, 3)}.`],
  [2, (label) => `Send ${withArticle(label)} to your friends.`],
  [1, (label, { tags }) => `${capital(label)} – also known as ${list(tags, 2, ' or ')}`],
];

/** The alt text of `designer`'s picture of `concept`. */
export function altText(seed: number, designer: string, concept: Concept): string {
  return write(ALTS, seed, designer, concept, 'alt');
}

/** The caption below it; never equal to the alt text. */
export function captionText(seed: number, designer: string, concept: Concept): string {
  const alt = altText(seed, designer, concept);
  const caption = write(CAPTIONS, seed, designer, concept, 'caption');
  return caption === alt ? `${caption} It is shown here.` : caption;
}

/** A title attribute, or the og:title of the picture's own page. */
export function titleText(designer: string, concept: Concept): string {
  return `${capital(concept.label)} – ${designerOf(designer).title} emoji`;
}

/** A paragraph of the kind that surrounds pictures and describes none of them. */
export function prose(...keys: Key[]): string {
  return [OPENINGS, MIDDLES, CLOSINGS]
    .map((sentences, at) => choose(sentences, ...keys, at))
    .join(' ');
}

const OPENINGS = [
  'We have been collecting pictures since the first telephones could show them.',
  'This page was put together by volunteers in their spare time.',
  'Welcome back! A few more drawings have arrived since your last visit.',
  'Please scroll down: there is more to see further below.',
];
const MIDDLES = [
  'Every drawing was made by hand and checked at several sizes.',
  'Click on a picture to see it larger.',
  'If something is missing, write to us and we will look for it.',
  'Names follow the common list, so that you can search for them.',
];
const CLOSINGS = [
  'Use them as the licence at the foot of the page allows.',
  'The next page continues where this one ends.',
  'Thank you for reading & sharing.',
  'Old browsers may show them without colours.',
];

/** `an apple`, `a pear`, `french fries`, `Santa Claus`. */
export function withArticle(label: string): string {
  const plural = /(?<![su])s$/.test(label) || /^(two|three)\b/.test(label);
  if (plural || /^[A-Z]/.test(label)) return label;
  return /^[aeio]|^u(?!n[ai]|s)/.test(label) ? `an ${label}` : `a ${label}`;
}

function capital(label: string): string {
  return label.charAt(0).toUpperCase() + label.slice(1);
}

function list(words: readonly string[], count: number, last = ', '): string {
  const some = words.slice(0, count);
  if (some.length < 2) return some.join('');
  return `${some.slice(0, -1).join(', ')}${last}${some.at(-1)}`;
}

function write(
  templates: readonly [number, Template][],
  seed: number,
  designer: string,
  concept: Concept,
  what: string,
): string {
  const keys = [seed, designer, concept.hex, what];
  const tags = shuffle(
    concept.tags.filter((tag) => tag !== concept.label && tag.length > 1),
    (tag) => tag,
    ...keys,
  );
  // Some emoji have no tags beyond their name: their group stands in.
  const group = concept.group.replace('-', ' & ');
  const wording = {
    title: designerOf(designer).title,
    style: STYLES[designer] ?? 'a style of its own',
    group,
    tags: tags.length > 0 ? tags : [group],
  };
  const total = templates.reduce((sum, [weight]) => sum + weight, 0);
  let at = draw(...keys) * total;
  for (const [weight, template] of templates) {
    at -= weight;
    if (at < 0) return template(concept.label, wording);
  }
  throw new RangeError('Expected at least one template');
}
