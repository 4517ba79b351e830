/**
 * The tables of the npm package eld as typed arrays that threads share, 4 MB in all: which languages an n-gram
 * speaks for. They are read from the package's files as data; none of its code is run, since the objects
 * that its modules make of the same tables take 200 MB in every thread.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf, WitError } from '../errors.js';

/** In shared memory; never written to once they are read. */
export interface LanguageTables {
  /** ISO 639-1 codes; a language is its place here. */
  readonly languages: readonly string[];
  /** See `UNIT_CHARACTERS`: of every UTF-16 unit, what it is to the detector. */
  readonly units: Uint32Array;
  /** An open-addressed table of n-grams, of `GRAM` integers each. */
  readonly grams: Int32Array;
  /** Of each n-gram in a row: a language, and above its 8 bits the n-gram's score for it. */
  readonly scores: Uint16Array;
}

/**
 * A unit of a letter, or of an apostrophe, is in lower case and as UTF-8 some characters of eld's, one a byte: the first in
 * the lowest 8 bits, and above the third their number. What is 0 separates words.
 */
export const UNIT_CHARACTERS = 24;
export const UNIT_APOSTROPHE = 1 << 26;

/** Integers of an n-gram: its characters 1 to 4, 8 bits each from the lowest up; 5 and 6 and the number of scores; the first score. */
export const GRAM = 3;
/** Where above characters 5 and 6 the number of scores stands. */
export const GRAM_SCORES = 16;
/** Characters of the longest n-gram. */
const GRAM_CHARACTERS = 6;

/** The place of an n-gram in tables of a power of two, before these are looked through. */
export function hashOfGram(low: number, high: number): number {
  const h = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  return h ^ (h >>> 15);
}

let tables: LanguageTables | undefined;

/**
 * The tables; read once, in a tenth of a second of CPU time.
 * @throws WitError `environment` when the package that holds them is damaged
 */
export function languageTables(): LanguageTables {
  tables ??= readTables();
  return tables;
}

/** Takes those of another thread, so that this one need not read its own. */
export function shareLanguageTables(of: LanguageTables): void {
  tables = of;
}

function readTables(): LanguageTables {
  const folder = findPackage('eld');
  try {
    return parseTables((name) => readFileSync(join(folder, 'src', name), 'utf8'));
  } catch (cause) {
    throw new WitError(
      'environment',
      `Cannot read the tables of languages in ${folder}: ${messageOf(cause)}`,
      { cause, hint: 'Install the npm packages again: rm -rf node_modules && npm ci' },
    );
  }
}

/**
 * @param read gives the text of one of the package's files
 * @throws Error when a file is not what it should be
 */
export function parseTables(read: (name: string) => string): LanguageTables {
  const data = read('ngrams/medium.js');
  const languages = readLanguages(data);
  const units = readUnits(read('regexPatterns.js'), read('dictionary.js'));
  return { languages, units, ...readGrams(data, languages.length) };
}

/** Where a package lies of which no file may be asked for by `require`. */
function findPackage(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const found = folders
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
  if (found !== undefined) return found;
  throw new WitError('environment', `The npm package ${name} is not installed`, {
    hint: 'Install the npm packages again: rm -rf node_modules && npm ci',
  });
}

/** As `{0:'am',1:'ar',…}`. */
function readLanguages(data: string): string[] {
  const [, list = ''] = /languages:\{([^}]*)\}/.exec(data) ?? [];
  const languages: string[] = [];
  for (const [, place, code] of list.matchAll(/(\d+):'(\w+)'/g)) {
    languages[Number(place)] = code as string;
  }
  if (languages.length === 0 || languages.length > 256 || languages.includes(undefined as never)) {
    throw new Error('no list of languages');
  }
  return languages;
}

const UNITS = 1 << 16;
const APOSTROPHES = ["'", '`', '\u2019'];

