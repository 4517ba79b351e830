/**
 * A matcher as one block of memory: built once from a query list, shared by threads, and kept in a file
 * (cache.ts) as it stands.
 */

import { endianness } from 'node:os';
import { sha256 } from '../../core/ids.js';
import { type LexiconArrays, LexiconBuilder } from './lexicon.js';
import { readMetaclip, readMetaclipEntry } from './metaclip.js';
import { WordRow } from './row.js';
import { buildTrie, type TrieArrays } from './trie.js';
import { readNormalized } from './words.js';

/** How texts and queries are compared: docs/select.md. */
export const MATCHINGS = ['normalized', 'metaclip'] as const;
export type Matching = (typeof MATCHINGS)[number];

/** Cuts a text into words; `finish` of the row comes after. */
export const READERS = { normalized: readNormalized, metaclip: readMetaclip };
/** Cuts a query into words. */
const QUERY_READERS = { normalized: readNormalized, metaclip: readMetaclipEntry };

/** To be raised with any change to what a word is or to the layout. */
const VERSION = 2;

/** All are arrays of 32-bit integers but the letters, of 16 bits. Records come first, so that none lies in two cache lines. */
const SECTIONS = [
  'entries',
  'knownEntries',
  'steps',
  'stepBits',
  'slots',
  'knownSlots',
  'sameWords',
  'letters',
  'knownLetters',
] as const;
type Section = (typeof SECTIONS)[number];
/** The key in hex; then, as integers, the bytes of each section, the place in MATCHINGS and the queries. */
const KEY_BYTES = 64;
const HEADER_BYTES = 128;

export class MatchImage implements TrieArrays, LexiconArrays {
  readonly matching: Matching;
  /** How many. */
  readonly queries: number;
  readonly buffer: SharedArrayBuffer;
  /** The lexicon of the trie. */
  readonly slots: Int32Array;
  readonly entries: Int32Array;
  readonly letters: Uint16Array;
  readonly steps: Int32Array;
  readonly stepBits: Int32Array;
  readonly sameWords: Int32Array;
  /** The lexicon of what `tokenise` makes of the queries; empty where that is the same. */
  readonly known: LexiconArrays;

  /** @param buffer of an image that `buildImage` made */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    const header = new Int32Array(buffer, KEY_BYTES, SECTIONS.length + 2);
    const sizes = header.subarray(0, SECTIONS.length);
    this.matching = MATCHINGS[header[SECTIONS.length] as number] as Matching;
    this.queries = header[SECTIONS.length + 1] as number;
    const at = (section: Section): { begin: number; bytes: number } => {
      const index = SECTIONS.indexOf(section);
      const begin = sizes.subarray(0, index).reduce((sum, bytes) => sum + bytes, HEADER_BYTES);
      return { begin, bytes: sizes[index] as number };
    };
    const integers = (section: Section): Int32Array => {
      const { begin, bytes } = at(section);
      return new Int32Array(buffer, begin, bytes / 4);
    };
    const units = (section: Section): Uint16Array => {
      const { begin, bytes } = at(section);
      return new Uint16Array(buffer, begin, bytes / 2);
    };
    this.slots = integers('slots');
    this.entries = integers('entries');
    this.letters = units('letters');
    this.steps = integers('steps');
    this.stepBits = integers('stepBits');
    this.sameWords = integers('sameWords');
    this.known = {
      slots: integers('knownSlots'),
      entries: integers('knownEntries'),
      letters: units('knownLetters'),
    };
  }
}

/** Names what an image is made from: the queries, how they are compared, and whose rules that follows. */
export function imageKey(queries: readonly string[], matching: Matching): string {
  const { unicode = '' } = process.versions;
  return sha256(JSON.stringify([VERSION, matching, unicode, endianness(), queries]));
}

/** The key of what `buildImage` put into a buffer, or of what claims to be that. */
export function readKey(buffer: SharedArrayBuffer): string {
  return Buffer.from(buffer).toString('latin1', 0, KEY_BYTES);
}

/** @throws RangeError when the list does not fit into memory */
export function buildImage(
  queries: readonly string[],
  matching: Matching,
  key = imageKey(queries, matching),
): MatchImage {
  const { words, ends, lexicon } = readQueries(queries, matching);
  const trie = buildTrie(words, ends, lexicon.entries);
  // One of no words takes a few bytes.
  const known = readQueries(matching === 'normalized' ? [] : queries, 'normalized').lexicon;
  const arrays: Record<Section, Int32Array | Uint16Array> = {
    ...trie,
    ...lexicon,
    knownSlots: known.slots,
    knownEntries: known.entries,
    knownLetters: known.letters,
  };
  const sizes = SECTIONS.map((section) => arrays[section].byteLength);
  const buffer = new SharedArrayBuffer(sizes.reduce((a, b) => a + b, HEADER_BYTES));
  const bytes = new Uint8Array(buffer);
  bytes.set(Buffer.from(key));
  const header = [...sizes, MATCHINGS.indexOf(matching), queries.length];
  new Int32Array(buffer, KEY_BYTES, header.length).set(header);
  let at = HEADER_BYTES;
  for (const section of SECTIONS) {
    const { buffer: from, byteOffset, byteLength } = arrays[section];
    bytes.set(new Uint8Array(from, byteOffset, byteLength), at);
    at += byteLength;
  }
  return new MatchImage(buffer);
}

/** The words of all queries by number, one after the other, and where each query ends. */
function readQueries(
  queries: readonly string[],
  matching: Matching,
): { words: Int32Array; ends: Int32Array; lexicon: LexiconArrays } {
  const read = QUERY_READERS[matching];
  const builder = new LexiconBuilder();
  const row = new WordRow((waiting) => () => builder.resolve(waiting));
  const ends = new Int32Array(queries.length);
  let words = new Int32Array(2 * queries.length);
  let count = 0;
  for (const [index, text] of queries.entries()) {
    read(text, row);
    row.finish();
    if (count + row.count > words.length) {
      const larger = new Int32Array(2 * (count + row.count));
      larger.set(words);
      words = larger;
    }
    words.set(row.words.subarray(0, row.count), count);
    count += row.count;
    ends[index] = count;
  }
  const { arrays, numbers } = builder.finish();
  for (let at = 0; at < count; at++) words[at] = numbers[words[at] as number] as number;
  return { words: words.subarray(0, count), ends, lexicon: arrays };
}
