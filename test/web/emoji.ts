/**
 * Emoji as drawn by independent designers, joined to names, tags and groups: the images and words of
 * the small internet. Everything comes from npm packages (see DESIGNERS for the licences of the art;
 * the words are emojibase-data, MIT); nothing of it is kept in this repository.
 *
 * What is shared, and what is held out:
 *
 * - A concept is an emoji that Noto, Twemoji, Fluent (flat and 3D) and OpenMoji all draw; flags,
 *   components and skin tones are left out. It is concrete when it is an animal or plant, food or
 *   drink, a place or vehicle, an activity, or an object.
 * - The held-out designer is OpenMoji: no page or image of the small internet comes from it.
 * - A held-out concept is a concrete one for which the first four bytes of sha256(hex), read as a
 *   big-endian number, are divisible by ten (`hex` in lower case, without fe0f): nobody serves it.
 *
 * The rule keeps no state and looks at nothing but the concept, so no setting can move the line.
 * Two versions by one hand (`hand` below) count as one designer; Fluent flat and Fluent 3D are near
 * twins. All of them stand on the side that is served.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

export type ImageFormat = 'png' | 'jpeg' | 'webp';

export interface Designer {
  readonly id: string;
  readonly title: string;
  readonly package: string;
  /** SPDX id of the art's licence. */
  readonly license: string;
  /** Who drew it: designers with the same hand must stand on one side of a split. */
  readonly hand: string;
  /** How its site serves images. */
  readonly format: ImageFormat;
  readonly background: 'white' | 'transparent';
  readonly heldOut: boolean;
}

export const DESIGNERS = [
  designer('noto', 'Noto', '@iconify-json/noto', 'Apache-2.0', 'noto', 'png', 'transparent'),
  designer('noto-v1', 'Blob', '@iconify-json/noto-v1', 'Apache-2.0', 'noto', 'jpeg', 'white'),
  designer('twemoji', 'Twemoji', '@iconify-json/twemoji', 'CC-BY-4.0', 'twemoji', 'png', 'white'),
  designer('fluent-flat', 'Fluent', '@iconify-json/fluent-emoji-flat', 'MIT', 'fluent', 'webp'),
  designer('fluent-3d', 'Fluent 3D', '@lobehub/fluent-emoji-3d', 'MIT', 'fluent', 'webp'),
  designer('emojione', 'EmojiOne', '@iconify-json/emojione', 'CC-BY-4.0', 'emojione', 'jpeg'),
  designer('emojione-v1', 'EmojiOne 1', '@iconify-json/emojione-v1', 'CC-BY-SA-4.0', 'emojione'),
  designer('fxemoji', 'FxEmoji', '@iconify-json/fxemoji', 'Apache-2.0', 'fxemoji', 'jpeg'),
  designer(
    'fluent-line',
    'Fluent Contrast',
    '@iconify-json/fluent-emoji-high-contrast',
    'MIT',
    'fluent',
  ),
  designer(
    'emojione-line',
    'EmojiOne Mono',
    '@iconify-json/emojione-monotone',
    'CC-BY-4.0',
    'emojione',
    'webp',
  ),
  designer(
    'streamline',
    'Streamline',
    '@iconify-json/streamline-emojis',
    'CC-BY-4.0',
    'streamline',
    'jpeg',
  ),
  designer('openmoji', 'OpenMoji', '@iconify-json/openmoji', 'CC-BY-SA-4.0', 'openmoji'),
] as const satisfies readonly Designer[];

/** The designer that no page of the small internet shows. */
export const HELD_OUT_DESIGNER = 'openmoji';