/** @param patterns where the letters stand as the inside of a class; @param dictionary 256 strings, of each byte its character */
function readUnits(patterns: string, dictionary: string): Uint32Array {
  const [, letters] = /'bmp': '([^']+)'/.exec(patterns) ?? [];
  if (letters === undefined) throw new Error('no list of letters');
  const isLetter = new RegExp(`^[${letters}]$`, 'u');
  const list = dictionary.slice(dictionary.indexOf('['));
  const ofByte = [...list.matchAll(/'(?:\\?(.))'/gu)].map(([, char]) => char?.charCodeAt(0) ?? 0);
  if (ofByte.length !== 256 || ofByte.some((code) => code === 0 || code > 255)) {
    throw new Error('no dictionary of 256 characters');
  }
  const units = shared(Uint32Array, UNITS);
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(3);
  for (let unit = 0; unit < UNITS; unit++) {
    const text = String.fromCharCode(unit);
    const isApostrophe = APOSTROPHES.includes(text);
    if (!isApostrophe && !isLetter.test(text)) continue;
    // The one letter that becomes two takes three characters all the same.
    const { written } = encoder.encodeInto(text.toLowerCase(), bytes);
    let packed = (written << UNIT_CHARACTERS) | (isApostrophe ? UNIT_APOSTROPHE : 0);
    for (let at = 0; at < written; at++) {
      const byte = bytes[at] as number;
      packed |= (byte < 0x80 ? byte : (ofByte[byte] as number)) << (8 * at);
    }
    units[unit] = packed;
  }
  return units;
}

/** As `' th':{11:93,57:6},abcd:{…},…`: the n-gram, then each language and its score. */
const GRAM_DATA = /(?:'((?:[^'\\]|\\.)+)'|([\w$]+)):\{(\d+:\d+(?:,\d+:\d+)*)\},?/uy;
/** Of a table that is less than half full. */
const SLOTS = 1 << 18;

function readGrams(data: string, languages: number): Pick<LanguageTables, 'grams' | 'scores'> {
  const heading = 'ngrams:{';
  const grams = shared(Int32Array, SLOTS * GRAM);
  const scores: number[] = [];
  let count = 0;
  let end = data.indexOf(heading) + heading.length;
  for (;;) {
    GRAM_DATA.lastIndex = end;
    const [all = '', quoted, bare = '', list = ''] = GRAM_DATA.exec(data) ?? [];
    if (all === '') break;
    end += all.length;
    const first = scores.length;
    readScores(list, scores, languages);
    add(grams, quoted?.replace(/\\(.)/gu, '$1') ?? bare, scores.length - first, first);
    count += 1;
  }
  if (count === 0 || 2 * count > SLOTS || data.slice(end).trim() !== '}};') {
    throw new Error(`${count} n-grams, then something else`);
  }
  const packed = shared(Uint16Array, scores.length);
  packed.set(scores);
  return { grams, scores: packed };
}

const ZERO = 0x30;
const COLON = 0x3a;

/** Reads `11:93,57:6` to the end of `scores`. */
function readScores(list: string, scores: number[], languages: number): void {
  let language = 0;
  let number = 0;
  for (let at = 0; at <= list.length; at++) {
    const unit = list.charCodeAt(at);
    if (unit >= ZERO && unit < COLON) {
      number = number * 10 + unit - ZERO;
      continue;
    }
    if (unit === COLON) {
      language = number;
    } else {
      if (language >= languages || number > 255) throw new Error(`scores beyond bounds: ${list}`);
      scores.push(language | (number << 8));
    }
    number = 0;
  }
}

function add(grams: Int32Array, gram: string, scores: number, first: number): void {
  let low = 0;
  let high = 0;
  for (let at = 0; at < gram.length; at++) {
    const code = gram.charCodeAt(at);
    if (at >= GRAM_CHARACTERS || code > 255) throw new Error(`an n-gram beyond bounds: ${gram}`);
    if (at < 4) low |= code << (8 * at);
    else high |= code << (8 * (at - 4));
  }
  let slot = hashOfGram(low, high) & (SLOTS - 1);
  while (grams[slot * GRAM] !== 0) slot = (slot + 1) & (SLOTS - 1);
  grams[slot * GRAM] = low;
  grams[slot * GRAM + 1] = high | (scores << GRAM_SCORES);
  grams[slot * GRAM + 2] = first;
}

function shared<T>(
  type: { new (buffer: SharedArrayBuffer): T; BYTES_PER_ELEMENT: number },
  length: number,
): T {
  return new type(new SharedArrayBuffer(length * type.BYTES_PER_ELEMENT));
}
