/** Dumps for tests: a real excerpt where there is one, and small ones made here. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/core/version.js';
import { escaped } from './reader.js';

/** An excerpt of English Wikipedia (206 pages), beside the project where it is worked on. */
export const REAL_SAMPLE = join(packageRoot, '..', 'shared', 'wiki', 'enwiki-sample.xml.bz2');
export const hasRealSample = existsSync(REAL_SAMPLE);

export interface SamplePage {
  title: string;
  text?: string;
  namespace?: number;
  redirect?: string;
}

export const HEAD = `<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">
  <siteinfo>
    <sitename>Wikipedia</sitename>
    <dbname>enwiki</dbname>
    <namespaces>
      <namespace key="-2" case="first-letter">Media</namespace>
      <namespace key="0" case="first-letter" />
      <namespace key="1" case="first-letter">Talk</namespace>
      <namespace key="6" case="first-letter">File</namespace>
      <namespace key="14" case="first-letter">Category</namespace>
    </namespaces>
  </siteinfo>
`;

export function pageXml({ title, text = '', namespace = 0, redirect }: SamplePage): string {
  const target = redirect === undefined ? '' : `    <redirect title="${escaped(redirect)}" />\n`;
  return `  <page>
    <title>${escaped(title)}</title>
    <ns>${namespace}</ns>
    <id>1</id>
${target}    <revision>
      <id>2</id>
      <format>text/x-wiki</format>
      <text bytes="${Buffer.byteLength(text)}" xml:space="preserve">${escaped(text)}</text>
      <sha1>x</sha1>
    </revision>
  </page>
`;
}

export function dumpXml(pages: readonly SamplePage[]): string {
  return `${HEAD}${pages.map(pageXml).join('')}</mediawiki>\n`;
}

/** Repeatable numbers in [0, 1). */
export function randomBy(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

/** Pages of words drawn by a Zipf-like law: enough text to fill several bzip2 blocks. */
export function zipfPages(count: number, wordsPerPage: number, seed = 1): SamplePage[] {
  const random = randomBy(seed);
  const vocabulary = Array.from({ length: 3_000 }, (_, i) => `${'aeiou'[i % 5]}w${i.toString(36)}`);
  return Array.from({ length: count }, (_, page) => {
    const words = Array.from({ length: wordsPerPage }, () => {
      const word = vocabulary[Math.floor(vocabulary.length * random() ** 3)];
      return random() < 0.08 ? `${word}.` : word;
    });
    return { title: `Page ${page}`, text: `'''${words.join(' ')}''' {{box|hidden ${page}}}` };
  });
}

export function bzip2(bytes: Uint8Array | string, level = 1): Buffer {
  return execFileSync('bzip2', [`-${level}`, '-c'], { input: bytes, maxBuffer: 1 << 30 });
}

export function bunzip2(bytes: Uint8Array): Buffer {
  return execFileSync('bzip2', ['-dc'], { input: bytes, maxBuffer: 1 << 30 });
}