export const LOCALES = ['de', 'fr', 'es', 'pt', 'ru', 'ja', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

export const GROUPS = [
  'smileys-emotion',
  'people-body',
  'component',
  'animals-nature',
  'food-drink',
  'travel-places',
  'activities',
  'objects',
  'symbols',
  'flags',
] as const;
export type Group = (typeof GROUPS)[number];
const LEFT_OUT: readonly Group[] = ['component', 'flags'];
const CONCRETE: readonly Group[] = [
  'animals-nature',
  'food-drink',
  'travel-places',
  'activities',
  'objects',
];

export interface Concept {
  /** Code points in lower-case hex joined by `-`, without fe0f: `1f354`. */
  readonly hex: string;
  readonly emoji: string;
  /** CLDR's English name: `grinning face`, `Santa Claus`. */
  readonly label: string;
  /** English keywords, sorted. */
  readonly tags: readonly string[];
  readonly group: Group;
  readonly labels: Readonly<Record<Locale, string>>;
  readonly concrete: boolean;
  /** Served by nobody. Only concrete concepts are ever held out. */
  readonly heldOut: boolean;
}

export interface RenderOptions {
  format?: ImageFormat;
  background?: 'white' | 'transparent';
}

export interface EmojiWorld {
  /** The shared concepts in Unicode's order. */
  readonly concepts: readonly Concept[];
  /** The concept of that hex name. Throws RangeError for one that is not shared. */
  concept(hex: string): Concept;
  /** Whether `designer` drew `concept`. Always true for the five designers that define the set. */
  has(designer: string, concept: Concept): boolean;
  /** A square picture of `px` by `px` pixels. Throws RangeError where there is none. */
  render(designer: string, concept: Concept, px: number, options?: RenderOptions): Promise<Buffer>;
}

function designer(
  id: string,
  title: string,
  packageName: string,
  license: string,
  hand: string,
  format: ImageFormat = 'png',
  background: 'white' | 'transparent' = 'white',
): Designer {
  const heldOut = id === 'openmoji';
  return { id, title, package: packageName, license, hand, format, background, heldOut };
}

/** The designer of that id. Throws RangeError for an unknown one. */
export function designerOf(id: string): Designer {
  const found = DESIGNERS.find((one) => one.id === id);
  if (found === undefined) {
    const known = DESIGNERS.map((one) => one.id).join(', ');
    throw new RangeError(`Expected a designer (${known}), got ${JSON.stringify(id)}`);
  }
  return found;
}

/** The split rule for concepts: about one in ten, by name alone. */
export function isHeldOut(hex: string, concrete: boolean): boolean {
  return concrete && createHash('sha256').update(hex).digest().readUInt32BE(0) % 10 === 0;
}

/** `Woman’s boot` → `womans-boot`: the way icon sets and slugs spell names. */
export function kebab(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f’'“”".()!:,]/g, '')
    .replaceAll('&', 'and')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

const require = createRequire(import.meta.url);

async function readJson<T>(specifier: string): Promise<T> {
  return JSON.parse(await readFile(require.resolve(specifier), 'utf8')) as T;
}

function bareHex(hexcode: string): string {
  return hexcode
    .toLowerCase()
    .split('-')
    .filter((part) => part !== 'fe0f')
    .join('-');
}

interface EmojibaseEntry {
  hexcode: string;
  emoji: string;
  label: string;
  tags?: string[];
  group?: number;
}

interface Icon {
  body?: string;
  parent?: string;
  width?: number;
  height?: number;
}

interface IconSet {
  /** Of icons that do not say otherwise. */
  width: number;
  height: number;
  icons: Record<string, Icon>;
  aliases?: Record<string, Icon>;
}

/** Hex name → icon name, where the set says so itself. */
async function iconNamesByHex(packageName: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const chars = await readJson<Record<string, string>>(`${packageName}/chars.json`);
  for (const [hexcode, name] of Object.entries(chars)) {
    const hex = bareHex(hexcode);
    if (!names.has(hex)) names.set(hex, name);
  }
  return names;
}

/**
 * Icon names for a set that does not say which characters it draws: by CLDR name first, then by
 * Unicode's name, then by shortcode. FxEmoji runs its words together. No icon is given to two
 * concepts, so a weaker match never takes what a better one has named.
 */
function iconNamesByName(
  set: IconSet,
  squashed: boolean,
  entries: readonly EmojibaseEntry[],
  otherNames: readonly Map<string, string[]>[],
): Map<string, string> {
  const spell = (name: string) => (squashed ? kebab(name).replaceAll('-', '') : kebab(name));
  const known = new Map<string, string>();
  for (const name of [...Object.keys(set.icons), ...Object.keys(set.aliases ?? {})]) {
    if (!known.has(spell(name))) known.set(spell(name), name);
  }
  const byLabel = new Map(entries.map((entry) => [bareHex(entry.hexcode), [entry.label]]));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const pass of [byLabel, ...otherNames]) {
    for (const entry of entries) {
      const hex = bareHex(entry.hexcode);
      if (names.has(hex)) continue;
      const icon = (pass.get(hex) ?? [])
        .map((name) => known.get(spell(name)))
        .find((name) => name !== undefined && !taken.has(name));
      if (icon === undefined) continue;
      names.set(hex, icon);
      taken.add(icon);
    }
  }
  return names;
}

/**
 * A whole SVG document, `px` square, for one icon of a set. Follows aliases; none of those that are
 * shared here asks to be turned or mirrored.
 */
function svgOf(set: IconSet, name: string): (px: number) => string {
  let icon: Icon = { ...set.icons[name], ...set.aliases?.[name] };
  while (icon.body === undefined && icon.parent !== undefined) {
    const { parent, ...over } = icon;
    icon = { ...(set.icons[parent] ?? set.aliases?.[parent]), ...over };
  }
  const { width = set.width, height = set.height, body } = icon;
  return (px) =>
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${px}" height="${px}" viewBox="0 0 ${width} ${height}">${body}</svg>`;
}

/** Where the picture of a concept comes from: an SVG document, or a file of pixels. */
type Drawing = { svg: (px: number) => string } | { file: string };

async function loadDrawings(
  one: Designer,
  entries: readonly EmojibaseEntry[],
): Promise<Map<string, Drawing>> {
  const drawings = new Map<string, Drawing>();
  if (one.id === 'fluent-3d') {
    const folder = join(dirname(require.resolve(`${one.package}/package.json`)), 'assets');
    for (const file of (await readdir(folder)).sort()) {
      if (file.endsWith('.webp'))
        drawings.set(bareHex(file.slice(0, -5)), { file: join(folder, file) });
    }
    return drawings;
  }
  const set = await readJson<IconSet>(`${one.package}/icons.json`);
  let names = await iconNamesByHex(one.package);
  if (names.size === 0) {
    const squashed = one.id === 'fxemoji';
    const others = [await otherNamesOf('emojibase-data/meta/unicode-names.json')];
    if (squashed || one.id === 'streamline') {
      others.push(await otherNamesOf('emojibase-data/en/shortcodes/emojibase-legacy.json'));
    }
    if (one.id === 'streamline') {
      for (const kind of ['emojibase', 'github', 'joypixels', 'iamcal']) {
        others.push(await otherNamesOf(`emojibase-data/en/shortcodes/${kind}.json`));
      }
    }
    if (one.id === 'streamline') addNumberedVariants(set);
    names = iconNamesByName(set, squashed, entries, others);
  }
  for (const entry of entries) {
    const hex = bareHex(entry.hexcode);
    const name = names.get(hex);
    if (name !== undefined) drawings.set(hex, { svg: svgOf(set, name) });
  }
  return drawings;
}

/** Streamline numbers its variants (`cloud-1`); the first one stands for the name alone. */
function addNumberedVariants(set: IconSet): void {
  set.aliases ??= {};
  for (const name of Object.keys(set.icons)) {
    const plain = name.replace(/-\d$/, '');
    if (set.icons[plain] === undefined) set.aliases[plain] ??= { parent: name };
  }
}

async function otherNamesOf(specifier: string): Promise<Map<string, string[]>> {
  const table = await readJson<Record<string, string | string[]>>(specifier);
  return new Map(
    Object.entries(table).map(([hexcode, names]) => [bareHex(hexcode), [names].flat()]),
  );
}

/**
 * Some sets draw two concepts alike (a DVD and an optical disk). Where one of them is held out, the
 * other is not this designer's to show: it would be the held-out picture under another name.
 */
function dropCopiesOfHeldOut(
  drawings: Map<string, Drawing>,
  entries: readonly EmojibaseEntry[],
): void {
  const secret = new Set<string>();
  const look = (drawing: Drawing | undefined): string | undefined =>
    drawing !== undefined && 'svg' in drawing ? drawing.svg(1) : undefined;
  const hexes = entries.map(({ hexcode, group }) => ({
    hex: bareHex(hexcode),
    heldOut: isHeldOut(bareHex(hexcode), CONCRETE.includes(GROUPS[group as number] as Group)),
  }));
  for (const { hex, heldOut } of hexes) {
    const drawn = look(drawings.get(hex));
    if (heldOut && drawn !== undefined) secret.add(drawn);
  }
  for (const { hex, heldOut } of hexes) {
    if (!heldOut && secret.has(look(drawings.get(hex)) ?? '')) drawings.delete(hex);
  }
}

/** Reads the packages and joins them. Takes about a second and 60 MB; call it once. */
export async function loadEmoji(): Promise<EmojiWorld> {
  const everyone = await readJson<EmojibaseEntry[]>('emojibase-data/en/data.json');
  const entries = everyone.filter(
    ({ group }) => group !== undefined && !LEFT_OUT.includes(GROUPS[group] as Group),
  );
  const drawings = new Map<string, Map<string, Drawing>>();
  for (const one of DESIGNERS) drawings.set(one.id, await loadDrawings(one, entries));
  const labels = new Map<Locale, Map<string, string>>();
  for (const locale of LOCALES) {
    const translated = await readJson<EmojibaseEntry[]>(`emojibase-data/${locale}/data.json`);
    labels.set(locale, new Map(translated.map((entry) => [bareHex(entry.hexcode), entry.label])));
  }
  for (const mine of drawings.values()) dropCopiesOfHeldOut(mine, entries);
  const whole = ['noto', 'twemoji', 'fluent-flat', 'fluent-3d', 'openmoji'];
  const concepts: Concept[] = [];
  for (const entry of entries) {
    const hex = bareHex(entry.hexcode);
    if (!whole.every((id) => drawings.get(id)?.has(hex))) continue;
    const group = GROUPS[entry.group as number] as Group;
    const concrete = CONCRETE.includes(group);
    concepts.push({
      hex,
      emoji: entry.emoji,
      label: entry.label,
      tags: entry.tags ?? [],
      group,
      labels: Object.fromEntries(
        LOCALES.map((locale) => [locale, labels.get(locale)?.get(hex) ?? entry.label]),
      ) as Record<Locale, string>,
      concrete,
      heldOut: isHeldOut(hex, concrete),
    });
  }
  return new LoadedEmoji(concepts, drawings);
}

class LoadedEmoji implements EmojiWorld {
  readonly concepts: readonly Concept[];
  readonly #byHex: Map<string, Concept>;
  readonly #drawings: Map<string, Map<string, Drawing>>;

  constructor(concepts: readonly Concept[], drawings: Map<string, Map<string, Drawing>>) {
    this.concepts = concepts;
    this.#byHex = new Map(concepts.map((concept) => [concept.hex, concept]));
    this.#drawings = drawings;
  }

  concept(hex: string): Concept {
    const concept = this.#byHex.get(hex);
    if (concept === undefined) throw new RangeError(`No shared emoji has the hex name "${hex}"`);
    return concept;
  }

  has(designer: string, concept: Concept): boolean {
    return this.#drawings.get(designerOf(designer).id)?.has(concept.hex) === true;
  }

  async render(
    designer: string,
    concept: Concept,
    px: number,
    options: RenderOptions = {},
  ): Promise<Buffer> {
    const one = designerOf(designer);
    const drawing = this.#drawings.get(one.id)?.get(concept.hex);
    if (drawing === undefined)
      throw new RangeError(`${one.title} has not drawn "${concept.label}"`);
    const { format = one.format, background = one.background } = options;
    let image =
      'svg' in drawing
        ? sharp(Buffer.from(drawing.svg(px)))
        : sharp(drawing.file).resize(px, px, { fit: 'contain', background: '#ffffff00' });
    if (background === 'white' || format === 'jpeg') image = image.flatten({ background: '#fff' });
    switch (format) {
      case 'png':
        return await image.png({ compressionLevel: 6 }).toBuffer();
      case 'jpeg':
        return await image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer();
      case 'webp':
        return await image.webp({ quality: 92, effort: 1 }).toBuffer();
    }
  }
}
